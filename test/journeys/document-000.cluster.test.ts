// The walk-through of Amazon's page on remote reindex, from its first call to its last, as somebody does it who has put indexferry
// in front of the local domain: scenarios, calls and answers are the page's, the clusters are real.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from '../../src/cluster/cluster.ts'
import type { JsonObject } from '../../src/model/json.ts'
import { bulkDocuments, createTestIndex, deleteTestIndex, openTestCluster } from '../documents/fill-index.ts'
import { changeSecurity } from '../documents/security-plugin.ts'
import { startInterferingProxy } from '../faults/interfering-proxy.ts'
import { ask } from '../servers/http.ts'
import { missingJava, type RunningServer, useServer } from '../servers/servers.ts'
import { Indexferry } from './indexferry.ts'
import { type CallOptions, Served } from './serving.ts'

const localName = 'opensearch-2.19.4'
const remoteName = 'opensearch-2.19.4-secure'
const skip = missingJava(localName) ?? missingJava(remoteName) ?? false

const count = 620
const remoteIndex = 'doc000-remote'
const [owner, region] = ['111122223333', 'eu-west-1']
/** May read the remote index, and no more. */
const reader = { username: 'doc000-reader', password: 'R3ad-Only!-000' }
/** May do with the local domain what a reader may. */
const onlooker = { username: 'doc000-onlooker', password: 'L00k-Only!-000' }
/** Besides reading: what lets an index be read shard by shard, and created with its definition, instead of by one scroll. */
const forManyReaders = [
  'indices:admin/shards/search_shards',
  'indices:admin/get',
  'indices:admin/aliases/get',
  'indices:admin/refresh*',
  'indices:monitor/settings/get',
  'indices:monitor/stats',
]

/** Fields of an answer to `_reindex` for documents that are all new. */
const allCreated = (documents: number, batches: number): JsonObject => ({
  timed_out: false,
  total: documents,
  updated: 0,
  created: documents,
  deleted: 0,
  batches,
  version_conflicts: 0,
  noops: 0,
  retries: { bulk: 0, search: 0 },
  throttled_millis: 0,
  requests_per_second: -1,
  throttled_until_millis: 0,
  failures: [],
})

function withoutTook(answer: JsonObject): JsonObject {
  const { took, ...fields } = answer
  assert.ok(Number.isInteger(took), JSON.stringify(answer))
  return fields
}

function* documents() {
  for (let n = 0; n < count; n++) {
    const field = n % 4 === 0 ? 'some text here' : 'other words'
    yield { id: `${n}`, source: `{"n":${n},"price":${n}.50,"big":9007199254740993,  "field_name":"${field}"}` }
  }
}

const domain = (DomainName: string) => ({ AWSDomainInformation: { DomainName, OwnerId: owner, Region: region } })

