// Following through what happens to clusters: an index that is closed, a copy that is promoted, requests that arrive late, and a long time.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openCluster } from '../../src/cluster/open-cluster.ts'
import { indexPath } from '../../src/cluster/paths.ts'
import {
  bulkDocuments,
  createTestIndex,
  deleteTestIndex,
  openTestCluster,
  refreshTestIndex,
} from '../documents/fill-index.ts'
import { type Fault, isBulk, startInterferingProxy } from '../faults/interfering-proxy.ts'
import { seededChance } from '../faults/seeded-chance.ts'
import { missingJava, startServer, useServer } from '../servers/servers.ts'
import { compareIndexes } from './copy-index.ts'
import { caughtUp, document, mapping, pause, statusOf, withPair } from './follow-pair.ts'
import { startWriters } from './follow-writers.ts'
import { eventually, Indexferry } from './indexferry.ts'

const names = ['elasticsearch-7.10.2', 'opensearch-2.19.4'] as const
const skip = missingJava(names[0]) ?? missingJava(names[1]) ?? false

test('a request of a killed follower that the target carries out late brings nothing back', {
  skip,
  timeout: 180_000,
}, async () => {
  await withPair(names, 'follow-late', 300, async (pair) => {
    const { source, target, index, indexferry, words } = pair
    const late: (() => Promise<unknown>)[] = []
    let kill: (() => void) | undefined = () => {}
    const fault: Fault = async (request, next) => {
      if (!kill || !isBulk(request)) return next(request)
      late.push(() => next(request))
      kill()
      throw new Error('the sender is gone')
    }
    await using proxy = await startInterferingProxy((await useServer(names[1])).url, [fault])
    const first = indexferry.start([...words.slice(0, 2), proxy.url, '--quiet'])
    kill = () => first.child.kill('SIGKILL')
    assert.equal((await first.ended).code, null, 'the first run was killed')
    kill = undefined
    await source.json({
      method: 'POST',
      path: indexPath(index, '_delete_by_query'),
      query: { refresh: true },
      body: { query: { range: { at: { lt: 200 } } } },
    })
    await bulkDocuments(source, index, [document(250), document(7)])
    // A user's own setting that would forget deletes at once.
    await target.json({ method: 'PUT', path: indexPath(index, '_settings'), body: { 'index.gc_deletes': '0ms' } })
    const second = indexferry.start([...words.slice(0, 2), proxy.url, '--quiet'])
    await caughtUp(pair, second)
    await Promise.all(late.map((send) => send()))
    await compareIndexes(source, target, index)
    await pause(second)
    const { body } = await target.json<Record<string, { settings: { index: { gc_deletes?: string } } }>>({
      method: 'GET',
      path: indexPath(index, '_settings'),
    })
    assert.equal(body[index]?.settings.index.gc_deletes, '0ms', 'the setting is as it was')
  })
})

test('an index that is closed is waited for, and followed on when it is opened', {
  skip,
  timeout: 180_000,
}, async () => {
  await withPair(names, 'follow-closed', 50, async (pair) => {
    const { source, target, index, indexferry, words } = pair
    const running = indexferry.start([...words, '--quiet'])
    await caughtUp(pair, running)
    for (const [side, cluster] of [
      ['source', source],
      ['target', target],
    ] as const) {
      await bulkDocuments(source, index, [document(side === 'source' ? 60 : 70)])
      await cluster.json({ method: 'POST', path: indexPath(index, '_close') })
      if (side === 'target') await bulkDocuments(source, index, [document(80)])
      await eventually('the closed index being noticed', async () =>
        statusOf(indexferry)?.state === 'waiting' ? true : undefined,
      )
      await cluster.json({ method: 'POST', path: indexPath(index, '_open'), query: { wait_for_active_shards: 1 } })
      await source.json({ method: 'DELETE', path: indexPath(index, side === 'source' ? '_doc/d-3' : '_doc/d-4') })
      await caughtUp(pair, running)
    }
    await pause(running)
    await compareIndexes(source, target, index)
  })
})

/** All clocks of the program, jumping by so many hours every so often, as when the machine slept. Timers go as ever. */
const jumpingClocks = (hours: number, everyMs: number): string => `
  const [now, since] = [Date.now, performance.now.bind(performance)]
  const begun = since()
  const jumped = () => ${hours} * 3600_000 * Math.floor((since() - begun) / ${everyMs})
  Date.now = () => now() + jumped()
  performance.now = () => since() + jumped()`

