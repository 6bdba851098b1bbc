// The data path between a source and a target in memory: order, accounting, errors, stop, abort, limits.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { batchOf } from '../../test/documents/batch-of.ts'
import { IndexferryError, isErrorOf } from '../foundation/errors.ts'
import { addCounts, type DocumentCounts, noCounts } from '../model/counts.ts'
import type { DocumentBatch } from '../model/document-batch.ts'
import type { FilePartition, Partition, Position } from '../model/partition.ts'
import type { DocumentSource, ReadOptions } from '../source/source.ts'
import type { DocumentTarget, RejectedDocument, WriteResult } from '../target/target.ts'
import type { DocumentTransform } from '../transform/document-transform.ts'
import { type CarryOptions, carryBatches } from './carry-batches.ts'
import type { PartitionUpdate } from './partition-progress.ts'
import { Throttle } from './throttle.ts'

const partitionsOf = (count: number): FilePartition[] =>
  Array.from({ length: count }, (_, n) => ({ kind: 'file', id: `${n}`, index: 'i' }))

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** `batches` batches of 10 documents for each partition; ids are `partition-number`. */
class ListSource implements DocumentSource {
  readonly kind = 'file'
  readonly isResumable = true
  opened = 0
  closed = 0
  read = 0
  private readonly batches: number
  private readonly sourceBytes: number
  private readonly failAt: (partition: string, batch: number) => unknown

  constructor(
    batches: number,
    sourceBytes = 20,
    failAt: (partition: string, batch: number) => unknown = () => undefined,
  ) {
    this.batches = batches
    this.sourceBytes = sourceBytes
    this.failAt = failAt
  }

  async listPartitions() {
    return []
  }
  async listLaterPartitions() {
    return []
  }
  async countDocuments() {
    return undefined
  }

  async *readBatches(
    partition: Partition,
    after: Position | undefined,
    { signal }: ReadOptions,
  ): AsyncGenerator<DocumentBatch> {
    this.opened++
    try {
      for (let number = after ?? 0; number < this.batches; number++) {
        await turn()
        signal.throwIfAborted()
        const error = this.failAt(partition.id, number)
        if (error) throw error
        this.read++
        const source = `{"a":"${'x'.repeat(this.sourceBytes - 8)}"}`
        const documents = Array.from({ length: 10 }, (_, n) => ({ id: `${partition.id}-${number * 10 + n}`, source }))
        yield batchOf(documents, number + 1)
      }
    } finally {
      this.closed++
    }
  }

  async [Symbol.asyncDispose]() {}
}

interface ListTargetOptions {
  /** Turns of the event loop that a write takes. */
  readonly turns?: (write: number) => number
  readonly rejects?: (id: string) => boolean
  readonly unchanged?: (id: string) => boolean
  readonly fails?: (write: number) => unknown
}

class ListTarget implements DocumentTarget {
  readonly ids: string[] = []
  readonly limitedBy = undefined
  readonly bodyBytes = 1_000
  bytesInFlight = 0
  bytesInFlightMost = 0
  writes = 0
  isReady: () => boolean = () => true
  private readonly options: ListTargetOptions

  constructor(options: ListTargetOptions = {}) {
    this.options = options
  }

  async ready(signal: AbortSignal) {
    while (!this.isReady()) {
      await turn()
      signal.throwIfAborted()
    }
  }

  async writeBatch(batch: DocumentBatch, signal: AbortSignal): Promise<WriteResult> {
    const { turns, rejects, unchanged, fails } = this.options
    const write = this.writes++
    const bytes = batch.sourceBytes()
    this.bytesInFlight += bytes
    this.bytesInFlightMost = Math.max(this.bytesInFlightMost, this.bytesInFlight)
    try {
      for (let left = turns?.(write) ?? 1; left > 0; left--) {
        await turn()
        signal.throwIfAborted()
      }
      const error = fails?.(write)
      if (error) throw error
      const rejected: RejectedDocument[] = []
      let known = 0
      for (let row = 0; row < batch.count; row++) {
        const id = batch.id(row)
        if (rejects?.(id)) rejected.push({ row, status: 400, type: 'mapper_parsing_exception', reason: 'no' })
        else if (unchanged?.(id)) known++
        else this.ids.push(id)
      }
      return { written: batch.count - rejected.length - known, unchanged: known, rejected }
    } finally {
      this.bytesInFlight -= bytes
    }
  }

  async [Symbol.asyncDispose]() {}
}

const untouched: DocumentTransform = { changes: 'none', apply: (batch) => batch }

interface Carried {
  readonly updates: PartitionUpdate[]
  counts: DocumentCounts
  /** The latest checkpoint of each partition. */
  readonly checkpoints: Map<string, PartitionUpdate>
}

