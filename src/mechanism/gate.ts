// Lets some through at a time.

export class Gate {
  private free: number
  private readonly waiting = new Set<() => void>()

  constructor(places: number) {
    this.free = places
  }

  /** Whoever waits leaves when the signal is aborted. */
  async pass<Result>(work: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    const leave = await this.enter(signal)
    try {
      return await work()
    } finally {
      leave()
    }
  }

  /** Resolves with a place, and with how to give it on, which counts once. */
  async enter(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted()
    if (this.free > 0) this.free--
    else await this.takePlace(signal)
    let isInside = true
    return () => {
      if (isInside) this.givePlace()
      isInside = false
    }
  }

  private givePlace(): void {
    const [next] = this.waiting
    if (next) next()
    else this.free++
  }

  /** Resolves with a place that somebody else has left. */
  private takePlace(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.waiting.delete(enter)
        reject(signal?.reason)
      }
      const enter = () => {
        this.waiting.delete(enter)
        signal?.removeEventListener('abort', leave)
        resolve()
      }
      this.waiting.add(enter)
      signal?.addEventListener('abort', leave, { once: true })
    })
  }
}