test('a day passes while it follows, hours at a time, and requests fail', {
  skip,
  timeout: 180_000,
}, async (context) => {
  const seed = Date.now() % 1_000_000
  context.diagnostic(`seed ${seed}`)
  await withPair(names, 'follow-day', 1_000, async (pair) => {
    const { source, target, index, indexferry } = pair
    // Each request is late by one jump at least, so that what fails once has failed for hours.
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(jumpingClocks(1, 100))}` }
    const failing = seededChance(seed + 1)
    // While it opens its clusters, one failure ends it with its reason.
    let isBad = false
    let isOver = false
    const fault: Fault = async (request, next) => {
      // What is not repeated of itself, such as the making of the target, ends the command with its reason.
      const isRepeated = request.method === 'GET' || /\/_(search|refresh|bulk)\b/.test(request.path)
      if (!isOver) isBad ||= isBulk(request)
      if (!isBad || !isRepeated || failing() > 0.1) return next(request)
      await sleep(150)
      throw new Error('the connection is cut')
    }
    await using sourceProxy = await startInterferingProxy((await useServer(names[0])).url, [fault])
    await using targetProxy = await startInterferingProxy((await useServer(names[1])).url, [fault])
    const through = ['follow', `${sourceProxy.url}/${index}`, targetProxy.url]
    const writers = startWriters({ source, index, chance: seededChance(seed), ids: 1_200, pauseMs: 30 })
    const asleep = indexferry.start([...through, '--quiet'], { env })
    try {
      await eventually(
        'following on the next day',
        async () => {
          if (asleep.child.exitCode !== null) assert.fail((await asleep.ended).stderr)
          return (statusOf(indexferry)?.deletesUpTo ?? 0) > Date.now() + 24 * 3600_000 ? true : undefined
        },
        60_000,
      )
      await sleep(1_000)
    } finally {
      await writers.stop()
    }
    await pause(asleep)
    isOver = true
    isBad = false
    const running = indexferry.start([...through, '--quiet'])
    await caughtUp(pair, running)
    await pause(running)
    await compareIndexes(source, target, index)
  })
})

const skipNodes = missingJava('opensearch-2.19.4') ?? false

interface TwoNodes extends AsyncDisposable {
  readonly url: string
  /** Kills the node that holds the primaries; resolves when searches go to the copies that were replicas. */
  readonly fail: () => Promise<void>
}

/** An index with 2,000 documents and segment replication, whose primaries are all on the node that is to fail. */
async function startTwoNodes(index: string): Promise<TwoNodes> {
  const together = { 'cluster.name': `${index}-${process.pid}`, 'discovery.type': 'zen' }
  await using started = new AsyncDisposableStack()
  const one = started.use(
    await startServer('opensearch-2.19.4', {
      settings: { ...together, 'node.name': 'one', 'cluster.initial_cluster_manager_nodes': ['one'] },
    }),
  )
  const two = {
    ...together,
    'node.name': 'two',
    'node.roles': ['data'],
    'discovery.seed_hosts': [`127.0.0.1:${one.transportPort}`],
  }
  const other = started.use(await startServer('opensearch-2.19.4', { settings: two }))
  const source = started.use(await openCluster('source', { nodes: [one.url] }))
  // Nothing but the follower refreshes it.
  const settings = { 'replication.type': 'SEGMENT', refresh_interval: '-1', 'routing.allocation.require._name': 'two' }
  await createTestIndex(source, index, { shards: 2, mapping, settings: { ...settings, number_of_replicas: 0 } })
  await bulkDocuments(
    source,
    index,
    Array.from({ length: 2_000 }, (_, number) => document(number)),
  )
  await source.json({
    method: 'PUT',
    path: indexPath(index, '_settings'),
    body: { 'index.routing.allocation.require._name': null, 'index.number_of_replicas': 1 },
  })
  await source.json({ method: 'GET', path: '/_cluster/health', query: { wait_for_status: 'green', timeout: '60s' } })
  const servers = started.move()
  return {
    url: one.url,
    fail: async () => {
      process.kill(other.pid, 'SIGKILL')
      // Without a pause: the new primaries make visible what they hold within some milliseconds.
      const isGone = async () => {
        const { body } = await source.json<{ readonly nodes: object }>({
          method: 'GET',
          path: indexPath(index, '_search_shards'),
        })
        return Object.keys(body.nodes).length === 1
      }
      const untilMs = performance.now() + 30_000
      while (!(await isGone())) assert.ok(performance.now() < untilMs, 'the cluster notices that a node is gone')
    },
    [Symbol.asyncDispose]: () => servers.disposeAsync(),
  }
}

test('a replica becomes the primary while it follows, with replicas that lag', {
  skip: skipNodes,
  timeout: 180_000,
}, async (context) => {
  const seed = Date.now() % 1_000_000
  context.diagnostic(`seed ${seed}`)
  const index = 'follow-nodes'
  await using nodes = await startTwoNodes(index)
  await using source = await openCluster('source', { nodes: [nodes.url] })
  await using target = await openTestCluster('target', 'opensearch-2.19.4')
  await using indexferry = await Indexferry.install()
  await deleteTestIndex(target, index)
  // The follower looks, refreshes, and searches; the primaries fail before the last. The new ones take long to show so many documents.
  let step: 'wait' | 'write' | 'fail' | 'done' = 'wait'
  const fault: Fault = async (request, next) => {
    if (step === 'write' && request.path.includes('/_stats')) {
      step = 'fail'
      const many = Array.from({ length: 20_000 }, (_, number) => document(10_000 + number))
      await bulkDocuments(source, index, many)
      return next(request)
    }
    const answer = await next(request)
    if (step === 'fail' && request.path.includes('/_refresh')) {
      step = 'done'
      await nodes.fail()
    }
    return answer
  }
  await using proxy = await startInterferingProxy(nodes.url, [fault])
  const running = indexferry.start([
    'follow',
    `${proxy.url}/${index}`,
    (await useServer('opensearch-2.19.4')).url,
    '--quiet',
  ])
  await caughtUp({ indexferry }, running)
  const writers = startWriters({ source, index, chance: seededChance(seed), ids: 2_200, pauseMs: 5, mayFail: true })
  await sleep(1_000)
  await writers.stop()
  await caughtUp({ indexferry }, running)
  step = 'write'
  await eventually('the failure', async () => (step === 'done' ? true : undefined), 60_000)
  const laterWriters = startWriters({
    source,
    index,
    chance: seededChance(seed),
    ids: 2_200,
    pauseMs: 5,
    mayFail: true,
  })
  await sleep(1_000)
  await laterWriters.stop()
  await caughtUp({ indexferry }, running)
  await pause(running)
  await refreshTestIndex(target, index)
  await compareIndexes(source, target, index)
  await deleteTestIndex(target, index)
})
