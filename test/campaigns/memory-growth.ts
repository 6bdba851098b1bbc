// Whether the memory of a process grows while something goes on.
import { watchMemory } from '../process/memory-of.ts'

export interface MemoryGrowth extends Disposable {
  /** Averages of the third and the last quarter of the time, and the most at any instant; bytes. */
  figures(): { readonly before: number; readonly last: number; readonly peak: number }
  /** Throws when it still grows after half of the time, or ever was more than a gateway may have. */
  expectFlat(): void
}

const peakMax = 400_000_000
/** A process that has just begun takes memory until its heap is as large as its work wants; what still grows later is no heap that warms up. */
const growthMax = 1.15
/** What a gateway takes within seconds of its first large call. */
const warmBytes = 200_000_000

export function watchGrowth(pid: number): MemoryGrowth {
  const samples: number[] = []
  const watch = watchMemory(pid, (bytes) => samples.push(bytes))
  const average = (part: readonly number[]) => part.reduce((sum, bytes) => sum + bytes, 0) / Math.max(1, part.length)
  const figures = () => {
    const quarter = Math.ceil(samples.length / 4)
    return {
      before: average(samples.slice(-2 * quarter, -quarter)),
      last: average(samples.slice(-quarter)),
      peak: watch.peak,
    }
  }
  return {
    figures,
    expectFlat: () => {
      const { before, last, peak } = figures()
      if (peak > peakMax) throw new Error(`the process had ${peak} bytes; ${peakMax} are allowed`)
      if (last > warmBytes && last > before * growthMax)
        throw new Error(`the process grew from ${before} to ${last} bytes`)
    },
    [Symbol.dispose]: () => watch[Symbol.dispose](),
  }
}
