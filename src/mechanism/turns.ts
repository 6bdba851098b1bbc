// Lets some do something at a time, for a while: whoever takes longer keeps on, and others may begin.
//
// Hundreds of indexes that catch up at once would hold the documents of all of them in memory; and one whose target does not answer must
// not keep the others waiting.
export class Turns {
  private free: number
  private readonly heldMsMax: number
  private readonly waiting: (() => void)[] = []

  constructor(places: number, heldMsMax: number) {
    this.free = places
    this.heldMsMax = heldMsMax
  }

  async take<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.free === 0) await new Promise<void>((resolve) => this.waiting.push(resolve))
    else this.free--
    let isHeld = true
    const release = () => {
      if (isHeld) this.release()
      isHeld = false
    }
    const timer = setTimeout(release, this.heldMsMax)
    try {
      return await work()
    } finally {
      clearTimeout(timer)
      release()
    }
  }

  private release(): void {
    const next = this.waiting.shift()
    if (next) next()
    else this.free++
  }
}
