// The documents that are copied. Each is computed from its number alone, so that nothing has to be kept to check a copy.
import type { JsonObject } from '../src/model/json.ts'
import { difficultDocuments, inOneLine } from '../test/documents/difficult-documents.ts'
import { makeText, SeededRandom } from './words.ts'

export interface DocumentSet {
  /** Also the name of the index, on both sides. */
  readonly name: string
  readonly title: string
  readonly count: number
  readonly mapping: JsonObject
  /** Documents a request should have where a tool counts documents instead of bytes: what suits it best at this size. */
  readonly page: number
  id(row: number): string
  routing(row: number): string | undefined
  /** The JSON text of the document, in one line. */
  source(row: number): string
  /** The row of an id, undefined when the set has no such document. */
  row(id: string): number | undefined
}

interface Numbered {
  readonly name: string
  readonly title: string
  readonly count: number
  readonly page: number
  readonly mapping: JsonObject
  readonly source: (row: number) => string
}

function numbered(set: Numbered): DocumentSet {
  return {
    ...set,
    id: (row) => `doc-${row}`,
    routing: () => undefined,
    row(id) {
      const row = Number(id.slice('doc-'.length))
      return Number.isInteger(row) && row >= 0 && row < this.count && id === this.id(row) ? row : undefined
    },
  }
}

const date = (random: SeededRandom): string => new Date(1.7e12 + random.below(5e10)).toISOString()

/** Numbers and texts that every JSON library prints as they came, so that all tools can copy these. */
function smallSource(row: number): string {
  const random = new SeededRandom(row)
  return (
    `{"id":${row},"name":"${makeText(random, 16)}","cents":${1 + random.below(100_000)},` +
    `"created":"${date(random)}","active":${random.next() < 0.5},"tags":["${makeText(random, 4)}","${makeText(random, 4)}"],` +
    `"text":"${makeText(random, 140)}"}`
  )
}

const smallMapping: JsonObject = {
  properties: {
    id: { type: 'long' },
    name: { type: 'text', fields: { keyword: { type: 'keyword' } } },
    cents: { type: 'integer' },
    created: { type: 'date' },
    active: { type: 'boolean' },
    tags: { type: 'keyword' },
    text: { type: 'text' },
  },
}

const price = (random: SeededRandom): string => (random.below(1_000_000) / 100).toFixed(2)

/** An order as shops write them: prices with two decimals, ledger numbers beyond 2^53, escapes of more than one taste. */
function middleSource(row: number): string {
  const random = new SeededRandom(row)
  // A third of all shops in the set write their numbers and texts with care for the reader and not for the parser.
  const isPlain = row % 3 > 0
  const amount = () => (isPlain ? String(random.below(100_000) + 0.5) : price(random))
  const lines = Array.from(
    { length: 6 },
    (_, line) =>
      `{"line":${line},"sku":"${makeText(random, 12)}","quantity":${1 + random.below(20)},"price":${amount()}}`,
  )
  return (
    `{"order":${row},"ledger":${isPlain ? 4_000_000 + row : '9007199254740993'},"weight":${isPlain ? 1.5 : '1.0'},` +
    `"customer":{"name":"${makeText(random, 20)}","city":"${isPlain ? 'Zürich' : 'Z\\u00fcrich'}",` +
    `"email":"${makeText(random, 8).replaceAll(' ', '.')}@example.com","since":"${date(random)}"},` +
    `"page":"https:${isPlain ? '//' : '\\/\\/'}shop.example.com/orders/${row}","created":"${date(random)}","total":${isPlain ? amount() : '10.50'},` +
    `"note":"\\"${makeText(random, 30)}\\"\\n${makeText(random, 30)}","lines":[${lines.join(',')}],"text":"${makeText(random, 1640)}"}`
  )
}

const keyword = { type: 'keyword' }

const middleMapping: JsonObject = {
  properties: {
    order: { type: 'long' },
    ledger: { type: 'long' },
    weight: { type: 'float' },
    customer: { properties: { name: { type: 'text' }, city: keyword, email: keyword, since: { type: 'date' } } },
    page: keyword,
    created: { type: 'date' },
    total: { type: 'double' },
    note: { type: 'text' },
    lines: {
      properties: { line: { type: 'integer' }, sku: keyword, quantity: { type: 'integer' }, price: { type: 'double' } },
    },
    text: { type: 'text' },
  },
}

function largeSource(row: number): string {
  const random = new SeededRandom(row)
  const sections = Array.from(
    { length: 20 },
    (_, section) => `{"title":"${makeText(random, 40)}","section":${section},"text":"${makeText(random, 4970)}"}`,
  )
  return `{"id":${row},"title":"${makeText(random, 60)}","created":"${date(random)}","sections":[${sections.join(',')}]}`
}

const largeMapping: JsonObject = {
  properties: {
    id: { type: 'long' },
    title: { type: 'text' },
    created: { type: 'date' },
    sections: { properties: { title: { type: 'text' }, section: { type: 'integer' }, text: { type: 'text' } } },
  },
}

export const dataSets: readonly DocumentSet[] = [
  {
    name: 'small',
    title: 'small (285 B)',
    count: 300_000,
    page: 5000,
    mapping: smallMapping,
    source: smallSource,
  },
  {
    name: 'middle',
    title: 'middle (2.4 KB)',
    count: 60_000,
    page: 5000,
    mapping: middleMapping,
    source: middleSource,
  },
  {
    name: 'large',
    title: 'large (100 KB)',
    count: 2000,
    page: 100,
    mapping: largeMapping,
    source: largeSource,
  },
].map(numbered)

/** A set by its name with `count` documents, the first ones. */
export function setWith(name: string, count: number): DocumentSet {
  const set = dataSets.find((each) => each.name === name)
  if (!set) throw new Error(`there is no data set "${name}"`)
  return { ...set, count }
}

/** The difficult documents of the tests, stored without being looked at. */
export function difficultSet(): DocumentSet {
  const documents = difficultDocuments()
  const rows = new Map(documents.map(({ id }, row) => [id, row]))
  return {
    name: 'difficult',
    title: 'difficult JSON',
    count: documents.length,
    page: 5000,
    mapping: { dynamic: false },
    id: (row) => documents[row]?.id ?? '',
    routing: (row) => documents[row]?.routing,
    // Space around a document belongs to the request that sent it: in an answer it cannot be told from that of the answer.
    source: (row) => inOneLine(documents[row]?.source ?? '').trim(),
    row: (id) => rows.get(id),
  }
}
