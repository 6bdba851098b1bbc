// npm run bench
import { writeFile } from 'node:fs/promises'
import { runBenchmark } from './benchmark.ts'
import { type BenchOptions, parseOptions, UsageError, usage } from './options.ts'
import { describeResults, renderPage } from './page.ts'

const page = new URL('../docs/benchmarks.md', import.meta.url)

/** Ctrl-C ends the running tool, then the servers, then this. */
function stopSignal(): AbortSignal {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => stop.abort(new Error(`stopped by ${name}`)))
  return stop.signal
}

async function bench(options: BenchOptions): Promise<void> {
  const signal = stopSignal()
  try {
    const results = await runBenchmark(options, (line) => console.error(line), signal)
    console.log(`\n${results.machine.lines.join('\n')}\n\n${describeResults(results)}`)
    if (options.write) await writeFile(page, renderPage(results, new Date().toISOString().slice(0, 10)))
    const own = [...results.samples, ...results.fidelity].filter(({ contender }) => contender === 'indexferry')
    if (own.some(({ failure, content, documents }) => failure !== undefined || content?.equal !== documents)) {
      throw new Error('indexferry failed or did not copy everything byte for byte; see above')
    }
  } catch (error) {
    if (!signal.aborted) throw error
    console.error('stopped')
    process.exitCode = 130
  }
}

try {
  const options = parseOptions(process.argv.slice(2))
  if (options === 'help') console.log(usage)
  else await bench(options)
} catch (error) {
  console.error(error instanceof UsageError ? `${error.message}\n\n${usage}` : error)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
