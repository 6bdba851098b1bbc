// Carries the documents of a `_reindex` call: slice by slice, partition by partition, from the remote into the destination.
//
// As in pipeline/carry-batches.ts, the destination holds a batch before the journal passes it. What is different: documents are counted by
// what the destination said of them, `max_docs` counts those that it took, and the first failure or conflict ends the call.
import { backoffMs } from '../../foundation/backoff.ts'
import { sleep } from '../../foundation/clock.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import type { DocumentBatch } from '../../model/document-batch.ts'
import type { ReindexFailure, ReindexRequest } from '../../model/reindex.ts'
import { selectRows } from '../../model/select-rows.ts'
import { isTooLarge } from '../../source/passing-faults.ts'
import type { ReindexWritten, WriteOptions } from '../../target/reindex-target.ts'
import { isLater } from './list-reindex-partitions.ts'
import { PartitionSettling } from './partition-settling.ts'
import { type CallCounts, type SliceCounts, succeeded, type Tally } from './reindex-counts.ts'
import type { ReindexJournal, ReindexPartition } from './reindex-journal.ts'
import type { ReindexSource } from './reindex-source.ts'
import { requireSources } from './require-sources.ts'
import { SharedRate, SliceThrottle } from './slice-throttle.ts'

/** What the carriage needs of a destination. */
export interface ReindexDestination {
  readonly bodyBytes: number
  ready(signal: AbortSignal): Promise<void>
  write(batch: DocumentBatch, options: WriteOptions): Promise<ReindexWritten>
}

export interface ReindexCarriageOptions {
  readonly request: ReindexRequest
  readonly source: Pick<ReindexSource, 'readBatches' | 'isResumable'>
  readonly destination: ReindexDestination
  readonly counts: CallCounts
  readonly journal: ReindexJournal
  /** Those that are not done. */
  readonly partitions: readonly ReindexPartition[]
  /** The call goes on after a crash or a stop. */
  readonly isResumed: boolean
  readonly requestsPerSecond: () => number
  readonly onStatus: () => void
  /** Ends reading; what is on its way may still arrive. */
  readonly reading: AbortSignal
  /** Ends everything. */
  readonly writing: AbortSignal
}

/** Documents between source and destination at most. With the bodies made of them about twice this is in memory. */
const bytesOnTheWayMax = 16 * 1024 * 1024

/** The servers list the failures of one batch; of several that were on their way, these many more are listed. */
const failuresListedMax = 1_000

/** Slices that are at work at once; the others wait for their turn. */
const slicesAtOnceMax = 20

/** How often a partition that cannot be read on from a position is read again from its start. */
const restartsMax = 12
const restartBackoff = { firstMs: 200, maxMs: 20_000 }

export class ReindexCarriage {
  readonly failures: ReindexFailure[] = []
  private readonly options: ReindexCarriageOptions
  private readonly rate: SharedRate
  private readonly ended = new AbortController()
  private readonly reading: AbortSignal
  private readonly onTheWay = new Set<Promise<void>>()
  private bytesOnTheWay = 0
  private error: unknown

  constructor(options: ReindexCarriageOptions) {
    this.options = options
    this.reading = AbortSignal.any([options.reading, options.writing, this.ended.signal])
    this.rate = new SharedRate(options.requestsPerSecond, Math.min(options.counts.slices.length, slicesAtOnceMax))
  }

  /** Resolves when everything is carried, or reading was ended and what was on its way has arrived. Throws the first error. */
  async carry(readersPerSlice: number, isLaterRound: boolean): Promise<void> {
    const { partitions, counts } = this.options
    const wanted = partitions.filter(({ partition }) => isLater(partition) === isLaterRound)
    const slices = counts.slices.map(
      (slice, number) => new SliceRun(slice, wanted.filter((part) => part.slice === number).reverse()),
    )
    this.rate.atWork = slices.length
    const queue = [...slices].reverse()
    const runners = Array.from({ length: Math.min(slices.length, slicesAtOnceMax) }, async () => {
      for (let slice = queue.pop(); slice && !this.reading.aborted; slice = queue.pop()) {
        await this.carrySlice(slice, readersPerSlice)
        this.rate.atWork--
      }
    })
    await Promise.all(runners)
    while (this.onTheWay.size > 0) await Promise.all(this.onTheWay)
    if (this.error !== undefined) throw this.error
  }

  private async carrySlice(run: SliceRun, readers: number): Promise<void> {
    const { counts } = run
    const throttle = new SliceThrottle({
      counts,
      size: this.options.request.source.size,
      rate: () => {
        counts.requestsPerSecond = this.rate.ofSlice()
        return counts.requestsPerSecond
      },
      onStatus: this.options.onStatus,
    })
    run.throttle = throttle
    counts.hasBegun = true
    counts.requestsPerSecond = this.rate.ofSlice()
    this.options.onStatus()
    try {
      await Promise.all(Array.from({ length: readers }, () => this.readPartitions(run)))
      if (!run.isFull) await throttle.pay(true, this.reading)
    } catch (error) {
      this.fail(error)
    }
  }

