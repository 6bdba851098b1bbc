// What the gateway does when things go wrong or get large: bodies, clients that go away or say nothing, clusters that are down, and who
// may call.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type Server } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { createTestIndex, deleteTestIndex, openTestCluster, putDocuments } from '../../../test/documents/fill-index.ts'
import { gatewayInFront, type TestGateway } from '../../../test/gateway/gateway-in-front.ts'
import { askByWire } from '../../../test/gateway/wire.ts'
import { missingJava, useServer } from '../../../test/servers/servers.ts'
import { monotonicMs, sleep } from '../../foundation/clock.ts'
import type { JsonObject } from '../../model/json.ts'
import type { Route } from './route.ts'

const plain = 'opensearch-2.19.4'
const secure = 'opensearch-2.19.4-secure'
const options = (name: Parameters<typeof missingJava>[0]) => ({ skip: missingJava(name) ?? false, timeout: 120_000 })
const index = `gateway-${process.pid}`

after(async () => {
  if (missingJava(plain)) return
  await using cluster = await openTestCluster('target', plain)
  await deleteTestIndex(cluster, index)
})

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

async function ask(
  port: number,
  method: string,
  path: string,
  details: { headers?: Record<string, string>; body?: string | Buffer | Readable; agent?: Agent } = {},
): Promise<Answer> {
  const { headers = {}, body, agent } = details
  const sent = request({ port, host: '127.0.0.1', method, path, headers, agent: agent ?? false })
  if (body instanceof Readable) body.pipe(sent)
  else sent.end(body)
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk as Buffer)
  return { status: answer.statusCode ?? 0, headers: answer.headers, text: Buffer.concat(chunks).toString() }
}

/** For what no cluster of the tests would do: takes bodies of any size, never answers, or dies in the middle. */
async function serverThat(listener: Parameters<typeof createServer>[1]): Promise<{ url: string } & AsyncDisposable> {
  const server: Server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, [Symbol.asyncDispose]: close }
}

const errorOf = (text: string) => (JSON.parse(text) as { error: JsonObject }).error as Record<string, string>

function* megabytes(count: number): Generator<Buffer> {
  for (let at = 0; at < count; at++) yield Buffer.alloc(1024 * 1024, at % 251)
}

test('200 MB pass both ways unchanged, with flat memory and as fast as the slower side', {
  timeout: 60_000,
}, async () => {
  const count = 200
  const expected = createHash('md5')
  for (const chunk of megabytes(count)) expected.update(chunk)
  const digest = expected.digest('hex')
  let lowest = Number.POSITIVE_INFINITY
  let highest = 0
  const watch = setInterval(() => {
    const { rss } = process.memoryUsage()
    lowest = Math.min(lowest, rss)
    highest = Math.max(highest, rss)
  }, 20)
  await using cluster = await serverThat(async (incoming, outgoing) => {
    if (incoming.url === '/') return outgoing.end('{}')
    if (incoming.method === 'GET') return Readable.from(megabytes(count)).pipe(outgoing)
    const digest = createHash('md5')
    // The cluster takes its time: nothing may pile up meanwhile.
    await sleep(500)
    for await (const chunk of incoming) digest.update(chunk as Buffer)
    return outgoing.end(digest.digest('hex'))
  })
  await using gateway = await gatewayInFront({ nodes: [cluster.url] })
  assert.equal((await ask(gateway.port, 'POST', '/_bulk', { body: Readable.from(megabytes(count)) })).text, digest)
  const incoming = request({ port: gateway.port, host: '127.0.0.1', path: '/large', agent: false }).end()
  const [answer] = (await once(incoming, 'response')) as [IncomingMessage]
  await sleep(500)
  const received = createHash('md5')
  for await (const chunk of answer) received.update(chunk as Buffer)
  assert.equal(received.digest('hex'), digest)
  clearInterval(watch)
  // Both ends are in this process as well.
  assert.ok(highest - lowest < 150e6, `the memory grew by ${Math.round((highest - lowest) / 1e6)} MB`)
})

