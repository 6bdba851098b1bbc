// npm run test:gateway-kill -- [--kills 10] [--tasks 10] [--documents 4000] [--seed N]
//
// A gateway with many running remote reindexes is killed (kill -9) again and again at random instants. Then all tasks have to end, and
// each index has to equal its source.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { openCluster } from '../../src/cluster/open-cluster.ts'
import { deleteTestIndex } from '../documents/fill-index.ts'
import { seededChance } from '../faults/seeded-chance.ts'
import { Indexferry, type Running } from '../journeys/indexferry.ts'
import { startServer } from '../servers/servers.ts'
import { anySeed, note, readOptions, signal } from './campaign.ts'
import { checkDocuments, checkSettings, upTo } from './kill-checks.ts'
import { fillKillIndex, type KillIndex } from './kill-documents.ts'

const { kills, tasks, documents, seed } = readOptions({ kills: 10, tasks: 10, documents: 4000, seed: anySeed() })

const chance = seededChance(seed)
/** The latest instant of a kill after the tasks are seen to run. */
const withinMs = 2_000

/** What one task copies, and how. */
interface Work {
  readonly index: KillIndex
  readonly query: string
  readonly source: object
  readonly expected: number
}

const works: readonly Work[] = Array.from({ length: tasks }, (_, n) => {
  const index = { name: `gateway-kill-${n}`, count: documents, shards: 1 + (n % 2), settings: {} }
  const half = Math.floor(documents / 2)
  const ways = [
    { query: '', source: { size: 100 }, expected: documents },
    { query: '&slices=auto', source: { size: 100 }, expected: documents },
    { query: '&slices=3', source: { size: 50 }, expected: documents },
    { query: '', source: { size: 100, query: { range: { n: { lt: half } } } }, expected: half },
  ] as const
  return { index, ...ways[n % ways.length]! }
})

interface TaskBody {
  readonly completed: boolean
  readonly error?: unknown
  readonly response?: { readonly total: number; readonly failures: readonly unknown[] }
  readonly task: { readonly status: { readonly total: number; readonly batches: number } }
}

/** A gateway of its own process; its port changes with each start. */
class Gateway {
  readonly running: Running
  readonly url: string

  private constructor(running: Running, url: string) {
    this.running = running
    this.url = url
  }

  static async start(indexferry: Indexferry, clusterUrl: string): Promise<Gateway> {
    const config = indexferry.path('indexferry.yaml')
    const running = indexferry.start(['serve', '--cluster', clusterUrl, '--listen', '127.0.0.1:0', '--config', config])
    let text = ''
    const url = new Promise<string>((resolve) => {
      const read = (chunk: Buffer) => {
        text += chunk
        const found = /listens at (http:\S+)/.exec(text)
        if (found) resolve(found[1] as string)
      }
      running.child.stderr?.on('data', read)
      running.child.stdout?.on('data', read)
    })
    const ended = running.ended.then(({ code, stderr }) => assert.fail(`the gateway ended with ${code}: ${stderr}`))
    ended.catch(() => {})
    return new Gateway(running, await Promise.race([url, ended]))
  }

  async ask<Body>(method: string, path: string, body?: object): Promise<Body> {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(this.url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) })
    const text = await answer.text()
    assert.equal(answer.status, 200, `${method} ${path}: ${text}`)
    return JSON.parse(text) as Body
  }

  async kill(): Promise<void> {
    this.running.child.kill('SIGKILL')
    if (this.running.child.exitCode === null && this.running.child.signalCode === null)
      await once(this.running.child, 'exit')
  }
}

/** Begins one task for each work, slow enough to be killed many times. */
async function beginTasks(gateway: Gateway, sourceUrl: string): Promise<string[]> {
  // All kills come within so many seconds, starts of the gateway included.
  const seconds = kills * (withinMs / 1000 + 8)
  const ids: string[] = []
  for (const { index, query, source, expected } of works) {
    const rate = `requests_per_second=${Math.max(1, Math.floor(expected / seconds))}`
    const { task } = await gateway.ask<{ task: string }>(
      'POST',
      `/_reindex?wait_for_completion=false&${rate}${query}`,
      {
        source: { remote: { host: sourceUrl }, index: index.name, ...source },
        dest: { index: index.name },
      },
    )
    ids.push(task)
  }
  return ids
}

