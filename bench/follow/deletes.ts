// How long a delete takes until the target has carried it out, in an index of millions of documents.
import { setTimeout as sleep } from 'node:timers/promises'
import { cpuSeconds } from '../server-cpu.ts'
import type { BenchServers } from '../servers.ts'
import { SeededRandom } from '../words.ts'
import { Follower, FollowerFolder } from './follower.ts'
import { bulk, fill, idOf, makeIndex, settle, sourceOf } from './small-documents.ts'
import { quantile, TargetWatch } from './watch-target.ts'

export interface DeletesRow {
  readonly what: string
  readonly deleted: number
  readonly seconds: number
  readonly medianMs: number
  readonly p99Ms: number
  readonly mostMs: number
  /** Seconds of a core while it was measured. */
  readonly followerCpu: number
  readonly sourceCpu: number
  readonly targetCpu: number
}

export interface DeletesResult {
  readonly documents: number
  readonly copySeconds: number
  readonly rows: readonly DeletesRow[]
}

interface Load {
  readonly what: string
  /** How many are deleted in one request, how often, and how many requests there are. */
  readonly deletes: number
  readonly everyMs: number
  readonly requests: number
  /** Random documents that are written again with each request. */
  readonly updates: number
  /** Every which delete is watched. */
  readonly watched: number
}

const index = { name: 'follow-deletes', shards: 2 }

const loadsOf = (documents: number): readonly Load[] => [
  { what: '0.01 % deleted', deletes: 10, everyMs: 200, requests: documents / 100_000, updates: 0, watched: 1 },
  { what: '1 % deleted', deletes: 1_000, everyMs: 500, requests: documents / 100_000, updates: 0, watched: 20 },
  { what: '1 % deleted by one request', deletes: documents / 100, everyMs: 0, requests: 1, updates: 0, watched: 50 },
  {
    what: 'random updates all over it, and some deletes',
    deletes: 10,
    everyMs: 500,
    requests: 120,
    updates: 500,
    watched: 1,
  },
]

export async function measureDeletes(
  servers: BenchServers,
  documents: number,
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<DeletesResult> {
  const { source, target } = servers
  tell(`deletes: filling the source with ${documents} documents …`)
  await makeIndex(source.http, index)
  await target.http.bytes({ method: 'DELETE', path: `/${index.name}`, accept: [404] })
  await fill(source.http, index.name, { from: 0, to: documents }, signal)
  await settle(source.http, index.name, signal)
  await using home = await FollowerFolder.make()
  const started = performance.now()
  await using follower = new Follower(home, `${source.url}/${index.name}`, target.url)
  await follower.caughtUp(signal)
  const copySeconds = (performance.now() - started) / 1000
  tell(`  copied in ${copySeconds.toFixed(0)} s`)
  const deleter = new Deleter(documents)
  const rows: DeletesRow[] = []
  for (const load of loadsOf(documents)) {
    const row = await measureLoad(servers, follower, load, deleter, signal)
    rows.push(row)
    tell(`  ${describeDeletes(row)}`)
    await follower.caughtUp(signal)
  }
  await follower.stop()
  for (const { http } of [source, target]) await http.bytes({ method: 'DELETE', path: `/${index.name}`, accept: [404] })
  return { documents, copySeconds, rows }
}

/** Chooses documents all over the index, each once. */
class Deleter {
  private readonly documents: number
  private readonly random = new SeededRandom(11)
  private readonly gone = new Set<number>()

  constructor(documents: number) {
    this.documents = documents
  }

  take(count: number): number[] {
    const taken: number[] = []
    while (taken.length < count) {
      const n = this.random.below(this.documents)
      if (this.gone.has(n)) continue
      this.gone.add(n)
      taken.push(n)
    }
    return taken
  }

  /** That is still there. */
  any(): number {
    for (;;) {
      const n = this.random.below(this.documents)
      if (!this.gone.has(n)) return n
    }
  }
}

async function measureLoad(
  { source, target }: BenchServers,
  follower: Follower,
  load: Load,
  deleter: Deleter,
  signal: AbortSignal,
): Promise<DeletesRow> {
  const watch = new TargetWatch(target.http, index.name, 100)
  const used = () => [follower.pid, source.pid, target.pid].map((pid) => cpuSeconds(pid) ?? Number.NaN)
  const before = used()
  const started = performance.now()
  watch.start(signal)
  let deleted = 0
  for (let request = 0; request < load.requests; request++) {
    const dueMs = started + request * load.everyMs
    if (performance.now() < dueMs) await sleep(dueMs - performance.now(), undefined, { signal })
    const numbers = deleter.take(load.deletes)
    await send(source.http, numbers, load.updates, deleter, signal)
    const acknowledgedMs = performance.now()
    for (const n of numbers) {
      if (deleted++ % load.watched === 0) watch.add({ id: idOf(n), acknowledgedMs, at: undefined })
    }
  }
  await watch.finish()
  const seconds = (performance.now() - started) / 1000
  const after = used()
  const [followerCpu, sourceCpu, targetCpu] = after.map((value, at) => value - (before[at] as number)) as [
    number,
    number,
    number,
  ]
  const { lagsMs } = watch
  return {
    what: load.what,
    deleted,
    seconds,
    medianMs: quantile(lagsMs, 0.5),
    p99Ms: quantile(lagsMs, 0.99),
    mostMs: quantile(lagsMs, 1),
    followerCpu,
    sourceCpu,
    targetCpu,
  }
}

const linesPerBody = 20_000

async function send(
  http: BenchServers['source']['http'],
  numbers: readonly number[],
  updates: number,
  deleter: Deleter,
  signal: AbortSignal,
): Promise<void> {
  for (let at = 0; at < numbers.length; at += linesPerBody) {
    let lines = ''
    for (const n of numbers.slice(at, at + linesPerBody)) lines += `{"delete":{"_id":"${idOf(n)}"}}\n`
    for (let update = 0; update < updates; update++) {
      const n = deleter.any()
      lines += `{"index":{"_id":"${idOf(n)}"}}\n${sourceOf(n, Date.now())}\n`
    }
    await bulk(http, index.name, lines, signal)
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

export function describeDeletes(row: DeletesRow): string {
  const cpu = [row.followerCpu, row.sourceCpu, row.targetCpu].map((used) => used.toFixed(1)).join(' / ')
  const lags = `median ${seconds(row.medianMs)}, p99 ${seconds(row.p99Ms)}, most ${seconds(row.mostMs)}`
  return `${row.what}: ${row.deleted} deletes in ${row.seconds.toFixed(0)} s, ${lags}; CPU follower / source / target ${cpu} s`
}