test('headers of requests keep their letters, order and repetition', async () => {
  let seen: string[] = []
  await using cluster = await serverThat((incoming, outgoing) => {
    seen = incoming.rawHeaders
    outgoing.sendDate = false
    outgoing.removeHeader('connection')
    outgoing
      .writeHead(299, 'Quite Fine', [
        'X-One',
        '1',
        'x-TWO',
        '2',
        'X-One',
        '3',
        'Warning',
        '299 - "é"',
        'Content-Length',
        '2',
      ])
      .end(Buffer.from('{}'))
  })
  await using gateway = await gatewayInFront({ nodes: [cluster.url] })
  const headers = [
    'X-Zed: 1',
    'x-aLpha: 2',
    'X-Zed: 3',
    'Keep-Alive: 5',
    'TE: trailers',
    'X-Hop: 1',
    'Connection: x-hop',
  ]
  const answer = await askByWire(gateway.port, { method: 'GET', url: '/', headers })
  assert.equal(
    answer.toString('latin1'),
    'HTTP/1.1 299 Quite Fine\r\nX-One: 1\r\nx-TWO: 2\r\nX-One: 3\r\nWarning: 299 - "é"\r\nContent-Length: 2\r\n\r\n{}',
  )
  const host = new URL(cluster.url).host
  assert.deepEqual(seen, ['host', host, 'connection', 'keep-alive', 'X-Zed', '1', 'x-aLpha', '2', 'X-Zed', '3'])
})

test('a cluster that is down is a 503, one that hangs up a 502, one that dies in the middle no whole answer', async () => {
  const free = createTcpServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const { port } = free.address() as AddressInfo
  await new Promise((resolve) => free.close(resolve))
  await using nobody = await gatewayInFront({ nodes: [`http://127.0.0.1:${port}`] })
  const down = await ask(nobody.port, 'POST', '/_bulk', { body: 'x' })
  assert.equal(down.status, 503)
  assert.match(String(errorOf(down.text).reason), /^the cluster behind this gateway, http:.*the connection is refused/)
  assert.match(nobody.log.join(), /"event":"failed","status":503/)

  await using cluster = await serverThat((incoming, outgoing) => {
    if (incoming.url === '/') outgoing.end('{}')
    else if (incoming.url === '/hang-up') incoming.socket.destroy()
    else {
      outgoing.writeHead(200, incoming.url === '/chunked' ? {} : { 'content-length': 100 })
      outgoing.write('half', () => incoming.socket.destroy())
    }
  })
  await using gateway = await gatewayInFront({ nodes: [cluster.url] })
  const hungUp = await ask(gateway.port, 'GET', '/hang-up')
  assert.equal(hungUp.status, 502)
  assert.equal((JSON.parse(hungUp.text) as { status: number }).status, 502)
  for (const path of ['/chunked', '/counted'])
    await assert.rejects(ask(gateway.port, 'GET', path), /aborted|ECONNRESET/)
})

test('of several nodes, those that are down are passed over, whatever is asked', options(plain), async () => {
  const server = await useServer(plain)
  await using gateway = await gatewayInFront({ nodes: ['http://127.0.0.1:1', server.url] })
  for (let at = 0; at < 6; at++) {
    const body = Readable.from([`{"index":{"_index":"${index}"}}\n`, '{}\n'])
    const headers = { 'content-type': 'application/x-ndjson' }
    assert.equal((await ask(gateway.port, 'POST', '/_bulk', { headers, body })).status, 200)
  }
})

test('a client that goes away takes its request to the cluster with it', async () => {
  const closed: Promise<unknown>[] = []
  let arrived = () => {}
  const here = new Promise<void>((resolve) => {
    arrived = resolve
  })
  await using cluster = await serverThat((incoming, outgoing) => {
    if (incoming.url === '/') return outgoing.end('{}')
    closed.push(once(incoming.socket, 'close'))
    return arrived()
  })
  await using gateway = await gatewayInFront({ nodes: [cluster.url] })
  const client = request({ port: gateway.port, host: '127.0.0.1', path: '/_search', agent: false })
  client.on('error', () => {}).end()
  await here
  client.destroy()
  await Promise.all(closed)
})