function carrying(options: Partial<CarryOptions> & Pick<CarryOptions, 'source' | 'target'>) {
  const carried: Carried = { updates: [], counts: noCounts, checkpoints: new Map() }
  const done = carryBatches({
    transform: untouched,
    partitions: partitionsOf(3).map((partition) => ({ partition, after: undefined })),
    readers: 2,
    throttle: new Throttle(),
    bytesOnTheWayMax: 1_000_000,
    keepRejected: async () => {},
    onProgress: (update, counts) => {
      carried.updates.push(update)
      carried.checkpoints.set(update.partition.id, update)
      carried.counts = addCounts(carried.counts, counts)
    },
    stop: new AbortController().signal,
    abort: new AbortController().signal,
    ...options,
  })
  return { done, carried }
}

function isAccounted({ read, written, rejected, skipped }: DocumentCounts): void {
  assert.equal(read, written + rejected + skipped)
}

const boom = () => new IndexferryError('TARGET_FULL', 'no space', { side: 'target' })

describe('carrying batches', () => {
  it('brings every document over once, and every partition to its end', async () => {
    const source = new ListSource(20)
    const target = new ListTarget({ turns: (write) => (write * 7) % 5 })
    const { done, carried } = carrying({ source, target })
    await done
    assert.equal(new Set(target.ids).size, 600)
    assert.equal(target.ids.length, 600)
    assert.deepEqual(carried.counts, { read: 600, written: 600, rejected: 0, skipped: 0, bytes: 12_000 })
    for (const { isDone, position, counts } of carried.checkpoints.values()) {
      assert.deepEqual([isDone, position, counts.read], [true, 20, 200])
    }
    assert.equal(carried.checkpoints.size, 3)
    assert.equal(source.closed, 3)
  })

  it('goes on from where partitions stood, with their counts', async () => {
    const target = new ListTarget()
    const counts = { read: 150, written: 140, rejected: 4, skipped: 6, bytes: 3_000 }
    const partition = partitionsOf(1)[0]!
    const { done, carried } = carrying({
      source: new ListSource(20),
      target,
      partitions: [{ partition, after: 15, counts }],
    })
    await done
    assert.equal(target.ids.length, 50)
    assert.deepEqual(carried.checkpoints.get('0')?.counts, {
      read: 200,
      written: 190,
      rejected: 4,
      skipped: 6,
      bytes: 4_000,
    })
  })

  it('counts rejected and unchanged documents, and keeps the rejected before the checkpoint passes them', async () => {
    const kept: string[] = []
    const target = new ListTarget({ rejects: (id) => id.endsWith('3'), unchanged: (id) => id.endsWith('4') })
    const { done, carried } = carrying({
      source: new ListSource(5),
      target,
      keepRejected: async (batch, rejected) => {
        await turn()
        kept.push(...rejected.map(({ row }) => batch.id(row)))
        assert.ok([...carried.checkpoints.values()].every((update) => (update.counts.rejected ?? 0) <= kept.length))
      },
    })
    await done
    assert.deepEqual(carried.counts, { read: 150, written: 120, rejected: 15, skipped: 15, bytes: 3_000 })
    assert.equal(kept.length, 15)
    isAccounted(carried.counts)
  })

  it('counts documents that a transform drops as skipped', async () => {
    const transform: DocumentTransform = {
      changes: 'bytes',
      apply: (batch) => {
        const fewer = batchOf([{ id: batch.id(0), source: '{}' }], batch.position)
        return fewer
      },
    }
    const { done, carried } = carrying({ source: new ListSource(5), target: new ListTarget(), transform })
    await done
    assert.deepEqual(carried.counts, { read: 150, written: 15, rejected: 0, skipped: 135, bytes: 3_000 })
  })

  it('never has more bytes on the way than allowed', async () => {
    const target = new ListTarget({ turns: () => 5 })
    const { done } = carrying({
      source: new ListSource(30, 100),
      target,
      partitions: partitionsOf(8).map((partition) => ({ partition, after: undefined })),
      readers: 8,
      bytesOnTheWayMax: 3_500,
    })
    await done
    assert.equal(target.ids.length, 2_400)
    assert.equal(target.bytesInFlightMost, 3_000, 'batches of 1,000 bytes, of which three have room')
  })

  it('carries a batch that is larger than allowed, alone', async () => {
    const target = new ListTarget({ turns: () => 3 })
    const { done } = carrying({ source: new ListSource(5, 100), target, bytesOnTheWayMax: 10 })
    await done
    assert.equal(target.ids.length, 150)
    assert.equal(target.bytesInFlightMost, 1_000)
  })

  it('does not read on while the target is not ready', async () => {
    const target = new ListTarget()
    const source = new ListSource(100)
    let isReady = false
    target.isReady = () => isReady
    const { done } = carrying({ source, target })
    for (let turns = 0; turns < 50; turns++) await turn()
    assert.equal(source.read, 2, 'one batch for each reader')
    isReady = true
    await done
    assert.equal(target.ids.length, 3_000)
  })
})

