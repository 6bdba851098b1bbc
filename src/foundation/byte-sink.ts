// A buffer that grows while bytes are put behind each other in it.

// Below this, a loop is faster than a native copy.
const LOOPED = 24

export class ByteSink {
  bytes: Buffer
  length = 0

  constructor(capacity: number) {
    this.bytes = Buffer.allocUnsafe(Math.max(capacity, 64))
  }

  /** Appends `from[start…end)`. */
  copy(from: Buffer, start: number, end: number): void {
    const size = end - start
    if (size <= 0) return
    this.reserve(size)
    if (size > LOOPED) {
      this.length += from.copy(this.bytes, this.length, start, end)
      return
    }
    const { bytes, length } = this
    for (let i = 0; i < size; i++) bytes[length + i] = from[start + i] as number
    this.length = length + size
  }

  append(from: Buffer): void {
    this.copy(from, 0, from.length)
  }

  /** Makes room for this many bytes more, for a caller that writes them itself. */
  reserve(size: number): void {
    const needed = this.length + size
    if (needed <= this.bytes.length) return
    const wider = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2))
    this.bytes.copy(wider, 0, 0, this.length)
    this.bytes = wider
  }
}