const connected = async (port: number): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  await once(socket, 'connect')
  return socket
}

const read = async (socket: Socket): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

const echo: Route = {
  method: 'POST',
  path: '/_own/:what',
  operation: 'own',
  handle: async (call, { what = '' }) => {
    const body = await call.body()
    if (what === 'pass') return 'pass'
    if (what === 'fail') throw new TypeError('a defect')
    if (what === 'merge')
      return { status: 200, body: JSON.parse((await call.askCluster({ method: 'GET', url: '/' })).body.toString()) }
    return { status: 200, body: { what, who: call.caller.name, bytes: body.length, pretty: call.query.get('pretty') } }
  },
}

test('slow clients are refused', options(plain), async () => {
  const server = await useServer(plain)
  await using gateway = await gatewayInFront({ nodes: [server.url] }, { limits: { slowClientMs: 300 } }, [echo])
  const { port } = gateway
  const slowHeaders = await connected(port)
  slowHeaders.write('GET / HTTP/1.1\r\nHost: x\r\n')
  assert.match(await read(slowHeaders), /^HTTP\/1\.1 408 /)
  for (const path of ['/_bulk', '/_own/x']) {
    const slowBody = await connected(port)
    slowBody.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 100\r\n\r\n{`)
    assert.match(await read(slowBody), /^HTTP\/1\.1 408 [\s\S]*was silent for 300 ms/)
  }
})

test('large headers, large and bomb-like bodies of our own calls are refused', options(plain), async () => {
  const server = await useServer(plain)
  const limits = { headerBytesMax: 8_000, ownRequestBytesMax: 10_000 }
  await using gateway = await gatewayInFront({ nodes: [server.url] }, { limits }, [echo])
  const { port } = gateway
  const large = await askByWire(port, { method: 'GET', url: '/', headers: [`X-Large: ${'a'.repeat(9_000)}`] })
  assert.match(large.toString(), /^HTTP\/1\.1 431 [\s\S]*limits.headerBytesMax/)
  const tooLong = await ask(port, 'POST', '/_own/x', { body: Buffer.alloc(20_000) })
  assert.equal(tooLong.status, 413)
  const unknownLength = await ask(port, 'POST', '/_own/x', {
    body: Readable.from([Buffer.alloc(6_000), Buffer.alloc(6_000)]),
  })
  assert.equal(unknownLength.status, 413)
  const packed = { 'content-encoding': 'gzip' }
  const bomb = await ask(port, 'POST', '/_own/x', { headers: packed, body: gzipSync(Buffer.alloc(1_000_000)) })
  assert.deepEqual([bomb.status, errorOf(bomb.text).type], [413, 'content_too_long_exception'])
  const broken = await ask(port, 'POST', '/_own/x', { headers: packed, body: 'no gzip' })
  assert.equal(broken.status, 400)
  const brotli = await ask(port, 'POST', '/_own/x', { headers: { 'content-encoding': 'br' }, body: 'x' })
  assert.equal(brotli.status, 400)
  const noHttp = await connected(port)
  noHttp.write('EHLO example.com\r\n\r\n')
  assert.match(await read(noHttp), /^HTTP\/1\.1 400 [\s\S]*no valid HTTP request/)
})

test(
  'calls of our own: parameters, packed bodies, errors, what is handed to the cluster after all',
  options(plain),
  async () => {
    const server = await useServer(plain)
    await using gateway = await gatewayInFront({ nodes: [server.url] }, {}, [echo])
    const { port } = gateway
    const headers = { 'content-encoding': 'gzip', expect: '100-continue', 'x-opaque-id': 'mine' }
    const packed = await ask(port, 'POST', '//_own/a%20b/?pretty', { headers, body: gzipSync('x'.repeat(2_000)) })
    assert.equal(packed.text, '{\n  "what" : "a b",\n  "who" : "anonymous",\n  "bytes" : 2000,\n  "pretty" : ""\n}\n')
    assert.equal(packed.headers['x-opaque-id'], 'mine')
    assert.equal(packed.headers['content-type'], 'application/json; charset=UTF-8')
    const defect = await ask(port, 'POST', '/_own/fail')
    assert.equal(defect.status, 500)
    assert.match(gateway.log.join(''), /"event":"defect".*TypeError: a defect/)
    const passed = await ask(port, 'POST', '/_own/pass?error_trace=false', { body: '{"a":1}' })
    const direct = await ask(Number(new URL(server.url).port), 'POST', '/_own/pass?error_trace=false', {
      body: '{"a":1}',
    })
    assert.deepEqual(passed, direct)
    const merged = await ask(port, 'POST', '/_own/merge?filter_path=version.number&format=yaml', { body: '{}' })
    assert.equal(merged.text, '---\nversion:\n  number: "2.19.4"\n')
    const malformed = await ask(port, 'POST', '/_own/x?a=%zz')
    assert.equal(malformed.status, 400)
    for (const [method, path, status] of [
      ['GET', '/_indexferry/nothing', 404],
      ['GET', '/_indexferry/%zz', 400],
    ] as const) {
      assert.equal((await ask(port, method, path)).status, status, path)
    }
  },
)

test('users and keys of the gateway, with its own credentials for the cluster', options(secure), async (t) => {
  const server = await useServer(secure)
  if (!server.caFile) return t.skip('its CA file is not known here')
  const cluster = {
    nodes: [server.url],
    tls: { caFile: server.caFile },
    authentication: { kind: 'basic', username: server.username ?? '', password: server.password ?? '' } as const,
  }
  const access = {
    clusterCredentials: 'own' as const,
    users: [{ name: 'ann', password: 'pass:word' }],
    apiKeys: [{ name: 'ci', key: 'id:secret-of-ci' }],
  }
  await using gateway = await gatewayInFront(cluster, { access }, [echo])
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })
  const key = (text: string) => ({ authorization: `ApiKey ${Buffer.from(text).toString('base64')}` })
  const who = async (headers: Record<string, string>): Promise<number> =>
    (await ask(gateway.port, 'GET', '/', { headers })).status
  assert.equal(await who(basic('ann:pass:word')), 200)
  assert.equal(await who(key('id:secret-of-ci')), 200)
  for (const wrong of [
    {},
    basic('ann:wrong-one'),
    basic('ann'),
    basic('admin:admin'),
    key('id:other-secret'),
    { authorization: 'Basic' },
  ]) {
    assert.equal(await who(wrong as Record<string, string>), 401)
  }
  const refused = await ask(gateway.port, 'POST', '/_own/x?pretty', { headers: basic('ann:wrong-one') })
  assert.match(String(refused.headers['www-authenticate']), /^Basic realm=/)
  assert.equal(errorOf(refused.text).type, 'security_exception')
  const lines = gateway.log.join('')
  assert.equal(lines.match(/"event":"refused","status":401/g)?.length, 7)
  assert.doesNotMatch(lines, /wrong-one|other-secret/)
  const own = await ask(gateway.port, 'POST', '/_own/x', { headers: basic('ann:pass:word') })
  assert.equal((JSON.parse(own.text) as { who: string }).who, 'user ann')
})

test('whoever the cluster lets in', options(secure), async (t) => {
  const server = await useServer(secure)
  if (!server.caFile) return t.skip('its CA file is not known here')
  const cluster = { nodes: [server.url], tls: { caFile: server.caFile } }
  await using gateway: TestGateway = await gatewayInFront(cluster, {}, [echo])
  const login = `${server.username}:${server.password}`
  const right = { authorization: `Basic ${Buffer.from(login).toString('base64')}` }
  const wrong = { authorization: `Basic ${Buffer.from('admin:wrong-one').toString('base64')}` }
  for (const path of ['/_own/x', '/_search?size=0']) {
    assert.equal((await ask(gateway.port, 'POST', path, { headers: right })).status, 200, path)
    const refused = await ask(gateway.port, 'POST', path, { headers: wrong })
    assert.deepEqual([refused.status, refused.text], [401, 'Unauthorized'], path)
    assert.match(String(refused.headers['www-authenticate']), /^Basic/)
    assert.equal((await ask(gateway.port, 'POST', path)).status, 401)
  }
  assert.match(gateway.log.join(''), /"event":"refused","status":401,.*"who":"user admin"|"who":"user admin".*/)
})

test('an answer with odd letters in its status line comes through', async () => {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () =>
      socket.end(Buffer.from('HTTP/1.1 404 N\u00e3o\u0001 encontrado\r\ncontent-length: 2\r\n\r\n{}')),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  await using gateway = await gatewayInFront({ nodes: [`http://127.0.0.1:${(server.address() as AddressInfo).port}`] })
  try {
    const { status, text } = await ask(gateway.port, 'GET', '/x')
    assert.deepEqual([status, text], [404, '{}'])
  } finally {
    server.close()
  }
})

test('who is let in is not known while the cluster does not say', async () => {
  let status = 503
  await using cluster = await serverThat((_, outgoing) => outgoing.writeHead(status).end('{}'))
  await using gateway = await gatewayInFront({ nodes: [cluster.url] }, {}, [echo])
  const call = async () => (await ask(gateway.port, 'POST', '/_own/x')).status
  for (status of [503, 429, 302, 500]) assert.equal(await call(), 503, `the cluster answers ${status}`)
  // What was no answer is not remembered.
  status = 200
  assert.equal(await call(), 200)
})

test('50 clients at once lose nothing', options(plain), async () => {
  const server = await useServer(plain)
  await using gateway = await gatewayInFront({ nodes: [server.url] })
  await using cluster = await openTestCluster('target', plain)
  await createTestIndex(cluster, index)
  await putDocuments(cluster, index, [{ id: '1', source: '{"n":1}' }])
  const agent = new Agent({ keepAlive: true })
  const until = monotonicMs() + 2_000
  const client = async (number: number): Promise<number> => {
    let written = 0
    while (monotonicMs() < until) {
      const path = `/${index}/_doc/${number}-${written}`
      const put = await ask(gateway.port, 'PUT', path, {
        agent,
        headers: { 'content-type': 'application/json' },
        body: `{"n":${number}}`,
      })
      assert.equal(put.status, 201)
      written++
      const got = await ask(gateway.port, 'GET', path, { agent })
      assert.equal((JSON.parse(got.text) as { _source: { n: number } })._source.n, number)
    }
    return written
  }
  const counts = await Promise.all(Array.from({ length: 50 }, (_, number) => client(number)))
  agent.destroy()
  await cluster.json({ method: 'POST', path: `/${index}/_refresh` })
  const { body } = await cluster.json<{ count: number }>({ method: 'GET', path: `/${index}/_count` })
  assert.equal(body.count, 1 + counts.reduce((sum, count) => sum + count, 0))
})

test('a gateway that stops lets running calls end', async () => {
  const underWay = Promise.withResolvers<void>()
  await using cluster = await serverThat(async (incoming, outgoing) => {
    if (incoming.url !== '/') {
      underWay.resolve()
      await sleep(400)
    }
    outgoing.end('{"done":true}')
  })
  const gateway = await gatewayInFront({ nodes: [cluster.url] })
  const agent = new Agent({ keepAlive: true })
  const running = ask(gateway.port, 'GET', '/_slow', { agent })
  await underWay.promise
  const started = monotonicMs()
  await Promise.all([gateway[Symbol.asyncDispose](), running.then(({ text }) => assert.equal(text, '{"done":true}'))])
  assert.ok(monotonicMs() - started < 5_000)
  agent.destroy()
  await assert.rejects(ask(gateway.port, 'GET', '/'), /ECONNREFUSED/)
})
