// Property: a copy that is killed (kill -9) at any instants and started again with the same words each time ends with every document
// on the target exactly once, its counts adding up, and the target's own settings restored.
//
// This is the small version of test/campaigns/kill.ts, on the servers that all tests share.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runKillCampaign } from '../campaigns/kill-campaign.ts'
import { openTestCluster } from '../documents/fill-index.ts'
import { missingJava, useServer } from '../servers/servers.ts'

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
