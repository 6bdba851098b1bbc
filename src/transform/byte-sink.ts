// A buffer that grows while bytes are put behind each other in it.

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
    this.length += from.copy(this.bytes, this.length, start, end)
  }

  append(from: Buffer): void {
    this.copy(from, 0, from.length)
  }

  private reserve(size: number): void {
    const needed = this.length + size
    if (needed <= this.bytes.length) return
    const wider = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2))
    this.bytes.copy(wider, 0, 0, this.length)
    this.bytes = wider
  }
}
