import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { test } from 'node:test'
import { startConnectProxy, startSocksProxy } from '../../../test/faults/tunnel-proxies.ts'
import { defaultLimits, Forwarder } from './forwarder.ts'
import type { OnwardRoute } from './onward-socket.ts'

const anyPort = { host: '127.0.0.1', ports: undefined, preferred: undefined }
const hosts = { 'old-cluster.test': '127.0.0.1' }
const credentials = { user: 'carrier', password: 'p@ss:word%' }

/** A server that answers with what it was sent, after the client has said everything. */
async function startEcho(): Promise<{ port: number } & AsyncDisposable> {
  return startServer((socket) => {
    text(socket).then(
      (said) => socket.end(`heard ${said}`),
      () => socket.destroy(),
    )
  })
}

async function startServer(serve: (socket: Socket) => void): Promise<{ port: number } & AsyncDisposable> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    serve(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const listen = (
  route: Partial<OnwardRoute> & { port: number },
  limits = {},
  log: (warning: string) => void = () => {},
) => Forwarder.listen(anyPort, { host: '127.0.0.1', proxy: undefined, ...route }, log, { ...defaultLimits, ...limits })

async function say(port: number, words: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.end(words)
  return text(socket)
}

test('the answer comes back after the client has said everything', async () => {
  await using echo = await startEcho()
  await using forwarder = await listen({ port: echo.port })
  assert.equal(await say(forwarder.port, 'hello'), 'heard hello')
  assert.equal(forwarder.failure, undefined)
})

for (const [kind, start] of [
  ['CONNECT', startConnectProxy],
  ['SOCKS5', startSocksProxy],
] as const) {
  test(`through a ${kind} proxy, which alone knows the name`, async () => {
    await using echo = await startEcho()
    await using proxy = await start({ hosts, credentials })
    const url = new URL(proxy.url)
    url.username = credentials.user
    url.password = encodeURIComponent(credentials.password)
    await using forwarder = await listen({ host: 'old-cluster.test', port: echo.port, proxy: url.href })
    assert.equal(await say(forwarder.port, 'hello'), 'heard hello')
    assert.deepEqual(proxy.asked, [`old-cluster.test:${echo.port}`])
  })

  test(`a ${kind} proxy that wants other credentials is named, without them`, async () => {
    await using proxy = await start({ credentials })
    const warnings: string[] = []
    const secret = proxy.url.replace('//', '//carrier:wrong-word@')
    await using forwarder = await listen({ port: 9, proxy: secret }, {}, (warning) => warnings.push(warning))
    for (const _ of [1, 2]) await assert.rejects(say(forwarder.port, 'hello'), { code: 'ECONNRESET' })
    assert.equal(forwarder.failure?.code, 'PROXY_FAILED')
    assert.match(forwarder.failure?.message ?? '', /the proxy \S+ does not lead to 127\.0\.0\.1:9: .*(407|uthenticat)/)
    assert.deepEqual(warnings, [forwarder.failure?.message])
    assert.ok(!warnings.join().includes('wrong-word'))
  })

  test(`a ${kind} proxy that finds no way says so`, async () => {
    await using echo = await startEcho()
    const { port } = echo
    await echo[Symbol.asyncDispose]()
    await using proxy = await start()
    await using forwarder = await listen({ port, proxy: proxy.url })
    await assert.rejects(say(forwarder.port, 'hello'), { code: 'ECONNRESET' })
    assert.match(forwarder.failure?.message ?? '', /502 Bad Gateway|ConnectionRefused|rejected/)
  })
}

test('a proxy that says nothing is not waited for without end', async () => {
  await using silent = await startServer(() => {})
  for (const protocol of ['http', 'socks5']) {
    const proxy = `${protocol}://127.0.0.1:${silent.port}`
    await using forwarder = await listen({ port: 9, proxy }, { connectTimeoutMs: 200 })
    await assert.rejects(say(forwarder.port, 'hello'), { code: 'ECONNRESET' })
    assert.match(forwarder.failure?.message ?? '', /within 0\.2 seconds|timed out/)
  }
})

test('a domain that is not there: the client sees a reset, the forwarder knows why', async () => {
  await using forwarder = await listen({ host: '127.0.0.1', port: 1 })
  await assert.rejects(say(forwarder.port, 'hello'), { code: 'ECONNRESET' })
  assert.equal(forwarder.failure?.code, 'CONNECTION_REFUSED')
  assert.match(forwarder.failure?.message ?? '', /^127\.0\.0\.1:1 cannot be reached: connect ECONNREFUSED/)
})

test('many connections at once, and those above the limit are closed', async () => {
  await using echo = await startEcho()
  await using forwarder = await listen({ port: echo.port }, { connectionsMax: 200 })
  const answers = await Promise.all(Array.from({ length: 200 }, (_, at) => say(forwarder.port, `no ${at}`)))
  assert.deepEqual(
    answers,
    Array.from({ length: 200 }, (_, at) => `heard no ${at}`),
  )

  await using narrow = await listen({ port: echo.port }, { connectionsMax: 1 })
  const first = connect({ port: narrow.port, host: '127.0.0.1', allowHalfOpen: true })
  await once(first, 'connect')
  assert.equal(await say(narrow.port, 'second').catch(() => ''), '')
  first.end('first')
  assert.equal(await text(first), 'heard first')
})

test('a large transfer does not pile up in memory while the receiver is slow', async () => {
  const chunk = Buffer.alloc(1 << 20, 7)
  let sent = 0
  await using source = await startServer((socket) => {
    const flow = function* () {
      for (; sent < 512; sent++) yield chunk
    }
    pipeline(Readable.from(flow()), socket).catch(() => {})
  })
  await using forwarder = await listen({ port: source.port })
  const client = connect({ port: forwarder.port, host: '127.0.0.1' })
  await once(client, 'readable')
  let before = -1
  while (before !== sent) {
    before = sent
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  assert.ok(sent < 64, `${sent} MB were taken from the source though nobody reads`)
  let received = 0
  for await (const part of client) received += (part as Buffer).length
  assert.equal(received, 512 << 20)
  assert.ok(process.memoryUsage().rss < 600 << 20)
})

test('silence for longer than allowed ends a connection', async () => {
  await using silent = await startServer(() => {})
  await using forwarder = await listen({ port: silent.port }, { idleMs: 100 })
  const client = connect({ port: forwarder.port, host: '127.0.0.1' })
  client.on('error', () => {})
  await once(client, 'close')
})

test('what one side breaks, the other side sees broken', async () => {
  let inner: Socket | undefined
  await using server = await startServer((socket) => {
    inner = socket
    socket.write('hello')
  })
  await using forwarder = await listen({ port: server.port })
  const client = connect({ port: forwarder.port, host: '127.0.0.1' })
  await once(client, 'data')
  inner?.resetAndDestroy()
  client.on('error', () => {})
  await once(client, 'close')
})

test('closing it closes its connections and frees its port', async () => {
  await using silent = await startServer(() => {})
  const forwarder = await listen({ port: silent.port })
  const client = connect({ port: forwarder.port, host: '127.0.0.1' })
  client.on('error', () => {})
  await once(client, 'connect')
  const closed = once(client, 'close')
  await forwarder[Symbol.asyncDispose]()
  await closed
  const route = { host: '127.0.0.1', port: silent.port, proxy: undefined }
  const place = { host: '127.0.0.1', ports: undefined, preferred: forwarder.port }
  await using again = await Forwarder.listen(place, route, () => {})
  assert.equal(again.port, forwarder.port)
})

test('ports are taken from the range, and the lack of one is told', async () => {
  await using silent = await startServer(() => {})
  const route = { host: '127.0.0.1', port: silent.port, proxy: undefined }
  const place = { host: '127.0.0.1', ports: [silent.port, silent.port] as const, preferred: 1 }
  await assert.rejects(
    Forwarder.listen(place, route, () => {}),
    { code: 'CONNECTION_LIMIT', message: /no port from \d+ to \d+ is free on 127\.0\.0\.1/ },
  )
})
