// `use_roles` where the cluster has the security plugin, and callers' credentials that outlive the gateway's process. One cluster is both sides.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { bulkDocuments, createTestIndex, deleteTestIndex, openTestCluster } from '../../../test/documents/fill-index.ts'
import { changeSecurity } from '../../../test/documents/security-plugin.ts'
import { missingJava, useServer } from '../../../test/servers/servers.ts'
import type { Cluster } from '../../cluster/cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import type { ErrorCode } from '../../foundation/error-codes.ts'
import { isErrorOf } from '../../foundation/errors.ts'
import { indexExists } from '../../mechanism/prepare-target.ts'
import type { ReplicationRequest, ReplicationRoles } from '../../model/replication.ts'
import { type GatewayEngine, openGatewayEngine } from '../open-gateway-engine.ts'

const server = 'opensearch-2.19.4-secure'
const skip = missingJava(server) ?? false
const index = 'roles-leader'
const follower = 'roles-follower'
const user = { name: 'roles-user', password: 'R0les-Only!-004' }
const authorization = `Basic ${Buffer.from(`${user.name}:${user.password}`).toString('base64')}`
const caller = { clusterHeaders: { authorization } }
/** Sees a part of the documents of the leader. */
const narrow = { name: 'roles-narrow', password: 'N4rrow-Only!-006' }
/** May refresh an index, which is all that stopping a replication asks for. */
const weak = { name: 'roles-weak', password: 'W3ak-Only!-005' }
const weakCaller = {
  clusterHeaders: { authorization: `Basic ${Buffer.from(`${weak.name}:${weak.password}`).toString('base64')}` },
}

