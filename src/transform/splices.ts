// Changes to some bytes, noted first and made all at once, so that everything between them stays as it is.
import type { ByteSink } from '../foundation/byte-sink.ts'

interface Splice {
  readonly start: number
  readonly end: number
  readonly text: Buffer
}

const NOTHING = Buffer.alloc(0)

export class Splices {
  private splices: Splice[] = []

  get isEmpty(): boolean {
    return this.splices.length === 0
  }

  /** Notes that `bytes[start…end)` become `text`. Splices must not overlap; their order does not matter. */
  replace(start: number, end: number, text: Buffer): void {
    this.splices.push({ start, end, text })
  }

  remove(start: number, end: number): void {
    this.replace(start, end, NOTHING)
  }

  insert(at: number, text: Buffer): void {
    this.replace(at, at, text)
  }

  /** Appends `bytes[start…end)` with all changes made, and forgets them. */
  apply(bytes: Buffer, start: number, end: number, sink: ByteSink): void {
    let from = start
    for (const splice of this.splices.sort((a, b) => a.start - b.start || a.end - b.end)) {
      sink.copy(bytes, from, splice.start)
      sink.append(splice.text)
      from = splice.end
    }
    sink.copy(bytes, from, end)
    this.splices = []
  }

  clear(): void {
    this.splices = []
  }
}
