// Real servers under names that a name server of our own gives, and changes.
import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { remoteHost } from '../../../test/documents/remote-host.ts'
import { startFaultProxy } from '../../../test/faults/fault-proxy.ts'
import { missingJava, useServer } from '../../../test/servers/servers.ts'
import { openCluster } from '../../cluster/open-cluster.ts'
import { IndexferryError, redact } from '../../foundation/errors.ts'
import type { RemoteHost } from '../../model/reindex.ts'
import { createRemoteOpener, type RemoteOpenerOptions } from './open-remote.ts'

const plain = 'opensearch-2.19.4'
const secure = 'opensearch-2.19.4-secure'
const options = (name: Parameters<typeof missingJava>[0]) => ({ skip: missingJava(name) ?? false, timeout: 300_000 })

/** Answers one after the other; the last one again and again. */
function nameServer(...answers: readonly string[][]) {
  const asked: string[] = []
  const resolve = async (host: string): Promise<LookupAddress[]> => {
    const answer = answers[Math.min(asked.push(host), answers.length) - 1] ?? []
    return answer.map((address) => ({ address, family: 4 }))
  }
  return { asked, resolve }
}

const opener = (allowlist: readonly string[], more: Partial<RemoteOpenerOptions> & { remotes?: [] } = {}) =>
  createRemoteOpener({ config: { allowlist, remotes: [] }, ...more })

const health = { method: 'GET', path: '/_cluster/health' } as const

test('a name server that changes its answer leads nowhere else', options(plain), async () => {
  const { url } = await useServer(plain)
  await using proxy = await startFaultProxy(url, () => undefined)
  const { port } = new URL(proxy.url)
  const { asked, resolve } = nameServer(['127.0.0.1'], ['169.254.169.254'])
  const remotes = opener([`old.example.com:${port}`], { resolve })
  await using cluster = await remotes.open(remoteHost(`http://old.example.com:${port}`))
  assert.equal(proxy.latest.host, `old.example.com:${port}`)
  // Closes the connections that stand, so that new ones are made.
  for (let round = 0; round < 3; round++) {
    await Promise.all(Array.from({ length: 5 }, () => cluster.json(health)))
  }
  assert.deepEqual(asked, ['old.example.com'])
  // The address stops answering: the name is asked for again, and what it leads to now is refused.
  await proxy[Symbol.asyncDispose]()
  await assert.rejects(cluster.json(health), {
    code: 'REMOTE_NOT_ALLOWED',
    message: `[old.example.com:${port}] not allowlisted in reindex.remote.allowlist: it leads to a metadata service address, which only an entry that names this address without [*] allows`,
  })
  assert.equal(asked.length, 2)
})

test('between the check and the opening, the answer may change as well', options(plain), async () => {
  const { url } = await useServer(plain)
  const { port } = new URL(url)
  const { resolve } = nameServer(['10.0.0.1'], ['127.0.0.1'])
  const remotes = opener([`*.example.com:${port}`], { resolve })
  const remote = remoteHost(`http://old.example.com:${port}`)
  await remotes.check(remote)
  await assert.rejects(remotes.open(remote), { code: 'REMOTE_NOT_ALLOWED', message: /loopback/ })
})

test('a cluster that moves to another address is found there', options(plain), async () => {
  const target = new URL((await useServer(plain)).url)
  const first = await forward(target, 0, '127.0.0.1')
  const { asked, resolve } = nameServer(['127.0.0.1'], ['127.0.0.2'])
  const remotes = opener([`old.example.com:${first.port}`], { resolve })
  await using cluster = await remotes.open(remoteHost(`http://old.example.com:${first.port}`))
  first.close()
  const second = await forward(target, first.port, '127.0.0.2')
  try {
    assert.equal((await cluster.json(health)).status, 200)
    assert.equal(asked.length, 2)
  } finally {
    second.close()
  }
})

/** Hands connections on to the server, from an address of choice. */
async function forward(target: URL, port: number, address: string) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    const onward = connect(Number(target.port), target.hostname)
    for (const end of [socket, onward]) sockets.add(end.on('error', () => end.destroy()))
    socket.pipe(onward).pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(port, address, resolve))
  const close = () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  return { port: (server.address() as AddressInfo).port, close }
}

