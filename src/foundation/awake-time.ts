// Time without the gaps in which a process stood still.

/** Between two ticks no more than this counts. */
const gapMsMax = 5_000

export class AwakeTime {
  private readonly read: () => number
  private tickedAtMs: number
  private beforeMs = 0

  constructor(read: () => number) {
    this.read = read
    this.tickedAtMs = read()
  }

  get ms(): number {
    return this.beforeMs + Math.min(gapMsMax, this.read() - this.tickedAtMs)
  }

  /** To be called again and again, much more often than the longest gap that counts. */
  tick(): void {
    this.beforeMs = this.ms
    this.tickedAtMs = this.read()
  }
}
