// Property: a copy that is killed (kill -9) at any instants and started again with the same words each time ends with every document
// on the target exactly once, its counts adding up, and the target's own settings restored.
//
// This is the small version of test/campaigns/kill.ts, on the servers that all tests share.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runKillCampaign } from '../campaigns/kill-campaign.ts'
import { fillKillIndex } from '../campaigns/kill-documents.ts'
import { deleteTestIndex, openTestCluster } from '../documents/fill-index.ts'
import { type Fault, type PassingAnswer, startInterferingProxy } from '../faults/interfering-proxy.ts'
import { missingJava, useServer } from '../servers/servers.ts'
import { Indexferry } from './indexferry.ts'

const sourceName = 'elasticsearch-7.10.2'
const targetName = 'opensearch-2.19.4'
const skip = missingJava(sourceName) ?? missingJava(targetName) ?? false

test('copies survive twelve kills', { skip }, async (context) => {
  const seed = Date.now() % 1_000_000
  context.diagnostic(`seed ${seed}`)
  const [sourceServer, targetServer] = [await useServer(sourceName), await useServer(targetName)]
  await using source = await openTestCluster('source', sourceName)
  await using target = await openTestCluster('target', targetName)
  const result = await runKillCampaign({
    source,
    sourceUrl: sourceServer.url,
    target,
    targetUrl: targetServer.url,
    prefix: 'kill-journey',
    kills: 12,
    seed,
    documents: 8_000,
    rate: 4_000,
    withinMs: 2_000,
    note: (line) => context.diagnostic(line),
    signal: context.signal,
  })
  assert.equal(result.kills, 12)
})

test('an index that the server creates only after the kill is taken for our own', { skip }, async () => {
  const index = { name: 'kill-late', count: 10, shards: 1, settings: { refresh_interval: '7s' } }
  await using source = await openTestCluster('source', sourceName)
  await using target = await openTestCluster('target', targetName)
  await fillKillIndex(source, index)
  await deleteTestIndex(target, index.name)
  let kill = () => {}
  let late: (() => Promise<PassingAnswer>) | undefined
  // The first request to create the index waits until the second run wants to create it as well, and is carried out before.
  const fault: Fault = async (request, next) => {
    if (request.method !== 'PUT' || request.path !== `/${index.name}`) return next(request)
    if (late) {
      await late()
      return next(request)
    }
    late = () => next(request)
    kill()
    throw new Error('the sender is gone')
  }
  await using proxy = await startInterferingProxy((await useServer(targetName)).url, [fault])
  await using indexferry = await Indexferry.install()
  const words = [`${(await useServer(sourceName)).url}/${index.name}`, proxy.url]
  const { child, ended } = indexferry.start(['copy', ...words])
  kill = () => child.kill('SIGKILL')
  assert.equal((await ended).code, null, 'the first run was killed')
  const { counts, isResumed } = await indexferry.copy(words)
  assert.deepEqual([counts.written, isResumed], [10, true])
  const { body } = await target.json<Record<string, { settings: { index: { refresh_interval: string } } }>>({
    method: 'GET',
    path: `/${index.name}/_settings`,
  })
  assert.equal(body[index.name]?.settings.index.refresh_interval, '7s')
  for (const cluster of [source, target]) await deleteTestIndex(cluster, index.name)
})
