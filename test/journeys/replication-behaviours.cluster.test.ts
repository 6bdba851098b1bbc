// The behaviours that OpenSearch's replication plugin holds itself to in its own integration tests (StartReplicationIT, PauseReplicationIT,
// ResumeReplicationIT, StopReplicationIT, ReplicationStatusIT, UpdateAutoFollowPatternIT, BasicReplicationIT, Bulk…IT), asked of the gateway.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { indexPath } from '../../src/cluster/paths.ts'
import { isJsonObject, type JsonObject } from '../../src/model/json.ts'
import { bulkDocuments } from '../documents/fill-index.ts'
import { missingJava, useServer } from '../servers/servers.ts'
import { eventually } from './indexferry.ts'
import { alias, deleteIndexes, isInStep, type Replicating, replicateBetween } from './replicating.ts'
import type { Called } from './serving.ts'

const [leaderName, followerName] = ['opensearch-2.19.4', 'opensearch-3.8.0'] as const
const skip = missingJava(leaderName) ?? missingJava(followerName) ?? false

const blocked = (index: string) =>
  `index [${index}] blocked by: [FORBIDDEN/1000/index read-only(cross-cluster-replication)];`

describe('replication as its plugin does it', { skip, timeout: 600_000 }, () => {
  let pair: Replicating
  let leader: Cluster
  let follower: Cluster
  const made = new Set<string>()
  let count = 0

  /** A leader of its own, and the name of its follower. */
  async function names(settings: JsonObject = {}, more: JsonObject = {}): Promise<[leader: string, follower: string]> {
    count++
    const pairOfNames = [`repl-it-leader-${count}`, `repl-it-follower-${count}`] as const
    for (const name of pairOfNames) made.add(name)
    await deleteIndexes(pair, ...pairOfNames)
    await leader.json({
      method: 'PUT',
      path: indexPath(pairOfNames[0]),
      body: { settings: { number_of_shards: 1, number_of_replicas: 0, ...settings }, ...more },
    })
    return [...pairOfNames]
  }

  const named = (name: string): string => {
    made.add(name)
    return name
  }

  const put = (cluster: Cluster, path: string, body: JsonObject = {}) => cluster.json({ method: 'PUT', path, body })
  const post = (cluster: Cluster, path: string, body?: JsonObject) =>
    cluster.json({ method: 'POST', path, ...(body ? { body } : {}) })
  const startCall = (index: string, leaderIndex: string, more: JsonObject = {}) =>
    pair.replication('PUT', `${index}/_start`, { leader_alias: alias, leader_index: leaderIndex, ...more })
  const act = (action: string, index: string, body: JsonObject = {}) =>
    pair.replication(action === 'update' ? 'PUT' : 'POST', `${index}/_${action}`, body)

  const exists = async (cluster: Cluster, index: string) =>
    (await cluster.json({ method: 'HEAD', path: indexPath(index), accept: [404] })).status === 200

  /** Flat settings of the follower. */
  async function settingsOf(index: string): Promise<Record<string, string>> {
    const answer = await pair.ok('GET', `${index}/_settings?flat_settings=true`)
    return (answer[index] as { settings: Record<string, string> }).settings
  }

  async function partOf(cluster: Cluster, index: string, part: '_alias' | '_mapping'): Promise<JsonObject> {
    const { body } = await cluster.json<JsonObject>({ method: 'GET', path: indexPath(index, part) })
    const [found] = Object.values(body ?? {})
    return found as JsonObject
  }

  const soon = (what: string, isSo: () => Promise<boolean>, withinMs?: number) =>
    eventually(what, async () => (await isSo()) || undefined, withinMs)

  before(async () => {
    pair = await replicateBetween(await useServer(leaderName), await useServer(followerName))
    leader = pair.leader
    follower = pair.follower
  })

  after(async () => {
    if (!pair) return
    await deleteIndexes(pair, ...made)
    const { stderr } = pair.gateway
    await pair[Symbol.asyncDispose]()
    assert.doesNotMatch(stderr, /defect|INTERNAL/)
  })

  function refused({ status, body, text }: Called, expected: number, type: string, reason: RegExp | string): void {
    assert.equal(status, expected, text)
    assert.ok(isJsonObject(body.error), text)
    assert.equal(body.error.type, type, text)
    if (typeof reason === 'string') assert.equal(body.error.reason, reason)
    else assert.match(String(body.error.reason), reason)
  }

  describe('start', () => {
    test('an empty index; documents, updates and deletes; and writes to the follower are refused', async () => {
      const [leaderIndex, index] = await names()
      const answer = await pair.replication('PUT', `${index}/_start?wait_for_restore=true`, {
        leader_alias: alias,
        leader_index: leaderIndex,
      })
      assert.equal(answer.text, '{"acknowledged":true}')
      assert.ok(await exists(follower, index))
      await put(leader, indexPath(leaderIndex, '_doc/1'), { name: 'one' })
      await soon('the document', async () => (await pair.call('GET', `${index}/_doc/1`)).status === 200)
      await put(leader, indexPath(leaderIndex, '_doc/1'), { name: 'two' })
      await soon('the update', async () => {
        const { body } = await pair.call('GET', `${index}/_doc/1`)
        return (body._source as JsonObject).name === 'two'
      })
      await leader.json({ method: 'DELETE', path: indexPath(leaderIndex, '_doc/1') })
      await soon('the delete', async () => (await pair.call('GET', `${index}/_doc/1`)).status === 404)
      const writes: [method: string, path: string, body?: JsonObject][] = [
        ['PUT', `${index}/_doc/2`, { a: 1 }],
        ['DELETE', index],
        ['POST', `${index}/_close`],
      ]
      for (const [method, path, body] of writes) {
        refused(await pair.call(method, path, body), 403, 'cluster_block_exception', blocked(index))
      }
    })

    test('an index that is full already', async () => {
      const [leaderIndex, index] = await names({ number_of_shards: 2 })
      await bulkDocuments(
        leader,
        leaderIndex,
        Array.from({ length: 300 }, (_, n) => ({ id: `${n}`, source: `{"n":${n}}` })),
      )
      await pair.start(index, leaderIndex)
      await pair.ok('POST', `${index}/_refresh`)
      assert.equal((await pair.ok('GET', `${index}/_count`)).count, 300)
    })

    test('what is wrong is refused in the words of the plugin', async () => {
      const [leaderIndex, index] = await names()
      const remote = { leader_alias: 'does_not_exist', leader_index: leaderIndex }
      refused(
        await pair.replication('PUT', `${index}/_start`, remote),
        404,
        'no_such_remote_cluster_exception',
        'no such remote cluster: [does_not_exist]',
      )
      const missing = await startCall(index, 'does_not_exist')
      refused(missing, 404, 'index_not_found_exception', 'no such index [does_not_exist]')
      const start =
        '{"error":{"root_cause":[{"type":"index_not_found_exception","reason":"no such index [does_not_exist]"'
      assert.ok(missing.text.startsWith(start), missing.text)
      await put(leader, indexPath(leaderIndex, '_alias/repl-it-alias'))
      assert.equal((await startCall(index, 'repl-it-alias')).status, 404)
      for (const [name, complaint] of [
        ['leaderIndex', 'Value leaderIndex must be lowercase'],
        ['test*', 'Value test* must not contain the following characters'],
        ['_leader', "Value _leader must not start with '_' or '-' or '+'"],
      ] as const) {
        const { status, text } = await startCall(index, name)
        assert.equal(status, 400)
        assert.ok(text.includes(complaint), text)
      }
      assert.equal((await startCall('FollowerIndex', leaderIndex)).status, 400)
      assert.deepEqual(await pair.status(index), { status: 'REPLICATION NOT IN PROGRESS' })
      assert.equal(await exists(follower, index), false)
    })

    test('an index that exists, followed or not, is left alone', async () => {
      const [leaderIndex, index] = await names()
      await put(follower, indexPath(index), { settings: { number_of_replicas: 0 } })
      const reason = `Cant use same index again for replication. Delete the index:${index}`
      refused(await startCall(index, leaderIndex), 400, 'illegal_argument_exception', reason)
      await deleteIndexes(pair, index)
      await pair.start(index, leaderIndex)
      refused(await startCall(index, leaderIndex), 400, 'illegal_argument_exception', reason)
    })

    test('settings of the follower; wrong ones are refused and leave nothing', async () => {
      const [leaderIndex, index] = await names()
      for (const settings of [{ 'index.no_such_setting': 1 }, { 'index.number_of_shards': 7 }]) {
        const { status, body, text } = await startCall(index, leaderIndex, { settings })
        assert.equal(status, 400, text)
        assert.ok(isJsonObject(body.error))
      }
      assert.equal(await exists(follower, index), false)
      assert.deepEqual(await pair.status(index), { status: 'REPLICATION NOT IN PROGRESS' })
      await pair.start(index, leaderIndex, { settings: { 'index.number_of_replicas': 3 } })
      assert.equal((await settingsOf(index))['index.number_of_replicas'], '3')
    })

    test('a closed leader is refused', async () => {
      const [leaderIndex, index] = await names()
      await post(leader, indexPath(leaderIndex, '_close'))
      const { status, text } = await startCall(index, leaderIndex)
      assert.equal(status, 400, text)
      assert.match(text, /closed/)
    })
  })

  describe('definitions', () => {
    test('mapping, settings and aliases are those of the leader, and follow it', async () => {
      const aliases = { 'repl-it-filtered': { filter: { term: { year: 2016 } }, routing: '1' } }
      const [leaderIndex, index] = await names({ number_of_replicas: 0 }, { aliases })
      await pair.start(index, leaderIndex)
      assert.deepEqual(await partOf(follower, index, '_mapping'), await partOf(leader, leaderIndex, '_mapping'))
      await soon('the alias', async () => 'repl-it-filtered' in aliasesOf(await partOf(follower, index, '_alias')))
      assert.deepEqual(await partOf(follower, index, '_alias'), await partOf(leader, leaderIndex, '_alias'))
      assert.equal((await settingsOf(index))['index.number_of_replicas'], '0')

      await put(leader, indexPath(leaderIndex, '_mapping'), { properties: { name: { type: 'keyword' } } })
      await put(leader, indexPath(leaderIndex, '_doc/1'), { name: 'x' })
      await put(leader, indexPath(leaderIndex, '_settings'), { 'index.number_of_replicas': 2 })
      await put(leader, indexPath(leaderIndex, '_alias/repl-it-second'))
      await soon('the field', async () => JSON.stringify(await partOf(follower, index, '_mapping')).includes('keyword'))
      await soon('the setting', async () => (await settingsOf(index))['index.number_of_replicas'] === '2')
      await soon('the alias', async () => 'repl-it-second' in aliasesOf(await partOf(follower, index, '_alias')))

      // What was given for the follower goes before what the leader has, until it is taken back.
      const settings = { 'index.number_of_replicas': 3, 'index.search.idle.after': '10s' }
      assert.equal((await act('update', index, { settings })).text, '{"acknowledged":true}')
      await soon('the update', async () => (await settingsOf(index))['index.number_of_replicas'] === '3')
      assert.equal((await settingsOf(index))['index.search.idle.after'], '10s')
      refused(
        await act('update', index, { settings: { 'index.no_such_setting': 1 } }),
        400,
        'illegal_argument_exception',
        /no_such_setting/,
      )
      assert.equal((await act('update', index, {})).status, 200)
      await soon('the leader’s again', async () => {
        const now = await settingsOf(index)
        return now['index.number_of_replicas'] === '2' && now['index.search.idle.after'] === undefined
      })
    })

    const aliasesOf = ({ aliases }: JsonObject) => aliases as JsonObject
  })

  describe('pause, resume and stop', () => {
    test('in every state where they are wrong', async () => {
      const [leaderIndex, index] = await names()
      const none = `No replication in progress for index:${index}`
      for (const action of ['pause', 'resume', 'stop', 'update']) {
        refused(await act(action, index), 400, 'illegal_argument_exception', none)
      }
      await pair.start(index, leaderIndex)
      const running = `Replication on Index ${index} is already running`
      refused(await act('resume', index), 400, 'resource_already_exists_exception', running)
      assert.equal((await pair.replication('POST', `${index}/_pause`)).text, '{"acknowledged":true}')
      const paused = `Index ${index} is already paused`
      refused(await act('pause', index), 400, 'resource_already_exists_exception', paused)
      refused(await pair.call('PUT', `${index}/_doc/1`, {}), 403, 'cluster_block_exception', blocked(index))
      assert.equal((await act('stop', index)).text, '{"acknowledged":true}')
      refused(await act('stop', index), 400, 'illegal_argument_exception', none)
      await pair.ok('PUT', `${index}/_doc/1`, { free: true })
    })

    test('a reason; the settings changed in between; what was missed is caught up', async () => {
      const [leaderIndex, index] = await names()
      await pair.start(index, leaderIndex)
      assert.equal((await act('pause', index, { reason: 'I want to pause!' })).status, 200)
      const status = await pair.ok('GET', `_plugins/_replication/${index}/_status?verbose=true`)
      assert.deepEqual([status.status, status.reason], ['PAUSED', 'I want to pause!'])
      for (const name of ['shard_replication_details', 'syncing_details']) assert.ok(!(name in status))
      assert.equal((await act('update', index, { settings: { 'index.number_of_replicas': 1 } })).status, 200)
      await put(leader, indexPath(leaderIndex, '_doc/1'), { n: 1 })
      assert.equal((await act('resume', index)).text, '{"acknowledged":true}')
      await soon('the document', async () => (await pair.call('GET', `${index}/_doc/1`)).status === 200)
      assert.equal((await settingsOf(index))['index.number_of_replicas'], '1')
    })

    test('paused while the leader is closed and opened', async () => {
      const [leaderIndex, index] = await names()
      await pair.start(index, leaderIndex)
      await act('pause', index)
      await post(leader, indexPath(leaderIndex, '_close'))
      const closed = await act('resume', index)
      assert.equal(closed.status, 400, closed.text)
      assert.match(closed.text, /closed/)
      await post(leader, indexPath(leaderIndex, '_open'))
      assert.equal((await act('resume', index)).status, 200)
      await put(leader, indexPath(leaderIndex, '_doc/1'), { n: 1 })
      await soon('the document', async () => (await pair.call('GET', `${index}/_doc/1`)).status === 200)
    })

    test('a leader that was made anew is not gone on with, unless that is forced', async () => {
      const [leaderIndex, index] = await names()
      await put(leader, indexPath(leaderIndex, '_doc/old'), { n: 1 })
      await pair.start(index, leaderIndex)
      await act('pause', index)
      await leader.json({ method: 'DELETE', path: indexPath(leaderIndex) })
      await put(leader, indexPath(leaderIndex), { settings: { number_of_replicas: 0 } })
      await put(leader, indexPath(leaderIndex, '_doc/new'), { n: 2 })
      refused(
        await act('resume', index),
        404,
        'resource_not_found_exception',
        `Retention lease doesn't exist. Replication can't be resumed for ${index}. Use force_resume=true to restore from snapshot.`,
      )
      assert.equal((await pair.status(index)).status, 'PAUSED')
      assert.equal((await act('resume', index, { force_resume: true })).status, 200)
      await pair.until(index, 'in step', isInStep)
      await soon('the new document alone', async () => {
        const [added, gone] = [await pair.call('GET', `${index}/_doc/new`), await pair.call('GET', `${index}/_doc/old`)]
        return added.status === 200 && gone.status === 404
      })
    })

    test('over a restart of the gateway', async () => {
      const [[leaderIndex, index], [, pausedIndex]] = [await names(), await names()]
      await pair.start(index, leaderIndex)
      await pair.start(pausedIndex, leaderIndex)
      await act('pause', pausedIndex)
      await pair.restart()
      await put(leader, indexPath(leaderIndex, '_doc/1'), { n: 1 })
      await soon('the document', async () => (await pair.call('GET', `${index}/_doc/1`)).status === 200)
      assert.equal((await pair.status(pausedIndex)).status, 'PAUSED')
      assert.equal((await pair.call('GET', `${pausedIndex}/_doc/1`)).status, 404)
      await act('stop', pausedIndex)
    })

    test('stopped, deleted and started again; or, by our addition, started again as it is', async () => {
      const [leaderIndex, index] = await names()
      await put(leader, indexPath(leaderIndex, '_doc/1'), { n: 1 })
      await pair.start(index, leaderIndex)
      await act('stop', index)
      await pair.ok('PUT', `${index}/_doc/mine`, { n: 2 })
      assert.equal((await startCall(index, leaderIndex)).status, 400)
      await pair.start(index, leaderIndex, { indexferry: { restart: true } })
      await soon('what is not the leader’s to go', async () => {
        return (await pair.call('GET', `${index}/_doc/mine`)).status === 404
      })
      assert.equal((await pair.call('GET', `${index}/_doc/1`)).status, 200)
      await act('stop', index)
      await pair.ok('DELETE', index)
      await pair.start(index, leaderIndex)
    })
  })

  describe('what happens to the indexes', () => {
    test('a leader that is closed, or deleted, pauses the replication', async () => {
      const [[closedLeader, closed], [deletedLeader, deleted]] = [await names(), await names()]
      await pair.start(closed, closedLeader)
      await pair.start(deleted, deletedLeader)
      await post(leader, indexPath(closedLeader, '_close'))
      await leader.json({ method: 'DELETE', path: indexPath(deletedLeader) })
      const isPaused = ({ status }: JsonObject) => status === 'PAUSED'
      const first = await pair.until(closed, 'paused', isPaused)
      assert.match(String(first.reason), /org\.opensearch\.indices\.IndexClosedException/)
      const second = await pair.until(deleted, 'paused', isPaused)
      assert.equal(
        second.reason,
        `AutoPaused:  + [[${deleted}][0] - org.opensearch.index.IndexNotFoundException - "no such index [${deletedLeader}]"], `,
      )
      assert.ok(await exists(follower, deleted))
      refused(await pair.call('PUT', `${deleted}/_doc/1`, {}), 403, 'cluster_block_exception', blocked(deleted))
      assert.equal((await act('stop', deleted)).status, 200)
    })

    test('a follower that is deleted ends the replication', async () => {
      const [leaderIndex, index] = await names()
      await pair.start(index, leaderIndex)
      // Past the gateway, which refuses it.
      await follower.json({ method: 'DELETE', path: indexPath(index) })
      await soon('the end', async () => (await pair.status(index)).status === 'REPLICATION NOT IN PROGRESS')
      await put(leader, indexPath(leaderIndex, '_doc/1'), { n: 1 })
      assert.equal(await exists(follower, index), false)
    })
  })

  test('a connection that is deleted pauses the replication, which can still be stopped', async () => {
    const [leaderIndex, index] = await names()
    const id = await pair.connect('repl-it-passing')
    await pair.start(index, leaderIndex, { leader_alias: 'repl-it-passing' })
    await pair.disconnect(id)
    const { reason } = await pair.until(index, 'paused', ({ status }) => status === 'PAUSED')
    assert.match(String(reason), /no such remote cluster: \[repl-it-passing\]/)
    const resumed = await act('resume', index)
    refused(resumed, 404, 'no_such_remote_cluster_exception', 'no such remote cluster: [repl-it-passing]')
    assert.equal((await act('stop', index)).status, 200)
    await pair.ok('PUT', `${index}/_doc/1`, { free: true })
  })

  describe('auto-follow', () => {
    const path = '_autofollow'
    const rule = (name: string, pattern: string, more: JsonObject = {}) => ({
      ...{ leader_alias: alias, name, pattern },
      ...more,
    })
    const create = (index: string) => put(leader, indexPath(index), { settings: { number_of_replicas: 0 } })
    const remove = (name: string) => pair.replication('DELETE', path, { leader_alias: alias, name })
    const statsOf = async (name: string) => {
      const stats = await pair.ok('GET', '_plugins/_replication/autofollow_stats')
      return (stats.autofollow_stats as JsonObject[]).find((each) => each.name === name)
    }

    test('indexes that are there, new ones, and what was taken already; settings, exclusions, other names', async () => {
      const [first, second, taken, left] = ['1', '2', 'taken', 'left'].map((end) => named(`repl-auto-a-${end}`)) as [
        string,
        string,
        string,
        string,
      ]
      await deleteIndexes(pair, first, second, taken, left)
      await create(first)
      await create(taken)
      await create(left)
      await put(follower, indexPath(taken), { settings: { number_of_replicas: 0 } })
      const settings = { 'index.number_of_replicas': 2 }
      const more = { settings, indexferry: { exclude: ['*-left'] } }
      assert.equal((await pair.replication('POST', path, rule('rule-a', 'repl-auto-a-*', more))).status, 200)
      await pair.until(first, 'in step', isInStep)
      await create(second)
      await pair.until(second, 'in step', isInStep)
      assert.equal((await settingsOf(second))['index.number_of_replicas'], '2')
      for (const index of [taken, left])
        assert.deepEqual(await pair.status(index), { status: 'REPLICATION NOT IN PROGRESS' })
      await soon('the counts', async () => (await statsOf('rule-a'))?.num_success_start_replication === 2)
      const list = await pair.ok('GET', '_plugins/_replication/_autofollow')
      const { rules } = list.indexferry as { rules: JsonObject[] }
      assert.deepEqual(
        rules.map(({ name, pattern, exclude }) => ({ name, pattern, exclude })),
        [{ name: 'rule-a', pattern: 'repl-auto-a-*', exclude: ['*-left'] }],
      )
      assert.equal((await remove('rule-a')).status, 200)

      const copy = named(`${left}-replica`)
      await deleteIndexes(pair, copy)
      const renaming = rule('rule-b', left, { follower_index_pattern: '{{leader_index}}-replica' })
      assert.equal((await pair.replication('POST', path, renaming)).status, 200)
      await pair.until(copy, 'in step', isInStep)
      assert.equal(await exists(follower, left), false)
      assert.equal((await remove('rule-b')).status, 200)
      // Its index goes on.
      await put(leader, indexPath(left, '_doc/1'), { n: 1 })
      await soon('the document', async () => (await pair.call('GET', `${copy}/_doc/1`)).status === 200)
      for (const index of [first, second, copy]) await act('stop', index)
    })

    test('what cannot be started is listed with its reason, and tried again', async () => {
      const index = named('repl-auto-f-1')
      await deleteIndexes(pair, index)
      await create(index)
      const wrong = rule('rule-f', 'repl-auto-f-*', { settings: { 'index.no_such_setting': 1 } })
      assert.equal((await pair.replication('POST', path, wrong)).status, 200)
      await soon('the failure', async () => ((await statsOf('rule-f'))?.failed_indices as string[]).length > 0)
      const { indexferry, failed_indices } = (await statsOf('rule-f')) ?? {}
      assert.deepEqual(failed_indices, [index])
      assert.match(JSON.stringify(indexferry), /"failures":\[\{"index":"repl-auto-f-1","reason":".*no_such_setting/)
      const right = rule('rule-f', 'repl-auto-f-*', { indexferry: { replace: true } })
      assert.equal((await pair.replication('POST', path, right)).status, 200)
      await pair.until(index, 'in step', isInStep)
      assert.deepEqual((await statsOf('rule-f'))?.failed_indices, [])
      assert.equal((await remove('rule-f')).status, 200)
      await act('stop', index)
    })

    test('rules survive a restart of the gateway', async () => {
      const index = named('repl-auto-c-1')
      await deleteIndexes(pair, index)
      assert.equal((await pair.replication('POST', path, rule('rule-c', 'repl-auto-c-*'))).status, 200)
      await pair.restart()
      await create(index)
      await pair.until(index, 'in step', isInStep)
      assert.equal((await remove('rule-c')).status, 200)
      await act('stop', index)
    })

    test('wrong rules', async () => {
      const unknown = { leader_alias: 'nowhere', name: 'r', pattern: 'x*' }
      refused(
        await pair.replication('POST', path, unknown),
        404,
        'no_such_remote_cluster_exception',
        /no such remote cluster/,
      )
      const wrong: [JsonObject, RegExp][] = [
        [rule('testPattern', 'x*'), /Value testPattern must be lowercase/],
        [rule('r', 'testPat?'), /Autofollow pattern: testPat\? must not contain the following characters/],
        [rule('r', ''), /Autofollow pattern: {2}must not be empty/],
        [rule('r', 'x*', { follower_index_pattern: 'static' }), /follower_index_pattern must contain/],
        [{ leader_alias: alias, pattern: 'x*' }, /Missing connection or name in the request/],
      ]
      for (const [body, reason] of wrong) {
        refused(await pair.replication('POST', path, body), 400, 'action_request_validation_exception', reason)
      }
      assert.equal((await pair.replication('POST', path, rule('rule-d', 'repl-auto-d*'))).status, 200)
      const again = await pair.replication('POST', path, rule('rule-d', 'repl-auto-e*'))
      const cannot = /autofollow replication rule cannot be recreated\/updated/
      refused(again, 400, 'resource_already_exists_exception', cannot)
      assert.equal((await pair.replication('POST', path, rule('rule-e', 'repl-auto-d*'))).status, 200)
      for (const name of ['rule-d', 'rule-e']) assert.equal((await remove(name)).status, 200)
      assert.equal((await remove('rule-d')).status, 404)
    })
  })

  test('where the cluster is to do it itself, the calls are passed on', async () => {
    const yaml = ['replication:', '  backend: cluster']
    await using passing = await replicateBetween(await useServer(leaderName), await useServer(followerName), yaml)
    const { status, text } = await passing.replication('GET', 'repl-it-nobody/_status')
    // This one has no such plugin.
    assert.equal(status, 400, text)
    assert.match(text, /no handler found for uri \[\/_plugins\/_replication\/repl-it-nobody\/_status\]/)
  })

  describe('many at a time', () => {
    const bulk = (operation: string, body: JsonObject) => pair.replication('POST', `_bulk_${operation}`, body)

    async function ended(begun: Called): Promise<JsonObject> {
      assert.equal(begun.status, 200, begun.text)
      const id = String(begun.body.task_id)
      assert.match(id, /^[^:]+:\d+$/)
      return eventually('the end of the task', async () => {
        const status = await pair.ok('GET', `_plugins/_replication/_task_status/${id}`)
        return status.num_pending === 0 ? status : undefined
      })
    }

    test('start, pause, resume and stop, with exclusions and what cannot be done', async () => {
      const indexes = ['1', '2', '3'].map((end) => named(`repl-bulk-${end}`))
      await deleteIndexes(pair, ...indexes)
      const pattern = 'repl-bulk-*'
      const call = { pattern, leader_alias: alias }
      refused(await bulk('start', call), 404, 'resource_not_found_exception', /No indices found matching pattern/)
      refused(await bulk('start', { pattern }), 400, 'action_request_validation_exception', /leader_alias is required/)
      for (const index of indexes) await put(leader, indexPath(index), { settings: { number_of_replicas: 0 } })
      const filters = { exclude_index: ['repl-bulk-3'] }
      const first = await ended(await bulk('start', { ...call, filters }))
      assert.deepEqual([first.operation_type, first.num_success, first.num_failed], ['bulk_start_replication', 2, 0])
      for (const index of indexes.slice(0, 2)) await pair.until(index, 'in step', isInStep)
      const partly = await ended(await bulk('start', call))
      assert.deepEqual([partly.num_success, partly.num_failed], [1, 2])
      assert.match(JSON.stringify(partly.failed_indices), /Can't use same index again for replication/)
      refused(await bulk('start', call), 400, 'illegal_argument_exception', /Can't use same index again/)
      refused(await bulk('resume', { pattern }), 400, 'illegal_argument_exception', /is already running/)
      for (const index of indexes) await pair.until(index, 'in step', isInStep)
      assert.equal((await ended(await bulk('pause', { pattern }))).num_success, 3)
      refused(await bulk('pause', { pattern }), 400, 'illegal_argument_exception', /is already paused/)
      const all = await pair.ok('GET', `_plugins/_replication/_bulk_status?pattern=${pattern}`)
      assert.deepEqual(
        Object.entries(all.indices as JsonObject).map(([name, each]) => [name, (each as JsonObject).status]),
        indexes.map((name) => [name, 'PAUSED']),
      )
      assert.equal((await ended(await bulk('resume', { pattern }))).num_success, 3)
      assert.equal((await ended(await bulk('stop', { pattern }))).num_success, 3)
      for (const index of indexes) await pair.ok('PUT', `${index}/_doc/1`, { free: true })
      assert.deepEqual(await pair.ok('GET', '_plugins/_replication/_bulk_status?pattern=nothing*'), { indices: {} })
      assert.equal((await pair.replication('GET', '_task_status/nowhere:1')).status, 404)
      assert.equal((await pair.replication('POST', '_task_cancel/nowhere:1', {})).status, 404)
    })

    test('figures', async () => {
      const [leaderIndex, index] = await names()
      await pair.start(index, leaderIndex)
      await bulkDocuments(
        leader,
        leaderIndex,
        Array.from({ length: 50 }, (_, n) => ({ id: `${n}`, source: `{"n":${n}}` })),
      )
      await soon('the figures', async () => {
        const stats = await pair.ok('GET', '_plugins/_replication/follower_stats')
        assert.equal(Object.keys(stats).length, 16)
        const mine = (stats.index_stats as Record<string, JsonObject>)[index]
        return mine?.operations_written === 50 && mine.follower_checkpoint === 49
      })
      const stats = await pair.ok('GET', '_plugins/_replication/leader_stats')
      assert.equal(Object.keys(stats).length, 9)
      assert.equal((stats.index_stats as Record<string, JsonObject>)[leaderIndex]?.operations_read, 50)
    })
  })
})