describe('document 000: remote reindex between domains', { skip, timeout: 300_000 }, () => {
  let local: Cluster
  let remote: Cluster
  let localServer: RunningServer
  let remoteServer: RunningServer
  let indexferry: Indexferry
  let gateway: Served
  /** `https://remote-domain-endpoint:443`, where the port is another one. */
  let host: string
  const made = new Set<string>()
  const name = (suffix: string) => {
    made.add(`doc000-${suffix}`)
    return `doc000-${suffix}`
  }

  before(async () => {
    localServer = await useServer(localName)
    remoteServer = await useServer(remoteName)
    local = await openTestCluster('target', localName)
    remote = await openTestCluster('source', remoteName)
    host = remoteServer.url.replace('127.0.0.1', 'localhost')
    await createTestIndex(remote, remoteIndex, {
      shards: 2,
      mapping: { properties: { field_name: { type: 'text' }, n: { type: 'integer' } } },
    })
    await bulkDocuments(remote, remoteIndex, documents())
    const clusterPermissions = ['cluster:monitor/main', 'cluster_composite_ops_ro']
    const permissions = (allowed: string[]) => ({
      cluster_permissions: clusterPermissions,
      index_permissions: [{ index_patterns: ['doc000-*'], allowed_actions: ['read', ...allowed] }],
    })
    await grant(reader, permissions(forManyReaders))
    await grant(onlooker, permissions([]))
    indexferry = await Indexferry.install()
    gateway = await serve('indexferry.yaml', [
      `cluster: ${localServer.url}`,
      'listen: 127.0.0.1:0',
      'reindex:',
      '  remote:',
      `    allowlist: ${host.replace('https://', '')}`,
      '  remotes:',
      `    - hosts: ${host.replace('https://', '')}`,
      `      ca: ${remoteServer.caFile}`,
      'domains:',
      '  local-domain-name:',
      `    { owner: '${owner}', region: ${region}, url: ${localServer.url} }`,
      '  remote-domain-name:',
      `    { owner: '${owner}', region: ${region}, url: ${host}, ca: ${remoteServer.caFile},`,
      `      username: ${reader.username}, password: '\${REMOTE_PASSWORD}' }`,
    ])
  })

  after(async () => {
    const ended = await gateway?.stop()
    // Also when a check fails, nothing is left behind.
    for (const index of made) for (const cluster of [local, remote]) await deleteTestIndex(cluster, index)
    await deleteTestIndex(remote, remoteIndex)
    for (const { username } of [reader, onlooker]) {
      for (const kind of ['rolesmapping', 'roles', 'internalusers'])
        await changeSecurity(remote, 'DELETE', `${kind}/${username}`)
    }
    for (const cluster of [local, remote]) await cluster[Symbol.asyncDispose]()
    const kept = `${ended?.stderr}${ended?.stdout}${await indexferry.stateText()}`
    await indexferry[Symbol.asyncDispose]()
    assert.equal(ended?.code, 0, ended?.stderr)
    for (const { password } of [reader, onlooker]) assert.ok(!kept.includes(password), password)
    assert.doesNotMatch(kept, /defect|INTERNAL/)
  })

  async function grant({ username, password }: typeof reader, role: JsonObject): Promise<void> {
    await changeSecurity(remote, 'PUT', `internalusers/${username}`, { password })
    await changeSecurity(remote, 'PUT', `roles/${username}`, role)
    await changeSecurity(remote, 'PUT', `rolesmapping/${username}`, { users: [username] })
  }

  async function serve(file: string, yaml: readonly string[], env: Record<string, string> = {}): Promise<Served> {
    const config = await indexferry.write(file, `${yaml.join('\n')}\n`)
    const state = indexferry.path(`state/${file}`)
    return Served.start(indexferry, ['--config', config, '--state', state], {
      env: { REMOTE_PASSWORD: reader.password, AWS_EC2_METADATA_DISABLED: 'true', ...env },
    })
  }

  /** The call of the page: its remote, its index, a destination. */
  const reindex = (source: JsonObject, index: string): CallOptions => ({
    body: { source: { index: remoteIndex, ...source }, dest: { index } },
  })

  async function hits(index: string, through: Served = gateway): Promise<number> {
    await local.json({ method: 'POST', path: `/${index}/_refresh` })
    const { hits } = (await through.ok('GET', `${index}/_search`)) as { hits: { total: { value: number } } }
    return hits.total.value
  }

  async function settingsOf(index: string): Promise<Record<string, string>> {
    const answer = (await gateway.ok('GET', `${index}/_settings`)) as Record<string, { settings: { index: never } }>
    return answer[index]!.settings.index
  }

  describe('between internet domains', () => {
    it('signed: in the region of the local domain, and in the one that the request names', async () => {
      const seen: string[] = []
      // A cluster that asks for no credentials, so that what counts is what it is sent.
      await using domainOfAws = await startInterferingProxy(localServer.url, [
        (request, next) => {
          seen.push(request.headers.authorization ?? 'none')
          return next(request)
        },
      ])
      const [source, into] = [name('unsecured'), name('signed')]
      await createTestIndex(local, source)
      await bulkDocuments(local, source, [{ id: '1', source: '{"n":1}' }])
      await using signing = await serve(
        'signing.yaml',
        [
          `cluster: ${localServer.url}`,
          'listen: 127.0.0.1:0',
          `reindex.remote.allowlist: ${new URL(domainOfAws.url).host}`,
          'reindex:',
          '  remotes:',
          `    - { hosts: '127.0.0.1', sigv4: { region: eu-central-1 } }`,
        ],
        { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' },
      )
      for (const [given, scope] of [
        [undefined, 'eu-central-1'],
        [region, region],
      ] as const) {
        seen.length = 0
        const at = given === undefined ? {} : { region: given }
        const call = reindex({ index: source, remote: { host: domainOfAws.url, ...at } }, into)
        const { total } = await signing.ok('POST', '_reindex', call)
        assert.equal(total, 1)
        assert.ok(seen.length >= 2)
        for (const header of seen)
          assert.match(header, new RegExp(`^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/\\d{8}/${scope}/es/aws4_request`))
      }
      assert.doesNotMatch((await signing.stop()).stderr, /wJalrXUtnFEMI/)
    })

    it('basic authorization: the index is copied and can be searched', async () => {
      const into = name('local')
      const call = reindex({ remote: { host, ...reader } }, into)
      assert.deepEqual(withoutTook(await gateway.ok('POST', '_reindex', call)), allCreated(count, 1))
      assert.equal(await hits(into), count)
      // Made like the remote one, which the page recommends to do beforehand.
      const mappings = (await gateway.ok('GET', `${into}/_mapping`)) as Record<string, { mappings: JsonObject }>
      const { properties } = mappings[into]!.mappings as { properties: JsonObject }
      assert.deepEqual(properties.n, { type: 'integer' })
      assert.equal((await settingsOf(into)).number_of_shards, '2')
      const again = withoutTook(await gateway.ok('POST', '_reindex', call))
      assert.deepEqual(again, { ...allCreated(count, 1), created: 0, updated: count })
      const { username = '', password = '', caFile = '' } = remoteServer
      const options = ['--source-user', username, '--source-ca', caFile]
      const verified = await indexferry.verify([`${host}/${remoteIndex}`, `${localServer.url}/${into}`, ...options], {
        env: { INDEXFERRY_SOURCE_PASSWORD: password },
      })
      assert.equal(verified.verdict, 'equal', JSON.stringify(verified))
    })

    it('what the remote does not authorize is refused as the remote refuses it, and nothing is made', async () => {
      const into = name('never')
      for (const [remoteHost, status, reason] of [
        [{ host }, 401, /Unauthorized/],
        [{ host, ...reader, password: 'wrong' }, 401, /Unauthorized/],
      ] as const) {
        const { status: was, body } = await gateway.call('POST', '_reindex', reindex({ remote: remoteHost }, into))
        assert.equal(was, status)
        const { type, reason: said } = body.error as { type: string; reason: string }
        assert.equal(type, 'status_exception')
        assert.match(said, reason)
      }
      const forbidden = reindex({ index: '.opendistro_security', remote: { host, ...reader } }, into)
      const { status, text } = await gateway.call('POST', '_reindex', forbidden)
      assert.equal(status, 403, text)
      assert.match(text, /no permissions for \[indices:data\/read\//)
      assert.equal((await gateway.call('GET', into)).status, 404)
    })

    it('the port belongs to the host, and the host to the allow-list', async () => {
      const into = name('never')
      const portless = await gateway.call('POST', '_reindex', reindex({ remote: { host: 'https://localhost' } }, into))
      assert.equal(portless.status, 400)
      assert.match(portless.text, /\[host\] must be of the form \[scheme\]:\/\/\[host\]:\[port\]/)
      const other = await gateway.call('POST', '_reindex', reindex({ remote: { host: 'https://localhost:443' } }, into))
      assert.equal(other.status, 400)
      const { type, reason } = other.body.error as { type: string; reason: string }
      assert.deepEqual(
        [type, reason],
        ['illegal_argument_exception', '[localhost:443] not allowlisted in reindex.remote.allowlist'],
      )
      const logged = gateway.logged('refused').find((event) => event.reason === reason)
      assert.deepEqual([logged?.who, logged?.method, logged?.path], ['anonymous', 'POST', '/_reindex'])
    })
  })

  it('with a remote in a VPC: the connection requested, accepted, described, used', async () => {
    const api = '2021-01-01/opensearch/cc'
    const created = await gateway.ok('POST', `${api}/outboundConnection`, {
      body: {
        ConnectionAlias: 'remote-reindex-example',
        ConnectionMode: 'VPC_ENDPOINT',
        LocalDomainInfo: domain('local-domain-name'),
        RemoteDomainInfo: domain('remote-domain-name'),
      },
    })
    const { ConnectionId } = created as { ConnectionId: string }
    assert.deepEqual(created, {
      LocalDomainInfo: domain('local-domain-name'),
      RemoteDomainInfo: domain('remote-domain-name'),
      ConnectionId,
      ConnectionStatus: { StatusCode: 'VALIDATING' },
      ConnectionMode: 'VPC_ENDPOINT',
      ConnectionAlias: 'remote-reindex-example',
      ConnectionProperties: { CrossClusterSearch: { SkipUnavailable: 'DISABLED' } },
    })
    await describedAs(ConnectionId, 'PENDING_ACCEPTANCE')
    const { Connection } = await gateway.ok('PUT', `${api}/inboundConnection/${ConnectionId}/accept`)
    assert.equal((Connection as JsonObject).ConnectionId, ConnectionId)
    const active = await describedAs(ConnectionId, 'ACTIVE')
    const { Endpoint: endpoint = '' } = active.ConnectionProperties as { Endpoint?: string }
    assert.match(endpoint, /^[a-z0-9.-]+$/)

    const into = name('vpc')
    const query = { body: { query: { match_all: {} } } }
    const missing = await gateway.call('GET', `${into}/_search`, query)
    assert.equal(missing.status, 404)
    const { type, reason } = missing.body.error as { type: string; reason: string }
    assert.deepEqual([type, reason], ['index_not_found_exception', `no such index [${into}]`])
    const answer = await gateway.ok('POST', '_reindex', reindex({ remote: { host: endpoint, ...reader } }, into))
    assert.deepEqual(withoutTook(answer), allCreated(count, 1))
    assert.equal(await hits(into), count)
    // The scheme and the port that people write before and behind a host do no harm, and the domain's own credentials stand in.
    const written = reindex({ remote: { host: `https://${endpoint}:443` } }, into)
    assert.equal((await gateway.ok('POST', '_reindex', written)).updated, count)
  })

  async function describedAs(id: string, status: string): Promise<JsonObject> {
    for (let tries = 0; tries < 200; tries++) {
      const answer = await gateway.ok('POST', '2021-01-01/opensearch/cc/outboundConnection/search')
      const connections = answer.Connections as JsonObject[]
      const found = connections.find((connection) => connection.ConnectionId === id)
      assert.ok(found, JSON.stringify(answer))
      const { StatusCode, Message } = found.ConnectionStatus as { StatusCode: string; Message?: string }
      if (StatusCode === status) return found
      assert.doesNotMatch(StatusCode, /FAILED|DELET/, Message)
      await sleep(50)
    }
    return assert.fail(`the connection did not become ${status}`)
  }

  it('external: true, with basic authorization and a private CA, which the page rules out', async () => {
    const into = name('external')
    const call = reindex({ remote: { host, ...reader, external: true } }, into)
    assert.deepEqual(withoutTook(await gateway.ok('POST', '_reindex', call)), allCreated(count, 1))
  })

  it('a large one: without waiting, in small batches, into an index without refresh and replicas', async () => {
    const into = name('large')
    // The page puts the settings directly under `settings`.
    const settings = { settings: { refresh_interval: -1, number_of_replicas: 0 } }
    assert.deepEqual(await gateway.ok('PUT', into, { body: settings }), {
      acknowledged: true,
      shards_acknowledged: true,
      index: into,
    })
    const call = reindex({ remote: { host, ...reader, socket_timeout: '60m' }, size: 100 }, into)
    const begun = await gateway.call('POST', '_reindex?pretty=true&scroll=10h&wait_for_completion=false', call)
    assert.match(begun.text, /^\{\n {2}"task" : "[\w-]{22}:\d+"\n\}\n$/)
    const { task } = begun.body as { task: string }
    let seen: JsonObject
    do seen = await gateway.ok('GET', `_tasks/${task}`)
    while (seen.completed !== true && (await sleep(50, true)))
    assert.deepEqual((seen.task as JsonObject).action, 'indices:data/write/reindex')
    const { throttled, throttled_until, ...response } = withoutTook(seen.response as JsonObject)
    assert.deepEqual([throttled, throttled_until], ['0s', '0s'])
    assert.deepEqual(response, allCreated(count, Math.ceil(count / 100)))
    const kept = await settingsOf(into)
    assert.deepEqual([kept.refresh_interval, kept.number_of_replicas], ['-1', '0'])
    const wanted = { index: { number_of_replicas: 1, refresh_interval: null } }
    assert.deepEqual(await gateway.ok('PUT', `${into}/_settings`, { body: wanted }), { acknowledged: true })
    const restored = await settingsOf(into)
    assert.deepEqual([restored.refresh_interval, restored.number_of_replicas], [undefined, '1'])
    assert.equal(await hits(into), count)
  })

  it('a subset by a query; and in slices, which the page rules out', async () => {
    const source = { remote: { host, ...reader }, query: { match: { field_name: 'text' } } }
    const subset = count / 4
    const one = await gateway.ok('POST', '_reindex', reindex(source, name('subset')))
    assert.deepEqual(withoutTook(one), allCreated(subset, 1))
    for (const slices of ['auto', '3']) {
      const into = name(`subset-${slices}`)
      const answer = await gateway.ok('POST', `_reindex?slices=${slices}`, reindex(source, into))
      const parts = answer.slices as { slice_id: number; created: number }[]
      assert.deepEqual([answer.total, answer.created], [subset, subset])
      assert.deepEqual(
        parts.map(({ slice_id }) => slice_id),
        slices === 'auto' ? [0, 1] : [0, 1, 2],
      )
      assert.equal(
        parts.reduce((sum, { created }) => sum + created, 0),
        subset,
      )
      assert.equal(await hits(into), subset)
    }
  })

  it('a secured local domain: the caller’s own rights decide', async () => {
    const from = new URL(localServer.url).host
    await using secured = await serve('secured.yaml', [
      `cluster: { url: '${remoteServer.url}', ca: '${remoteServer.caFile}' }`,
      'listen: 127.0.0.1:0',
      `reindex.remote.allowlist: '${from}'`,
    ])
    const [source, into] = [name('open'), name('secured')]
    await createTestIndex(local, source)
    await bulkDocuments(local, source, [{ id: '1', source: '{"n":1}' }])
    const call = reindex({ index: source, remote: { host: localServer.url, external: true } }, into)
    const { username, password } = remoteServer

    const nobody = await secured.call('POST', '_reindex', call)
    assert.equal(nobody.status, 401)
    assert.match(nobody.headers['www-authenticate'] ?? '', /^Basic realm=/)
    // Anybody may begin one; that the documents may not be written is the cluster's word for each of them.
    const { status, body, text } = await secured.call('POST', '_reindex', { ...call, ...onlooker })
    assert.equal(status, 403, text)
    const ca = await readFile(remoteServer.caFile ?? '')
    const itself = { source: { index: remoteIndex, query: { term: { n: 1 } } }, dest: { index: into } }
    const direct = await ask(`${remoteServer.url}/_reindex`, {
      ...{ method: 'POST', body: JSON.stringify(itself), ca },
      ...onlooker,
    })
    assert.equal(direct.status, 403, direct.body)
    assert.deepEqual(withoutTook(body), withoutTook(JSON.parse(direct.body)))
    const logged = secured.logged('refused').find(({ who }) => who === `user ${onlooker.username}`)
    assert.deepEqual([logged?.status, logged?.path], [403, '/_reindex'], secured.stderr)
    assert.match(String(logged?.reason), /^1 document was refused: no permissions for \[indices:/)
    assert.equal((await remote.bytes({ method: 'HEAD', path: `/${into}`, accept: [404] })).status, 404)

    const done = await secured.ok('POST', '_reindex', { ...call, username, password })
    assert.deepEqual(withoutTook(done), allCreated(1, 1))
    // The same call is nothing that somebody else may look at without being let in.
    assert.equal((await secured.call('GET', '_tasks')).status, 401)
  })
})
