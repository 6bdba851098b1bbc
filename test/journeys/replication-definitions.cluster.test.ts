// What of a leader's definition a follower has: the cases of the replication plugin's own tests (StartReplicationIT) about aliases for writing,
// settings of writes, and fields within fields.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { indexPath } from '../../src/cluster/paths.ts'
import type { JsonObject } from '../../src/model/json.ts'
import { missingJava, useServer } from '../servers/servers.ts'
import { eventually } from './indexferry.ts'
import { deleteIndexes, type Replicating, replicateBetween } from './replicating.ts'

const [leaderName, followerName] = ['opensearch-2.19.4', 'opensearch-3.8.0'] as const
const skip = missingJava(leaderName) ?? missingJava(followerName) ?? false
const [leaderIndex, index] = ['repl-def-leader', 'repl-def-follower']

describe('the definition of a follower', { skip, timeout: 300_000 }, () => {
  let pair: Replicating

  before(async () => {
    pair = await replicateBetween(await useServer(leaderName), await useServer(followerName))
  })
  after(async () => {
    if (pair) await deleteIndexes(pair, leaderIndex, index)
    await pair?.[Symbol.asyncDispose]()
  })

  /** A leader of its own, and no follower. */
  async function makeLeader(settings: JsonObject, more: JsonObject = {}): Promise<void> {
    await pair.replication('POST', `${index}/_stop`, {})
    await deleteIndexes(pair, leaderIndex, index)
    await pair.leader.json({
      method: 'PUT',
      path: indexPath(leaderIndex),
      query: { wait_for_active_shards: 1 },
      body: { settings: { number_of_shards: 1, number_of_replicas: 0, ...settings }, ...more },
    })
  }

  const ofLeader = (method: 'PUT' | 'POST' | 'DELETE', part: string, body?: JsonObject) =>
    pair.leader.json({ method, path: indexPath(leaderIndex, part), ...(body ? { body } : {}) })

  async function settingsOf(): Promise<Record<string, string>> {
    const answer = await pair.ok('GET', `${index}/_settings?flat_settings=true`)
    return (answer[index] as { settings: Record<string, string> }).settings
  }

  async function mappingOf(cluster: Replicating['leader'], name: string): Promise<unknown> {
    const { body } = await cluster.json<JsonObject>({ method: 'GET', path: indexPath(name, '_mapping') })
    return body[name]
  }

  async function aliasesOf(): Promise<JsonObject> {
    const answer = await pair.ok('GET', `${index}/_alias`)
    return (answer[index] as { aliases: JsonObject }).aliases
  }

  const soon = (what: string, isSo: () => Promise<boolean>) => eventually(what, async () => (await isSo()) || undefined)

  test('an alias for writing, and for how many copies a write waits, are the leader’s alone', async () => {
    const aliases = { 'repl-def-write': { is_write_index: true } }
    await makeLeader({ number_of_replicas: 1, 'write.wait_for_active_shards': 'all' }, { aliases })
    await pair.start(index, leaderIndex)
    await soon('the alias', async () => 'repl-def-write' in (await aliasesOf()))
    assert.deepEqual(await aliasesOf(), { 'repl-def-write': { is_write_index: false } })
    assert.equal((await settingsOf())['index.write.wait_for_active_shards'], undefined)
    await ofLeader('PUT', '_alias/repl-def-another')
    await soon('the alias', async () => 'repl-def-another' in (await aliasesOf()))
    assert.deepEqual((await aliasesOf())['repl-def-write'], { is_write_index: false })
  })

  test('for how many copies a write waits can be said for the follower; what it follows does not wait', async () => {
    await makeLeader({})
    await ofLeader('PUT', '_doc/1', { n: 1 })
    const settings = { 'index.number_of_replicas': 1, 'index.write.wait_for_active_shards': '2' }
    await pair.start(index, leaderIndex, { settings })
    assert.equal((await settingsOf())['index.write.wait_for_active_shards'], '2')
    await ofLeader('PUT', '_doc/2', { n: 2 })
    await ofLeader('DELETE', '_doc/1')
    await soon('the write and the delete', async () => {
      const [gone, added] = [await pair.call('GET', `${index}/_doc/1`), await pair.call('GET', `${index}/_doc/2`)]
      return gone.status === 404 && added.status === 200
    })
  })

  test('fields within fields follow without a document, and what is merged on either side changes nothing', async () => {
    await makeLeader({}, { mappings: { properties: { name: { type: 'text' } } } })
    await ofLeader('PUT', '_doc/1', { name: 'x' })
    await pair.start(index, leaderIndex)
    const fields = { words: { type: 'text', analyzer: 'standard' }, whole: { type: 'keyword' } }
    await ofLeader('PUT', '_mapping', { properties: { name: { type: 'text', fields } } })
    await ofLeader('POST', '_forcemerge')
    await soon('the fields', async () => JSON.stringify(await mappingOf(pair.follower, index)).includes('whole'))
    assert.deepEqual(await mappingOf(pair.follower, index), await mappingOf(pair.leader, leaderIndex))
    // The plugin's block refuses merging, too; past the gateway it changes nothing.
    assert.equal((await pair.call('POST', `${index}/_forcemerge`)).status, 403)
    await pair.follower.json({ method: 'POST', path: indexPath(index, '_forcemerge') })
    await ofLeader('PUT', '_doc/2', { name: 'y' })
    await soon('the document', async () => (await pair.call('GET', `${index}/_doc/2`)).status === 200)
  })
})
