// How long a write takes from its acknowledgement by the source until searches of the target see it.
import { setTimeout as sleep } from 'node:timers/promises'
import { cpuSeconds } from '../server-cpu.ts'
import type { BenchServers } from '../servers.ts'
import { SeededRandom } from '../words.ts'
import { Follower, FollowerFolder } from './follower.ts'
import { bulk, fill, idOf, makeIndex, sourceOf } from './small-documents.ts'
import { quantile, TargetWatch } from './watch-target.ts'

export interface LagResult {
  readonly seconds: number
  readonly writes: number
  readonly medianMs: number
  readonly p99Ms: number
  readonly mostMs: number
  /** Shares of a core while it was measured. */
  readonly followerCpu: number
  readonly sourceCpu: number
  readonly targetCpu: number
}

const index = { name: 'follow-lag', shards: 2 }
const documentsBefore = 100_000
const writesPerSecond = 1_000
const requestsPerSecond = 20
/** Half of the writes are of new documents, half write random ones again. */
const updateShare = 0.5
/** Of each request the first and the last write are looked for. */
const watchEveryMs = 50

export async function measureLag(
  { source, target }: BenchServers,
  seconds: number,
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<LagResult> {
  tell(`lag: ${writesPerSecond} writes a second for ${seconds} s …`)
  await makeIndex(source.http, index)
  await target.http.bytes({ method: 'DELETE', path: `/${index.name}`, accept: [404] })
  await fill(source.http, index.name, { from: 0, to: documentsBefore }, signal)
  await using home = await FollowerFolder.make()
  await using follower = new Follower(home, `${source.url}/${index.name}`, target.url)
  await follower.caughtUp(signal)
  const watch = new TargetWatch(target.http, index.name, watchEveryMs)
  const pids = [follower.pid, source.pid, target.pid]
  const before = pids.map((pid) => cpuSeconds(pid) ?? Number.NaN)
  watch.start(signal)
  const started = performance.now()
  const writes = await write(source.http, seconds, watch, signal)
  const tookSeconds = (performance.now() - started) / 1000
  const [followerCpu, sourceCpu, targetCpu] = pids.map(
    (pid, at) => ((cpuSeconds(pid) ?? Number.NaN) - (before[at] as number)) / tookSeconds,
  ) as [number, number, number]
  await watch.finish()
  await follower.stop()
  for (const { http } of [source, target]) await http.bytes({ method: 'DELETE', path: `/${index.name}`, accept: [404] })
  const { lagsMs } = watch
  const [medianMs, p99Ms, mostMs] = [0.5, 0.99, 1].map((share) => quantile(lagsMs, share)) as [number, number, number]
  return { seconds: tookSeconds, writes, medianMs, p99Ms, mostMs, followerCpu, sourceCpu, targetCpu }
}

async function write(
  http: BenchServers['source']['http'],
  seconds: number,
  watch: TargetWatch,
  signal: AbortSignal,
): Promise<number> {
  const random = new SeededRandom(5)
  const started = performance.now()
  const perRequest = writesPerSecond / requestsPerSecond
  let latest = documentsBefore
  let writes = 0
  const underWay = new Set<Promise<void>>()
  for (let request = 1; request <= seconds * requestsPerSecond; request++) {
    const chosen = Array.from({ length: perRequest }, () =>
      random.next() < updateShare ? random.below(documentsBefore) : latest++,
    )
    const lines = chosen.map((n) => `{"index":{"_id":"${idOf(n)}"}}\n${sourceOf(n, request)}\n`).join('')
    const sent = bulk(http, index.name, lines, signal).then(() => {
      const acknowledgedMs = performance.now()
      for (const n of [chosen[0], chosen.at(-1)] as number[]) watch.add({ id: idOf(n), acknowledgedMs, at: request })
    })
    underWay.add(sent)
    // The clients do not wait for each other, up to the connections that they have.
    void sent.finally(() => underWay.delete(sent)).catch(() => {})
    if (underWay.size >= 4) await Promise.race(underWay)
    writes += perRequest
    const dueMs = started + (request * 1000) / requestsPerSecond
    if (performance.now() < dueMs) await sleep(dueMs - performance.now(), undefined, { signal })
  }
  await Promise.all(underWay)
  return writes
}
