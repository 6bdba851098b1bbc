// The walk-through of the vendor's page on cross-cluster replication, from its first call to its last, between clusters of different vendors and
// majors: calls and answers are the page's.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { indexPath } from '../../src/cluster/paths.ts'
import { isJsonObject, type JsonObject } from '../../src/model/json.ts'
import { changeSecurity } from '../documents/security-plugin.ts'
import type { ServerName } from '../servers/catalogue.ts'
import { missingJava, type RunningServer, startServer, useServer } from '../servers/servers.ts'
import { eventually } from './indexferry.ts'
import { alias, deleteIndexes, isInStep, type Replicating, replicateBetween } from './replicating.ts'

const use_roles = { leader_cluster_role: 'all_access', follower_cluster_role: 'all_access' }
const block = (index: string) =>
  `index [${index}] blocked by: [FORBIDDEN/1000/index read-only(cross-cluster-replication)];`

const pairs: [leader: ServerName, follower: ServerName][] = [
  ['elasticsearch-7.10.2', 'opensearch-2.19.4'],
  ['opensearch-1.3.14', 'opensearch-3.8.0'],
  ['opensearch-3.8.0', 'elasticsearch-8.19.2'],
]

for (const [leader, follower] of pairs) {
  const skip = missingJava(leader) ?? missingJava(follower) ?? false
  test(`document 004: ${leader} to ${follower}`, { skip, timeout: 300_000 }, async () => {
    await walkThrough(await useServer(leader), await useServer(follower))
  })
}

const secure = 'opensearch-2.19.4-secure'

test(`document 004: between two of ${secure}, with roles`, {
  skip: missingJava(secure) ?? false,
  timeout: 300_000,
}, async () => {
  await using follower = await startServer(secure)
  await walkThrough(await useServer(secure), follower, { before: rolesAreAskedFor, during: onlyWhoMay })
})

/** As the page says, roles have to be given where the clusters have security; and whoever gives them has to have them. */
async function rolesAreAskedFor(pair: Replicating, leaderIndex: string, index: string): Promise<void> {
  const body = { leader_alias: alias, leader_index: leaderIndex }
  const without = await pair.replication('PUT', `${index}/_start`, body)
  assert.equal(without.status, 403)
  assert.equal((without.body.error as JsonObject).reason, 'Follower roles are mandatory for replication')
  const calls: [path: string, body: JsonObject][] = [
    ['_autofollow', { leader_alias: alias, name: 'rule-name', pattern: 'doc004-books*' }],
    ['_bulk_start', { leader_alias: alias, pattern: 'doc004-*' }],
  ]
  for (const [path, asked] of calls) assert.equal((await pair.replication('POST', path, asked)).status, 403, path)
  for (const side of ['leader_cluster_role', 'follower_cluster_role']) {
    const wrong = { ...body, use_roles: { ...use_roles, [side]: 'kibana_user' } }
    const { status, body: refused } = await pair.replication('PUT', `${index}/_start`, wrong)
    assert.equal(status, 403)
    assert.match(String((refused.error as JsonObject).reason), /does not have the role \[kibana_user\]/)
  }
  assert.deepEqual(await pair.status(index), { status: 'REPLICATION NOT IN PROGRESS' })
  await noneIsStartedWhereNothingMayChange(pair, leaderIndex, index)
}

/** Only on a cluster that no other test writes to. */
async function noneIsStartedWhereNothingMayChange(
  pair: Replicating,
  leaderIndex: string,
  index: string,
): Promise<void> {
  const block = (value: boolean | null) =>
    pair.follower.json({
      method: 'PUT',
      path: '/_cluster/settings',
      body: { transient: { 'cluster.blocks.read_only': value } },
    })
  await block(true)
  try {
    const call = { leader_alias: alias, leader_index: leaderIndex, use_roles }
    const { status, text } = await pair.replication('PUT', `${index}/_start`, call)
    assert.equal(status, 403, text)
    assert.match(text, /FORBIDDEN\/6\/cluster read-only \(api\)/)
  } finally {
    await block(null)
  }
  assert.deepEqual(await pair.status(index), { status: 'REPLICATION NOT IN PROGRESS' })
}

