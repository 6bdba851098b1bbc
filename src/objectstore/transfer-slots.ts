// Holds all transfers together to a number, to an amount of memory, and to a speed.
import { monotonicMs, sleep } from '../foundation/clock.ts'

/** No wait is longer than this before the limit is looked at again. */
const waitMsMax = 500

interface Waiting {
  readonly bytes: number
  readonly start: () => void
}

export class TransferSlots {
  private free: number
  private freeBytes: number
  private readonly bytesMax: number
  private readonly bytesPerSecond: number | undefined
  private paidUntilMs = 0
  /** As many as there are callers, whose number the mover bounds. */
  private readonly queue: Waiting[] = []

  constructor(transfers: number, bytesMax: number, bytesPerSecond?: number) {
    this.free = transfers
    this.freeBytes = bytesMax
    this.bytesMax = bytesMax
    this.bytesPerSecond = bytesPerSecond
  }

  /** Runs `work` when a slot and `bytes` of memory are free, first come first served. */
  async use<Result>(bytes: number, work: () => Promise<Result>): Promise<Result> {
    // More than all is all: the largest runs alone.
    const taken = Math.min(bytes, this.bytesMax)
    await new Promise<void>((start) => {
      this.queue.push({ bytes: taken, start })
      this.startNext()
    })
    try {
      return await work()
    } finally {
      this.free++
      this.freeBytes += taken
      this.startNext()
    }
  }

  private startNext(): void {
    for (let next = this.queue[0]; next && this.free > 0 && this.freeBytes >= next.bytes; next = this.queue[0]) {
      this.queue.shift()
      this.free--
      this.freeBytes -= next.bytes
      next.start()
    }
  }

  /** Whether there is a speed to be held. */
  get isLimited(): boolean {
    return this.bytesPerSecond !== undefined
  }

  /** Waits until what was taken before is paid for, then books these bytes. */
  async pay(bytes: number, signal?: AbortSignal): Promise<void> {
    if (this.bytesPerSecond === undefined) return
    for (let owed = this.paidUntilMs - monotonicMs(); owed > 0; owed = this.paidUntilMs - monotonicMs())
      await sleep(Math.min(owed, waitMsMax), signal)
    this.paidUntilMs = Math.max(this.paidUntilMs, monotonicMs()) + (bytes / this.bytesPerSecond) * 1000
  }
}
