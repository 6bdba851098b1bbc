// Reads an index by scrolls: one stream per shard, for clusters or indexes without sequence numbers.
//
// A scroll is a context on the server that can be lost, and its order means nothing once it is. So a partition is read again from
// its start when that happens, and partitions are kept small where the version allows it at little cost: before 5.0 by ranges of
// `_uid` (each range looks only at its own terms), from 5.0 by slices. A partition whose context is lost is halved.
import { assert } from '../foundation/assert.ts'
import { IndexferryError, isErrorOf } from '../foundation/errors.ts'
import type { DocumentBatch } from '../model/document-batch.ts'
import type { Partition, Position, ScrollPartition } from '../model/partition.ts'
import { DeliveredIds } from './delivered-ids.ts'
import { isTooLarge, PassingFaults } from './passing-faults.ts'
import { closeScroll, continueScroll, type ScrollRead, startScroll } from './scroll-context.ts'
import { halveSlice, listScrollPartitions } from './scroll-partitions.ts'
import { countSelected, doubtAndExplain, resultWindowDefault, type SearchSelection } from './selection.ts'
import { showWritten } from './shown-copies.ts'
import type { DocumentSource, ReadOptions } from './source.ts'

/** How often a partition may be halved: 2^12 parts of a shard. */
const halvingsMax = 12

/** What one call of readBatches carries from context to context. */
interface ReadProgress {
  delivered: number
  size: number
  readonly ids: DeliveredIds | undefined
}

/** More documents in one page make it no faster. */
const pageDocumentsMax = 5_000

export interface ScrollOptions {
  /** About how many documents are read again when a context is lost or the process dies. */
  readonly partDocuments?: number
  /** `index.max_result_window`, which bounds the pages of scrolls too. */
  readonly windowMax?: number
}

export class ScrollSource implements DocumentSource {
  readonly kind = 'scroll'
  readonly isResumable = false
  private readonly selection: SearchSelection
  private readonly partDocuments: number
  private readonly pageMax: number
  private documentBytes = 1024

  constructor(
    selection: SearchSelection,
    { partDocuments = 200_000, windowMax = resultWindowDefault }: ScrollOptions = {},
  ) {
    this.selection = selection
    this.partDocuments = partDocuments
    this.pageMax = Math.min(selection.pageMax ?? pageDocumentsMax, windowMax)
  }

  async listPartitions(): Promise<readonly ScrollPartition[]> {
    // A context shows what was searchable when it was opened.
    await showWritten(this.selection)
    const { partitions, documentBytes } = await listScrollPartitions(this.selection, this.partDocuments)
    this.documentBytes = documentBytes
    return partitions
  }

  /** Without sequence numbers nothing tells what was written since. */
  listLaterPartitions(): Promise<readonly Partition[]> {
    return Promise.resolve([])
  }

  async *readBatches(
    partition: Partition,
    _after: Position | undefined,
    options: ReadOptions,
  ): AsyncGenerator<DocumentBatch> {
    assert(partition.kind === 'scroll', 'a scroll source reads scroll partitions')
    const faults = new PassingFaults(options.signal, this.selection.faultsMax, this.selection.onFault)
    const progress: ReadProgress = {
      delivered: 0,
      size: this.pageSize(options.batchBytes()),
      ids: options.once ? new DeliveredIds() : undefined,
    }
    const parts: { part: ScrollPartition; halvings: number }[] = [{ part: partition, halvings: 0 }]
    while (parts.length > 0) {
      const { part, halvings } = parts.pop()!
      const seen: string[] = []
      try {
        yield* this.readPart(part, progress, seen, options)
        faults.forget()
      } catch (error) {
        options.signal.throwIfAborted()
        // Who wants no retries counts what is delivered, and reads the partition again by himself.
        if (this.selection.faultsMax === 0 && progress.delivered > 0) throw this.explain(error)
        if (isTooLarge(error) && progress.size > 1) progress.size = Math.ceil(progress.size / 2)
        else await faults.pause(this.explain(error))
        const halves = halvings < halvingsMax ? this.halve(part, seen) : [part]
        if (halves.length > 1) faults.forget()
        parts.push(...halves.map((half) => ({ part: half, halvings: halvings + halves.length - 1 })))
      }
    }
  }

  /** One context from start to end; it is closed on every way out. `seen` gets some uids, to halve the part by if need be. */
  private async *readPart(
    part: ScrollPartition,
    progress: ReadProgress,
    seen: string[],
    options: ReadOptions,
  ): AsyncGenerator<DocumentBatch> {
    let scrollId: string | undefined
    const read: ScrollRead = {
      selection: this.selection,
      part,
      size: progress.size,
      batchBytes: 2 * options.batchBytes(),
      signal: options.signal,
      onScrollId: (id) => {
        scrollId = id
      },
    }
    try {
      await this.selection.copies?.ready(options.signal)
      let hasMore = true
      while (hasMore) {
        const page: AsyncGenerator<DocumentBatch, { scrollId: string; hits: number; isScanStart: boolean }> =
          scrollId === undefined ? startScroll(read) : continueScroll(read, scrollId)
        const outcome = yield* this.deliver(page, progress, seen)
        scrollId = outcome.scrollId
        hasMore = outcome.hits > 0 || outcome.isScanStart
      }
    } finally {
      if (scrollId !== undefined) await closeScroll(this.selection.cluster, scrollId)
    }
  }

  private async *deliver<Outcome>(
    page: AsyncGenerator<DocumentBatch, Outcome>,
    progress: ReadProgress,
    seen: string[],
  ): AsyncGenerator<DocumentBatch, Outcome> {
    try {
      for (;;) {
        const step = await page.next()
        if (step.done) return step.value
        const batch = progress.ids ? progress.ids.onlyNew(step.value) : step.value
        progress.delivered += batch.count
        batch.position = progress.delivered
        if (batch.count > 0 && this.selection.faultsMax !== 0)
          seen.push(uidOf(batch, batch.count - 1), uidOf(batch, batch.count >> 1))
        yield batch
      }
    } finally {
      await page.return(undefined as never)
    }
  }

  /** Scroll pages cannot change their size on the way, so it errs on the small side. */
  private pageSize(bytesGoal: number): number {
    return Math.max(1, Math.min(this.pageMax, Math.floor(bytesGoal / (2 * Math.max(64, this.documentBytes)))))
  }

  private halve(part: ScrollPartition, seen: readonly string[]): ScrollPartition[] {
    if (this.selection.cluster.capabilities.uidRanges) {
      const inside = [...seen].sort()
      const middle = inside[inside.length >> 1]
      if (middle === undefined || middle === part.uidUpTo) return [part]
      return [
        { ...part, uidUpTo: middle },
        { ...part, uidAfter: middle },
      ]
    }
    if (!this.selection.cluster.capabilities.slicedScroll || part.shard === undefined) return [part]
    return halveSlice(part)
  }

  private explain(error: unknown): unknown {
    if (isErrorOf(error, 'REQUEST_REFUSED') && error.fields.status === 404) {
      return new IndexferryError('CONTEXT_LOST', `${this.selection.cluster.name}: the scroll was lost`, {
        side: this.selection.cluster.side,
        cause: error,
      })
    }
    return doubtAndExplain(error, this.selection)
  }

  countDocuments(): Promise<number> {
    return countSelected(this.selection)
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** The `_uid` of versions before 6.0: `type#id`. */
function uidOf(batch: DocumentBatch, row: number): string {
  const type = batch.text(batch.typeStart[row] as number, batch.typeEnd[row] as number) ?? ''
  return `${type}#${batch.id(row)}`
}
