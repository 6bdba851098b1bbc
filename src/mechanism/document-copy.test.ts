// What is noted of a copy into a file never says more, and never less, than what is in the file: or else documents would be lost or
// doubled after a crash.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { batchOf, documentsOf } from '../../test/documents/batch-of.ts'
import { MemoryJournal } from '../../test/documents/memory-journal.ts'
import type { DocumentBatch } from '../model/document-batch.ts'
import type { PartitionUpdate } from '../pipeline/partition-progress.ts'
import { Throttle } from '../pipeline/throttle.ts'
import type { DocumentSource } from '../source/source.ts'
import type { DocumentTarget } from '../target/target.ts'
import type { DocumentTransform } from '../transform/document-transform.ts'
import { copyDocuments, type DocumentCopyOptions } from './document-copy.ts'

const never = new AbortController().signal
const unchanged: DocumentTransform = { changes: 'none', apply: (batch) => batch }

/** One partition of so many batches of one document. */
function sourceOf(batches: number, isResumable: boolean, beforeBatch: (n: number) => void = () => {}): DocumentSource {
  return {
    kind: 'file',
    isResumable,
    listPartitions: async () => [{ kind: 'file', id: 'file', index: 'i' }],
    listLaterPartitions: async () => [],
    async *readBatches(_, after) {
      for (let n = after ?? 0; n < batches; n++) {
        beforeBatch(n)
        yield batchOf([{ id: `${n}`, source: `{"n":${n}}` }], n + 1)
        await sleep(0)
      }
    },
    countDocuments: async () => batches,
    [Symbol.asyncDispose]: async () => {},
  }
}

/** Takes batches in the order in which they are given, as a file does. */
class LinesTarget implements DocumentTarget {
  readonly ids: string[] = []
  readonly limitedBy = undefined
  readonly bodyBytes = 1_000

  async writeBatch(batch: DocumentBatch) {
    this.ids.push(...documentsOf(batch).map(({ id }) => id as string))
    return { written: batch.count, unchanged: 0, rejected: [], resumeAt: { offset: this.ids.length } }
  }

  async ready(): Promise<void> {}
  async [Symbol.asyncDispose](): Promise<void> {}
}

class WatchedJournal extends MemoryJournal {
  readonly notes: PartitionUpdate[] = []

  override note(unit: string, update: PartitionUpdate): void {
    this.notes.push(update)
    super.note(unit, update)
  }
}

const optionsFor = (target: DocumentTarget, journal: WatchedJournal): Omit<DocumentCopyOptions, 'source'> => ({
  unit: { name: 'i', sourceIndex: 'i', targetIndex: 'i' },
  transform: unchanged,
  target,
  journal,
  readers: 1,
  throttle: new Throttle(),
  documentsMax: undefined,
  once: true,
  keepRejected: async () => {},
  onBatch: () => {},
  stop: never,
  abort: never,
})

test('a transform that holds up one batch longer than the next does not change their order in a file', async () => {
  const target = new LinesTarget()
  const apply = async (batch: DocumentBatch) => {
    await sleep(10 - 3 * Number(batch.id(0)))
    return batch
  }
  await copyDocuments({
    ...optionsFor(target, new WatchedJournal()),
    source: sourceOf(4, true),
    transform: { changes: 'bytes', apply },
  })
  assert.deepEqual(target.ids, ['0', '1', '2', '3'])
})

test('of a source that can be read only as a whole, nothing is noted before the whole is in the file', async () => {
  const journal = new WatchedJournal()
  const target = new LinesTarget()
  const seen: unknown[] = []
  await copyDocuments({
    ...optionsFor(target, journal),
    source: sourceOf(3, false),
    onWhole: () => seen.push(journal.notes.length, target.ids.length),
  })
  assert.deepEqual(seen, [0, 3])
  assert.deepEqual(
    journal.notes.map(({ isDone, counts }) => [isDone, counts.read]),
    [[true, 3]],
  )
})

test('a pause or a failure notes nothing of such a source, so that it is read again', async () => {
  const stop = new AbortController()
  const failing = (n: number) => {
    if (n === 2) throw new Error('the source failed')
  }
  const pausing = (n: number) => {
    if (n === 2) stop.abort(new Error('paused'))
  }
  for (const [interrupt, signal] of [
    [failing, never],
    [pausing, stop.signal],
  ] as const) {
    const journal = new WatchedJournal()
    const copy = copyDocuments({
      ...optionsFor(new LinesTarget(), journal),
      source: sourceOf(4, false, interrupt),
      stop: signal,
      onWhole: () => assert.fail('it is not whole'),
    })
    if (interrupt === failing) await assert.rejects(copy, /the source failed/)
    else assert.equal((await copy).isComplete, false)
    assert.deepEqual(journal.notes, [])
  }
})
