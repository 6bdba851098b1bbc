// Several runs of node's own test runner, reported as one: its reporter sees one stream of events with one summary at the end.
import { relative } from 'node:path'
import { Readable } from 'node:stream'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'

export interface Phase {
  readonly files: readonly string[]
  /** Files at the same time, each in a process of its own. */
  readonly concurrency: number
}

export interface RunCounts {
  readonly tests: number
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

type Counts = Record<string, number>
type Event = { readonly type: string; readonly data: never }

/** A test that did not run because its suite failed: the suite's own failure says why, and hundreds of these would hide it. */
const isCancelled = ({ type, data }: Event): boolean =>
  type === 'test:fail' &&
  (data as { details?: { error?: { failureType?: string } } }).details?.error?.failureType === 'cancelledByParent'

/** For the report; it is counted as cancelled all the same. */
const asSkipped = ({ data }: Event): Event => ({
  type: 'test:pass',
  data: { ...(data as object), skip: 'its suite failed' } as never,
})

interface Summary {
  readonly file?: string
  readonly counts: Counts
  readonly duration_ms: number
}

const blockingOutput = new URL('./blocking-output.ts', import.meta.url).href

/** A file that takes longer than this hangs. */
const fileTimeoutMs = 15 * 60_000
const slowMs = 20_000

/** The lines of a summary, in the order and the words of the runner. */
const summaryLines = ['tests', 'suites', 'passed', 'failed', 'cancelled', 'skipped', 'todo'] as const
const isSummaryLine = (message: string): boolean =>
  /^(?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/.test(message)

/** Runs the phases one after the other and prints as `node --test` does. */
export async function runPhases(
  phases: readonly Phase[],
  options: { readonly namePatterns: readonly string[]; readonly signal: AbortSignal },
): Promise<RunCounts> {
  const totals: Counts = Object.fromEntries(summaryLines.map((name) => [name, 0]))
  const slow: { file: string; seconds: number }[] = []
  const started = performance.now()

  const onSummary = ({ file, counts, duration_ms: ms }: Summary) => {
    if (file === undefined) for (const name of summaryLines) totals[name]! += counts[name] ?? 0
    else if (ms > slowMs) slow.push({ file: relative(process.cwd(), file), seconds: Math.round(ms / 1000) })
  }
  async function* events(): AsyncGenerator<Event> {
    for (const { files, concurrency } of phases) {
      if (files.length === 0) continue
      const stream = run({
        files: [...files],
        concurrency,
        timeout: fileTimeoutMs,
        // A test that fails may leave a listener behind, and its process would never end. An exit that is forced while V8 compiles in
        // another thread may wait for that thread for ever (seen with Node 24.21), so it compiles in none.
        execArgv: ['--test-force-exit', '--no-concurrent-recompilation', '--import', blockingOutput],
        signal: options.signal,
        ...(options.namePatterns.length > 0 ? { testNamePatterns: [...options.namePatterns] } : {}),
      })
      for await (const event of stream as AsyncIterable<Event>) {
        if (event.type === 'test:summary') onSummary(event.data)
        const isOwn = event.type === 'test:diagnostic' && isSummaryLine((event.data as { message: string }).message)
        if (!isOwn && event.type !== 'test:summary') yield isCancelled(event) ? asSkipped(event) : event
      }
    }
    for (const { file, seconds } of slow.sort((a, b) => b.seconds - a.seconds))
      yield diagnostic(`${seconds} s  ${file}`)
    for (const name of summaryLines)
      yield diagnostic(`${name.replace(/ed$/, (end) => (/^(?:pass|fail)ed$/.test(name) ? '' : end))} ${totals[name]}`)
    yield diagnostic(`duration_ms ${(performance.now() - started).toFixed(0)}`)
  }
  for await (const text of Readable.from(events()).compose(new spec())) process.stdout.write(String(text))
  const { tests = 0, passed = 0, failed = 0, cancelled = 0, skipped = 0 } = totals
  return { tests, passed, failed: failed + cancelled, skipped }
}

const diagnostic = (message: string): Event => ({
  type: 'test:diagnostic',
  data: { nesting: 0, message, level: 'info' } as never,
})