describe('replication between secured clusters', { skip }, () => {
  let cluster: Cluster
  let folder: string
  let engine: GatewayEngine

  before(async () => {
    cluster = await openTestCluster('source', server)
    folder = await mkdtemp(join(tmpdir(), 'indexferry-roles-'))
    await changeSecurity(cluster, 'PUT', `internalusers/${user.name}`, { password: user.password })
    await changeSecurity(cluster, 'PUT', 'roles/roles-follower', {
      cluster_permissions: ['cluster_composite_ops', 'cluster_monitor'],
      index_permissions: [{ index_patterns: ['roles-*'], allowed_actions: ['indices_all'] }],
    })
    await changeSecurity(cluster, 'PUT', 'rolesmapping/roles-follower', { users: [user.name] })
    await changeSecurity(cluster, 'PUT', `internalusers/${weak.name}`, { password: weak.password })
    await changeSecurity(cluster, 'PUT', 'roles/roles-weak', {
      cluster_permissions: ['cluster_monitor'],
      index_permissions: [
        { index_patterns: ['roles-*'], allowed_actions: ['indices:admin/refresh*', 'indices_monitor'] },
      ],
    })
    await changeSecurity(cluster, 'PUT', 'rolesmapping/roles-weak', { users: [weak.name] })
    await changeSecurity(cluster, 'PUT', `internalusers/${narrow.name}`, { password: narrow.password })
    await changeSecurity(cluster, 'PUT', 'roles/roles-narrow', {
      cluster_permissions: ['cluster_composite_ops', 'cluster_monitor'],
      index_permissions: [
        { index_patterns: ['roles-*'], dls: '{"term":{"value":1}}', allowed_actions: ['indices_all'] },
      ],
    })
    await changeSecurity(cluster, 'PUT', 'rolesmapping/roles-narrow', { users: [narrow.name] })
    await createTestIndex(cluster, index)
    await bulkDocuments(cluster, index, [{ id: '1', source: '{"value":1}' }])
    engine = await openEngine()
  })
  after(async () => {
    await engine[Symbol.asyncDispose]()
    await deleteTestIndex(cluster, index)
    await deleteTestIndex(cluster, follower)
    for (const { name } of [user, weak, narrow]) await changeSecurity(cluster, 'DELETE', `internalusers/${name}`)
    for (const role of ['roles-follower', 'roles-weak', 'roles-narrow']) {
      for (const kind of ['rolesmapping', 'roles']) await changeSecurity(cluster, 'DELETE', `${kind}/${role}`)
    }
    await cluster[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  async function openEngine(check?: string, reader?: typeof narrow): Promise<GatewayEngine> {
    const { url, username = '', password = '', caFile } = await useServer(server)
    const tls = { caFile }
    const authentication = { kind: 'basic', username, password } as const
    const domain = { owner: '123456789012', region: 'eu-central-1', url, authentication, tls, proxy: undefined }
    const leader = reader
      ? { ...domain, authentication: { kind: 'basic' as const, username: reader.name, password: reader.password } }
      : domain
    const opened = await openGatewayEngine({
      stateFolder: folder,
      cluster: { nodes: [url], authentication: { kind: 'none' }, tls },
      clusterCredentials: 'caller',
      reindex: { allowlist: [], remotes: [], createIndex: 'fromSource', tasksMax: 5, keepFinishedMs: 60_000 },
      domains: { 'old-domain': leader, 'new-domain': domain },
      endpoints: { host: '127.0.0.1', ports: undefined },
      throttleCheck: check === undefined ? undefined : { url: check, onFailure: 'wait', env: {} },
      warn: () => {},
    })
    opened.resume()
    if (opened.connections.listActive('old').length === 0) await connect(opened)
    return opened
  }

  async function connect({ connections }: GatewayEngine): Promise<void> {
    const side = (domainName: string) => ({ domainName, ownerId: undefined, region: undefined })
    const sides = { local: side('new-domain'), remote: side('old-domain') }
    const { id } = connections.create({ alias: 'old', ...sides, mode: 'DIRECT', skipUnavailable: 'DISABLED' })
    await connections.settled()
    connections.accept(id)
    await connections.settled()
  }

  const start = (roles: ReplicationRoles | undefined, change: Partial<ReplicationRequest> = {}) =>
    engine.replications.start(
      { follower, connection: 'old', leaderIndex: index, roles, settings: {}, isAgain: false, ...change },
      caller,
    )

  const refused = (work: Promise<unknown>, code: ErrorCode, words: RegExp) =>
    assert.rejects(work, (error) => {
      assert.ok(isErrorOf(error, code), String(error))
      assert.match(error.message, words)
      return true
    })

  async function untilCount(documents: number): Promise<void> {
    for (const deadline = performance.now() + 30_000; ; ) {
      await cluster.json({ method: 'POST', path: indexPath(follower, '_refresh') })
      const { body } = await cluster.json<{ count: number }>({ method: 'GET', path: indexPath(follower, '_count') })
      if (body.count === documents) return
      assert.ok(performance.now() < deadline, JSON.stringify(engine.replications.list()))
      await sleep(100)
    }
  }

  it('wants roles, and that the users have them', async () => {
    await refused(start(undefined), 'ROLES_MISSING', /^Follower roles are mandatory for replication$/)
    const wrong = { leader: 'all_access', follower: 'all_access' }
    await refused(start(wrong), 'ROLE_WRONG', /roles-user.*\[all_access\] on the follower cluster/)
    const strange = { leader: 'roles-follower', follower: 'roles-follower' }
    await refused(start(strange), 'ROLE_WRONG', /\[roles-follower\] on the leader cluster/)
    assert.deepEqual(engine.replications.list(), [])
  })

  it('keeps what the caller signed in with, sealed, for as long as the replication is there', async () => {
    await start({ leader: 'all_access', follower: 'roles-follower' })
    await untilCount(1)
    const other = { follower: 'roles-second', leaderIndex: follower }
    await refused(start({ leader: 'all_access', follower: 'roles-follower' }, other), 'LEADER_IS_FOLLOWER', /./)
    await engine[Symbol.asyncDispose]()
    await assertUnreadable()
    await bulkDocuments(cluster, index, [{ id: '2', source: '{"value":2}' }])
    engine = await openEngine()
    await untilCount(2)
    await engine.replications.stop(follower, caller)
  })

  it('pauses when the caller may no longer write, and goes on for one who may', async () => {
    await deleteTestIndex(cluster, follower)
    await start({ leader: 'all_access', follower: 'roles-follower' })
    await untilCount(2)
    await changeSecurity(cluster, 'DELETE', 'rolesmapping/roles-follower')
    await bulkDocuments(cluster, index, [{ id: '3', source: '{"value":3}' }])
    const deadline = performance.now() + 30_000
    while (engine.replications.status(follower)?.state !== 'PAUSED') {
      assert.ok(performance.now() < deadline, JSON.stringify(engine.replications.list()))
      await sleep(50)
    }
    assert.match(engine.replications.status(follower)?.reason ?? '', /^AutoPaused: .*privilege/i)
    await refused(engine.replications.resume(follower, caller), 'PRIVILEGE_MISSING', /403/)
    await changeSecurity(cluster, 'PUT', 'rolesmapping/roles-follower', { users: [user.name] })
    await engine.replications.resume(follower, caller)
    await untilCount(3)
  })

  it('deletes an unfinished index in the name of who stops it, and leaves it where he may not', async () => {
    await engine.replications.stop(follower, caller)
    await deleteTestIndex(cluster, follower)
    await engine[Symbol.asyncDispose]()
    const holding = createServer((_, response) => response.writeHead(503).end()).listen(0, '127.0.0.1')
    try {
      await once(holding, 'listening')
      engine = await openEngine(`http://127.0.0.1:${(holding.address() as AddressInfo).port}/`)
      const exists = () => indexExists(cluster, follower)
      await start({ leader: 'all_access', follower: 'roles-follower' })
      assert.deepEqual(await engine.replications.stop(follower, weakCaller), { unfinishedIndex: follower })
      assert.equal(engine.replications.status(follower), undefined)
      assert.ok(await exists())
      await deleteTestIndex(cluster, follower)
      await start({ leader: 'all_access', follower: 'roles-follower' })
      assert.deepEqual(await engine.replications.stop(follower, caller), { unfinishedIndex: undefined })
      assert.equal(await exists(), false)
    } finally {
      holding.close()
    }
  })

  it('follows no leader of which it sees a part, and takes nothing for deleted that is hidden from it', async () => {
    await deleteTestIndex(cluster, follower)
    const reopen = async (reader?: typeof narrow) => {
      await engine[Symbol.asyncDispose]()
      engine = await openEngine(undefined, reader)
    }
    await reopen()
    await bulkDocuments(cluster, index, [
      { id: '1', source: '{"value":1}' },
      { id: '2', source: '{"value":2}' },
    ])
    await start({ leader: 'all_access', follower: 'roles-follower' })
    const { body } = await cluster.json<{ count: number }>({ method: 'GET', path: indexPath(index, '_count') })
    await untilCount(body.count)
    await reopen(narrow)
    // Its number has no document any more, so that deletes are looked for.
    await cluster.json({ method: 'DELETE', path: indexPath(index, '_doc/1') })
    for (const deadline = performance.now() + 30_000; engine.replications.status(follower)?.state !== 'PAUSED'; ) {
      assert.ok(performance.now() < deadline, JSON.stringify(engine.replications.list()))
      await sleep(50)
    }
    assert.match(engine.replications.status(follower)?.reason ?? '', /hides a part of roles-leader/)
    await cluster.json({ method: 'POST', path: indexPath(follower, '_refresh') })
    const { body: left } = await cluster.json<{ count: number }>({ method: 'GET', path: indexPath(follower, '_count') })
    assert.equal(left.count, body.count)
    const words = /not supported when FLS or DLS or Fieldmasking is activated/
    const other = start({ leader: 'roles-narrow', follower: 'roles-follower' }, { follower: 'roles-third' })
    await refused(other, 'LEADER_FILTERED', words)
    await reopen()
    await engine.replications.resume(follower, caller)
    await untilCount(body.count - 1)
    await engine.replications.stop(follower, caller)
  })

  it('can be stopped by another user when the one who started it is gone', async () => {
    await deleteTestIndex(cluster, follower)
    const gone = { name: 'roles-gone', password: 'G0ne-Only!-007' }
    await changeSecurity(cluster, 'PUT', `internalusers/${gone.name}`, { password: gone.password })
    await changeSecurity(cluster, 'PUT', 'rolesmapping/roles-follower', { users: [user.name, gone.name] })
    const basic = `Basic ${Buffer.from(`${gone.name}:${gone.password}`).toString('base64')}`
    const roles = { leader: 'all_access', follower: 'roles-follower' }
    await engine.replications.start(
      { follower, connection: 'old', leaderIndex: index, roles, settings: {}, isAgain: false },
      { clusterHeaders: { authorization: basic } },
    )
    const { body } = await cluster.json<{ count: number }>({ method: 'GET', path: indexPath(index, '_count') })
    await untilCount(body.count)
    await changeSecurity(cluster, 'DELETE', `internalusers/${gone.name}`)
    await engine.replications.stop(follower, caller)
    assert.equal(engine.replications.status(follower), undefined)
    const settings = await cluster.json({ method: 'GET', path: indexPath(follower, '_settings') })
    assert.doesNotMatch(JSON.stringify(settings.body), /gc_deletes|"write":"true"/)
  })

  async function assertUnreadable(): Promise<void> {
    for (const file of await readdir(folder)) {
      const text = await readFile(join(folder, file)).catch(() => Buffer.alloc(0))
      for (const secret of [user.password, authorization.slice(6)]) assert.ok(!text.includes(secret), file)
    }
  }
})