describe('carrying batches that cannot all be carried', () => {
  it('throws the error of the target, closes the source, and leaves the checkpoint before the lost batch', async () => {
    const source = new ListSource(50)
    const target = new ListTarget({
      turns: (write) => 1 + (write % 4),
      fails: (write) => (write === 40 ? boom() : undefined),
    })
    const { done, carried } = carrying({ source, target })
    await assert.rejects(done, (error) => isErrorOf(error, 'TARGET_FULL'))
    assert.equal(source.closed, source.opened)
    assert.equal(target.bytesInFlight, 0, 'nothing goes on behind the back of the caller')
    assert.ok(source.read < 150)
    const ids = new Set(target.ids)
    for (const { partition, position = 0, isDone } of carried.checkpoints.values()) {
      assert.equal(isDone, position === 50)
      for (let n = 0; n < position * 10; n++)
        assert.ok(ids.has(`${partition.id}-${n}`), 'what the checkpoint passed is there')
    }
    isAccounted(carried.counts)
  })

  it('throws the error of the source after what was read has arrived or was given up, never as a success', async () => {
    const source = new ListSource(20, 20, (partition, batch) => (partition === '1' && batch === 7 ? boom() : undefined))
    const { done, carried } = carrying({ source, target: new ListTarget({ turns: () => 2 }) })
    await assert.rejects(done, (error) => isErrorOf(error, 'TARGET_FULL'))
    assert.equal(carried.checkpoints.get('1')?.isDone ?? false, false)
    assert.equal(source.closed, source.opened)
  })

  it('throws when rejected documents cannot be kept, and the checkpoint does not pass them', async () => {
    const { done, carried } = carrying({
      source: new ListSource(5),
      target: new ListTarget({ rejects: (id) => id === '0-25' }),
      readers: 1,
      keepRejected: () => Promise.reject(new IndexferryError('STATE_UNUSABLE', 'disk full')),
    })
    await assert.rejects(done, (error) => isErrorOf(error, 'STATE_UNUSABLE'))
    assert.ok((carried.checkpoints.get('0')?.position ?? 0) <= 2)
  })

  it('throws on a target that does not account for every document', async () => {
    const target = new ListTarget()
    target.writeBatch = async (batch) => ({ written: batch.count - 1, unchanged: 0, rejected: [] })
    const { done, carried } = carrying({ source: new ListSource(5), target })
    await assert.rejects(done, (error) => isErrorOf(error, 'INTERNAL'))
    assert.equal(carried.counts.read, 0)
  })

  it('throws what progress throws', async () => {
    const { done } = carrying({
      source: new ListSource(5),
      target: new ListTarget(),
      onProgress: () => {
        throw new IndexferryError('STATE_UNUSABLE', 'disk full')
      },
    })
    await assert.rejects(done, (error) => isErrorOf(error, 'STATE_UNUSABLE'))
  })

  it('stops reading when told so; what was read is written and noted, and the rest follows later', async () => {
    const stop = new AbortController()
    const source = new ListSource(50)
    const target = new ListTarget({
      turns: (write) => {
        if (write === 30) stop.abort()
        return 4
      },
    })
    const first = carrying({ source, target, stop: stop.signal })
    await first.done
    const { counts, checkpoints } = first.carried
    assert.ok(counts.read >= 300 && counts.read < 1_500)
    assert.equal(target.ids.length, counts.written)
    assert.equal(target.bytesInFlight, 0)
    const left = partitionsOf(3).map((partition) => {
      const { position, counts: before, isDone } = checkpoints.get(partition.id) ?? {}
      assert.ok(!isDone || position === 50)
      return { partition, after: position, counts: before }
    })
    const second = carrying({ source, target, partitions: left })
    await second.done
    assert.equal(target.ids.length, 1_500, 'none twice, none lost')
    assert.equal(new Set(target.ids).size, 1_500)
    const total = [...second.carried.checkpoints.values()].map((update) => update.counts).reduce(addCounts)
    assert.equal(total.read, 1_500)
  })

  it('gives up at once on abort, with its reason', async () => {
    const abort = new AbortController()
    const reason = new IndexferryError('PAUSED', 'enough')
    const source = new ListSource(1_000)
    const target = new ListTarget({
      turns: (write) => {
        if (write === 10) abort.abort(reason)
        return 1_000_000
      },
    })
    const { done, carried } = carrying({ source, target, abort: abort.signal })
    await assert.rejects(done, (error) => error === reason)
    assert.equal(carried.counts.read, 0)
    assert.equal(target.bytesInFlight, 0)
    assert.equal(source.closed, source.opened)
  })

  it('ends reading that waits for the throttle when it is told to stop', async () => {
    const stop = new AbortController()
    const { done, carried } = carrying({
      source: new ListSource(10),
      target: new ListTarget(),
      throttle: new Throttle({ documentsPerSecond: 0.1 }),
      stop: stop.signal,
    })
    await turn()
    await turn()
    stop.abort()
    await done
    isAccounted(carried.counts)
    assert.ok(carried.counts.read <= 20)
  })

  for (const documentsMax of [1, 10, 25, 599, 600, 601]) {
    it(`takes at most ${documentsMax} documents`, async () => {
      const target = new ListTarget()
      const { done, carried } = carrying({ source: new ListSource(20), target, documentsMax })
      await done
      assert.equal(target.ids.length, Math.min(documentsMax, 600))
      assert.equal(carried.counts.bytes, 20 * target.ids.length)
      isAccounted(carried.counts)
    })
  }
})
