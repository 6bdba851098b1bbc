// The resident memory of a process, from its start to its end. Linux only.
import { readFileSync } from 'node:fs'

export interface MemoryWatch extends Disposable {
  /** Bytes; what the process had at most at any instant. */
  readonly peak: number
}

const everyMs = 250

/** `onSample` is told each time what the process has now. */
export function watchMemory(pid: number, onSample: (bytes: number) => void = () => {}): MemoryWatch {
  let peak = 0
  const sample = () => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8')
      // The system itself keeps the high-water mark, so that nothing between two samples is missed.
      peak = Math.max(peak, kilobytes(status, 'VmHWM'))
      onSample(kilobytes(status, 'VmRSS'))
    } catch (error) {
      // It has ended.
      if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }
  sample()
  const timer = setInterval(sample, everyMs)
  return {
    get peak() {
      return peak
    },
    [Symbol.dispose]: () => clearInterval(timer),
  }
}

const kilobytes = (status: string, name: string): number =>
  1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0)
