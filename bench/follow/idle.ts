// What following costs while nothing happens: the time of both servers for one index, and the memory of a process that follows many.
import { setTimeout as sleep } from 'node:timers/promises'
import { watchMemory } from '../../test/process/memory-of.ts'
import { cpuSeconds } from '../server-cpu.ts'
import type { BenchServers } from '../servers.ts'
import { Follower, FollowerFolder } from './follower.ts'
import { fill, makeIndex } from './small-documents.ts'

/** Shares of a core. */
export interface Shares {
  readonly follower: number
  readonly source: number
  readonly target: number
}

export interface IdleResult {
  readonly seconds: number
  /** With the follower, less what the servers use without it. */
  readonly shares: Shares
}

export interface ManyResult {
  readonly indexes: number
  /** Until all of them were copied and followed. */
  readonly startSeconds: number
  /** The most of the process, the first copies included. */
  readonly mostBytes: number
  /** Of the process at the end. */
  readonly restBytes: number
  readonly shares: Shares
}

async function sharesOf(
  { source, target }: BenchServers,
  follower: number | undefined,
  seconds: number,
  signal: AbortSignal,
): Promise<Shares> {
  const used = () => [follower, source.pid, target.pid].map((pid) => (pid === undefined ? 0 : (cpuSeconds(pid) ?? 0)))
  const before = used()
  const started = performance.now()
  await sleep(seconds * 1000, undefined, { signal })
  const took = (performance.now() - started) / 1000
  const [own, atSource, atTarget] = used().map((value, at) => (value - (before[at] as number)) / took) as [
    number,
    number,
    number,
  ]
  return { follower: own, source: atSource, target: atTarget }
}

const less = (shares: Shares, without: Shares): Shares => ({
  follower: shares.follower,
  source: Math.max(0, shares.source - without.source),
  target: Math.max(0, shares.target - without.target),
})

export async function measureIdle(
  servers: BenchServers,
  seconds: number,
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<IdleResult> {
  const { source, target } = servers
  tell(`idle: an index that nobody writes to, ${seconds} s without and ${seconds} s with a follower …`)
  const index = { name: 'follow-idle', shards: 2 }
  await makeIndex(source.http, index)
  await target.http.bytes({ method: 'DELETE', path: `/${index.name}`, accept: [404] })
  await fill(source.http, index.name, { from: 0, to: 10_000 }, signal)
  await using home = await FollowerFolder.make()
  const without = await sharesOf(servers, undefined, seconds, signal)
  await using follower = new Follower(home, `${source.url}/${index.name}`, target.url)
  await follower.caughtUp(signal)
  await sleep(5_000, undefined, { signal })
  const shares = await sharesOf(servers, follower.pid, seconds, signal)
  await follower.stop()
  for (const { http } of [source, target]) await http.bytes({ method: 'DELETE', path: `/${index.name}`, accept: [404] })
  return { seconds, shares: less(shares, without) }
}

export async function measureMany(
  servers: BenchServers,
  indexes: number,
  seconds: number,
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<ManyResult> {
  const { source, target } = servers
  tell(`many: following ${indexes} indexes …`)
  const names = Array.from({ length: indexes }, (_, n) => `follow-many-${n}`)
  for (const name of names) {
    await makeIndex(source.http, { name, shards: 1 })
    await fill(source.http, name, { from: 0, to: 20 }, signal)
  }
  await using home = await FollowerFolder.make()
  const without = await sharesOf(servers, undefined, Math.min(seconds, 20), signal)
  const started = performance.now()
  await using follower = new Follower(home, `${source.url}/follow-many-*`, target.url)
  let restBytes = 0
  using memory = watchMemory(follower.pid, (bytes) => {
    restBytes = bytes
  })
  await untilAllFollow(home, follower, indexes, signal)
  const startSeconds = (performance.now() - started) / 1000
  tell(`  followed after ${startSeconds.toFixed(0)} s`)
  const shares = await sharesOf(servers, follower.pid, seconds, signal)
  const result = { indexes, startSeconds, mostBytes: memory.peak, restBytes, shares: less(shares, without) }
  await follower.stop()
  for (const { http } of [source, target]) {
    for (const name of names) await http.bytes({ method: 'DELETE', path: `/${name}`, accept: [404] })
  }
  return result
}

async function untilAllFollow(
  home: FollowerFolder,
  follower: Follower,
  indexes: number,
  signal: AbortSignal,
): Promise<void> {
  while (home.indexes().filter(({ following }) => following !== undefined).length < indexes) {
    await sleep(500, undefined, { signal })
  }
  await follower.caughtUp(signal, 500)
}