  private async readPartitions(run: SliceRun): Promise<void> {
    try {
      for (let next = run.waiting.pop(); next && !this.isOver(run); next = run.waiting.pop()) {
        await this.carryPartition(run, next)
      }
    } catch (error) {
      this.fail(error)
    }
  }

  private isOver(run: SliceRun): boolean {
    return this.reading.aborted || run.isFull
  }

  /** A partition that cannot be read on from a position is read again from its start when its context is lost, and counted anew. */
  private async carryPartition(run: SliceRun, part: ReindexPartition): Promise<void> {
    const { source, isResumed, journal, counts } = this.options
    const isResumable = source.isResumable(part.partition)
    const settling = new PartitionSettling(
      { id: part.partition.id, slice: run.counts, isResumable, position: part.position },
      (noted) => journal.note(noted, counts.settled),
    )
    let shrinks = 0
    for (let restarts = 0; ; restarts++) {
      try {
        await this.readPartition(run, part, settling, { isReplay: isResumed || restarts > 0, shrinks })
        return
      } catch (error) {
        if (this.reading.aborted || isResumable || restarts >= restartsMax || !isPassing(error)) throw error
        run.counts.searchRetries++
        if (isTooLarge(error)) shrinks++
        while (!settling.isEmptyWay && this.onTheWay.size > 0) await Promise.race(this.onTheWay)
        if (this.reading.aborted) throw error
        settling.restart()
        run.isFull = false
        await sleep(backoffMs(restarts + 1, restartBackoff), this.reading)
      }
    }
  }

  private async readPartition(
    run: SliceRun,
    { partition, position }: ReindexPartition,
    settling: PartitionSettling,
    { isReplay, shrinks }: { readonly isReplay: boolean; readonly shrinks: number },
  ): Promise<void> {
    const { source, destination } = this.options
    const after = source.isResumable(partition) ? position : undefined
    const batches = source.readBatches(partition, after, {
      signal: this.reading,
      // An answer that was too large for the server is asked for in smaller parts.
      batchBytes: () => Math.max(1, Math.floor(destination.bodyBytes / 2 ** shrinks)),
    })
    const shard = 'shard' in partition ? partition.shard : undefined
    const handling: Handling = { run, settling, shard, isReplay, ignoresConflicts: this.ignoresConflicts(partition) }
    for await (const batch of batches) {
      requireSources(batch, partition.index)
      await this.handOn(batch, handling)
      if (this.isOver(run)) return
    }
    if (!this.isOver(run)) settling.end()
  }

  /**
   * What was written to the remote while it was read comes a second time. With `op_type: create` it is there already then, and was counted
   * the first time.
   */
  private ignoresConflicts(partition: ReindexPartition['partition']): boolean {
    return isLater(partition) && this.options.request.dest.opType === 'create'
  }

  /** Sends a batch, in parts where the rate or `max_docs` wants it so. */
  private async handOn(batch: DocumentBatch, handling: Handling): Promise<void> {
    const { run } = handling
    const { request } = this.options
    const isInTurn = request.source.sort !== undefined
    if (run.isProven && request.maxDocs === undefined && !run.throttle.isLimited && !isInTurn) {
      await this.sendWhenRoom(batch, handling)
      return
    }
    // One part at a time of a slice, whoever has read it.
    const before = run.turn
    let done = () => {}
    run.turn = new Promise((resolve) => {
      done = resolve
    })
    try {
      await before
      await this.sendParts(batch, handling)
    } finally {
      done()
    }
  }

  private async sendParts(batch: DocumentBatch, handling: Handling): Promise<void> {
    const { run } = handling
    for (let from = 0; from < batch.count; ) {
      this.reading.throwIfAborted()
      const left = await this.documentsLeft(run)
      if (left === 0) return
      const isLimited = run.throttle.isLimited
      // The first batch goes alone: a call that cannot succeed writes no more than the servers would.
      const isAlone = isLimited || !run.isProven || this.options.request.source.sort !== undefined
      const most = Math.min(
        left,
        isLimited ? run.throttle.room : run.isProven ? batch.count : this.options.request.source.size,
      )
      const to = Math.min(batch.count, from + most)
      const part = from === 0 && to === batch.count ? batch : partOf(batch, from, to)
      if (isLimited) run.throttle.begin(part.count)
      const [arrival] = await this.sendWhenRoom(part, handling)
      if (isAlone) await arrival
      run.isProven = true
      if (isLimited && !this.hasAll(run)) await run.throttle.pay(false, this.reading)
      from = to
    }
    this.hasAll(run)
  }

  private maxOfSlice(): number | undefined {
    const { request, counts } = this.options
    // Divided as the servers divide it: what is left over is not given to any slice.
    return request.maxDocs === undefined ? undefined : Math.floor(request.maxDocs / counts.slices.length)
  }