for (const name of [plain, 'elasticsearch-7.10.2'] as const) {
  test(`${name} refuses in the same words`, options(name), async () => {
    const { url } = await useServer(name)
    await using cluster = await openCluster('target', { nodes: [url] })
    const remotes = opener(['listed.example.com:9200'], { local: () => cluster.version })
    for (const host of ['http://es.example.com:9200', 'https://[2001:db8::1]:443/prefix', 'http://Es.Example.com:1']) {
      const body = { source: { remote: { host }, index: 'a' }, dest: { index: 'b' } }
      const answer = await cluster.json<{ error: { type: string; reason: string } }>({
        method: 'POST',
        path: '/_reindex',
        body,
        accept: [400],
      })
      assert.equal(answer.body.error.type, 'illegal_argument_exception')
      await assert.rejects(remotes.check(remoteHost(host)), { message: answer.body.error.reason })
    }
  })
}

test('a domain of Amazon is asked with a signature for its own name', options(plain), async () => {
  const { url } = await useServer(plain)
  await using proxy = await startFaultProxy(url, () => undefined)
  const name = 'vpc-old-abc.eu-west-1.es.amazonaws.com'
  const endpoint = endpointAt(`http://${name}`, proxy.url)
  const remotes = opener([], { endpoints: () => endpoint, hasAwsCredentials: async () => true })
  const before = { ...process.env }
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'a-secret-for-this-test' })
  try {
    await using cluster = await remotes.open(remoteHost('vpc-old'))
    await cluster.json(health)
    assert.equal(proxy.latest.host, name)
    assert.match(
      proxy.latest.authorization ?? '',
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d+\/eu-west-1\/es\/aws4_request, SignedHeaders=.*host/,
    )
    await using unsigned = await remotes.open(remoteHost('vpc-old', { external: true }))
    await unsigned.json(health)
    assert.equal(proxy.latest.authorization, undefined)
  } finally {
    process.env = before
  }
})

test('redirections are not followed', options(plain), async () => {
  const { url } = await useServer(plain)
  const location = `${url}/_cluster/health`
  await using proxy = await startFaultProxy(url, ({ url: path }) =>
    path?.startsWith('/_cluster/health') ? { answer: 302, headers: { location } } : undefined,
  )
  const { host } = new URL(proxy.url)
  await using cluster = await opener([host]).open(remoteHost(proxy.url))
  await assert.rejects(cluster.json(health), { message: /was answered 302: it points to http/ })
  assert.deepEqual(proxy.seen, ['GET /', 'GET /_cluster/health'])
})

test(
  'what a caller sends as a secret is not in the errors of his remote, and stays a word elsewhere',
  options(plain),
  async () => {
    const { url } = await useServer(plain)
    const password = 'documents'
    const body = JSON.stringify({ error: { type: 'x', reason: `no ${password} for you` }, status: 400 })
    await using proxy = await startFaultProxy(url, ({ url: path }) =>
      path === '/_cat' ? { answer: 400, body } : undefined,
    )
    const { host } = new URL(proxy.url)
    await using cluster = await opener([host]).open(remoteHost(proxy.url, { username: 'u', password }))
    await assert.rejects(cluster.json({ method: 'GET', path: '/_cat' }), (error: IndexferryError) => {
      assert.match(error.message, /no \*\*\* for you/)
      assert.doesNotMatch(JSON.stringify(error), /documents/)
      return true
    })
    assert.equal(redact('documents'), 'documents')
  },
)

test('a remote with its own CA, and credentials of the request', options(secure), async (t) => {
  const server = await useServer(secure)
  const { caFile, clientCertFile: certFile, clientKeyFile: keyFile } = server
  if (!caFile) return t.skip('its CA file is not known here')
  const { port } = new URL(server.url)
  const { resolve } = nameServer(['127.0.0.1'])
  const allowlist = [`localhost:${port}`]
  const login = { username: 'admin', password: 'admin' }
  const open = async (remotes: RemoteOpenerOptions['config']['remotes'], more: Partial<RemoteHost>) => {
    const config = { allowlist, remotes }
    await using cluster = await createRemoteOpener({ config, resolve }).open(
      remoteHost(`https://localhost:${port}`, more),
    )
    return (await cluster.json<{ user_name: string }>({ method: 'GET', path: '/_plugins/_security/authinfo' })).body
      .user_name
  }
  const rule = (tls: object, authentication?: { kind: 'basic'; username: string; password: string }) => [
    { hosts: `localhost:${port}`, tls, authentication },
  ]
  const other = { hosts: 'other:9200', tls: undefined, authentication: undefined }

  assert.equal(await open([other, ...rule({ caFile })], login), 'admin')
  assert.equal(await open(rule({ verify: false }), login), 'admin')
  assert.equal(await open(rule({ caFile }, { kind: 'basic', ...login }), {}), 'admin')
  assert.match(await open(rule({ caFile, certFile, keyFile }), {}), /^CN=/)
  const header = `Basic ${Buffer.from('admin:admin').toString('base64')}`
  assert.equal(await open(rule({ caFile }), { headers: { Authorization: header } }), 'admin')

  await assert.rejects(open([], login), { code: 'CERTIFICATE_UNTRUSTED', side: 'source' })
  await assert.rejects(open(rule({ caFile }), {}), { code: 'CREDENTIALS_MISSING' })
  await assert.rejects(open(rule({ caFile, serverName: 'other' }), login), { code: 'CERTIFICATE_NAME_WRONG' })
  await assert.rejects(open(rule({ caFile }), { ...login, password: 'wrong-password' }), (error: Error) => {
    assert.match(error.message, /401/)
    assert.doesNotMatch(JSON.stringify(error) + error.stack, /wrong-password/)
    return true
  })
  const wrongScheme = createRemoteOpener({ config: { allowlist, remotes: rule({ caFile }) }, resolve })
  await assert.rejects(wrongScheme.open(remoteHost(`http://localhost:${port}`)), { code: 'NOT_HTTP' })
})

