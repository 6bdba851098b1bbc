// How far a move is, how fast, and how long still.
import { monotonicMs } from '../foundation/clock.ts'

export interface MoveSnapshot {
  readonly listed: number
  /** False while there may be more to come than is planned. */
  readonly isListed: boolean
  readonly objectsPlanned: number
  readonly objectsDone: number
  readonly bytesPlanned: number
  readonly bytesDone: number
  readonly bytesPerSecond: number
  readonly secondsLeft: number | undefined
  readonly phase: string
}

/** The rate is taken over about this long. */
const windowMs = 10_000

export class MoveProgress {
  listed = 0
  isListed = false
  objectsPlanned = 0
  objectsDone = 0
  bytesPlanned = 0
  bytesDone = 0
  phase = 'copying'
  private readonly samples: { atMs: number; bytes: number; objects: number }[] = []

  snapshot(): MoveSnapshot {
    const atMs = monotonicMs()
    this.samples.push({ atMs, bytes: this.bytesDone, objects: this.objectsDone })
    while (this.samples.length > 2 && atMs - (this.samples[1]?.atMs ?? atMs) > windowMs) this.samples.shift()
    const first = this.samples[0] as (typeof this.samples)[0]
    const seconds = Math.max(0.05, (atMs - first.atMs) / 1000)
    const bytesPerSecond = Math.max(0, (this.bytesDone - first.bytes) / seconds)
    const objectsPerSecond = (this.objectsDone - first.objects) / seconds
    return {
      listed: this.listed,
      isListed: this.isListed,
      objectsPlanned: this.objectsPlanned,
      objectsDone: this.objectsDone,
      bytesPlanned: this.bytesPlanned,
      bytesDone: this.bytesDone,
      bytesPerSecond,
      secondsLeft: this.isListed ? this.secondsLeft(bytesPerSecond, objectsPerSecond) : undefined,
      phase: this.phase,
    }
  }

  /** Many small objects take their time by number, large ones by bytes: the longer of both. */
  private secondsLeft(bytesPerSecond: number, objectsPerSecond: number): number | undefined {
    const bytes = this.bytesPlanned - this.bytesDone
    const objects = this.objectsPlanned - this.objectsDone
    if (objects === 0) return 0
    if (bytesPerSecond <= 0 || objectsPerSecond <= 0) return undefined
    return Math.max(bytes / bytesPerSecond, objects / objectsPerSecond)
  }
}
