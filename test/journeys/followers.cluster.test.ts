// What clients of a gateway see of indexes that follow others while rules of auto-follow begin them: no write gets in, in whatever form it comes,
// until the replication is stopped.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { indexPath } from '../../src/cluster/paths.ts'
import type { JsonObject } from '../../src/model/json.ts'
import { bulkDocuments } from '../documents/fill-index.ts'
import { missingJava, useServer } from '../servers/servers.ts'
import { eventually } from './indexferry.ts'
import { alias, deleteIndexes, isInStep, type Replicating, replicateBetween } from './replicating.ts'

const [leaderName, followerName] = ['elasticsearch-7.10.2', 'opensearch-2.19.4'] as const
const skip = missingJava(leaderName) ?? missingJava(followerName) ?? false

const made = ['1', '2', 'there', 'new', 'later', 'left-1', 'other', 'last'].map((end) => `followed-${end}`)
const [one, two, there, fresh, later, left, other, last] = made as [
  ...[string, string, string, string, string, string, string, string],
]

describe('indexes that follow others, through the gateway', { skip, timeout: 240_000 }, () => {
  let pair: Replicating

  before(async () => {
    pair = await replicateBetween(await useServer(leaderName), await useServer(followerName))
    await deleteIndexes(pair, ...made)
  })

  after(async () => {
    if (!pair) return
    await deleteIndexes(pair, ...made)
    await pair[Symbol.asyncDispose]()
  })

  const rule = { leader_alias: alias, name: 'all-followed' }

  const create = (side: 'leader' | 'follower', index: string) =>
    pair[side].json({ method: 'PUT', path: indexPath(index), body: { settings: { number_of_replicas: 0 } } })

  const inStep = (index: string) => pair.until(index, 'in step', isInStep)

  const isFollowed = async (index: string) => (await pair.status(index)).status !== 'REPLICATION NOT IN PROGRESS'

  const isRefused = (text: string, index: string) =>
    assert.ok(
      text.includes(`index [${index}] blocked by: [FORBIDDEN/1000/index read-only(cross-cluster-replication)];`),
      text,
    )

  test('a rule follows what is there and what comes, over a restart, and leaves alone what it should', async () => {
    for (const index of [one, two, there, left]) await create('leader', index)
    await create('follower', there)
    await bulkDocuments(pair.leader, one, [{ id: '1', source: '{"a":1}' }])
    const body = { ...rule, pattern: 'followed-*', indexferry: { exclude: ['followed-left*', other] } }
    assert.equal((await pair.replication('POST', '_autofollow', body)).text, '{"acknowledged":true}')
    await Promise.all([one, two].map(inStep))
    await create('leader', fresh)
    await eventually('the new index is followed', async () => (await isFollowed(fresh)) || undefined)
    await pair.restart()
    await create('leader', later)
    await eventually('the later index is followed', async () => (await isFollowed(later)) || undefined)
    assert.equal(await isFollowed(there), false)
    assert.equal(await isFollowed(left), false)
    const stats = await pair.ok('GET', '_plugins/_replication/autofollow_stats')
    assert.deepEqual(stats.failed_indices, [])
    assert.equal((await pair.replication('DELETE', '_autofollow', rule)).status, 200)
    await create('leader', last)
    await bulkDocuments(pair.leader, one, [{ id: '2', source: '{"a":2}' }])
    await inStep(one)
    assert.equal(await isFollowed(last), false)
    assert.equal(await isFollowed(one), true)
  })

  test('while it follows and while it is paused, no write of a client gets in', async () => {
    await create('follower', other)
    await bulkDocuments(pair.follower, other, [{ id: '1', source: '{"a":1}' }])
    for (const state of ['following', 'paused']) {
      if (state === 'paused') assert.equal((await pair.replication('POST', `${one}/_pause`, {})).status, 200)
      const calls: [string, string, JsonObject?][] = [
        ['PUT', `${one}/_doc/9`, { a: 9 }],
        ['POST', `${one}/_update/1`, { doc: { a: 9 } }],
        ['DELETE', `${one}/_doc/1`],
        ['POST', `${one}/_delete_by_query`, { query: { match_all: {} } }],
        ['POST', '_reindex', { source: { index: other }, dest: { index: one } }],
        ['PUT', `${one}/_mapping`, { properties: { b: { type: 'long' } } }],
        ['PUT', 'followed-1*/_settings', { index: { refresh_interval: '7s' } }],
        ['POST', '_aliases', { actions: [{ add: { index: one, alias: 'followed-alias' } }] }],
        ['DELETE', one],
      ]
      for (const [method, path, body] of calls) {
        const { status, text } = await pair.call(method, path, body)
        assert.equal(status, 403, `${state}: ${method} ${path}: ${text}`)
        isRefused(text, one)
      }
      await refusesInBulk()
    }
    // While nothing of ours writes, the index itself is closed to everybody.
    const refused = await pair.follower.json<JsonObject>({
      method: 'PUT',
      path: indexPath(one, '_doc/9'),
      body: { a: 9 },
      accept: [403],
    })
    assert.match(JSON.stringify(refused.body), /FORBIDDEN\/8\/index write/)
    assert.equal((await pair.replication('POST', `${one}/_resume`, {})).status, 200)
    await inStep(one)
  })

  async function refusesInBulk(): Promise<void> {
    const items = [...Array(2_000).keys()].map((n) => {
      const action = { index: { _index: n % 2 === 0 ? one : other, _id: `bulk-${n}` } }
      return `${JSON.stringify(action)}\n{"text":"${'x'.repeat(60)}"}\n`
    })
    const answer = await fetch(`${pair.gateway.url}/_bulk?refresh=true`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' },
      body: gzipSync(items.join('')),
    })
    const { items: answered } = (await answer.json()) as { items: { index: { status: number; error?: JsonObject } }[] }
    assert.equal(answered.length, 2_000)
    for (const [n, { index }] of answered.entries()) {
      if (n % 2 === 0) isRefused(String(index.error?.reason), one)
      else assert.ok(index.status < 300)
    }
  }

  test('the follower has what the leader has, and takes writes when the replication was stopped', async () => {
    // In step is what was written; searches see it after a refresh.
    await pair.follower.json({ method: 'POST', path: indexPath(one, '_refresh') })
    const count = await pair.ok('GET', `${one}/_count`)
    assert.equal(count.count, 2)
    assert.equal((await pair.replication('POST', `${two}/_pause`, {})).status, 200)
    for (const index of [one, two]) {
      assert.equal((await pair.replication('POST', `${index}/_stop`, {})).status, 200)
      const { status, text } = await pair.call('PUT', `${index}/_doc/9`, { a: 9 })
      assert.equal(status, 201, text)
      const settings = await pair.ok('GET', `${index}/_settings?flat_settings=true`)
      assert.doesNotMatch(JSON.stringify(settings), /blocks/)
    }
  })
})
