// What a campaign of kills copies: each document is computed from its number, so that what arrives can be checked against nothing
// but itself.

import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { indexPath } from '../../src/cluster/paths.ts'
import type { JsonObject } from '../../src/model/json.ts'
import { bulkDocuments, createTestIndex } from '../documents/fill-index.ts'

export interface KillIndex {
  readonly name: string
  readonly count: number
  readonly shards: number
  readonly settings: JsonObject
  readonly alias?: string
}

export const documentId = (n: number): string => `id-${n}`

/** Prices with a zero at the end and a number beyond 2^53: bytes that would change in many hands. */
export const documentSource = (n: number): string =>
  `{"n":${n},"price":${n % 1000}.50,"ledger":90071992547${String(n).padStart(6, '0')},"text":"word${n % 97} word${n % 31} caf\\u00e9"}`

const documentRouting = (n: number): string | undefined => (n % 20 === 0 ? `r${n % 7}` : undefined)

const mapping: JsonObject = {
  properties: { n: { type: 'long' }, price: { type: 'double' }, ledger: { type: 'long' }, text: { type: 'text' } },
}

/** One with many documents, one with settings of its own, one with nothing in it. */
export function killIndexes(prefix: string, documents: number): KillIndex[] {
  return [
    { name: `${prefix}-many`, count: documents, shards: 2, settings: {} },
    {
      name: `${prefix}-settings`,
      count: Math.ceil(documents / 20),
      shards: 1,
      settings: { refresh_interval: '30s', number_of_replicas: 1 },
      alias: `${prefix}-alias`,
    },
    { name: `${prefix}-empty`, count: 0, shards: 1, settings: { refresh_interval: '5s' } },
  ]
}

export async function fillKillIndex(cluster: Cluster, index: KillIndex): Promise<void> {
  const { name, count, shards, settings, alias } = index
  await createTestIndex(cluster, name, { shards, mapping, settings })
  await bulkDocuments(cluster, name, documents(count))
  if (alias) await cluster.json({ method: 'PUT', path: indexPath(name, `_alias/${alias}`) })
}

function* documents(count: number) {
  for (let n = 0; n < count; n++) {
    const routing = documentRouting(n)
    yield { id: documentId(n), source: documentSource(n), ...(routing === undefined ? {} : { routing }) }
  }
}

/** Every so many-th line of a file has a text where the target wants a number, and is refused. */
export const refusedEvery = 500

/** Lines as other tools write them, without ids: those have to be made, and to be the same after each kill. */
export async function writeBareLines(file: string, count: number): Promise<void> {
  await writeLines(file, count, (n) => (n % refusedEvery === 7 ? `{"n":"no number","line":${n}}` : documentSource(n)))
}

export async function writeNamedLines(file: string, count: number): Promise<void> {
  await writeLines(file, count, (n) => `{"_id":"${documentId(n)}","_source":${documentSource(n)}}`)
}

async function writeLines(file: string, count: number, line: (n: number) => string): Promise<void> {
  const output = createWriteStream(file)
  for (let from = 0; from < count; from += 1000) {
    const lines = Array.from({ length: Math.min(1000, count - from) }, (_, n) => `${line(from + n)}\n`)
    if (!output.write(lines.join(''))) await once(output, 'drain')
  }
  output.end()
  await once(output, 'close')
}
