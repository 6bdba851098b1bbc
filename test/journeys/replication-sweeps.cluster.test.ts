// Replication of a leader without sequence numbers: changes are found by sweeps.
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { indexPath } from '../../src/cluster/paths.ts'
import type { JsonObject } from '../../src/model/json.ts'
import { bulkDocuments, createTestIndex, testType } from '../documents/fill-index.ts'
import { missingJava, useServer } from '../servers/servers.ts'
import { compareIndexes, untilEqual } from './copy-index.ts'
import { deleteIndexes, type Replicating, replicateBetween } from './replicating.ts'

const [leaderName, followerName] = ['elasticsearch-5.6.16', 'opensearch-2.19.4'] as const
const skip = missingJava(leaderName) ?? missingJava(followerName) ?? false
const index = 'rep-sweeps'

let sides: Replicating
before(async () => {
  if (skip) return
  const often = ['replication:', '  sweep_interval: 300ms']
  sides = await replicateBetween(await useServer(leaderName), await useServer(followerName), often)
})
after(async () => {
  if (skip) return
  await deleteIndexes(sides, index)
  await sides[Symbol.asyncDispose]()
})

const documents = (from: number, count: number, text: string) =>
  Array.from({ length: count }, (_, at) => ({ id: `d-${from + at}`, source: JSON.stringify({ n: from + at, text }) }))

it('follows, pauses, goes on after kill -9, and begins again', { skip }, async () => {
  const { leader, follower } = sides
  await deleteIndexes(sides, index)
  await createTestIndex(leader, index, { shards: 3, mapping: { properties: { n: { type: 'long' } } } })
  await bulkDocuments(leader, index, documents(0, 500, 'first'))
  await sides.start(index, index)
  await compareIndexes(leader, follower, index)
  const change = async (round: number) => {
    await bulkDocuments(leader, index, [
      ...documents(1_000 * round, 20, 'new'),
      ...documents(10 * round, 5, `round ${round}`),
    ])
    for (let number = 100 * round; number < 100 * round + 10; number++) {
      const path = indexPath(index, `${testType(leader)}/d-${number}`)
      await leader.json({ method: 'DELETE', path })
    }
  }
  await change(1)
  await untilEqual(leader, follower, index)
  const verbose = await sides.ok('GET', `_plugins/_replication/${index}/_status?verbose=true`)
  const additions = verbose.indexferry as JsonObject
  assert.equal(verbose.status, 'SYNCING')
  assert.ok(Number(additions.sweep_seconds) > 0, JSON.stringify(verbose))
  assert.ok(Number(additions.lag_seconds) > 0, 'what no sweep has seen yet is not known')
  assert.equal((await sides.replication('POST', `${index}/_pause`, {})).status, 200)
  await change(2)
  assert.equal((await sides.replication('POST', `${index}/_resume`, {})).status, 200)
  await untilEqual(leader, follower, index)
  process.kill(sides.gateway.pid, 'SIGKILL')
  await change(3)
  await sides.restart()
  await untilEqual(leader, follower, index)
  assert.equal((await sides.replication('POST', `${index}/_stop`, {})).status, 200)
  await change(4)
  // A start waits until the index has forgotten what was deleted from it: a minute, with the servers' default.
  const body = { 'index.gc_deletes': '1s' }
  await follower.json({ method: 'PUT', path: indexPath(index, '_settings'), body })
  await sides.start(index, index, { indexferry: { restart: true } })
  await untilEqual(leader, follower, index)
  assert.equal((await sides.replication('POST', `${index}/_stop`, {})).status, 200)
})
