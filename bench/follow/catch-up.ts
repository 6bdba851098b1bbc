// How fast a follower that was away carries what it missed, against how fast the same documents are copied.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type MemoryWatch, watchMemory } from '../../test/process/memory-of.ts'
import { type BenchServers, untilQuiet } from '../servers.ts'
import { Follower, FollowerFolder } from './follower.ts'
import { fill, makeIndex } from './small-documents.ts'

export interface CatchUpResult {
  readonly operations: number
  /** Operations in a second. */
  readonly followed: number
  readonly copied: number
  /** The most resident memory of the follower. */
  readonly memoryBytes: number
  readonly copyMemoryBytes: number
}

const index = { name: 'follow-catch-up', shards: 2 }
const program = fileURLToPath(new URL('../../bin/indexferry.js', import.meta.url))

export async function measureCatchUp(
  servers: BenchServers,
  operations: number,
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<CatchUpResult> {
  const { source, target } = servers
  const clear = async () => target.http.bytes({ method: 'DELETE', path: `/${index.name}`, accept: [404] })
  tell(`catching up: ${operations} operations that were missed …`)
  await makeIndex(source.http, index)
  await clear()
  await fill(source.http, index.name, { from: 0, to: 1_000 }, signal)
  await using home = await FollowerFolder.make()
  const words = [`${source.url}/${index.name}`, target.url] as const
  {
    await using first = new Follower(home, ...words)
    await first.caughtUp(signal)
  }
  await fill(source.http, index.name, { from: 1_000, to: 1_000 + operations }, signal)
  await untilQuiet(servers, signal)
  const followed = await timeFollowing(home, words, signal)
  await clear()
  await untilQuiet(servers, signal)
  const copied = await timeCopy(words, signal)
  for (const { http } of [source, target]) await http.bytes({ method: 'DELETE', path: `/${index.name}`, accept: [404] })
  return {
    operations,
    followed: operations / followed.seconds,
    copied: (operations + 1_000) / copied.seconds,
    memoryBytes: followed.bytes,
    copyMemoryBytes: copied.bytes,
  }
}

interface Timed {
  readonly seconds: number
  readonly bytes: number
}

/** From the start of the process until nothing is behind. */
async function timeFollowing(
  home: FollowerFolder,
  words: readonly [string, string],
  signal: AbortSignal,
): Promise<Timed> {
  const started = performance.now()
  await using follower = new Follower(home, ...words)
  using memory: MemoryWatch = watchMemory(follower.pid)
  await follower.caughtUp(signal)
  return { seconds: (performance.now() - started) / 1000, bytes: memory.peak }
}

async function timeCopy(words: readonly [string, string], signal: AbortSignal): Promise<Timed> {
  await using home = await FollowerFolder.make()
  const started = performance.now()
  const child = spawn(process.execPath, [program, 'copy', ...words, '--state', home.folder, '--quiet'], {
    stdio: 'ignore',
    signal,
  })
  using memory: MemoryWatch = watchMemory(child.pid as number)
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`indexferry copy ended with ${code}`)
  return { seconds: (performance.now() - started) / 1000, bytes: memory.peak }
}
