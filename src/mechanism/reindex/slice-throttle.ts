// Holds one slice to its part of `requests_per_second`, as the servers do: they write a batch at once and then wait until it is paid
// for, also after the last one. A higher rate shortens a wait that has begun, a lower one holds from the next batch on.
import { monotonicMs, sleep } from '../../foundation/clock.ts'
import type { SliceCounts } from './reindex-counts.ts'

/** No single wait of the servers is longer. */
const waitMsMax = 3_600_000

/** How long a change of the rate may go unnoticed. */
const lookMs = 100

export interface SliceThrottleOptions {
  readonly counts: SliceCounts
  /** Documents of a batch. */
  readonly size: number
  /** Documents per second of this slice now; Infinity without a limit. */
  readonly rate: () => number
  readonly onStatus: () => void
}

export class SliceThrottle {
  private readonly options: SliceThrottleOptions
  private inBatch = 0
  private batchStartMs = 0

  constructor(options: SliceThrottleOptions) {
    this.options = options
  }

  get isLimited(): boolean {
    return Number.isFinite(this.options.rate())
  }

  /** Documents that still belong to the batch that was begun; a full one when none was. */
  get room(): number {
    return this.options.size - this.inBatch
  }

  /** Documents are about to be written: never more than `room`. */
  begin(documents: number): void {
    if (this.inBatch === 0) this.batchStartMs = monotonicMs()
    this.inBatch += documents
  }

  /** Waits when the batch is full, or is the last one. */
  async pay(isLast: boolean, signal: AbortSignal): Promise<void> {
    if (this.inBatch === 0 || (this.inBatch < this.options.size && !isLast)) return
    const documents = this.inBatch
    this.inBatch = 0
    const rate = this.options.rate()
    if (!Number.isFinite(rate)) return
    const paidMs = monotonicMs() - this.batchStartMs
    await this.wait(Math.min(waitMsMax, Math.max(0, (documents / rate) * 1000 - paidMs)), rate, signal)
  }

  private async wait(wholeMs: number, rateAtFirst: number, signal: AbortSignal): Promise<void> {
    const { counts, rate, onStatus } = this.options
    let leftMs = wholeMs
    let held = rateAtFirst
    let countedFrom = monotonicMs()
    try {
      while (leftMs > 0) {
        counts.throttledUntilMs = leftMs
        onStatus()
        await sleep(Math.min(leftMs, lookMs), signal)
        const now = monotonicMs()
        leftMs -= now - countedFrom
        counts.throttledMs += now - countedFrom
        countedFrom = now
        const current = rate()
        if (current <= held) continue
        leftMs = Number.isFinite(current) ? (leftMs * held) / current : 0
        held = current
      }
    } finally {
      counts.throttledMs += monotonicMs() - countedFrom
      counts.throttledUntilMs = 0
    }
  }
}

/** Deals the rate of the call out over the slices that are at work; a new rate is dealt out over those that are left. */
export class SharedRate {
  private readonly ofCall: () => number
  private dealt: number
  private among: number
  atWork: number

  constructor(ofCall: () => number, slices: number) {
    this.ofCall = ofCall
    this.dealt = ofCall()
    this.among = slices
    this.atWork = slices
  }

  ofSlice(): number {
    const current = this.ofCall()
    if (current !== this.dealt) {
      this.dealt = current
      this.among = Math.max(1, this.atWork)
    }
    return current / this.among
  }
}