/** Whoever may only read the follower sees how it goes, and changes nothing. */
async function onlyWhoMay(pair: Replicating, leaderIndex: string, index: string): Promise<void> {
  const [reader, stranger] = ['doc004-reader', 'doc004-stranger'] as const
  const password = 'R3ad-Only!-004'
  const cluster_permissions = ['cluster:monitor/main', 'cluster_composite_ops_ro']
  const index_permissions = [{ index_patterns: ['doc004-follower-*'], allowed_actions: ['read'] }]
  try {
    for (const name of [reader, stranger]) {
      await changeSecurity(pair.follower, 'PUT', `internalusers/${name}`, { password })
      const allowed = name === reader ? index_permissions : []
      await changeSecurity(pair.follower, 'PUT', `roles/${name}`, { cluster_permissions, index_permissions: allowed })
      await changeSecurity(pair.follower, 'PUT', `rolesmapping/${name}`, { users: [name] })
    }
    const calling =
      (username: string) =>
      async (method: string, path: string, body: JsonObject = {}): Promise<[number, unknown]> => {
        const place = `_plugins/_replication/${path}`
        const answer = await pair.gateway.call(method, place, { username, password, body })
        const { error, status } = answer.body
        return [answer.status, isJsonObject(error) ? error.type : status]
      }
    const forbidden = [403, 'security_exception']
    for (const name of [reader, stranger]) {
      const call = calling(name)
      for (const action of ['pause', 'resume', 'stop']) {
        assert.deepEqual(await call('POST', `${index}/_${action}`), forbidden, `${name} ${action}`)
      }
      assert.deepEqual(await call('PUT', `${index}/_update`), forbidden)
      const start = { leader_alias: alias, leader_index: leaderIndex, use_roles }
      assert.deepEqual(await call('PUT', 'doc004-follower-x/_start', start), forbidden)
      assert.deepEqual(await call('DELETE', '_autofollow', { leader_alias: alias, name: 'r' }), forbidden)
      assert.deepEqual(await call('POST', '_bulk_stop', { pattern: 'doc004-*' }), forbidden)
    }
    assert.deepEqual(await calling(reader)('GET', `${index}/_status`), [200, 'SYNCING'])
    assert.deepEqual(await calling(stranger)('GET', `${index}/_status`), forbidden)
    const nobody = await pair.gateway.call('GET', `_plugins/_replication/${index}/_status`)
    assert.equal(nobody.status, 401)
  } finally {
    for (const name of [reader, stranger]) {
      for (const kind of ['rolesmapping', 'roles', 'internalusers'])
        await changeSecurity(pair.follower, 'DELETE', `${kind}/${name}`)
    }
  }
}

type Look = (pair: Replicating, leaderIndex: string, index: string) => Promise<void>

async function walkThrough(
  leaderServer: RunningServer,
  followerServer: RunningServer,
  { before = async () => {}, during = async () => {} }: { before?: Look; during?: Look } = {},
): Promise<void> {
  const [leaderIndex, index] = ['doc004-leader-01', 'doc004-follower-01']
  const [book, laterBook] = ['doc004-books-are-fun', 'doc004-books-are-not']
  await using pair = await replicateBetween(leaderServer, followerServer)
  await deleteIndexes(pair, leaderIndex, index, book, laterBook)
  try {
    await createLeader(pair, leaderIndex)
    await before(pair, leaderIndex, index)
    await startAndConfirm(pair, leaderIndex, index)
    await during(pair, leaderIndex, index)
    await pauseAndResume(pair, leaderIndex, index)
    await stop(pair, leaderIndex, index)
    await autoFollow(pair, book, laterBook)
  } finally {
    await deleteIndexes(pair, leaderIndex, index, book, laterBook)
  }
  assert.doesNotMatch(pair.gateway.stderr, /defect|INTERNAL/)
}

const onLeader = async ({ leader }: Replicating, method: 'PUT' | 'GET', path: string, body: JsonObject) => {
  await leader.json({ method, path, body })
}

/** Five shards, as the page's numbers say. */
const createLeader = (pair: Replicating, index: string) =>
  onLeader(pair, 'PUT', indexPath(index), { settings: { number_of_shards: 5, number_of_replicas: 0 } })

async function startAndConfirm(pair: Replicating, leaderIndex: string, index: string): Promise<void> {
  const call = { leader_alias: alias, leader_index: leaderIndex, use_roles }
  assert.deepEqual(await pair.ok('PUT', `_plugins/_replication/${index}/_start`, call), { acknowledged: true })
  const told = { reason: 'User initiated', leader_alias: alias, leader_index: leaderIndex, follower_index: index }
  assert.deepEqual(await pair.until(index, 'in step', isInStep), {
    status: 'SYNCING',
    ...told,
    syncing_details: { leader_checkpoint: -5, follower_checkpoint: -5, seq_no: 0 },
  })
  await onLeader(pair, 'PUT', indexPath(leaderIndex, '_doc/1'), { 'Doctor Sleep': 'Stephen King' })
  const hits = await eventually('the document', async () => {
    const { hits } = (await pair.ok('GET', `${index}/_search`)) as { hits: { max_score: number; hits: JsonObject[] } }
    return hits.hits.length > 0 ? hits : undefined
  })
  assert.equal(hits.max_score, 1)
  const [{ _type, ...hit } = {}] = hits.hits
  assert.deepEqual(hit, { _index: index, _id: '1', _score: 1, _source: { 'Doctor Sleep': 'Stephen King' } })
  const status = await pair.until(index, 'in step again', (now) => isInStep(now) && checkpointOf(now) === -4)
  assert.deepEqual(status.syncing_details, { leader_checkpoint: -4, follower_checkpoint: -4, seq_no: 1 })
  const write = await pair.call('PUT', `${index}/_doc/mine`, { a: 1 })
  const { type, reason } = write.body.error as JsonObject
  assert.deepEqual([write.status, type, reason], [403, 'cluster_block_exception', block(index)])
}

