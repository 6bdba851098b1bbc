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
      if (!isBad || !isRepeated || failing() > 0.2) return next(request)
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

test('a replica becomes the primary while it follows, with replicas that lag', {
  skip: skipNodes,
  timeout: 180_000,
}, async (context) => {
  const seed = Date.now() % 1_000_000
  context.diagnostic(`seed ${seed}`)
  const together = { 'cluster.name': `follow-nodes-${process.pid}`, 'discovery.type': 'zen' }
  await using one = await startServer('opensearch-2.19.4', {
    settings: { ...together, 'node.name': 'one', 'cluster.initial_cluster_manager_nodes': ['one'] },
  })
  const two = {
    ...together,
    'node.name': 'two',
    'node.roles': ['data'],
    'discovery.seed_hosts': [`127.0.0.1:${one.transportPort}`],
  }
  await using other = await startServer('opensearch-2.19.4', { settings: two })
  await using source = await openCluster('source', { nodes: [one.url] })
  await using target = await openTestCluster('target', 'opensearch-2.19.4')
  await using indexferry = await Indexferry.install()
  const index = 'follow-nodes'
  const settings = {
    'replication.type': 'SEGMENT',
    number_of_replicas: 1,
    // All primaries begin on the second node.
    'routing.allocation.require._name': 'two',
  }
  await createTestIndex(source, index, { shards: 2, mapping, settings: { ...settings, number_of_replicas: 0 } })
  await deleteTestIndex(target, index)
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
  const running = indexferry.start([
    'follow',
    `${one.url}/${index}`,
    (await useServer('opensearch-2.19.4')).url,
    '--quiet',
  ])
  await caughtUp({ indexferry }, running)
  const writers = startWriters({ source, index, chance: seededChance(seed), ids: 2_200, pauseMs: 5, mayFail: true })
  try {
    await sleep(1_500)
    await other.stop()
    await source.json({ method: 'GET', path: '/_cluster/health', query: { wait_for_status: 'yellow', timeout: '60s' } })
    await sleep(1_500)
  } finally {
    await writers.stop()
  }
  await caughtUp({ indexferry }, running)
  await pause(running)
  await refreshTestIndex(target, index)
  await compareIndexes(source, target, index)
  await deleteTestIndex(target, index)
})
