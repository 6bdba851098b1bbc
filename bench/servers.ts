// The two servers of a benchmark, started for it alone.
import type { ServerName } from '../test/servers/catalogue.ts'
import { missingJava, startServer } from '../test/servers/servers.ts'
import { HttpClient } from './http.ts'
import { cpuSeconds } from './server-cpu.ts'

export interface BenchServer {
  readonly name: string
  readonly url: string
  readonly pid: number
  readonly http: HttpClient
}

export interface BenchServers extends AsyncDisposable {
  readonly source: BenchServer
  readonly target: BenchServer
}

export const sourceName: ServerName = 'opensearch-2.19.4'

/** OpenSearch 3 needs a JDK 21 or newer. */
export const targetName = (): ServerName => (missingJava('opensearch-3.8.0') ? 'opensearch-2.19.4' : 'opensearch-3.8.0')

/** As in production and unlike in tests: G1, because with SerialGC a heap of this size answers whole bulk requests with 429. */
const measured = { heap: '1g', gc: 'g1', tier: 'full' } as const

export async function startServers(): Promise<BenchServers> {
  await using starting = new AsyncDisposableStack()
  const start = async (name: ServerName): Promise<BenchServer> => {
    const server = starting.use(await startServer(name, measured))
    return { name, url: server.url, pid: server.pid, http: starting.use(new HttpClient(server.url)) }
  }
  const source = await start(sourceName)
  const target = await start(targetName())
  const running = starting.move()
  return { source, target, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

const quietShare = 0.05
const quietAfterMsMax = 20_000

/** Waits until what the last run left behind (merges, compilations) is done, or for twenty seconds. */
export async function untilQuiet(servers: BenchServers, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + quietAfterMsMax
  const used = () => (cpuSeconds(servers.source.pid) ?? 0) + (cpuSeconds(servers.target.pid) ?? 0)
  for (let before = used(); performance.now() < deadline; ) {
    await pause(500, signal)
    const now = used()
    if (now - before <= 0.5 * quietShare) return
    before = now
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, ms)
  })
}