/** All of them, read by one call each; every one of them has to be known and unbroken. */
async function look(gateway: Gateway, ids: readonly string[]): Promise<TaskBody[]> {
  const bodies = await Promise.all(ids.map((id) => gateway.ask<TaskBody>('GET', `/_tasks/${id}`)))
  for (const [n, { error }] of bodies.entries()) assert.equal(error, undefined, JSON.stringify(bodies[n]))
  return bodies
}

async function untilAllRun(gateway: Gateway, ids: readonly string[]): Promise<void> {
  const deadline = performance.now() + 30_000
  for (;;) {
    const bodies = await look(gateway, ids)
    if (bodies.every(({ completed, task }) => completed || task.status.total > 0)) return
    assert.ok(performance.now() < deadline, `all tasks run within 30 s: ${JSON.stringify(bodies)}`)
    await wait(50, undefined, { signal })
  }
}

async function endTasks(gateway: Gateway, ids: readonly string[]): Promise<void> {
  for (const id of ids) await gateway.ask('POST', `/_reindex/${id}/_rethrottle?requests_per_second=-1`)
  for (const [n, id] of ids.entries()) {
    const body = await gateway.ask<TaskBody>('GET', `/_tasks/${id}?wait_for_completion=true&timeout=2m`)
    assert.equal(body.completed, true, JSON.stringify(body))
    assert.deepEqual(body.response?.failures, [], JSON.stringify(body))
    assert.equal(body.response.total, works[n]?.expected, JSON.stringify(body))
  }
}

async function checkTarget(indexferry: Indexferry, urls: readonly [string, string], target: Cluster): Promise<void> {
  for (const { index, expected } of works) {
    await checkDocuments(target, index.name, upTo(expected))
    await checkSettings(target, index)
    if (expected !== index.count) continue
    const { verdict } = await indexferry.verify(urls.map((url) => `${url}/${index.name}`))
    assert.equal(verdict, 'equal', index.name)
  }
}

async function campaign(): Promise<void> {
  note('starting elasticsearch-7.10.2 and opensearch-2.19.4')
  await using sourceServer = await startServer('elasticsearch-7.10.2')
  await using targetServer = await startServer('opensearch-2.19.4')
  await using source = await openCluster('source', { nodes: [sourceServer.url] })
  await using target = await openCluster('target', { nodes: [targetServer.url] })
  await using indexferry = await Indexferry.install()
  for (const { index } of works) {
    signal.throwIfAborted()
    await deleteTestIndex(target, index.name)
    await fillKillIndex(source, index)
  }
  const { host } = new URL(sourceServer.url)
  await indexferry.write('indexferry.yaml', `reindex.remote.allowlist: ["${host}"]\n`)
  let gateway = await Gateway.start(indexferry, targetServer.url)
  try {
    const ids = await beginTasks(gateway, sourceServer.url)
    note(`${ids.length} tasks of ${documents} documents begun`)
    for (let kill = 1; kill <= kills; kill++) {
      await untilAllRun(gateway, ids)
      const ms = Math.round(chance() * withinMs)
      await wait(ms, undefined, { signal })
      const running = (await look(gateway, ids)).filter(({ completed }) => !completed).length
      await gateway.kill()
      assert.equal(running, ids.length, 'the kill comes in the middle of all of them')
      note(`kill ${kill}: ${running} tasks were running, ${ms} ms after all ran`)
      gateway = await Gateway.start(indexferry, targetServer.url)
    }
    await endTasks(gateway, ids)
    note('all tasks have ended')
    await checkTarget(indexferry, [sourceServer.url, targetServer.url], target)
    note(`${kills} kills; every document of ${tasks} indexes was there exactly once, and the sides are equal`)
  } finally {
    await gateway.kill()
  }
}

console.log(`gateway kill campaign: ${kills} kills, ${tasks} tasks, seed ${seed}`)
try {
  await campaign()
} catch (error) {
  if (signal.aborted) console.log('stopped')
  else console.error(`FAILED (again with: npm run test:gateway-kill -- --kills ${kills} --seed ${seed})\n`, error)
  process.exitCode = signal.aborted ? 130 : 1
}
