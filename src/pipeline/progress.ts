// What a copy or a verification shows while it runs: how much, how fast, how long still, and what limits it.
import { monotonicMs } from '../foundation/clock.ts'
import { addCounts, type DocumentCounts, noCounts } from '../model/counts.ts'

export interface ProgressSnapshot {
  readonly counts: DocumentCounts
  /** Of all indexes; undefined while it is not known. */
  readonly documentsExpected: number | undefined
  readonly documentsPerSecond: number
  readonly bytesPerSecond: number
  /** From the rate that was observed; undefined when nothing can be said. */
  readonly secondsLeft: number | undefined
  /** Parts that are being read now, and parts in all. */
  readonly partitionsDone: number
  readonly partitions: number
  readonly limitedBy: string
}

/** The rate is taken over about this long, so that it neither jumps nor hides a change. */
const windowMs = 10_000

interface Sample {
  readonly atMs: number
  readonly documents: number
  readonly bytes: number
}

export class Progress {
  private counts: DocumentCounts = noCounts
  private readonly samples: Sample[] = []
  private documentsExpected: number | undefined
  private partitionsDone = 0
  private partitions = 0

  /** Counts that were reached before this run. */
  constructor(before: DocumentCounts = noCounts) {
    this.counts = before
    this.sample()
  }

  add(counts: DocumentCounts): void {
    this.counts = addCounts(this.counts, counts)
  }

  /** Adds what one more index holds; undefined makes the whole unknown. */
  expect(documents: number): void {
    this.documentsExpected = (this.documentsExpected ?? 0) + documents
  }

  addPartitions(listed: number, done: number): void {
    this.partitions += listed
    this.partitionsDone += done
  }

  get totals(): DocumentCounts {
    return this.counts
  }

  snapshot(limitedBy: string): ProgressSnapshot {
    this.sample()
    const first = this.samples[0] as Sample
    const last = this.samples.at(-1) as Sample
    const seconds = Math.max(0.05, (last.atMs - first.atMs) / 1000)
    const documentsPerSecond = (last.documents - first.documents) / seconds
    // A source that is written to has more in the end than it had at the start.
    const expected =
      this.documentsExpected === undefined ? undefined : Math.max(this.documentsExpected, this.counts.read)
    const left = expected === undefined ? undefined : expected - this.counts.read
    return {
      counts: this.counts,
      documentsExpected: expected,
      documentsPerSecond,
      bytesPerSecond: (last.bytes - first.bytes) / seconds,
      secondsLeft: left === undefined || documentsPerSecond <= 0 ? undefined : left / documentsPerSecond,
      partitionsDone: this.partitionsDone,
      partitions: this.partitions,
      limitedBy,
    }
  }

  private sample(): void {
    const atMs = monotonicMs()
    this.samples.push({ atMs, documents: this.counts.read, bytes: this.counts.bytes })
    while (this.samples.length > 2 && atMs - (this.samples[1] as Sample).atMs > windowMs) this.samples.shift()
  }
}