const checkpointOf = ({ syncing_details: details }: JsonObject) =>
  isJsonObject(details) ? details.follower_checkpoint : undefined

async function pauseAndResume(pair: Replicating, leaderIndex: string, index: string): Promise<void> {
  assert.deepEqual(await pair.ok('POST', `_plugins/_replication/${index}/_pause`, {}), { acknowledged: true })
  assert.deepEqual(await pair.status(index), {
    status: 'PAUSED',
    reason: 'User initiated',
    leader_alias: alias,
    leader_index: leaderIndex,
    follower_index: index,
  })
  await onLeader(pair, 'PUT', indexPath(leaderIndex, '_doc/2'), { 'The Stand': 'Stephen King' })
  assert.equal((await pair.call('PUT', `${index}/_doc/mine`, { a: 1 })).status, 403)
  assert.equal((await pair.call('GET', `${index}/_doc/2`)).status, 404)
  assert.deepEqual(await pair.ok('POST', `_plugins/_replication/${index}/_resume`, {}), { acknowledged: true })
  await arrives(pair, index, '2')
}

async function arrives(pair: Replicating, index: string, id: string): Promise<void> {
  await eventually(`document ${id}`, async () => {
    const { status } = await pair.call('GET', `${index}/_doc/${id}`)
    return status === 200 || undefined
  })
}

async function stop(pair: Replicating, leaderIndex: string, index: string): Promise<void> {
  assert.deepEqual(await pair.ok('POST', `_plugins/_replication/${index}/_stop`, {}), { acknowledged: true })
  assert.deepEqual(await pair.status(index), { status: 'REPLICATION NOT IN PROGRESS' })
  await pair.ok('PUT', `${index}/_doc/mine`, { a: 1 })
  const again = { leader_alias: alias, leader_index: leaderIndex, use_roles }
  const { status, body } = await pair.replication('PUT', `${index}/_start`, again)
  assert.equal(status, 400)
  assert.match(String((body.error as JsonObject).reason), /^Cant use same index again for replication/)
}

async function autoFollow(pair: Replicating, book: string, laterBook: string): Promise<void> {
  const rule = { leader_alias: alias, name: 'rule-name' }
  const path = '_plugins/_replication/_autofollow'
  const made = await pair.ok('POST', path, { ...rule, pattern: 'doc004-books*', use_roles })
  assert.deepEqual(made, { acknowledged: true })
  await onLeader(pair, 'PUT', indexPath(book), { settings: { number_of_replicas: 0 } })
  await eventually('the replica of the new index', async () => {
    const { text } = await pair.call('GET', '_cat/indices')
    return new RegExp(`^(green|yellow) +open +${book} `, 'm').test(text) || undefined
  })
  const stats = await eventually('the statistics', async () => {
    const found = await pair.ok('GET', '_plugins/_replication/autofollow_stats')
    return found.num_success_start_replication === 1 ? found : undefined
  })
  const [first, ...others] = stats.autofollow_stats as JsonObject[]
  assert.deepEqual(others, [])
  assert.deepEqual([first?.name, first?.pattern, first?.leader_alias], ['rule-name', 'doc004-books*', alias])
  await pair.until(book, 'in step', isInStep)
  assert.deepEqual(await pair.ok('DELETE', path, rule), { acknowledged: true })
  await onLeader(pair, 'PUT', indexPath(laterBook), { settings: { number_of_replicas: 0 } })
  await onLeader(pair, 'PUT', indexPath(book, '_doc/1'), { title: 'It' })
  await arrives(pair, book, '1')
  assert.deepEqual(await pair.status(laterBook), { status: 'REPLICATION NOT IN PROGRESS' })
  assert.equal((await pair.call('GET', laterBook)).status, 404)
  await pair.ok('POST', `_opendistro/_replication/${book}/_stop`, {})
}
