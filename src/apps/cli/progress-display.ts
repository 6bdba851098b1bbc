// Shows progress on standard error: one line that is written over on a terminal, a line now and then elsewhere.
import type { ProgressSnapshot } from '../../pipeline/progress.ts'
import { formatBytes, formatCount, formatSeconds } from './format.ts'

const barEveryMs = 200
const linesEveryMs = 5_000
const barWidth = 24

export class ProgressDisplay implements Disposable {
  private readonly kind: 'bar' | 'lines' | 'none'
  private timer: NodeJS.Timeout | undefined
  private shown = false

  constructor(wanted: 'auto' | 'bar' | 'lines' | 'none') {
    this.kind = wanted === 'auto' ? (process.stderr.isTTY ? 'bar' : 'lines') : wanted
  }

  /** A text is shown as it is, without a bar. */
  start(snapshot: () => ProgressSnapshot | string): void {
    if (this.kind === 'none') return
    const every = this.kind === 'bar' ? barEveryMs : linesEveryMs
    this.timer = setInterval(() => this.show(snapshot()), every)
  }

  /** Writes above the bar, so that neither is torn. */
  note(text: string): void {
    this.clear()
    process.stderr.write(`${text}\n`)
  }

  private show(progress: ProgressSnapshot | string): void {
    if (this.kind === 'lines') {
      process.stderr.write(`${typeof progress === 'string' ? progress : describe(progress)}\n`)
      return
    }
    const columns = (process.stderr.columns ?? 120) - 1
    const line = typeof progress === 'string' ? progress : barLine(progress, columns)
    process.stderr.write(`\r\x1b[2K${line.slice(0, columns)}`)
    this.shown = true
  }

  private clear(): void {
    if (this.shown) process.stderr.write('\r\x1b[2K')
    this.shown = false
  }

  stop(): void {
    clearInterval(this.timer)
    this.clear()
  }

  [Symbol.dispose](): void {
    this.stop()
  }
}

function bar({ counts, documentsExpected }: ProgressSnapshot): string {
  if (!documentsExpected) return `[${'·'.repeat(barWidth)}]`
  const filled = Math.min(barWidth, Math.floor((counts.read / documentsExpected) * barWidth))
  return `[${'█'.repeat(filled)}${'·'.repeat(barWidth - filled)}]`
}

/** What a narrow terminal does without, first to last; what is left to do and what holds it back stay. */
const dispensable = ['slices', 'bytes', 'bytesRate', 'bar'] as const

export function barLine(progress: ProgressSnapshot, columns: number): string {
  let line = ''
  for (let without = 0; without <= dispensable.length; without++) {
    const left = new Set<Dispensable>(dispensable.slice(without))
    line = `${left.has('bar') ? `${bar(progress)} ` : ''}${describe(progress, left)}`
    if (line.length <= columns) break
  }
  return line
}

type Dispensable = (typeof dispensable)[number]

function describe(progress: ProgressSnapshot, shown: ReadonlySet<Dispensable> = new Set(dispensable)): string {
  const { counts, documentsExpected, partitions, partitionsDone } = progress
  // The source may grow meanwhile; nothing is ever more than all.
  const percent = documentsExpected ? `${Math.min(100, Math.floor((counts.read / documentsExpected) * 100))}% ` : ''
  const of = documentsExpected ? ` of ${formatCount(documentsExpected)}` : ''
  const parts = [`${percent}${formatCount(counts.read)}${of} documents`]
  if (shown.has('bytes')) parts.push(formatBytes(counts.bytes))
  parts.push(`${formatCount(progress.documentsPerSecond)}/s`)
  if (shown.has('bytesRate')) parts.push(`${formatBytes(progress.bytesPerSecond)}/s`)
  if (progress.secondsLeft !== undefined) parts.push(`${formatSeconds(progress.secondsLeft)} left`)
  if (partitions > 0 && shown.has('slices')) parts.push(`${partitionsDone}/${partitions} slices`)
  if (counts.rejected > 0) parts.push(`${formatCount(counts.rejected)} rejected`)
  parts.push(`limited by ${progress.limitedBy}`)
  return parts.join(' · ')
}
