// The time of day of instants of the monotonic clock.
//
// The two clocks part when somebody sets the clock, and on some systems when the machine sleeps. What is said to be on the target "up to" a time
// must never be a later time than it was: others rely on it.
import { monotonicMs, now } from '../foundation/clock.ts'

/** Less is how the system corrects its clock. */
const partedMs = 50
const keptMax = 32

export class WallTimes {
  private readonly clocks: { readonly now: () => number; readonly monotonicMs: () => number }
  /** From which instant on how far the clocks were apart. */
  private readonly apart: { readonly fromMs: number; readonly byMs: number }[] = []

  constructor(clocks = { now, monotonicMs }) {
    this.clocks = clocks
    this.look()
  }

  /** To be called before instants are taken that are asked for later. */
  look(): void {
    const byMs = this.byMs
    const last = this.apart.at(-1)
    if (last && Math.abs(last.byMs - byMs) < partedMs) return
    this.apart.push({ fromMs: this.clocks.monotonicMs(), byMs })
    if (this.apart.length > keptMax) this.apart.shift()
  }

  /** The earlier one when the clocks have parted since. */
  of(ms: number | undefined): number | undefined {
    if (ms === undefined || !Number.isFinite(ms)) return undefined
    const then = this.apart.findLast(({ fromMs }) => fromMs <= ms) ?? this.apart[0]
    return Math.floor(ms + Math.min(then?.byMs ?? this.byMs, this.byMs))
  }

  private get byMs(): number {
    return this.clocks.now() - this.clocks.monotonicMs()
  }
}
