// Carries deletes: a search through the noted numbers, beside which following goes on.
//
// A number that lost its document was deleted or written again. Which of both is told by the target, once it has everything that was
// written before the search: a delete that carries the version of the number removes the document that has this version and leaves a
// newer one alone.
import { monotonicMs } from '../foundation/clock.ts'
import type { ChangeSource, IndexMark } from '../source/change-source.ts'
import type { DeletesResult, VersionedDelete } from '../target/delete-versions.ts'
import { findGone } from './find-gone.ts'
import type { RecentWrites } from './recent-writes.ts'
import { forgetNumbers, type WrittenId, type WrittenIds } from './written-ids.ts'

/** Searches in a row take at most two thirds of the time that passes, and never come closer than this. */
const pauseFactor = 0.5
const pauseMsMin = 1_000
/** Found numbers that are held in memory before their deletes are sent; one page of the search may be more, and as many may be on their way. */
const foundMax = 20_000
/** A search of a large index takes seconds: what it has found goes to the target meanwhile. */
const sendEveryMs = 500
/** After so many changes without a sign of a delete the notes are put in order all the same, so that one search never has too much to do. */
const changesMax = 100_000

export interface FollowDeletesOptions {
  readonly source: ChangeSource
  readonly written: WrittenIds
  readonly recent: RecentWrites
  /** What is added to a number to make the version that its document was written with. */
  readonly versionBase: number
  readonly send: (deletes: readonly VersionedDelete[]) => Promise<DeletesResult>
  /** Whether searches follow each other without a pause; one begins when this does, whatever was read. */
  readonly isHurried?: (() => boolean) | undefined
  readonly signal: AbortSignal
}

interface GonePage {
  readonly shard: number
  readonly gone: readonly WrittenId[]
}

/** Numbers that have a document and that reading passed over. */
export interface MissedNumbers {
  readonly shard: number
  readonly missed: readonly number[]
}

interface Wait {
  /** Looks that began earlier say nothing. */
  readonly sinceMs: number
  upTo: ReadonlyMap<number, number> | undefined
  readonly over: PromiseWithResolvers<void>
}

/** A search that goes on by itself between the looks at the source, and stands still where it has to wait for one. */
interface Search {
  readonly stop: AbortController
  /** What of each shard the target must have before what was found may be deleted: known once the source was looked at after it was found. */
  wait: Wait | undefined
  missed: { readonly numbers: MissedNumbers; readonly taken: PromiseWithResolvers<void> } | undefined
  running: Promise<void>
}

export class FollowDeletes {
  /** Documents that were deleted from the target. */
  deleted = 0
  /** Every delete of before this instant (monotonic) is on the target. */
  upToMs: number | undefined
  private readonly options: FollowDeletesOptions
  /** After a start nothing is known of what was deleted meanwhile. */
  private isDue = true
  /** … and while the source was away it may have brought documents back that reading had passed over. */
  private isThorough = true
  private wasHurried = false
  private changes = 0
  private search: Search | undefined
  private failure: { readonly error: unknown } | undefined
  private notBeforeMs = 0

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

  /** Whether a search goes on, which needs looks at the source soon. */
  get isBusy(): boolean {
    return this.search !== undefined
  }

  /** Whether there may be deletes that are not on the target. */
  get isPending(): boolean {
    return this.isDue || this.isBusy
  }

  /** Nothing of a search that was cut off counts. */
  reset(): void {
    this.search?.stop.abort(new Error('the search was given up'))
    this.isDue = true
    this.isThorough = true
  }

  /** Resolves when nothing of a search is under way any more. To be called when following has ended. */
  async close(): Promise<void> {
    this.reset()
    await this.search?.running
  }

  /**
   * To be called after everything up to `mark` was carried; `positions` are the cursors. The look began at `lookedMs`, and the mark has every
   * change of before `upToMs`. Answers with numbers that reading passed over, if there are any. Throws what went wrong with a search since the last call.
   */
  step(
    mark: IndexMark,
    positions: ReadonlyMap<number, number>,
    { lookedMs, upToMs }: { readonly lookedMs: number; readonly upToMs: number },
  ): MissedNumbers | undefined {
    const { failure, search } = this
    this.failure = undefined
    if (failure) throw failure.error
    const isHurried = this.options.isHurried?.() === true
    // Whoever begins to wait wants the notes in order as well: a number that was overtaken and is no delete now would be one with the versions
    // of another base, when what was only noted until then is followed.
    if (isHurried && !this.wasHurried) this.isDue = true
    this.wasHurried = isHurried
    if (!search) {
      const isTooSoon = monotonicMs() < this.notBeforeMs && !isHurried
      if (!this.isDue) this.upToMs = upToMs
      else if (!isTooSoon) this.begin(mark, positions, upToMs)
      return undefined
    }
    const { wait, missed } = search
    if (wait && lookedMs > wait.sinceMs) {
      wait.upTo ??= new Map(mark.shards.map(({ shard, highest }) => [shard, highest]))
      if ([...wait.upTo].every(([shard, highest]) => (positions.get(shard) ?? 0) > highest)) wait.over.resolve()
    }
    search.missed = undefined
    missed?.taken.resolve()
    return missed?.numbers
  }