const endpointAt = (url: string, forwarder: string, tls?: { caFile: string }, failure?: IndexferryError) =>
  ({
    url,
    scheme: url.startsWith('https') ? 'https' : 'http',
    address: '127.0.0.1',
    port: Number(new URL(forwarder).port),
    tls,
    authentication: undefined,
    failure: () => failure,
  }) as const

test('a connection leads through its forwarder, under the name of the domain', options(secure), async (t) => {
  const server = await useServer(secure)
  const { caFile } = server
  if (!caFile) return t.skip('its CA file is not known here')
  // Nothing listens at the port of the URL; the certificate is for localhost.
  const endpoint = endpointAt('https://localhost:1', server.url, { caFile })
  const remotes = opener([], { endpoints: (host) => (host === 'vpc-old' ? endpoint : undefined) })
  for (const host of ['vpc-old', 'https://vpc-old', 'https://vpc-old:443', 'http://vpc-old:80']) {
    await using cluster = await remotes.open(remoteHost(host, { username: 'admin', password: 'admin' }))
    assert.equal(cluster.name, 'https://localhost:1')
    assert.equal(cluster.version.number, '2.19.4')
  }
})

test('who writes https does not get http', options(plain), async () => {
  const endpoint = endpointAt('http://old:9200', (await useServer(plain)).url)
  const remotes = opener([], { endpoints: () => endpoint })
  await using cluster = await remotes.open(remoteHost('vpc-old'))
  assert.equal(cluster.version.number, '2.19.4')
  await assert.rejects(remotes.open(remoteHost('https://vpc-old')), { code: 'NOT_HTTP' })
})

test('a forwarder that hangs up is asked why', async () => {
  const hangsUp = createServer((socket) => socket.resetAndDestroy())
  await new Promise<void>((resolve) => hangsUp.listen(0, '127.0.0.1', resolve))
  const { port } = hangsUp.address() as AddressInfo
  try {
    const failure = new IndexferryError('HOST_UNKNOWN', 'the domain old cannot be reached', { side: 'source' })
    const endpoint = endpointAt('http://old:9200', `http://127.0.0.1:${port}`, undefined, failure)
    await assert.rejects(opener([], { endpoints: () => endpoint }).open(remoteHost('vpc-old')), failure)
  } finally {
    hangsUp.close()
  }
})

test('what cannot be reached has the errors of every cluster', async () => {
  const silent = createServer()
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as AddressInfo
  try {
    const remotes = opener([`127.0.0.1:${port}`, '127.0.0.1:1', 'no-such-host.invalid:9200'])
    const quick = { connectTimeoutMs: 300, socketTimeoutMs: 300 }
    await assert.rejects(remotes.open(remoteHost('http://127.0.0.1:1')), { code: 'CONNECTION_REFUSED', side: 'source' })
    await assert.rejects(remotes.open(remoteHost(`https://127.0.0.1:${port}`, quick)), {
      code: 'CONNECTION_LOST',
      message: /not accepted in time/,
    })
    await assert.rejects(remotes.open(remoteHost(`http://127.0.0.1:${port}`, quick)), {
      code: 'CONNECTION_LOST',
      message: /no answer came in time/,
    })
    await assert.rejects(remotes.open(remoteHost('http://no-such-host.invalid:9200')), {
      code: 'HOST_UNKNOWN',
      message: /no-such-host\.invalid does not resolve/,
    })
  } finally {
    silent.close()
  }
})
