// Replications in the engine of a gateway, between two real clusters.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  bulkDocuments,
  createTestIndex,
  deleteTestIndex,
  openTestCluster,
  refreshTestIndex,
} from '../../../test/documents/fill-index.ts'
import { missingJava, useServer } from '../../../test/servers/servers.ts'
import type { Cluster } from '../../cluster/cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import type { ErrorCode } from '../../foundation/error-codes.ts'
import { isErrorOf } from '../../foundation/errors.ts'
import type { JsonObject } from '../../model/json.ts'
import type { ReplicationRequest, ReplicationState, ReplicationStatus } from '../../model/replication.ts'
import { type GatewayEngine, openGatewayEngine } from '../open-gateway-engine.ts'

const caller = { clusterHeaders: {} }
const index = 'rep-leader'
const follower = 'rep-follower'
const skip = missingJava('opensearch-2.19.4') ?? missingJava('opensearch-3.8.0') ?? false

describe('replications', { skip }, () => {
  let leader: Cluster
  let local: Cluster
  let folder: string
  let engine: GatewayEngine

  before(async () => {
    leader = await openTestCluster('source', 'opensearch-2.19.4')
    local = await openTestCluster('target', 'opensearch-3.8.0')
    folder = await mkdtemp(join(tmpdir(), 'indexferry-replications-'))
    engine = await openEngine()
    await connect()
  })
  after(async () => {
    await engine[Symbol.asyncDispose]()
    for (const each of [index, `${index}-2`]) await deleteTestIndex(leader, each)
    for (const each of [follower, `${follower}-2`]) await deleteTestIndex(local, each)
    await leader[Symbol.asyncDispose]()
    await local[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  async function openEngine(): Promise<GatewayEngine> {
    const [{ url: there }, { url: here }] = [await useServer('opensearch-2.19.4'), await useServer('opensearch-3.8.0')]
    const domain = {
      owner: '123456789012',
      region: 'eu-central-1',
      authentication: undefined,
      tls: undefined,
      proxy: undefined,
    }
    const opened = await openGatewayEngine({
      stateFolder: folder,
      cluster: { nodes: [here], authentication: { kind: 'none' } },
      clusterCredentials: 'own',
      reindex: { allowlist: [], remotes: [], createIndex: 'fromSource', tasksMax: 5, keepFinishedMs: 60_000 },
      domains: {
        'old-domain': { ...domain, url: there, seeds: ['127.0.0.1:19300'] },
        'new-domain': { ...domain, url: here },
      },
      endpoints: { host: '127.0.0.1', ports: undefined },
      warn: () => {},
    })
    opened.resume()
    return opened
  }

  async function connect(): Promise<void> {
    const side = (domainName: string) => ({ domainName, ownerId: undefined, region: undefined })
    const { id } = engine.connections.create({
      alias: 'old',
      local: side('new-domain'),
      remote: side('old-domain'),
      mode: 'DIRECT',
      skipUnavailable: 'DISABLED',
    })
    await engine.connections.settled()
    engine.connections.accept(id)
    await engine.connections.settled()
  }

  const request = (change: Partial<ReplicationRequest> = {}): ReplicationRequest => ({
    follower,
    connection: 'old',
    leaderIndex: index,
    roles: undefined,
    settings: {},
    isAgain: false,
    ...change,
  })

  const start = (change: Partial<ReplicationRequest> = {}) => engine.replications.start(request(change), caller)

  async function until(isReached: (status: ReplicationStatus | undefined) => boolean, name = follower): Promise<void> {
    const deadline = performance.now() + 60_000
    while (!isReached(engine.replications.status(name))) {
      assert.ok(performance.now() < deadline, JSON.stringify(engine.replications.status(name)))
      await sleep(50)
    }
  }
  const untilState = (state: ReplicationState, name?: string) => until((status) => status?.state === state, name)

  const write = (ids: readonly string[], value: string) =>
    bulkDocuments(
      leader,
      index,
      ids.map((id) => ({ id, source: JSON.stringify({ value }) })),
    )

  async function contents(cluster: Cluster, name: string): Promise<Record<string, unknown>> {
    await refreshTestIndex(cluster, name)
    const { body } = await cluster.json<{ hits: { hits: { _id: string; _source: { value: string } }[] } }>({
      method: 'POST',
      path: indexPath(name, '_search'),
      body: { size: 1000 },
    })
    return Object.fromEntries(body.hits.hits.map(({ _id, _source }) => [_id, _source.value]).sort())
  }

  async function untilEqual(): Promise<void> {
    const wanted = await contents(leader, index)
    const deadline = performance.now() + 60_000
    for (;;) {
      const found = await contents(local, follower)
      if (JSON.stringify(found) === JSON.stringify(wanted)) return
      assert.ok(performance.now() < deadline, JSON.stringify({ found, wanted }).slice(0, 2000))
      await sleep(100)
    }
  }

  async function settingsOf(name: string): Promise<JsonObject> {
    const { body } = await local.json<Record<string, { settings: JsonObject }>>({
      method: 'GET',
      path: indexPath(name, '_settings'),
      query: { flat_settings: true },
    })
    return body[name]?.settings ?? {}
  }

  const refused = (work: Promise<unknown>, code: ErrorCode, words: RegExp) =>
    assert.rejects(work, (error) => {
      assert.ok(isErrorOf(error, code), String(error))
      assert.match(error.message, words)
      return true
    })

  it('refuses what cannot be followed', async () => {
    await createTestIndex(leader, index)
    await leader.json({ method: 'PUT', path: indexPath(index, '_alias/rep-alias') })
    await refused(start({ connection: 'none' }), 'REMOTE_UNKNOWN', /^no such remote cluster: \[none\]$/)
    await refused(start({ leaderIndex: 'rep-missing' }), 'LEADER_MISSING', /^no such index \[rep-missing\]$/)
    await refused(start({ leaderIndex: 'rep-alias' }), 'LEADER_MISSING', /^no such index \[old:rep-alias\]$/)
    await refused(start({ settings: { 'index.number_of_shards': 3 } }), 'SETTING_WRONG', /number_of_shards/)
    await refused(start({ settings: { 'index.nonsense': 3 } }), 'SETTING_WRONG', /^unknown setting \[index.nonsense\]/)
    assert.deepEqual(engine.replications.list(), [])
    await createTestIndex(local, follower)
    await refused(start(), 'FOLLOWER_EXISTS', /^Cant use same index again/)
    await deleteTestIndex(local, follower)
    await refused(engine.replications.pause(follower, 'x'), 'REPLICATION_UNKNOWN', /^No replication in progress/)
  })

  it('copies, follows, pauses, resumes, stops, and starts again on what is there', async () => {
    await createTestIndex(leader, index, { shards: 2, settings: { refresh_interval: '3s' } })
    await write(['a', 'b', 'c'], 'first')
    await start({ settings: { 'index.number_of_replicas': 0, index: { refresh_interval: '5s' } } })
    assert.ok(engine.replications.isFollower(follower))
    await refused(start(), 'FOLLOWER_EXISTS', /./)
    await untilState('SYNCING')
    await leader.json({ method: 'DELETE', path: indexPath(index, '_doc/a') })
    await write(['b', 'd'], 'second')
    await untilEqual()
    const running = engine.replications.status(follower)
    assert.deepEqual(
      running?.shards.map(({ shard }) => shard),
      [0, 1],
    )
    assert.equal((await settingsOf(follower))['index.refresh_interval'], '5s')

    await engine.replications.update(follower, { 'index.max_result_window': 20_000 }, caller)
    const updated = await settingsOf(follower)
    assert.equal(updated['index.refresh_interval'], '3s')
    assert.equal(updated['index.max_result_window'], '20000')
    await refused(engine.replications.update(follower, { nonsense: 1 }, caller), 'SETTING_WRONG', /unknown setting/)

    await engine.replications.pause(follower, 'for a test')
    assert.equal(engine.replications.status(follower)?.state, 'PAUSED')
    assert.equal(engine.replications.status(follower)?.reason, 'for a test')
    await refused(engine.replications.pause(follower, 'x'), 'REPLICATION_PAUSED', /already paused/)
    await write(['e'], 'third')
    await leader.json({ method: 'DELETE', path: indexPath(index, '_doc/c') })
    await engine.replications.resume(follower, caller)
    await refused(engine.replications.resume(follower, caller), 'REPLICATION_RUNNING', /already running/)
    await untilEqual()

    await engine.replications.stop(follower, caller)
    assert.equal(engine.replications.status(follower), undefined)
    assert.ok(!engine.replications.isFollower(follower))
    assert.equal((await settingsOf(follower))['index.gc_deletes'], undefined)
    await refused(engine.replications.stop(follower, caller), 'REPLICATION_UNKNOWN', /./)

    // Both go their own ways, and are made equal again.
    await bulkDocuments(local, follower, [
      { id: 'only-here', source: '{"value":"x"}' },
      { id: 'd', source: '{"value":"changed here"}' },
    ])
    await write(['f'], 'fourth')
    // Else the start waits until the server has forgotten what was deleted.
    await local.json({ method: 'PUT', path: indexPath(follower, '_settings'), body: { 'index.gc_deletes': '1s' } })
    await start({ isAgain: true })
    await untilState('SYNCING')
    await untilEqual()
    await write(['only-here'], 'now there as well')
    await untilEqual()
    await engine.replications.stop(follower, caller)
    await deleteTestIndex(local, follower)
  })

  it('knows a leader by its registration in the settings of the local cluster', async () => {
    const register = (seeds: readonly string[] | null) =>
      local.json({
        method: 'PUT',
        path: '/_cluster/settings',
        body: { persistent: { 'cluster.remote.registered.seeds': seeds } },
      })
    await createTestIndex(leader, index)
    await write(['a'], 'first')
    await register(['127.0.0.1:19301'])
    try {
      await refused(start({ connection: 'registered' }), 'REMOTE_UNKNOWN', /registered/)
      await register(['127.0.0.1:19301', '127.0.0.1:19300'])
      await start({ connection: 'registered' })
      await untilState('SYNCING')
      await untilEqual()
      await engine.replications.stop(follower, caller)
      await deleteTestIndex(local, follower)
    } finally {
      await register(null)
    }
  })

  it('lists the indexes of a leader that match', async () => {
    const { signal } = new AbortController()
    await createTestIndex(leader, index)
    const list = (pattern: string) => engine.leaders.listIndexes('old', pattern, caller, signal)
    assert.deepEqual(await list('rep-lea*,nothing-*'), [index])
    assert.deepEqual(await list(`${index},rep-nothing`), [index])
    assert.deepEqual(await list('rep-nothing'), [])
    await refused(engine.leaders.listIndexes('none', '*', caller, signal), 'REMOTE_UNKNOWN', /./)
  })

  it('goes on after the gateway has ended', async () => {
    await createTestIndex(leader, index)
    await write(['a', 'b'], 'first')
    await start()
    await untilState('SYNCING')
    await untilEqual()
    await engine[Symbol.asyncDispose]()
    await write(['b', 'c'], 'second')
    await leader.json({ method: 'DELETE', path: indexPath(index, '_doc/a') })
    engine = await openEngine()
    assert.equal(engine.replications.status(follower)?.state, 'SYNCING')
    await untilEqual()
    await deleteTestIndex(local, follower)
    await until((status) => status === undefined)
    assert.ok(!engine.replications.isFollower(follower))
  })

  it('starts anew when what it had written is no longer known', async () => {
    await createTestIndex(leader, index)
    await write(['a', 'b'], 'first')
    await start()
    await untilState('SYNCING')
    await untilEqual()
    await engine[Symbol.asyncDispose]()
    await leader.json({ method: 'DELETE', path: indexPath(index, '_doc/a') })
    await rm(join(folder, 'written'), { recursive: true })
    engine = await openEngine()
    assert.equal(engine.replications.status(follower)?.state, 'FAILED')
    await refused(engine.replications.resume(follower, caller), 'WRITTEN_IDS_LOST', /./)
    await engine.replications.resume(follower, caller, true)
    await untilState('SYNCING')
    await untilEqual()
    await engine.replications.stop(follower, caller)
    await deleteTestIndex(local, follower)
  })

  it('pauses when the leader is gone, and stays paused when another one has its name', async () => {
    await createTestIndex(leader, index)
    await write(['a'], 'first')
    await start()
    await untilState('SYNCING')
    await deleteTestIndex(leader, index)
    await untilState('PAUSED')
    assert.match(
      engine.replications.status(follower)?.reason ?? '',
      /^AutoPaused: {2}\+ \[\[rep-follower\]\[0\] - org.opensearch.index.IndexNotFoundException - "no such index \[rep-leader\]"\], $/,
    )
    await refused(engine.replications.resume(follower, caller), 'LEADER_MISSING', /no such index \[rep-leader\]/)
    await createTestIndex(leader, index)
    await write(['z'], 'another')
    await refused(engine.replications.resume(follower, caller), 'LEADER_MADE_ANEW', /force_resume/)
    assert.equal(engine.replications.status(follower)?.state, 'PAUSED')
    await engine.replications.resume(follower, caller, true)
    await untilState('SYNCING')
    await untilEqual()
    await engine.replications.stop(follower, caller)
    await deleteTestIndex(local, follower)
  })
})