  private begin(mark: IndexMark, positions: ReadonlyMap<number, number>, upToMs: number): void {
    const { isThorough } = this
    this.isDue = false
    this.isThorough = false
    this.changes = 0
    this.options.recent.turn()
    const shards = mark.shards.map(({ shard }) => ({ shard, below: positions.get(shard) ?? 0 }))
    const search: Search = {
      stop: new AbortController(),
      wait: undefined,
      missed: undefined,
      running: Promise.resolve(),
    }
    this.search = search
    search.running = this.run(search, shards, isThorough)
      .then((tookMs) => {
        this.upToMs = upToMs
        this.notBeforeMs = monotonicMs() + Math.max(pauseMsMin, pauseFactor * tookMs)
      })
      .catch((error: unknown) => {
        this.isDue = true
        this.isThorough ||= isThorough
        if (!search.stop.signal.aborted && !this.options.signal.aborted) this.failure = { error }
      })
      .finally(() => {
        this.search = undefined
      })
  }

  /** The whole search; answers with how long it kept the source busy. */
  private async run(
    search: Search,
    shards: readonly { shard: number; below: number }[],
    isThorough: boolean,
  ): Promise<number> {
    const { source, written } = this.options
    const signal = AbortSignal.any([this.options.signal, search.stop.signal])
    const startMs = monotonicMs()
    const found = new FoundPages((pages) => this.deleteFound(search, pages, signal))
    try {
      await source.show(signal)
      for (const { shard, below } of shards) {
        for await (const { gone, missed } of findGone({ source, written, shard, below, isThorough, signal })) {
          signal.throwIfAborted()
          if (missed.length > 0) await handOver(search, { shard, missed }, signal)
          await found.add({ shard, gone })
        }
      }
      const tookMs = monotonicMs() - startMs - found.waitedMs
      await found.end()
      return tookMs
    } finally {
      await found.settled()
    }
  }

  /**
   * Waits until the target has what was written in place of the gone, without which a document would be away for an instant; then deletes.
   */
  private async deleteFound(search: Search, pages: readonly GonePage[], signal: AbortSignal): Promise<void> {
    const { written, recent, versionBase, send } = this.options
    const over = Promise.withResolvers<void>()
    search.wait = { sinceMs: monotonicMs(), upTo: undefined, over }
    await orAborted(over.promise, signal)
    search.wait = undefined
    for (const { shard, gone } of pages) {
      signal.throwIfAborted()
      const deletes = gone.flatMap((entry) => {
        const { id, routing, number } = entry
        const isNothing = id === undefined || recent.isOvertaken(shard, entry)
        return isNothing ? [] : [{ id, routing, version: versionBase + number + 1 }]
      })
      if (deletes.length > 0) this.deleted += (await send(deletes)).deleted
      // Afterwards only: a crash in between sends them once more, which changes nothing.
      forgetNumbers(written, shard, gone)
    }
  }
}

/** What a search has found: sent on its way while the search goes on, one part at a time. */
class FoundPages {
  /** How long the search had to stand still. */
  waitedMs = 0
  private readonly send: (pages: readonly GonePage[]) => Promise<void>
  private pages: GonePage[] = []
  private count = 0
  private sinceMs = 0
  private sending: Promise<void> | undefined
  private failure: { readonly error: unknown } | undefined

  constructor(send: (pages: readonly GonePage[]) => Promise<void>) {
    this.send = send
  }

  /** Waits while too many are on their way. */
  async add(page: GonePage): Promise<void> {
    if (this.failure) throw this.failure.error
    if (page.gone.length === 0) return
    if (this.pages.length === 0) this.sinceMs = monotonicMs()
    this.pages.push(page)
    this.count += page.gone.length
    const isFull = this.count >= foundMax
    if (isFull) await this.settled()
    if (!this.sending && (isFull || monotonicMs() - this.sinceMs >= sendEveryMs)) this.begin()
  }

  async end(): Promise<void> {
    await this.settled()
    if (this.pages.length > 0) this.begin()
    await this.settled()
    if (this.failure) throw this.failure.error
  }

  /** Resolves when nothing is on its way. */
  async settled(): Promise<void> {
    const startMs = monotonicMs()
    await this.sending
    this.waitedMs += monotonicMs() - startMs
  }

  private begin(): void {
    if (this.failure) return
    const { pages } = this
    this.pages = []
    this.count = 0
    this.sending = this.send(pages)
      .catch((error: unknown) => {
        this.failure = { error }
      })
      .finally(() => {
        this.sending = undefined
      })
  }
}

/** Until the follower has taken them: no more of them are held at once. */
async function handOver(search: Search, numbers: MissedNumbers, signal: AbortSignal): Promise<void> {
  const taken = Promise.withResolvers<void>()
  search.missed = { numbers, taken }
  await orAborted(taken.promise, signal)
}

async function orAborted(wanted: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', onAbort)
  try {
    await Promise.race([wanted, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
