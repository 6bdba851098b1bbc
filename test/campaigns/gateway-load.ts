// npm run test:gateway-load -- [--clients 200] [--seconds 120] [--megabytes 2000] [--seed N]
//
// Many clients at once through the gateway: everything that was acknowledged is there, and nothing else. Then bodies of two gigabytes: one
// that the cluster takes, and one that it refuses while it is still being sent. The memory of the gateway stays as it is all the time.
import { Indexferry } from '../journeys/indexferry.ts'
import { Served } from '../journeys/serving.ts'
import { ask } from '../servers/http.ts'
import { type RunningServer, startServer } from '../servers/servers.ts'
import { anySeed, note, readOptions, signal } from './campaign.ts'
import { sendLargeBulk } from './large-bulk.ts'
import { runLoad } from './load-clients.ts'
import { watchGrowth } from './memory-growth.ts'

// A heap is as large as it gets after about a minute; what it does then is looked at.
const loads = { clients: 200, seconds: 120, megabytes: 2000 }
const { clients, seconds, megabytes, seed } = readOptions({ ...loads, seed: anySeed() })

const serverName = 'opensearch-2.19.4'
const inMegabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`

/** The gateway of its own process, and what its memory does while `task` runs. */
async function throughGateway<Result>(server: RunningServer, task: (url: string) => Promise<Result>): Promise<Result> {
  await using indexferry = await Indexferry.install()
  await using served = await Served.start(indexferry, ['--cluster', server.url, '--listen', '127.0.0.1:0'])
  using memory = watchGrowth(served.pid)
  const result = await task(served.url)
  const { before, last, peak } = memory.figures()
  note(
    `the gateway's memory: ${inMegabytes(before)} in the third quarter of the time, ${inMegabytes(last)} in the last, ${inMegabytes(peak)} at most`,
  )
  memory.expectFlat()
  return result
}

async function load(server: RunningServer): Promise<void> {
  await ask(`${server.url}/load`, {
    method: 'PUT',
    body: JSON.stringify({
      settings: { number_of_shards: 2, number_of_replicas: 0 },
      mappings: { properties: { client: { type: 'integer' }, n: { type: 'integer' }, text: { type: 'text' } } },
    }),
  })
  const figures = await throughGateway(server, (url) =>
    runLoad({ url, direct: server.url, index: 'load', clients, ms: seconds * 1000, seed, signal }),
  )
  const { calls, documents, refused, perSecond, medianMs, p99Ms } = figures
  note(
    `${clients} clients, ${seconds} s: ${calls} calls (${Math.round(perSecond)}/s, median ${medianMs} ms, 99 % within ${p99Ms} ms), ${refused} refused by the cluster (429)`,
  )
  note(`${documents} documents acknowledged, each of them there, and no other`)
}

async function campaign(): Promise<void> {
  note(`starting ${serverName}`)
  {
    await using server = await startServer(serverName, { heap: '1g', gc: 'g1', tier: 'full' })
    signal.throwIfAborted()
    await load(server)
    const refusal = await throughGateway(server, (url) => sendLargeBulk(url, 'refused', megabytes, signal))
    // The cluster closes the connection behind its 413, so that it may be seen as a connection that was closed (502), or not at all.
    if (![413, 502, 0].includes(refusal.status))
      throw new Error(`a body that is too large was answered with ${refusal.status}: ${refusal.text}`)
    note(
      `${inMegabytes(refusal.bytesSent)} of ${megabytes} MB in chunks sent when the body was refused: ${refusal.status || refusal.text}`,
    )
    const alive = await ask(`${server.url}/_cluster/health`)
    if (alive.status !== 200) throw new Error(`the cluster says ${alive.status} after the refusal`)
  }
  note(`starting ${serverName} with http.max_content_length: 2047mb`)
  await using server = await startServer(serverName, {
    // A bulk body is reckoned twice by the circuit breakers, as bytes that came and as documents to write.
    heap: '9g',
    gc: 'g1',
    tier: 'full',
    settings: { 'http.max_content_length': '2047mb', 'indexing_pressure.memory.limit': '90%' },
  })
  signal.throwIfAborted()
  const taken = await throughGateway(server, (url) => sendLargeBulk(url, 'large', megabytes, signal))
  if (taken.status !== 200 || !taken.text.startsWith('{"errors":false'))
    throw new Error(`the body was answered with ${taken.status}: ${taken.text.slice(0, 2_000)}`)
  await ask(`${server.url}/large/_refresh`, { method: 'POST' })
  const { count } = JSON.parse((await ask(`${server.url}/large/_count`)).body) as { count: number }
  if (count !== taken.documents) throw new Error(`${count} documents are there of ${taken.documents}`)
  note(
    `one bulk body of ${inMegabytes(taken.bytesSent)} passed in ${Math.round(taken.ms / 1000)} s; its ${count} documents are there`,
  )
}

console.log(`gateway load campaign: ${clients} clients, seed ${seed}`)
try {
  await campaign()
} catch (error) {
  if (signal.aborted) console.log('stopped')
  else console.error(`FAILED (again with: npm run test:gateway-load -- --clients ${clients} --seed ${seed})\n`, error)
  process.exitCode = signal.aborted ? 130 : 1
}
