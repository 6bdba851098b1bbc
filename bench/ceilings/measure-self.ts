import { writeFileSync } from 'node:fs'
import type { Usage } from '../run-program.ts'

/** Does the work and writes down what it took, without what the program did before. */
export async function measureSelf(work: () => Promise<void>): Promise<void> {
  const before = process.cpuUsage()
  const started = performance.now()
  await work()
  const { user, system } = process.cpuUsage(before)
  const usage: Usage = {
    seconds: (performance.now() - started) / 1000,
    cpuSeconds: (user + system) / 1e6,
    peakBytes: process.resourceUsage().maxRSS * 1024,
  }
  writeFileSync(process.env.BENCH_USAGE_FILE ?? '', JSON.stringify(usage))
}
