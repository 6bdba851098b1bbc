// The data path: read a batch, transform it, write it, move the checkpoint. Knows no version, no HTTP and no file.
//
// The order that makes it safe: the target holds a batch → its rejected documents are in their file → the checkpoint passes it. A crash
// anywhere reads some batches again and loses none.
import { IndexferryError } from '../foundation/errors.ts'
import { type DocumentCounts, noCounts } from '../model/counts.ts'
import type { DocumentBatch } from '../model/document-batch.ts'
import type { Partition, Position } from '../model/partition.ts'
import type { DocumentSource } from '../source/source.ts'
import type { DocumentTarget, RejectedDocument } from '../target/target.ts'
import type { DocumentTransform } from '../transform/document-transform.ts'
import { PartitionProgress, type PartitionUpdate } from './partition-progress.ts'
import type { Throttle } from './throttle.ts'

export interface OpenPartition {
  readonly partition: Partition
  readonly after: Position | undefined
  /** What its checkpoint counts already. */
  readonly counts?: DocumentCounts | undefined
}

export interface CarryOptions {
  readonly source: DocumentSource
  readonly transform: DocumentTransform
  readonly target: DocumentTarget
  /** What is still to be carried, each from where its checkpoint stands. */
  readonly partitions: readonly OpenPartition[]
  /** Partitions read at once. */
  readonly readers: number
  readonly throttle: Throttle
  /** Documents still to be taken at most (`--max-docs`). */
  readonly documentsMax?: number | undefined
  /** No document may be handed to the target twice. */
  readonly once?: boolean
  /** Bytes of documents between source and target at most; one batch more may be on its way. */
  readonly bytesOnTheWayMax: number
  /** Told of each batch before the target gets anything of it: as it was read, and as it will be written. Durable when it resolves. */
  readonly beforeWrite?:
    | ((batch: DocumentBatch, changed: DocumentBatch, partition: Partition) => void | Promise<void>)
    | undefined
  /** Told when all is read and the rest is on its way. */
  readonly onRead?: (() => void) | undefined
  /** Makes the rejected documents of a batch durable. */
  readonly keepRejected: (batch: DocumentBatch, rejected: readonly RejectedDocument[]) => Promise<void>
  /** Told of each step; must be cheap, and makes it durable in its own time. */
  readonly onProgress: (update: PartitionUpdate, batch: DocumentCounts) => void
  /** Stops reading; what was read is still written and noted. */
  readonly stop: AbortSignal
  /** Stops everything. */
  readonly abort: AbortSignal
}

/** Resolves when all partitions are carried, or reading was stopped and what was on its way has arrived. Throws the first error. */
export async function carryBatches(options: CarryOptions): Promise<void> {
  const carriage = new Carriage(options)
  const readers = Math.max(1, Math.min(options.readers, options.partitions.length))
  await Promise.all(Array.from({ length: readers }, () => carriage.readPartitions()))
  if (!options.stop.aborted && !options.abort.aborted) options.onRead?.()
  await carriage.arrival()
}

class Carriage {
  private readonly options: CarryOptions
  private readonly waiting: OpenPartition[]
  private readonly onTheWay = new Set<Promise<void>>()
  private readonly failed = new AbortController()
  private readonly reading: AbortSignal
  private readonly writing: AbortSignal
  private failure: unknown
  private bytesOnTheWay = 0
  private taken = 0

  constructor(options: CarryOptions) {
    this.options = options
    this.waiting = [...options.partitions].reverse()
    this.reading = AbortSignal.any([options.stop, options.abort, this.failed.signal])
    this.writing = AbortSignal.any([options.abort, this.failed.signal])
  }

  /** One reader: partition after partition. */
  async readPartitions(): Promise<void> {
    try {
      for (let next = this.waiting.pop(); next && !this.reading.aborted; next = this.waiting.pop()) {
        await this.readPartition(next)
      }
    } catch (error) {
      if (!this.reading.aborted) this.fail(error)
    }
  }

  private async readPartition({ partition, after, counts }: OpenPartition): Promise<void> {
    const { source, target, throttle, once } = this.options
    const progress = new PartitionProgress(partition, after, counts)
    const batches = source.readBatches(partition, after, {
      signal: this.reading,
      batchBytes: () => target.bodyBytes,
      once,
    })
    for await (const batch of batches) {
      if (!this.withinMaximum(batch)) break
      const bytes = batch.sourceBytes()
      await throttle.take(batch.count, bytes, this.reading)
      await this.sendWhenRoom(batch, progress, bytes)
      if (this.reading.aborted) return
    }
    if (this.reading.aborted) return
    progress.end()
    if (progress.isDone) this.options.onProgress(progress.update(), noCounts)
  }

  /** Cuts a batch at `--max-docs`; false when nothing of it is wanted. */
  private withinMaximum(batch: DocumentBatch): boolean {
    const { documentsMax } = this.options
    if (documentsMax === undefined) return true
    batch.count = Math.min(batch.count, documentsMax - this.taken)
    this.taken += batch.count
    return batch.count > 0
  }

  /** Waits until the target takes more and not too much is on its way. Sends at once then, before another reader finds the same room. */
  private async sendWhenRoom(batch: DocumentBatch, progress: PartitionProgress, bytes: number): Promise<void> {
    await this.options.target.ready(this.reading)
    while (this.bytesOnTheWay > 0 && this.bytesOnTheWay + bytes > this.options.bytesOnTheWayMax) {
      await Promise.race(this.onTheWay)
      this.reading.throwIfAborted()
    }
    this.send(batch, progress, bytes)
  }

  private send(batch: DocumentBatch, progress: PartitionProgress, bytes: number): void {
    const onItsWay = progress.start(batch.position)
    this.bytesOnTheWay += bytes
    const arrival = this.deliver(batch, bytes, progress.partition)
      .then((counts) => {
        progress.finish(onItsWay, counts)
        this.options.onProgress(progress.update(), counts)
      })
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.bytesOnTheWay -= bytes
        this.onTheWay.delete(arrival)
      })
    this.onTheWay.add(arrival)
  }

  private async deliver(batch: DocumentBatch, bytes: number, partition: Partition): Promise<DocumentCounts> {
    const { transform, target, keepRejected, beforeWrite } = this.options
    const changed = transform.changes === 'none' ? batch : await transform.apply(batch)
    await beforeWrite?.(batch, changed, partition)
    const result = await target.writeBatch(changed, this.writing)
    if (result.rejected.length > 0) await keepRejected(changed, result.rejected)
    const skipped = batch.count - changed.count + result.unchanged
    const rejected = result.rejected.length
    if (result.written + rejected + skipped !== batch.count) {
      throw new IndexferryError(
        'INTERNAL',
        `of ${batch.count} documents ${result.written} were written, ${rejected} rejected and ${skipped} skipped`,
      )
    }
    const read = batch.count
    changed.release()
    batch.release()
    return { read, written: result.written, rejected, skipped, bytes }
  }

  private fail(error: unknown): void {
    if (this.failed.signal.aborted) return
    this.failure = error
    this.failed.abort(error)
  }

  /** Waits for everything on its way; throws the first failure. */
  async arrival(): Promise<void> {
    while (this.onTheWay.size > 0) await Promise.all(this.onTheWay)
    if (this.failed.signal.aborted) throw this.failure
    this.options.abort.throwIfAborted()
  }
}
