// Real servers, and a proxy in front of one that breaks chosen requests.
import assert from 'node:assert/strict'
import { type AddressInfo, createServer } from 'node:net'
import { after, test } from 'node:test'
import { changeSecurity } from '../../test/documents/security-plugin.ts'
import { type Fault, startFaultProxy } from '../../test/faults/fault-proxy.ts'
import { missingJava, type RunningServer, startServer, useServer } from '../../test/servers/servers.ts'
import type { IndexferryError } from '../foundation/errors.ts'
import type { Cluster } from './cluster.ts'
import type { Connection } from './connection.ts'
import { openCluster } from './open-cluster.ts'

const plain = 'opensearch-2.19.4'
const secure = 'opensearch-2.19.4-secure'
const options = (name: Parameters<typeof missingJava>[0]) => ({ skip: missingJava(name) ?? false, timeout: 300_000 })
const index = `cluster-room-${process.pid}`
const basic = { kind: 'basic', username: 'admin', password: 'admin' } as const

after(async () => {
  if (missingJava(plain)) return
  await using cluster = await openCluster('target', { nodes: [(await useServer(plain)).url] })
  await cluster.bytes({ method: 'DELETE', path: `/${index}`, accept: [404] })
})

async function failure(connection: Connection): Promise<IndexferryError> {
  try {
    await (await openCluster('target', connection))[Symbol.asyncDispose]()
  } catch (error) {
    return error as IndexferryError
  }
  throw new Error('the cluster was opened')
}

for (const [name, expected] of [
  ['elasticsearch-1.7.6', 'elasticsearch 1.7.6 full'],
  ['elasticsearch-7.10.2', 'elasticsearch 7.10.2 oss'],
  [plain, 'opensearch 2.19.4 full'],
] as const) {
  test(`${name} is known, and its errors are read`, options(name), async () => {
    const server = await useServer(name)
    await using cluster = await openCluster('source', { nodes: [server.url], gzip: 'on' })
    const { version, capabilities } = cluster
    assert.equal(`${version.flavour} ${version.number} ${capabilities.edition}`, expected)
    // Compressed both ways.
    const body = { query: { terms: { a: Array.from({ length: 1000 }, (_, at) => `value ${at}`) } } }
    await assert.rejects(cluster.json({ method: 'POST', path: '/no-such-index/_search', body }), {
      code: 'INDEX_MISSING',
      message: /^source http:.*POST \/no-such-index\/_search was answered 404: .*no-such-index/,
    })
    // On an empty cluster nobody looks at the query.
    await cluster.json({ method: 'PUT', path: `/${index}` })
    await cluster.json({ method: 'GET', path: `/_cluster/health/${index}`, query: { wait_for_status: 'yellow' } })
    const search = { method: 'POST', path: `/${index}/_search`, body: { query: { mach: {} } }, retryForMs: 0 } as const
    await assert.rejects(cluster.json(search), (error) => {
      const { code, fields } = error as IndexferryError
      assert.equal(code === 'REQUEST_REFUSED' || code === 'SHARD_FAILED', true, code)
      assert.equal(fields.status, 400)
      assert.match(String(fields.reason), /mach/)
      return true
    })
    await cluster.json({ method: 'DELETE', path: `/${index}` })
    assert.ok(cluster.traffic.received > 0 && cluster.traffic.sent > 0)
    const wrong = await failure({ nodes: [server.url.replace('http:', 'https:')] })
    assert.equal(wrong.code, 'NOT_HTTP')
    assert.equal(wrong.remedy, `Try ${server.url} and check the port.`)
  })
}

test('a cluster that pretends to be Elasticsearch 7.10.2 is seen through', options(plain), async () => {
  const settings = { 'compatibility.override_main_response_version': true }
  await using server = await startServer(plain, { settings })
  await using cluster = await openCluster('source', { nodes: [server.url] })
  const page = await cluster.json<{ version: { number: string } }>({ method: 'GET', path: '/' })
  assert.equal(page.body.version.number, '7.10.2')
  assert.deepEqual(cluster.version, { flavour: 'opensearch', number: '2.19.4', major: 2, minor: 19, patch: 4 })
})

function tlsOf(server: RunningServer) {
  const { caFile, clientCertFile, clientKeyFile } = server
  return { caFile, certFile: clientCertFile, keyFile: clientKeyFile }
}

