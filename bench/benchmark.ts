// The whole benchmark, in the order in which it happens.

import { contenders } from './contenders/all.ts'
import type { Contender } from './contenders/contender.ts'
import { type DocumentSet, dataSets, difficultSet, setWith } from './data-sets.ts'
import { deleteIndex, fillDifficult, fillSource } from './indexes.ts'
import { describeMachine, type Machine } from './machine.ts'
import type { BenchOptions } from './options.ts'
import { type Sample, takeSample } from './sample.ts'
import { type BenchServers, startServers } from './servers.ts'

export interface Results {
  readonly machine: Machine
  readonly options: BenchOptions
  readonly sets: readonly DocumentSet[]
  readonly contenders: readonly Contender[]
  readonly samples: readonly Sample[]
  /** One run each with the difficult documents. */
  readonly fidelity: readonly Sample[]
  /** Contenders that cannot take part here, and why. */
  readonly missing: readonly { readonly contender: Contender; readonly reason: string }[]
}

/** What is told while it runs. */
export type Tell = (line: string) => void

interface Benchmark {
  readonly options: BenchOptions
  readonly servers: BenchServers
  readonly tell: Tell
  readonly signal: AbortSignal
}

export async function runBenchmark(options: BenchOptions, tell: Tell, signal: AbortSignal): Promise<Results> {
  const { ready, missing } = await prepareContenders(options, tell)
  tell('starting the servers …')
  await using servers = await startServers()
  signal.throwIfAborted()
  const benchmark = { options, servers, tell, signal }
  const machine = await describeMachine(servers)
  const sets = options.sets.map((name) => setWith(name, setCount(name, options.share)))
  const samples: Sample[] = []
  for (const set of sets) samples.push(...(await runSet(set, ready, benchmark)))
  const fidelity = options.fidelity ? await runFidelity(ready, benchmark) : []
  return { machine, options, sets, contenders: ready, samples, fidelity, missing }
}

const setCount = (name: string, share: number): number =>
  Math.max(1, Math.round((dataSets.find((set) => set.name === name)?.count ?? 0) * share))

async function prepareContenders(options: BenchOptions, tell: Tell) {
  const ready: Contender[] = []
  const missing: { contender: Contender; reason: string }[] = []
  for (const contender of contenders.filter(({ name }) => options.contenders.includes(name))) {
    const reason = await contender.prepare?.()
    if (reason === undefined) ready.push(contender)
    else {
      missing.push({ contender, reason })
      tell(`${contender.name} does not take part: ${reason}`)
    }
  }
  return { ready, missing }
}

const takesPart = (contender: Contender, set: DocumentSet): boolean => contender.sets?.includes(set.name) ?? true

/** One round that warms up servers and caches, then those that count. */
async function runSet(set: DocumentSet, all: readonly Contender[], benchmark: Benchmark): Promise<Sample[]> {
  const { options, servers, tell, signal } = benchmark
  tell(`${set.title}: filling the source with ${set.count} documents …`)
  await fillSource(servers.source, set, signal)
  const samples: Sample[] = []
  for (let round = 0; round <= options.rounds; round++) {
    tell(round === 0 ? `${set.title}, to warm up` : `${set.title}, round ${round} of ${options.rounds}`)
    for (const contender of inOrderOf(
      round,
      all.filter((each) => takesPart(each, set)),
    )) {
      const sample = await takeSample(contender, { servers, set, round, signal })
      tell(describeSample(sample))
      if (round > 0) samples.push(sample)
    }
  }
  await deleteIndex(servers.source.http, set)
  return samples
}

/** Each round begins with another contender, and every other one runs backwards, so that nobody always follows the same one. */
function inOrderOf<T>(round: number, list: readonly T[]): T[] {
  const first = (round * 3) % Math.max(1, list.length)
  const turned = [...list.slice(first), ...list.slice(0, first)]
  return round % 2 === 0 ? turned : turned.reverse()
}

async function runFidelity(all: readonly Contender[], { servers, tell, signal }: Benchmark): Promise<Sample[]> {
  const set = difficultSet()
  tell(`${set.title}: filling the source with ${set.count} documents …`)
  await fillDifficult(servers.source, set, signal)
  const samples: Sample[] = []
  for (const contender of all.filter((each) => each.does === 'copy' && takesPart(each, set))) {
    const sample = await takeSample(contender, { servers, set, round: 1, signal })
    tell(describeSample(sample))
    samples.push(sample)
  }
  await deleteIndex(servers.source.http, set)
  return samples
}

function describeSample({ contender, documents, copy, verify, failure, content }: Sample): string {
  const parts = [contender.padEnd(22)]
  if (copy) {
    const servers = (copy.sourceCpuSeconds ?? 0) + (copy.targetCpuSeconds ?? 0)
    parts.push(
      `${Math.round(documents / copy.seconds)} documents/s`.padStart(22),
      `${copy.seconds.toFixed(2)} s, CPU ${copy.cpuSeconds?.toFixed(2) ?? '–'} s, servers ${servers.toFixed(2)} s`,
    )
  }
  if (verify) parts.push(`verified in ${verify.seconds.toFixed(2)} s`)
  if (content && content.equal < documents) parts.push(`${content.changed} changed, ${content.missing} missing`)
  if (content && content.extra > 0) parts.push(`${content.extra} extra`)
  if (content && content.examples.length > 0) parts.push(`(${content.examples.join(', ')} …)`)
  if (failure !== undefined) parts.push(`FAILED: ${failure}`)
  return `  ${parts.join('  ')}`
}
