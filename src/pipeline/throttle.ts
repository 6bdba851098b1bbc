// Holds a copy to a rate of documents and bytes per second that may change while it runs.
import { monotonicMs, sleep } from '../foundation/clock.ts'

export interface RateLimits {
  readonly documentsPerSecond?: number | undefined
  readonly bytesPerSecond?: number | undefined
}

/** No wait is longer than this before the limits are looked at again, so that a change takes hold at once. */
const waitMsMax = 500

/** One counter per limit: the time at which what was taken so far is paid for. */
export class Throttle {
  private limits: RateLimits
  private paidUntilMs = 0
  /** Why reading is held whatever the rate, by who watches that: such as `source load 91 % > 80 %`. */
  private readonly holds = new Map<string, string>()
  private waiting = 0
  /** Nothing is held back: nobody writes, and all wait for the rest of it. */
  isLifted = false

  constructor(limits: RateLimits = {}) {
    this.limits = limits
  }

  setLimits(limits: RateLimits): void {
    const { documentsPerSecond, bytesPerSecond } = this.limits
    if (limits.documentsPerSecond === documentsPerSecond && limits.bytesPerSecond === bytesPerSecond) return
    this.limits = limits
    // What was taken at the old rate is forgiven, so that a lifted limit lets go at once.
    this.paidUntilMs = Math.min(this.paidUntilMs, monotonicMs())
  }

  /** Nothing is taken while anybody has a reason; undefined lets go. */
  hold(by: string, reason: string | undefined): void {
    if (reason === undefined) this.holds.delete(by)
    else this.holds.set(by, reason)
  }

  /** What holds reading back right now, for progress and `status`. */
  get reason(): string | undefined {
    if (this.isLifted) return undefined
    if (this.holds.size > 0) return [...this.holds.values()].join('; ')
    return this.waiting > 0 ? 'the rate' : undefined
  }

  private get owedMs(): number {
    return this.isLifted ? 0 : this.paidUntilMs - monotonicMs()
  }

  /** Waits until documents may be taken at all, then books these, which the next call waits for. */
  async take(documents: number, bytes: number, signal: AbortSignal): Promise<void> {
    while (this.holds.size > 0 && !this.isLifted) await sleep(waitMsMax, signal)
    this.waiting++
    try {
      for (let wait = this.owedMs; wait > 0; wait = this.owedMs) await sleep(Math.min(wait, waitMsMax), signal)
    } finally {
      this.waiting--
    }
    const { documentsPerSecond, bytesPerSecond } = this.limits
    const costMs = Math.max(
      documentsPerSecond ? (documents / documentsPerSecond) * 1000 : 0,
      bytesPerSecond ? (bytes / bytesPerSecond) * 1000 : 0,
    )
    this.paidUntilMs = Math.max(this.paidUntilMs, monotonicMs()) + costMs
  }
}