test('the secured server: certificates, passwords and privileges', options(secure), async (t) => {
  const server = await useServer(secure)
  if (!server.caFile) return t.skip('its CA file is not known here')
  const { caFile, wrongCaFile, expiredCertFile, expiredKeyFile } = server
  const nodes = [server.url]
  await t.test('private CA and password', async () => {
    await using cluster = await openCluster('target', { nodes, authentication: basic, tls: { caFile } })
    assert.equal(cluster.version.number, '2.19.4')
  })
  await t.test('client certificate', async () => {
    await using cluster = await openCluster('target', { nodes, tls: tlsOf(server) })
    const who = await cluster.json<{ user_name: string }>({ method: 'GET', path: '/_plugins/_security/authinfo' })
    assert.match(who.body.user_name, /^CN=/)
  })
  await t.test('verification switched off warns', async () => {
    const warnings: string[] = []
    const connection = { nodes, authentication: basic, tls: { verify: false } }
    await (await openCluster('target', connection, (warning) => warnings.push(warning)))[Symbol.asyncDispose]()
    assert.match(warnings.join(), /is not verified/)
  })
  const refused: readonly [string, Partial<Connection>, string, RegExp][] = [
    ['no CA', { tls: {} }, 'CERTIFICATE_UNTRUSTED', /not signed by a trusted CA/],
    ['another CA', { tls: { caFile: wrongCaFile } }, 'CERTIFICATE_UNTRUSTED', /not signed by a trusted CA/],
    [
      'another name',
      { tls: { caFile, serverName: 'other' } },
      'CERTIFICATE_NAME_WRONG',
      /not for other but for .*localhost/,
    ],
    [
      'wrong password',
      { authentication: { ...basic, password: 'wr0ng-secret' } },
      'CREDENTIALS_WRONG',
      /\(user admin\)/,
    ],
    ['no password', { authentication: { kind: 'none' } }, 'CREDENTIALS_MISSING', /401/],
    [
      'an expired client certificate',
      { tls: { caFile, certFile: expiredCertFile, keyFile: expiredKeyFile } },
      'CERTIFICATE_REQUIRED',
      /client certificate/,
    ],
    ['http to its port', { nodes: [server.url.replace('https', 'http')] }, 'NOT_HTTP', /speaks HTTPS/],
    ['a file that is not there', { tls: { caFile: '/nonexistent' } }, 'CONFIG_INVALID', /CA file of the target/],
  ]
  for (const [what, connection, code, message] of refused) {
    await t.test(what, async () => {
      const error = await failure({ nodes, authentication: basic, tls: { caFile }, ...connection })
      assert.equal(error.code, code)
      assert.match(error.message, message)
      assert.equal(error.side, 'target')
      assert.doesNotMatch(JSON.stringify(error), /wr0ng-secret/)
    })
  }
  await t.test('a missing privilege is named', async () => {
    await using admin = await openCluster('target', { nodes, tls: tlsOf(server) })
    const user = `internalusers/${index}`
    const password = 'Long-enough-4-a-test'
    await changeSecurity(admin, 'PUT', user, { password })
    try {
      const authentication = { kind: 'basic', username: index, password } as const
      const error = await failure({ nodes, authentication, tls: { caFile } })
      assert.equal(error.code, 'PRIVILEGE_MISSING')
      const version = admin.version
      await using cluster = await openCluster('target', { nodes, authentication, tls: { caFile }, version })
      await assert.rejects(cluster.json({ method: 'PUT', path: `/${index}-other/_doc/1`, body: {} }), {
        code: 'PRIVILEGE_MISSING',
        message: /no permissions for \[indices:data\/write\/index\]/,
      })
    } finally {
      await changeSecurity(admin, 'DELETE', user)
    }
  })
})

test('blocks of an index are told apart', options('elasticsearch-7.10.2'), async () => {
  const { url } = await useServer('elasticsearch-7.10.2')
  await using cluster = await openCluster('target', { nodes: [url] })
  const write = () => cluster.json({ method: 'PUT', path: `/${index}/_doc/1`, body: { a: 1 } })
  const set = (settings: object) => cluster.json({ method: 'PUT', path: `/${index}/_settings`, body: settings })
  try {
    await write()
    await set({ 'index.blocks.write': true })
    await assert.rejects(write, { code: 'TARGET_READ_ONLY', exitCode: 7 })
    await set({ 'index.blocks.write': null, 'index.blocks.read_only_allow_delete': true })
    await assert.rejects(write, { code: 'TARGET_FULL' })
    await set({ 'index.blocks.read_only_allow_delete': null })
    await cluster.json({ method: 'POST', path: `/${index}/_close` })
    await assert.rejects(write, { code: 'INDEX_CLOSED' })
  } finally {
    await cluster.bytes({ method: 'DELETE', path: `/${index}`, accept: [404] })
  }
})

async function faulty(
  choose: (path: string, number: number) => Fault | undefined,
  more: Partial<Connection>,
  body: (cluster: Cluster, proxy: Awaited<ReturnType<typeof startFaultProxy>>) => Promise<void>,
): Promise<void> {
  const { url } = await useServer(plain)
  await using proxy = await startFaultProxy(url, ({ url: path = '' }, number) =>
    path === '/' ? undefined : choose(path, number),
  )
  await using cluster = await openCluster('source', { nodes: [proxy.url], ...more })
  await body(cluster, proxy)
}

const health = { method: 'GET', path: '/_cluster/health' } as const

test('503 twice, then an answer: a reading request comes through', options(plain), async () => {
  const fault: Fault = { answer: 503, headers: { 'retry-after': '0' } }
  await faulty(
    (_, number) => (number <= 2 ? fault : undefined),
    {},
    async (cluster, proxy) => {
      assert.equal((await cluster.json(health)).status, 200)
      assert.equal(proxy.seen.length, 4)
    },
  )
})

