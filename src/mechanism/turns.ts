// Lets some do something at a time, for a while: whoever takes longer keeps on, and others may begin.
//
// Hundreds of indexes that catch up at once would hold the documents of all of them in memory; and one whose target does not answer must
// not keep the others waiting.
import { Gate } from './gate.ts'

export class Turns {
  private readonly gate: Gate
  private readonly heldMsMax: number

  constructor(places: number, heldMsMax: number) {
    this.gate = new Gate(places)
    this.heldMsMax = heldMsMax
  }

  async take<Result>(work: () => Promise<Result>): Promise<Result> {
    const leave = await this.gate.enter()
    const timer = setTimeout(leave, this.heldMsMax)
    try {
      return await work()
    } finally {
      clearTimeout(timer)
      leave()
    }
  }
}
