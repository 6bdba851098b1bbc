// Large buffers that are used over and over. Memory outside the heap is given back only by a full garbage collection, and taking
// new megabytes for each page would have one run several times a second.

import { assert } from './assert.ts'

/** Sizes are rounded up to this, so that buffers of about the same size serve each other. */
const stepBytes = 256 * 1024

export class BufferPool {
  private readonly free: Buffer[] = []
  private readonly own = new WeakSet<ArrayBufferLike>()
  private freeBytes = 0
  private readonly bytesMax: number

  /** `bytesMax`: what is kept for later use at most; more is left to the garbage collector. */
  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
  }

  /** A buffer of at least `bytes` with any content. */
  take(bytes: number): Buffer {
    let best = -1
    for (const [place, buffer] of this.free.entries()) {
      if (buffer.length < bytes) continue
      if (best < 0 || buffer.length < (this.free[best] as Buffer).length) best = place
    }
    if (best < 0) {
      const made = Buffer.allocUnsafeSlow(Math.ceil(bytes / stepBytes) * stepBytes)
      this.own.add(made.buffer)
      return made
    }
    const [taken] = this.free.splice(best, 1) as [Buffer]
    this.freeBytes -= taken.length
    return taken
  }

  /**
   * Gives a buffer back that `take` returned, whole or as the part of it that was used. Nobody may use any of it from now on. Memory that
   * is not this pool's, or is too large to keep, is left to the garbage collector.
   */
  give(part: Buffer): void {
    const { buffer: memory } = part
    if (!this.own.has(memory) || memory.byteLength > this.bytesMax / 2) return
    assert(!this.free.some((buffer) => buffer.buffer === memory), 'a buffer is given back once')
    const buffer = Buffer.from(memory)
    this.free.push(buffer)
    this.freeBytes += buffer.length
    // The oldest go first: sizes change slowly, and what was not taken for long does not fit any more.
    while (this.freeBytes > this.bytesMax) this.freeBytes -= (this.free.shift() as Buffer).length
  }
}
