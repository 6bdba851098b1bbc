// How many bulk requests are in flight and how large they are: adapted to what the target's answers say.
//
// More requests at once help until the target is busy; from then on they only wait in its queue. So the number grows while the time
// that a byte takes stays near the best that was seen, shrinks when it does not, and is cut when the target refuses work.
import { monotonicMs } from '../foundation/clock.ts'

export interface PaceOptions {
  /** Requests in flight at most, and to begin with. */
  readonly writersMax: number
  readonly bodyBytesMax: number
}

const writersFirst = 4
const bodyBytesFirst = 1024 * 1024
const bodyBytesMin = 64 * 1024
/** A body should take about this long: long enough to be worth a request, short enough to adapt and to lose little in a crash. */
const bodyMsGoal = 400
/** A byte may take this many times as long as at best before requests are taken back. */
const slownessMax = 3
/** How fast the memory of the best time fades, per answer, so that a target that became slower is learnt. */
const fading = 1.005

export class WritePace {
  private readonly options: PaceOptions
  private limit: number
  private bytesGoal: number
  private inFlight = 0
  private bestMsPerMegabyte = Number.POSITIVE_INFINITY
  private refusedAt = Number.NEGATIVE_INFINITY
  private readonly waiting: (() => void)[] = []

  constructor(options: PaceOptions) {
    this.options = options
    this.limit = Math.min(writersFirst, options.writersMax)
    this.bytesGoal = Math.min(bodyBytesFirst, options.bodyBytesMax)
  }

  get bodyBytes(): number {
    return Math.round(this.bytesGoal)
  }

  get writers(): number {
    return Math.max(1, Math.floor(this.limit))
  }

  get isFull(): boolean {
    return this.inFlight >= this.writers
  }

  /** Whether the target refused work in the last seconds. */
  get isRefused(): boolean {
    return monotonicMs() - this.refusedAt < 3_000
  }

  /** Waits for a place in flight. The caller gives it back with `leave`, whatever happens. */
  async enter(signal: AbortSignal): Promise<void> {
    while (this.isFull) await this.change(signal)
    signal.throwIfAborted()
    this.inFlight++
  }

  leave(): void {
    this.inFlight--
    for (const wake of this.waiting.splice(0)) wake()
  }

  /** Resolves when there is a place. */
  async ready(signal: AbortSignal): Promise<void> {
    while (this.isFull) await this.change(signal)
  }

  private change(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    return new Promise((resolve, reject) => {
      const stop = () => reject(signal.reason)
      signal.addEventListener('abort', stop, { once: true })
      this.waiting.push(() => {
        signal.removeEventListener('abort', stop)
        resolve()
      })
    })
  }

  /** The target took a body of `bytes` in `ms`. */
  taken(bytes: number, ms: number): void {
    const msPerMegabyte = ms / Math.max(bytes / 1e6, 0.05)
    this.bestMsPerMegabyte = Math.min(this.bestMsPerMegabyte * fading, msPerMegabyte)
    if (msPerMegabyte > this.bestMsPerMegabyte * slownessMax) this.limit = Math.max(1, this.limit - 0.25)
    else if (this.isFull || this.inFlight + 1 >= this.writers) {
      this.limit = Math.min(this.options.writersMax, this.limit + 0.25 / this.limit)
    }
    // What was small because there was no more, and fast, says nothing against large ones.
    if (bytes < this.bytesGoal / 2 && ms <= bodyMsGoal) return
    const wanted = bytes * (bodyMsGoal / Math.max(ms, 1))
    const step = Math.min(this.bytesGoal * 1.2, Math.max(this.bytesGoal * 0.8, wanted))
    this.bytesGoal = Math.min(this.options.bodyBytesMax, Math.max(bodyBytesMin, step))
  }

  /** The target refused work (429, 503), in part or as a whole. */
  refused(): void {
    const wasRefused = monotonicMs() - this.refusedAt < 1_000
    this.refusedAt = monotonicMs()
    if (!wasRefused) this.limit = Math.max(1, this.limit * 0.7)
  }

  /** A body was too large for the target (413), or for its memory. */
  tooLarge(bytes: number): void {
    this.bytesGoal = Math.max(bodyBytesMin, Math.min(this.bytesGoal, bytes / 2))
  }
}
