// What must hold when a copy that was killed many times is complete.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { indexPath } from '../../src/cluster/paths.ts'
import type { CopyDetails } from '../../src/engine/catalog.ts'
import type { CopyResult } from '../../src/engine/start-copy.ts'
import { refreshTestIndex } from '../documents/fill-index.ts'
import { unpackZstd } from '../documents/unpack-zstd.ts'
import { documentId, documentSource, type KillIndex, refusedEvery } from './kill-documents.ts'

/** Every document of the source is accounted for, none twice, although some were read again after each kill. */
export function checkCounts({ state, counts }: CopyResult, expected: { read: number; rejected?: number }): void {
  assert.equal(state, 'completed')
  assert.equal(counts.read, expected.read, 'documents read')
  assert.equal(counts.rejected, expected.rejected ?? 0, 'documents rejected')
  assert.equal(counts.written + counts.rejected + counts.skipped, counts.read, 'read = written + rejected + skipped')
}

export function checkStatus(details: CopyDetails): void {
  assert.equal(details.state, 'completed')
  assert.equal(details.isRunning, false, 'nobody runs it')
  assert.equal(details.owner, undefined, 'nobody owns it')
  assert.equal(details.settingsToRestore, 0, 'all settings are restored')
  for (const { name, state } of details.indexes) assert.equal(state, 'completed', `index ${name}`)
}

interface Numbers {
  readonly count: number
  readonly aggregations: {
    readonly numbers: { count: number; min: number | null; max: number | null; sum: number }
  }
}

/** The server itself counts and adds up the documents: all numbers are there, and none twice. */
export async function checkDocuments(cluster: Cluster, index: string, numbers: readonly number[]): Promise<void> {
  await refreshTestIndex(cluster, index)
  const { body: counted } = await cluster.json<{ count: number }>({ method: 'GET', path: indexPath(index, '_count') })
  assert.equal(counted.count, numbers.length, `documents in ${index}`)
  const { body } = await cluster.json<Numbers>({
    method: 'POST',
    path: indexPath(index, '_search'),
    body: { size: 0, aggs: { numbers: { stats: { field: 'n' } } } },
  })
  const { count, sum, min, max } = body.aggregations.numbers
  assert.deepEqual(
    { count, sum, min, max },
    {
      count: numbers.length,
      sum: numbers.reduce((total, n) => total + n, 0),
      min: numbers[0] ?? null,
      max: numbers.at(-1) ?? null,
    },
    `numbers in ${index}`,
  )
}

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

/** Those numbers below `count` that a target with a mapping does not refuse. */
export const acceptedUpTo = (count: number): number[] => upTo(count).filter((n) => n % refusedEvery !== 7)

export async function checkSettings(cluster: Cluster, { name, settings, alias }: KillIndex): Promise<void> {
  const { body } = await cluster.json<Record<string, { settings: { index: Record<string, string> } }>>({
    method: 'GET',
    path: indexPath(name, '_settings'),
  })
  const actual = body[name]!.settings.index
  assert.equal(actual.refresh_interval, settings.refresh_interval, `refresh_interval of ${name}`)
  assert.equal(actual.number_of_replicas, String(settings.number_of_replicas ?? 0), `number_of_replicas of ${name}`)
  assert.equal(actual.auto_expand_replicas ?? 'false', 'false', `auto_expand_replicas of ${name}`)
  if (alias === undefined) return
  const { status } = await cluster.bytes({ method: 'HEAD', path: indexPath(name, `_alias/${alias}`), accept: [404] })
  assert.equal(status, 200, `alias ${alias} of ${name}`)
}

/** The lines hold each document of these indexes once, with its bytes. */
export function checkLines(text: string, indexes: readonly Pick<KillIndex, 'name' | 'count'>[]): void {
  const lines = text.split('\n')
  assert.equal(lines.pop(), '', 'the lines end with the end of a line')
  const seen = new Map(indexes.map(({ name }) => [name, new Set<number>()]))
  for (const line of lines) {
    const index = /"_index":"([^"]*)"/.exec(line)?.[1] ?? ''
    const id = /"_id":"([^"]*)"/.exec(line)?.[1] ?? ''
    const n = Number(id.slice(3))
    const numbers = seen.get(index)
    assert.ok(numbers, `a line is of the index "${index}"`)
    assert.ok(!numbers.has(n), `${id} of ${index} is there twice`)
    numbers.add(n)
    assert.equal(documentId(n), id)
    assert.ok(line.endsWith(`"_source":${documentSource(n)}}`), `bytes of ${id}: ${line}`)
  }
  for (const { name, count } of indexes) assert.equal(seen.get(name)?.size, count, `documents of ${name}`)
}

export async function checkFile(file: string, indexes: readonly KillIndex[]): Promise<void> {
  checkLines(unpackZstd(await readFile(file)).toString(), indexes)
}

/** Each refused document is in the file of rejected documents, whole; after a kill perhaps twice. */
export async function checkRejected(file: string, count: number): Promise<void> {
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
  const rejected = new Set(lines.map((line) => (JSON.parse(line) as { _id: string })._id))
  assert.equal(rejected.size, count, 'rejected documents that were kept')
}