  /** How many documents may be sent now; waits for what is on its way when these may be the last. 0: the slice has its documents. */
  private async documentsLeft(run: SliceRun): Promise<number> {
    const max = this.maxOfSlice()
    if (max === undefined) return Number.POSITIVE_INFINITY
    for (;;) {
      const left = max - succeeded(run.counts.live)
      if (left <= 0) {
        run.isFull = true
        return 0
      }
      if (left > run.documentsOnTheWay) return left - run.documentsOnTheWay
      this.reading.throwIfAborted()
      await Promise.race(this.onTheWay)
      this.reading.throwIfAborted()
    }
  }

  private hasAll(run: SliceRun): boolean {
    const max = this.maxOfSlice()
    if (max !== undefined && succeeded(run.counts.live) >= max) run.isFull = true
    return run.isFull
  }

  /** Waits until the destination takes more and not too much is on its way. The arrival is wrapped, so that it is not waited for. */
  private async sendWhenRoom(batch: DocumentBatch, handling: Handling): Promise<readonly [Promise<void>]> {
    const bytes = batch.sourceBytes()
    await this.options.destination.ready(this.reading)
    while (this.bytesOnTheWay > 0 && this.bytesOnTheWay + bytes > bytesOnTheWayMax) {
      await Promise.race(this.onTheWay)
      this.reading.throwIfAborted()
    }
    return [this.send(batch, bytes, handling)]
  }

  private send(batch: DocumentBatch, bytes: number, handling: Handling): Promise<void> {
    const { run, settling } = handling
    const onItsWay = settling.start(batch.position)
    const documents = batch.count
    this.bytesOnTheWay += bytes
    run.documentsOnTheWay += documents
    const arrival = this.deliver(batch, handling)
      .then((tally) => {
        run.documentsOnTheWay -= documents
        settling.finish(onItsWay, tally)
        this.options.onStatus()
      })
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.bytesOnTheWay -= bytes
        this.onTheWay.delete(arrival)
      })
    this.onTheWay.add(arrival)
    return arrival
  }

  private async deliver(batch: DocumentBatch, { run, shard, isReplay, ignoresConflicts }: Handling): Promise<Tally> {
    const { destination, request, writing } = this.options
    const { count } = batch
    const written = await destination.write(batch, {
      shard,
      isReplay,
      signal: writing,
      onRetry: () => {
        run.counts.bulkRetries++
      },
    })
    const others = written.failures.filter(({ status }) => status !== 409)
    const { created, updated, versionConflicts } = written
    if (created + updated + versionConflicts + others.length !== count) {
      const sentence = `of ${count} documents ${created} were created, ${updated} updated, ${versionConflicts} in conflict and ${others.length} refused`
      throw new IndexferryError('INTERNAL', sentence)
    }
    batch.release()
    if (ignoresConflicts) this.list(others)
    else this.list(request.conflicts === 'proceed' ? others : written.failures)
    return { created, updated, versionConflicts: ignoresConflicts ? 0 : versionConflicts, failed: others.length }
  }

  /** The first failure ends the call; the failures of what is still on its way are listed with it. */
  private list(failures: readonly ReindexFailure[]): void {
    const room = this.failures.length === 0 ? failures.length : Math.max(0, failuresListedMax - this.failures.length)
    for (const failure of failures.slice(0, room)) this.failures.push(failure)
    if (this.failures.length > 0) this.ended.abort(new Error('a document was refused'))
  }

  private fail(error: unknown): void {
    // What was thrown because reading has ended says nothing.
    if (this.reading.aborted) return
    this.error = error
    this.ended.abort(error)
  }
}

class SliceRun {
  readonly counts: SliceCounts
  /** In reverse. */
  readonly waiting: ReindexPartition[]
  throttle!: SliceThrottle
  documentsOnTheWay = 0
  /** The destination has taken a first batch. */
  isProven = false
  /** The slice has as many documents as it may. */
  isFull = false
  /** Ends when nobody is sending parts of a batch. */
  turn: Promise<void> = Promise.resolve()

  constructor(counts: SliceCounts, waiting: ReindexPartition[]) {
    this.counts = counts
    this.waiting = waiting
  }
}

interface Handling {
  readonly shard: number | undefined
  readonly run: SliceRun
  readonly settling: PartitionSettling
  readonly isReplay: boolean
  readonly ignoresConflicts: boolean
}

const isPassing = (error: unknown): boolean => error instanceof IndexferryError && error.definition.retry !== 'never'

/** Rows `from … to-1`, with the position behind the last of them. */
function partOf(batch: DocumentBatch, from: number, to: number): DocumentBatch {
  const part = selectRows(
    batch,
    Array.from({ length: to - from }, (_, at) => from + at),
  )
  if (to < batch.count) {
    const sequenceNumber = batch.sequenceNumber[to - 1] as number
    part.position = sequenceNumber >= 0 ? sequenceNumber + 1 : batch.position
  }
  return part
}
