// A shop's products and the logs of its web site, as an old cluster might hold them.
import type { Cluster } from '../src/cluster/cluster.ts'
import { indexPath } from '../src/cluster/paths.ts'
import type { JsonObject } from '../src/model/json.ts'
import { type BulkDocument, bulkDocuments } from '../test/documents/fill-index.ts'

export const productCount = 50_000
const logCount = 4_000
const logMonths = ['2026.10', '2026.11']

const keyword = { type: 'keyword' }

const productMapping: JsonObject = {
  properties: {
    id: { type: 'long' },
    sku: keyword,
    name: { type: 'text', fields: { raw: keyword } },
    price: { type: 'scaled_float', scaling_factor: 100 },
    brand: keyword,
    listed: { type: 'date' },
    variants: { type: 'nested', properties: { color: keyword, size: keyword, stock: { type: 'integer' } } },
  },
}

const logMapping: JsonObject = {
  properties: { '@timestamp': { type: 'date' }, status: { type: 'short' }, path: keyword, ms: { type: 'float' } },
}

const nouns = ['Kettle', 'Lamp', 'Backpack', 'Notebook', 'Teapot', 'Scarf', 'Bicycle', 'Chair', 'Café table', 'Radio']
const brands = ['Nordlys', 'Açaí & Co', 'Hikari', 'Old Mill', 'Fjord']
const colors = ['red', 'green', 'blue', 'black', 'white', 'sand']
const sizes = ['S', 'M', 'L']

export const productId = (n: number): string => `P${String(n).padStart(6, '0')}`

/** Prices that end in a zero, and ids beyond 2^53: what most tools write back as another number. */
export function productSource(n: number, price = `${(n % 490) + 10}.${n % 2 === 0 ? '50' : '00'}`): string {
  const variants = Array.from(
    { length: 1 + (n % 3) },
    (_, v) =>
      `{"color":"${colors[(n + v) % colors.length]}","size":"${sizes[v % sizes.length]}","stock":${(n * 7 + v) % 120}}`,
  )
  const id = 9007199254740993n + BigInt(n) * 2n
  return (
    `{"id":${id},"sku":"${productId(n)}","name":"${brands[n % brands.length]} ${nouns[n % nouns.length]} ${n}",` +
    `"price":${price},"brand":"${brands[n % brands.length]}","listed":"2026-0${1 + (n % 9)}-${10 + (n % 18)}T08:00:00Z",` +
    `"variants":[${variants.join(',')}]}`
  )
}

function* products(): Generator<BulkDocument> {
  for (let n = 0; n < productCount; n++) yield { id: productId(n), source: productSource(n) }
}

function* logs(month: string): Generator<BulkDocument> {
  const [year, number] = month.split('.')
  for (let n = 0; n < logCount; n++) {
    const time = `${year}-${number}-${String(1 + (n % 28)).padStart(2, '0')}T${String(n % 24).padStart(2, '0')}:00:00Z`
    const status = n % 50 === 0 ? 404 : 200
    yield {
      id: `${month}-${n}`,
      source: `{"@timestamp":"${time}","status":${status},"path":"/products/${productId(n)}","ms":${n % 90}.0}`,
    }
  }
}

/** Returns how many documents there are. */
export async function fillShop(cluster: Cluster): Promise<number> {
  await cluster.json({
    method: 'PUT',
    path: indexPath('products'),
    body: {
      settings: { number_of_shards: 2, number_of_replicas: 0, refresh_interval: '5s' },
      mappings: productMapping,
      aliases: { shop: {}, 'shop-nordlys': { filter: { term: { brand: 'Nordlys' } } } },
    },
  })
  await bulkDocuments(cluster, 'products', products())
  for (const month of logMonths) {
    const settings = { number_of_shards: 1, number_of_replicas: 0 }
    await cluster.json({
      method: 'PUT',
      path: indexPath(`logs-${month}`),
      body: { settings, mappings: logMapping },
    })
    await bulkDocuments(cluster, `logs-${month}`, logs(month))
  }
  return productCount + logMonths.length * logCount
}
