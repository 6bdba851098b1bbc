// One run of one contender, from the empty index to the comparison of what arrived.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Content, checkContent } from './check-content.ts'
import type { Contender, RunContext } from './contenders/contender.ts'
import type { DocumentSet } from './data-sets.ts'
import { deleteIndex, makeEmptyIndex, refreshIndex } from './indexes.ts'
import type { Usage } from './run-program.ts'
import { cpuSeconds } from './server-cpu.ts'
import { type BenchServers, untilQuiet } from './servers.ts'

/** What one run took, of the tool and of both servers. */
export interface Measured extends Usage {
  /** While the tool ran. Missing where there is no /proc. */
  readonly sourceCpuSeconds?: number
  readonly targetCpuSeconds?: number
}

export interface Sample {
  readonly contender: string
  readonly set: string
  readonly round: number
  readonly documents: number
  /** Missing when the tool failed. */
  readonly copy?: Measured
  readonly verify?: Measured
  readonly failure?: string
  /** What the target held afterwards; missing for those that only read. */
  readonly content?: Content
}

export interface Running {
  readonly servers: BenchServers
  readonly set: DocumentSet
  readonly round: number
  readonly signal: AbortSignal
}

export async function takeSample(contender: Contender, { servers, set, round, signal }: Running): Promise<Sample> {
  const { source, target } = servers
  const folder = await mkdtemp(join(tmpdir(), 'indexferry-bench-'))
  const context: RunContext = { source, target, set, folder, signal }
  try {
    if (contender.createsIndex) await deleteIndex(target.http, set)
    else if (contender.does !== 'read') await makeEmptyIndex(target.http, set)
    await untilQuiet(servers, signal)
    const outcome = await attempt(contender, context)
    return {
      contender: contender.name,
      set: set.name,
      round,
      documents: set.count,
      ...outcome,
      ...(contender.does === 'read' ? {} : { content: await checkContent(target.http, set, signal) }),
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
    if (!signal.aborted) await deleteIndex(target.http, set)
  }
}

type Outcome = Pick<Sample, 'copy' | 'verify' | 'failure'>

/** A tool that fails is a result as well; only the end of the whole benchmark is not. */
async function attempt(contender: Contender, context: RunContext): Promise<Outcome> {
  const outcome: { -readonly [Key in keyof Outcome]: Outcome[Key] } = {}
  try {
    outcome.copy = await measure(context, () => contender.run(context))
  } catch (error) {
    context.signal.throwIfAborted()
    outcome.failure = error instanceof Error ? error.message : String(error)
  }
  if (contender.does !== 'read') await refreshIndex(context.target.http, context.set)
  if (!contender.verify || outcome.failure !== undefined) return outcome
  try {
    outcome.verify = await measure(context, () => contender.verify?.(context) ?? Promise.reject())
  } catch (error) {
    context.signal.throwIfAborted()
    outcome.failure = `verify: ${error instanceof Error ? error.message : error}`
  }
  return outcome
}

async function measure({ source, target }: RunContext, run: () => Promise<Usage>): Promise<Measured> {
  const before = [cpuSeconds(source.pid), cpuSeconds(target.pid)]
  const usage = await run()
  const [sourceCpu, targetCpu] = [cpuSeconds(source.pid), cpuSeconds(target.pid)]
  if (sourceCpu === undefined || targetCpu === undefined) return usage
  return { ...usage, sourceCpuSeconds: sourceCpu - (before[0] ?? 0), targetCpuSeconds: targetCpu - (before[1] ?? 0) }
}
