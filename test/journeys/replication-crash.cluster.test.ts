// A gateway that is killed again and again while it replicates indexes that are written to: nobody has to do anything, and nothing is missing
// or too much in the end.
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { indexPath } from '../../src/cluster/paths.ts'
import { createTestIndex, refreshTestIndex } from '../documents/fill-index.ts'
import { seededChance } from '../faults/seeded-chance.ts'
import { missingJava, useServer } from '../servers/servers.ts'
import { startWriters } from './follow-writers.ts'
import { alias, deleteIndexes, isInStep, type Replicating, replicateBetween } from './replicating.ts'

const [leaderName, followerName] = ['elasticsearch-7.10.2', 'opensearch-2.19.4'] as const
const skip = missingJava(leaderName) ?? missingJava(followerName) ?? false
const kills = 4
const names = ['rep-crash-1', 'rep-crash-2']

let sides: Replicating
before(async () => {
  if (skip) return
  sides = await replicateBetween(await useServer(leaderName), await useServer(followerName))
})
after(async () => {
  if (skip) return
  await deleteIndexes(sides, ...names)
  await sides[Symbol.asyncDispose]()
})

it('goes on by itself after kill -9', { skip }, async () => {
  const { leader, follower } = sides
  await deleteIndexes(sides, ...names)
  const chance = seededChance(20_261_121)
  for (const name of names) {
    await createTestIndex(leader, name, { shards: 2, mapping: { properties: { group: { type: 'integer' } } } })
  }
  const writers = names.map((index) => startWriters({ source: leader, index, chance, ids: 400, pauseMs: 20 }))
  for (const name of names) {
    const body = { leader_alias: alias, leader_index: name }
    const { text } = await sides.replication('PUT', `${name}/_start`, body)
    assert.equal(text, '{"acknowledged":true}')
  }
  for (let kill = 1; kill <= kills; kill++) {
    await sleep(300 + chance() * 1_500)
    process.kill(sides.gateway.pid, 'SIGKILL')
    await sides.restart()
  }
  await Promise.all(writers.map((each) => each.stop()))
  for (const name of names) {
    await sides.until(name, 'in step', isInStep)
    const wanted = await contentsOf(leader, name)
    const deadline = performance.now() + 60_000
    // Deletes come somewhat later than what the checkpoints say.
    for (;;) {
      const found = await contentsOf(follower, name)
      if (JSON.stringify(found) === JSON.stringify(wanted)) break
      assert.ok(performance.now() < deadline, `${name}: ${difference(found, wanted)}`)
      await sleep(200)
    }
    assert.ok(wanted.length > 50)
  }
})

/** Each document as one text, sorted. */
async function contentsOf(cluster: Cluster, index: string): Promise<string[]> {
  await refreshTestIndex(cluster, index)
  const { body } = await cluster.json<{ hits: { hits: { _id: string; _routing?: string; _source: unknown }[] } }>({
    method: 'POST',
    path: indexPath(index, '_search'),
    body: { size: 10_000 },
  })
  return body.hits.hits.map(({ _id, _routing, _source }) => JSON.stringify([_id, _routing, _source])).sort()
}

function difference(found: readonly string[], wanted: readonly string[]): string {
  const [there, expected] = [new Set(found), new Set(wanted)]
  const missing = wanted.filter((each) => !there.has(each))
  const excess = found.filter((each) => !expected.has(each))
  return `missing ${missing.slice(0, 3).join('; ')}, too much ${excess.slice(0, 3).join('; ')}`
}
