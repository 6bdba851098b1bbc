// Whether the memory of a process grows while something goes on.
import { watchMemory } from '../process/memory-of.ts'

export interface MemoryGrowth extends Disposable {
  /** Averages of the first and the last third of the time, and the most at any instant; bytes. */
  figures(): { readonly first: number; readonly last: number; readonly peak: number }
  /** Throws when it grows: when the last third is much above the first one, or the peak above what a gateway may ever have. */
  expectFlat(): void
}

const peakMax = 400_000_000
/** Garbage is not collected at once, and the first third begins with a process that has done nothing yet. */
const growthMax = 100_000_000

export function watchGrowth(pid: number): MemoryGrowth {
  const samples: number[] = []
  const watch = watchMemory(pid, (bytes) => samples.push(bytes))
  const average = (part: readonly number[]) => part.reduce((sum, bytes) => sum + bytes, 0) / Math.max(1, part.length)
  const figures = () => {
    const third = Math.ceil(samples.length / 3)
    return { first: average(samples.slice(0, third)), last: average(samples.slice(-third)), peak: watch.peak }
  }
  return {
    figures,
    expectFlat: () => {
      const { first, last, peak } = figures()
      if (peak > peakMax) throw new Error(`the process had ${peak} bytes; ${peakMax} are allowed`)
      if (last - first > growthMax) throw new Error(`the process grew from ${first} to ${last} bytes`)
    },
    [Symbol.dispose]: () => watch[Symbol.dispose](),
  }
}
