// Copies one index between two clusters with the parts that a copy is made of, and compares both sides document by document.
import assert from 'node:assert/strict'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { copyDocuments } from '../../src/mechanism/document-copy.ts'
import { addCounts, type DocumentCounts, noCounts } from '../../src/model/counts.ts'
import { type RateLimits, Throttle } from '../../src/pipeline/throttle.ts'
import { openSearchSource, type WayToRead } from '../../src/source/open-search-source.ts'
import { BulkTarget } from '../../src/target/bulk-target.ts'
import type { RejectedDocument } from '../../src/target/target.ts'
import { refreshTestIndex } from '../documents/fill-index.ts'
import { MemoryJournal } from '../documents/memory-journal.ts'
import { eventually } from './indexferry.ts'

export interface TestCopy {
  readonly source: Cluster
  readonly target: Cluster
  readonly index: string
  readonly way?: WayToRead
  readonly rate?: RateLimits
  readonly faultsMax?: number
  readonly readers?: number
  /** Default 8 MiB. Small bodies make small pages. */
  readonly bodyBytesMax?: number
}

export interface TestCopyResult {
  /** Of the checkpoints: what is noted as done, each partition once. */
  readonly counts: DocumentCounts
  /** Of every batch that was carried, also of those that were read again. */
  readonly carried: DocumentCounts
  readonly rejected: readonly RejectedDocument[]
}

const documentBytesMax = 200 * 1024 * 1024

export async function copyTestIndex(copy: TestCopy): Promise<TestCopyResult> {
  const { source, target, index, way, faultsMax, readers = 2, bodyBytesMax = 8 * 1024 * 1024 } = copy
  const journal = new MemoryJournal()
  const rejected: RejectedDocument[] = []
  let carried = noCounts
  const form = { operation: 'index', versionBase: 0, sendsParent: false, sendsType: false, sendsIndex: false } as const
  await copyDocuments({
    unit: { name: index, sourceIndex: index, targetIndex: index },
    source: await openSearchSource({ cluster: source, index, documentBytesMax, readers, faultsMax }, way),
    target: new BulkTarget({ cluster: target, index, form, writersMax: 4, bodyBytesMax }),
    transform: { changes: 'none', apply: (batch) => batch },
    journal,
    readers,
    throttle: new Throttle(copy.rate),
    documentsMax: undefined,
    once: false,
    keepRejected: async (_, documents) => {
      rejected.push(...documents)
    },
    onBatch: (counts) => {
      carried = addCounts(carried, counts)
    },
    stop: new AbortController().signal,
    abort: new AbortController().signal,
  })
  const partitions = journal.listPartitions()
  assert.ok(
    partitions.every((partition) => partition.isDone),
    'every partition is done',
  )
  const counts = partitions.reduce((sum, partition) => addCounts(sum, partition.counts), noCounts)
  for (const { read, written, rejected: refused, skipped } of [counts, carried]) {
    assert.equal(read, written + refused + skipped, 'every document is accounted for')
  }
  return { counts, carried, rejected }
}

/** Every document as `id|routing` → source, read without faults in between. */
export async function readIndex(cluster: Cluster, index: string): Promise<Map<string, string>> {
  await refreshTestIndex(cluster, index)
  const source = await openSearchSource({ cluster, index, documentBytesMax, readers: 1 })
  const { signal } = new AbortController()
  const found = new Map<string, string>()
  for (const partition of await source.listPartitions()) {
    for await (const batch of source.readBatches(partition, undefined, { signal, batchBytes: () => 4 * 1024 * 1024 })) {
      for (let row = 0; row < batch.count; row++) {
        const routing = batch.text(batch.routingStart[row]!, batch.routingEnd[row]!) ?? ''
        found.set(`${batch.id(row)}|${routing}`, batch.source(row).toString())
      }
    }
  }
  return found
}

/** Fails unless both hold the same documents, byte for byte. */
export async function compareIndexes(source: Cluster, target: Cluster, index: string): Promise<void> {
  const [expected, found] = await Promise.all([readIndex(source, index), readIndex(target, index)])
  assert.equal(found.size, expected.size, 'as many documents')
  for (const [key, text] of expected) {
    if (found.get(key) !== text) assert.fail(`${key} is ${found.get(key)} instead of ${text}`)
  }
}

export const untilEqual = (source: Cluster, target: Cluster, index: string): Promise<true> =>
  eventually(
    'being equal',
    () =>
      compareIndexes(source, target, index).then(
        () => true as const,
        () => undefined,
      ),
    60_000,
  )
