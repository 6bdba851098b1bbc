// What a `_reindex` call counts, slice by slice: live, for who watches, and as it is settled, for the journal.
//
// A document is settled once everything that was read before it in its partition has arrived too. Position and settled counts go into
// the journal together, so that a call that goes on after a crash counts each document once.
import type { ReindexStatus } from '../../model/reindex.ts'

export interface Tally {
  readonly created: number
  readonly updated: number
  readonly versionConflicts: number
  /** Failures besides conflicts. */
  readonly failed: number
}

export const noTally: Tally = { created: 0, updated: 0, versionConflicts: 0, failed: 0 }

export const addTally = (a: Tally, b: Tally): Tally => ({
  created: a.created + b.created,
  updated: a.updated + b.updated,
  versionConflicts: a.versionConflicts + b.versionConflicts,
  failed: a.failed + b.failed,
})

export const subtractTally = (a: Tally, b: Tally): Tally => ({
  created: a.created - b.created,
  updated: a.updated - b.updated,
  versionConflicts: a.versionConflicts - b.versionConflicts,
  failed: a.failed - b.failed,
})

/** What `max_docs` counts, as the servers do: conflicts do not. */
export const succeeded = ({ created, updated }: Tally): number => created + updated

export const handled = (tally: Tally): number => succeeded(tally) + tally.versionConflicts + tally.failed

/** One slice, or the whole of a call that has none. */
export class SliceCounts {
  total: number
  live: Tally
  settled: Tally
  bulkRetries = 0
  searchRetries = 0
  throttledMs = 0
  throttledUntilMs = 0
  requestsPerSecond = Number.POSITIVE_INFINITY
  hasBegun = false
  private readonly size: number

  /** `size`: documents of a batch at most. */
  constructor(total: number, size: number, before: ReindexStatus | undefined) {
    this.total = total
    this.size = size
    const { created = 0, updated = 0, versionConflicts = 0 } = before ?? {}
    this.settled = { created, updated, versionConflicts, failed: 0 }
    this.live = this.settled
    this.bulkRetries = before?.bulkRetries ?? 0
    this.searchRetries = before?.searchRetries ?? 0
    this.throttledMs = before?.throttledMs ?? 0
    this.hasBegun = before !== undefined && handled(this.settled) > 0
  }

  status(tally: Tally, reasonCancelled: string | undefined): ReindexStatus {
    return {
      total: this.total,
      created: tally.created,
      updated: tally.updated,
      deleted: 0,
      // Pages are as large as suits both sides; what is told is how many batches of `size` documents they make.
      batches: Math.ceil(handled(tally) / this.size),
      versionConflicts: tally.versionConflicts,
      noops: 0,
      bulkRetries: this.bulkRetries,
      searchRetries: this.searchRetries,
      throttledMs: Math.round(this.throttledMs),
      requestsPerSecond: this.requestsPerSecond,
      throttledUntilMs: Math.round(this.throttledUntilMs),
      reasonCancelled,
      slices: undefined,
    }
  }
}

/** The slices of a call together. */
export class CallCounts {
  readonly slices: readonly SliceCounts[]
  reasonCancelled: string | undefined

  constructor(slices: readonly SliceCounts[]) {
    this.slices = slices
  }

  get live(): ReindexStatus {
    return this.status('live')
  }

  get settled(): ReindexStatus {
    return this.status('settled')
  }

  private status(which: 'live' | 'settled'): ReindexStatus {
    const [first] = this.slices
    if (first && this.slices.length === 1) return first.status(first[which], this.reasonCancelled)
    const parts = this.slices.map((slice) => slice.status(slice[which], this.reasonCancelled))
    const sum = (key: SummedKey) => parts.reduce((total, part) => total + part[key], 0)
    const waiting = parts.map((part) => part.throttledUntilMs)
    return {
      total: sum('total'),
      created: sum('created'),
      updated: sum('updated'),
      deleted: 0,
      batches: sum('batches'),
      versionConflicts: sum('versionConflicts'),
      noops: 0,
      bulkRetries: sum('bulkRetries'),
      searchRetries: sum('searchRetries'),
      throttledMs: sum('throttledMs'),
      requestsPerSecond: sum('requestsPerSecond'),
      throttledUntilMs: Math.min(...waiting),
      reasonCancelled: this.reasonCancelled,
      slices: parts.map((part, at) => (this.slices[at]?.hasBegun ? part : undefined)),
    }
  }
}

type SummedKey =
  | 'total'
  | 'created'
  | 'updated'
  | 'batches'
  | 'versionConflicts'
  | 'bulkRetries'
  | 'searchRetries'
  | 'throttledMs'
  | 'requestsPerSecond'