test('a writing request is sent once', options(plain), async () => {
  await faulty(
    () => ({ answer: 503 }),
    {},
    async (cluster, proxy) => {
      const request = { method: 'POST', path: '/_bulk', contentType: 'ndjson', body: Buffer.from('\n') } as const
      await assert.rejects(cluster.json(request), { code: 'CLUSTER_BUSY' })
      assert.deepEqual(proxy.seen, ['GET /', 'POST /_bulk'])
    },
  )
})

test('a cluster that stays busy is given up in time', options(plain), async () => {
  await faulty(
    () => ({ answer: 429 }),
    {},
    async (cluster) => {
      const message = /was answered 429: .*, in \d+ attempts over [\d.]+ s$/
      await assert.rejects(cluster.json({ ...health, retryForMs: 700 }), { code: 'CLUSTER_BUSY', message })
    },
  )
})

test('a silent cluster ends at the read timeout, a lost connection is tried again', options(plain), async () => {
  await faulty(
    (path, number) => (path.startsWith('/_cat') ? { silent: true } : number === 1 ? { reset: true } : undefined),
    { readTimeoutMs: 1_000 },
    async (cluster) => {
      assert.equal((await cluster.json(health)).status, 200)
      const message = /no answer came in time \(GET \/_cat\/nodes\)/
      const request = { method: 'GET', path: '/_cat/nodes', retry: 'none' } as const
      await assert.rejects(cluster.json(request), { code: 'CONNECTION_LOST', message })
    },
  )
})

/** A search whose answer is some megabytes. */
async function fill(): Promise<void> {
  await using cluster = await openCluster('target', { nodes: [(await useServer(plain)).url] })
  const lines = Array.from({ length: 300 }, (_, at) => `{"index":{"_id":"${at}"}}\n{"text":"${'x'.repeat(10_000)}"}\n`)
  const body = Buffer.from(lines.join(''))
  await cluster.json({ method: 'POST', path: `/${index}/_bulk`, query: { refresh: true }, contentType: 'ndjson', body })
}

const search = { method: 'POST', path: `/${index}/_search`, query: { size: 300 }, body: {} } as const

async function read(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

for (const gzip of ['off', 'on'] as const) {
  test(`a body that is cut off in the middle is never taken for whole, gzip ${gzip}`, options(plain), async () => {
    await fill()
    const cutAfterBytes = gzip === 'on' ? 3_000 : 1_000_000
    await faulty(
      (_, number) => (number <= 3 ? { cutAfterBytes } : undefined),
      { gzip },
      async (cluster) => {
        await assert.rejects(cluster.bytes(search), { code: 'CONNECTION_LOST' })
        const { body } = await cluster.stream(search)
        await assert.rejects(read(body), { code: 'CONNECTION_LOST', side: 'source' })
        // The third is cut and tried again.
        const whole = await cluster.json<{ hits: { hits: unknown[] } }>({ ...search, retry: 'safe' })
        assert.equal(whole.body.hits.hits.length, 300)
        const streamed = await cluster.stream(search)
        assert.equal(streamed.bytesExpected === undefined, gzip === 'on')
        assert.equal(JSON.parse(await read(streamed.body)).hits.hits.length, 300)
      },
    )
  })
}

test('a stream that is left early, or aborted, frees its connection', options(plain), async () => {
  await fill()
  await using cluster = await openCluster('source', { nodes: [(await useServer(plain)).url], connectionsMax: 1 })
  for await (const chunk of (await cluster.stream(search)).body) {
    assert.ok(chunk.length > 0)
    break
  }
  const stop = new AbortController()
  const { body } = await cluster.stream({ ...search, signal: stop.signal })
  stop.abort(new Error('enough'))
  await assert.rejects(read(body), { message: 'enough' })
  await assert.rejects(cluster.json({ ...health, signal: stop.signal }), { message: 'enough' })
  assert.equal((await cluster.json({ ...health, retry: 'none' })).status, 200)
})

test('a node that is down is passed over, also by writing requests', options(plain), async () => {
  const { url } = await useServer(plain)
  const dead = 'http://127.0.0.1:1'
  await using cluster = await openCluster('target', { nodes: [dead, url] })
  assert.equal(cluster.name, dead)
  for (let count = 0; count < 5; count++) {
    await cluster.json({ method: 'POST', path: `/${index}/_doc`, query: { refresh: true }, body: { count } })
  }
  const error = await failure({ nodes: [dead, 'http://127.0.0.1:2'] })
  assert.equal(error.code, 'CONNECTION_REFUSED')
})

test('addresses where nothing is', async () => {
  const unknown = await failure({ nodes: ['http://no-such-host.invalid:9200'] })
  assert.equal(unknown.code, 'HOST_UNKNOWN')
  assert.match(unknown.message, /no-such-host\.invalid/)
  const silent = createServer()
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as AddressInfo
  try {
    const error = await failure({ nodes: [`https://127.0.0.1:${port}`], connectTimeoutMs: 500 })
    assert.equal(error.code, 'CONNECTION_LOST')
    assert.match(error.message, /not accepted in time/)
  } finally {
    silent.close()
  }
})
