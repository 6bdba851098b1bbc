// How much to ask for in one page, so that it has about the wanted bytes whatever the documents' sizes.

/** No step changes a page by more than this factor, so that one odd page does not upset the next. */
const stepMax = 4

export class PageSize {
  /** Units (documents or sequence numbers) to ask for next. */
  units: number
  private readonly unitsMax: number

  /** `bytesPerUnit` is a first guess, such as the size of the shard over its documents. */
  constructor(bytesGoal: number, bytesPerUnit: number, unitsMax: number) {
    this.unitsMax = unitsMax
    // What lies on disk is compressed and the guess may be wrong by much: start low, a page or two later the size is right.
    this.units = this.clamp(bytesGoal / (4 * Math.max(bytesPerUnit, 64)))
  }

  /** Learns from a page of `units` that had `bytes`; the next one should have `bytesGoal`. */
  learn(units: number, bytes: number, bytesGoal: number): void {
    const wanted = bytes === 0 ? units * stepMax : (units * bytesGoal) / bytes
    this.units = this.clamp(Math.min(units * stepMax, Math.max(units / stepMax, wanted)))
  }

  /** After an answer that was too large for the server: at most half; false when it cannot be smaller. */
  shrink(): boolean {
    if (this.units <= 1) return false
    this.units = this.clamp(this.units / 2)
    return true
  }

  private clamp(units: number): number {
    return Math.max(1, Math.min(this.unitsMax, Math.floor(units)))
  }
}
