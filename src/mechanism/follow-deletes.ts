// Carries deletes: a search through the noted numbers, in steps between which following goes on.
//
// A number that lost its document was deleted or written again. Which of both is told by the target, once it has everything that was
// written before the search: a delete that carries the version of the number removes the document that has this version and leaves a
// newer one alone.
import { monotonicMs } from '../foundation/clock.ts'
import type { ChangeSource, IndexMark } from '../source/change-source.ts'
import type { DeletesResult, VersionedDelete } from '../target/delete-versions.ts'
import { findGone, type GoneNumbers } from './find-gone.ts'
import { forgetNumbers, type WrittenId, type WrittenIds } from './written-ids.ts'

/** Searches in a row take at most a third of the time that passes, and never come closer than this. */
const pauseFactor = 2
const pauseMsMin = 1_000
/** A step takes about so long: writes wait meanwhile. */
const stepMsMax = 300
/** Found numbers that are held in memory before their deletes are sent; one page of the search may be more. */
const foundMax = 20_000
/** After so many changes without a sign of a delete the notes are put in order all the same, so that one search never has too much to do. */
const changesMax = 100_000

export interface FollowDeletesOptions {
  readonly source: ChangeSource
  readonly written: WrittenIds
  /** What is added to a number to make the version that its document was written with. */
  readonly versionBase: number
  readonly send: (deletes: readonly VersionedDelete[]) => Promise<DeletesResult>
  readonly signal: AbortSignal
}

interface GonePage {
  readonly shard: number
  readonly gone: readonly WrittenId[]
}

interface Found {
  readonly pages: readonly GonePage[]
  /** What of each shard the target must have before these may be deleted: known once the source was looked at after they were found. */
  upTo: ReadonlyMap<number, number> | undefined
}

export class FollowDeletes {
  /** Documents that were deleted from the target. */
  deleted = 0
  /** Every delete of before this instant (monotonic) is on the target. */
  upToMs: number | undefined
  private readonly options: FollowDeletesOptions
  /** After a start nothing is known of what was deleted meanwhile. */
  private isDue = true
  private changes = 0
  private search: AsyncGenerator<{ shard: number } & GoneNumbers> | undefined
  private searchFromMs = 0
  private tookMs = 0
  private collected: GonePage[] = []
  private notBeforeMs = 0
  private found: Found | undefined

  constructor(options: FollowDeletesOptions) {
    this.options = options
  }

  /**
   * `numbers` were read, and `documents` of them had one. Every delete takes a number under which there is no document, so without such a
   * number there was none.
   */
  read(numbers: number, documents: number): void {
    this.changes += numbers
    if (numbers > documents || this.changes > changesMax) this.isDue = true
  }

  /** Whether another step can be taken now. */
  get isBusy(): boolean {
    return this.search !== undefined || this.found !== undefined
  }

  /** Whether there may be deletes that are not on the target. */
  get isPending(): boolean {
    return this.isDue || this.isBusy
  }

  /** Nothing of a search that was cut off by an error counts. */
  reset(): void {
    this.search = undefined
    this.found = undefined
    this.collected = []
    this.isDue = true
  }

  /**
   * One step, to be taken after everything up to `mark` was carried; `positions` are the cursors. `askedMs` is when the source was asked for the
   * mark. Answers with numbers that reading passed over, if there are any.
   */
  async step(
    mark: IndexMark,
    positions: ReadonlyMap<number, number>,
    askedMs: number,
  ): Promise<{ readonly shard: number; readonly missed: readonly number[] } | undefined> {
    if (this.found && !(await this.deleteFound(this.found, mark, positions))) return undefined
    if (!this.search) {
      if (!this.isDue) this.upToMs = askedMs
      if (!this.isDue || monotonicMs() < this.notBeforeMs) return undefined
      this.begin(mark, positions, askedMs)
      await this.options.source.show(this.options.signal)
    }
    const startMs = monotonicMs()
    const missed = await this.searchOn(startMs + stepMsMax)
    this.tookMs += monotonicMs() - startMs
    return missed
  }

  /** Searches until enough was found, time is up, or the search is over. What was found waits for the next look at the source. */
  private async searchOn(untilMs: number) {
    for (;;) {
      const next = await this.search?.next()
      if (!next || next.done) break
      const { shard, gone, missed } = next.value
      if (gone.length > 0) this.collected.push({ shard, gone })
      const count = this.collected.reduce((sum, each) => sum + each.gone.length, 0)
      if (count >= foundMax) this.handOver()
      if (missed.length > 0) return { shard, missed }
      if (count >= foundMax || monotonicMs() > untilMs) return undefined
    }
    this.handOver()
    this.search = undefined
    if (!this.found) this.end()
    return undefined
  }

  private handOver(): void {
    if (this.collected.length > 0) this.found = { pages: this.collected, upTo: undefined }
    this.collected = []
  }

  private begin(mark: IndexMark, positions: ReadonlyMap<number, number>, askedMs: number): void {
    const { source, written, signal } = this.options
    this.isDue = false
    this.changes = 0
    this.tookMs = 0
    this.searchFromMs = askedMs
    const shards = mark.shards.map(({ shard }) => ({ shard, below: positions.get(shard) ?? 0 }))
    this.search = (async function* () {
      for (const { shard, below } of shards) {
        for await (const page of findGone({ source, written, shard, below, signal })) yield { shard, ...page }
      }
    })()
  }

  private end(): void {
    this.upToMs = this.searchFromMs
    this.notBeforeMs = monotonicMs() + Math.max(pauseMsMin, pauseFactor * this.tookMs)
  }

  /** False while the target may not yet have what was written in place of the gone. Without that wait a document would be away for an instant. */
  private async deleteFound(found: Found, mark: IndexMark, positions: ReadonlyMap<number, number>): Promise<boolean> {
    const { written, versionBase, send } = this.options
    found.upTo ??= new Map(mark.shards.map(({ shard, highest }) => [shard, highest]))
    for (const [shard, highest] of found.upTo) if ((positions.get(shard) ?? 0) <= highest) return false
    const startMs = monotonicMs()
    for (const { shard, gone } of found.pages) {
      const deletes = gone.flatMap(({ id, routing, number }) =>
        id === undefined ? [] : [{ id, routing, version: versionBase + number + 1 }],
      )
      this.deleted += (await send(deletes)).deleted
      // Afterwards only: a crash in between sends them once more, which changes nothing.
      forgetNumbers(written, shard, gone)
    }
    this.tookMs += monotonicMs() - startMs
    this.found = undefined
    if (!this.search) this.end()
    return true
  }
}
