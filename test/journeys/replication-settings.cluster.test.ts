// Settings that the servers change in closed indexes only, and files that analysis reads: the cases of the replication plugin's own tests
// (StartReplicationIT, ResumeReplicationIT); and what a client may read at once when it was told that it follows.
import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { indexPath } from '../../src/cluster/paths.ts'
import type { JsonObject } from '../../src/model/json.ts'
import { missingJava, useServer } from '../servers/servers.ts'
import { eventually } from './indexferry.ts'
import { alias, deleteIndexes, type Replicating, replicateBetween } from './replicating.ts'

const [leaderName, followerName] = ['opensearch-2.19.4', 'opensearch-3.8.0'] as const
const skip = missingJava(leaderName) ?? missingJava(followerName) ?? false
const [leaderIndex, index] = ['repl-set-leader', 'repl-set-follower']

describe('settings of a follower', { skip, timeout: 300_000 }, () => {
  let pair: Replicating
  /** In the config folder of the leader's server. */
  const files: string[] = []

  before(async () => {
    pair = await replicateBetween(await useServer(leaderName), await useServer(followerName))
  })

  after(async () => {
    if (!pair) return
    for (const file of files) await rm(file, { force: true })
    await deleteIndexes(pair, leaderIndex, index)
    const { stderr } = pair.gateway
    await pair[Symbol.asyncDispose]()
    assert.doesNotMatch(stderr, /defect|INTERNAL/)
  })

  async function makeLeader(settings: JsonObject = {}): Promise<void> {
    if (pair.gateway) await pair.replication('POST', `${index}/_stop`, {})
    await deleteIndexes(pair, leaderIndex, index)
    await ofLeader('PUT', undefined, { settings: { number_of_shards: 2, number_of_replicas: 0, ...settings } })
  }

  const ofLeader = (method: 'PUT' | 'POST', path: string | undefined, body: JsonObject = {}) =>
    pair.leader.json({ method, path: path === undefined ? indexPath(leaderIndex) : indexPath(leaderIndex, path), body })
  const startCall = (more: JsonObject = {}) =>
    pair.replication('PUT', `${index}/_start?wait_for_restore=true`, {
      leader_alias: alias,
      leader_index: leaderIndex,
      ...more,
    })
  const act = (action: string, body: JsonObject = {}) =>
    pair.replication(action === 'update' ? 'PUT' : 'POST', `${index}/_${action}`, body)
  async function settingsOf(): Promise<Record<string, string>> {
    const answer = await pair.ok('GET', `${index}/_settings?flat_settings=true`)
    return (answer[index] as { settings: Record<string, string> }).settings
  }

  async function assertFollows(id: string): Promise<void> {
    await ofLeader('PUT', `_doc/${id}`, { id })
    await eventually(id, async () => (await pair.call('GET', `${index}/_doc/${id}`)).status === 200 || undefined)
  }

  /** As the plugin's own tests read it, without waiting. */
  async function assertDetails(): Promise<void> {
    const status = await pair.ok('GET', `_plugins/_replication/${index}/_status?verbose=true`)
    assert.equal(status.status, 'SYNCING')
    assert.ok(status.syncing_details, JSON.stringify(status))
    assert.equal((status.shard_replication_details as JsonObject[]).length, 2, JSON.stringify(status))
  }

  test('how far it is can be read as soon as it was started or resumed, also after a restart of the gateway', async () => {
    await makeLeader()
    await ofLeader('PUT', '_doc/1', { n: 1 })
    assert.equal((await startCall()).status, 200)
    await assertDetails()
    await act('pause')
    await pair.restart()
    assert.equal((await act('resume')).text, '{"acknowledged":true}')
    await assertDetails()
  })

  test('what can be changed in a closed index only is changed in a closed index', async () => {
    await makeLeader()
    assert.equal((await startCall()).status, 200)
    const name = 'index.shard.check_on_startup'
    assert.equal((await act('update', { settings: { [name]: 'checksum' } })).text, '{"acknowledged":true}')
    assert.equal((await settingsOf())[name], 'checksum')
    await assertFollows('open')
    // Refused although it is closed: it is open again, and what was given before holds.
    const refused = await act('update', { settings: { [name]: 'perhaps' } })
    assert.equal(refused.status, 400, refused.text)
    assert.equal((await settingsOf())[name], 'checksum')
    await act('pause')
    assert.equal((await act('update')).status, 200)
    assert.equal((await settingsOf())[name], undefined)
    assert.equal((await act('resume')).status, 200)
    await assertFollows('open-again')
  })

  test('a follower that somebody closed past the gateway is opened by a resume', async () => {
    await makeLeader()
    assert.equal((await startCall()).status, 200)
    await pair.follower.json({ method: 'POST', path: indexPath(index, '_close') })
    await ofLeader('PUT', '_doc/1', { n: 1 })
    await pair.until(index, 'paused', ({ status }) => status === 'PAUSED')
    assert.equal((await act('resume')).status, 200)
    await assertFollows('opened')
  })

  test('a merge of followers is refused, whether they are named or not', async () => {
    await makeLeader()
    assert.equal((await startCall()).status, 200)
    for (const path of [`${index}/_forcemerge`, '_forcemerge']) {
      const { status, text } = await pair.call('POST', path)
      assert.equal(status, 403, text)
      assert.match(text, /cluster_block_exception/)
    }
  })

  test('a pipeline that a template gives the follower changes no document', async () => {
    const ofFollower = (method: 'PUT' | 'DELETE', path: `/${string}`, body?: JsonObject) =>
      pair.follower.json({ method, path, ...(body ? { body } : {}) })
    await makeLeader()
    await ofLeader('PUT', '_doc/1', { n: 1 })
    await ofFollower('PUT', '/_ingest/pipeline/repl-set', { processors: [{ set: { field: 'changed', value: true } }] })
    const settings = { 'index.final_pipeline': 'repl-set', 'index.default_pipeline': 'repl-set' }
    await ofFollower('PUT', '/_index_template/repl-set', { index_patterns: [index], template: { settings } })
    try {
      assert.equal((await startCall()).status, 200)
      await ofLeader('PUT', '_doc/2', { n: 2 })
      for (const id of ['1', '2']) {
        const document = await eventually(id, async () => {
          const { status, body } = await pair.call('GET', `${index}/_doc/${id}`)
          return status === 200 ? body : undefined
        })
        assert.deepEqual(document._source, { n: Number(id) })
      }
      assert.equal((await act('update', { settings: { 'index.final_pipeline': 'repl-set' } })).status, 400)
    } finally {
      await act('stop')
      await deleteIndexes(pair, index)
      await ofFollower('DELETE', '/_index_template/repl-set')
      await ofFollower('DELETE', '/_ingest/pipeline/repl-set')
    }
  })

  test('a follower without a name', async () => {
    const { status, text } = await pair.replication('GET', '/_status')
    assert.equal(status, 400)
    assert.match(text, /Index name must be specified to obtain replication status/)
  })

  test('files that the analysis of the leader reads', async () => {
    const { folder } = await useServer(leaderName)
    const file = 'repl-set-synonyms.txt'
    files.push(join(folder, 'config', file))
    await writeFile(files[0] as string, 'danish, croissant\n')
    const path = 'index.analysis.filter.repl_set.synonyms_path'
    const analysis = {
      analyzer: { repl_set: { tokenizer: 'standard', filter: ['repl_set'] } },
      filter: { repl_set: { type: 'synonym', synonyms_path: file } },
    }
    await makeLeader({ analysis })
    const missing = await startCall()
    assert.equal(missing.status, 404, missing.text)
    assert.match(missing.text, /"resource_not_found_exception","reason":"IOException while reading /)
    assert.equal((await pair.call('HEAD', index)).status, 404)
    // Of the follower's own. The server does not take the path any more when the words are there.
    const words = { [path]: null, 'index.analysis.filter.repl_set.synonyms': ['danish, croissant'] }
    const given = await startCall({ settings: words })
    assert.equal(given.status, 200, given.text)

    await makeLeader()
    assert.equal((await startCall()).status, 200)
    await act('pause')
    await ofLeader('POST', '_close')
    await ofLeader('PUT', '_settings', { index: { analysis } })
    await ofLeader('POST', '_open')
    const resumed = await act('resume')
    assert.equal(resumed.status, 404, resumed.text)
    const reason = `IOException while reading ${path}: ${file}`
    assert.equal((resumed.body.error as JsonObject).reason, reason)
    assert.equal((await pair.status(index)).status, 'PAUSED')
    assert.equal((await pair.call('PUT', `${index}/_doc/1`, {})).status, 403)
  })
})
