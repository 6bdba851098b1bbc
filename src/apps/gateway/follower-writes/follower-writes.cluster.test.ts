// Writes of clients to followers through the gateway, against what the server itself says of indexes with a block of the same levels
// (`index.blocks.read_only`): same status, same envelope, only the words of the block differ.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { gatewayInFront, type TestGateway } from '../../../../test/gateway/gateway-in-front.ts'
import { askByWire } from '../../../../test/gateway/wire.ts'
import { missingJava, useServer } from '../../../../test/servers/servers.ts'
import { sleep } from '../../../foundation/clock.ts'
import { reindexRoutes } from '../reindex/reindex-route.ts'
import { WriteGuard } from './write-guard.ts'

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

type Body = string | Buffer | object | undefined

interface Call {
  readonly method: string
  readonly path: string
  readonly body?: Body
  readonly headers?: Record<string, string>
}

async function ask(url: string, { method, path, body, headers = {} }: Call): Promise<Answer> {
  const isObject = typeof body === 'object' && !Buffer.isBuffer(body)
  const type = path.includes('_bulk') ? 'application/x-ndjson' : 'application/json'
  const answer = await fetch(url + path, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': type }), ...headers },
    ...(body === undefined ? {} : { body: isObject ? JSON.stringify(body) : (body as string) }),
  })
  return { status: answer.status, headers: answer.headers, text: await answer.text() }
}

const lines = (...values: readonly object[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('')

for (const name of ['opensearch-2.19.4', 'elasticsearch-7.10.2'] as const) {
  describe(`followers in ${name} behind the gateway`, { skip: missingJava(name) ?? false, timeout: 300_000 }, () => {
    const typed = name.startsWith('elasticsearch')
    const base = `guarded-${process.pid}`
    /** Refused by the gateway, and by the server, each with an index beside it that is open. */
    const kinds = ['gate', 'real'] as const
    const named = (kind: string, text: string) => text.replaceAll('@', `${base}-${kind}-`)
    let server = ''
    let gateway: TestGateway
    let followers = new Set<string>()

    const real = (call: Call) => ask(server, call)
    const through = (call: Call) => ask(gateway.url, call)

    before(async () => {
      const cluster = await useServer(name)
      server = cluster.url
      for (const kind of kinds) {
        for (const index of ['f1', 'f2', 'free', '1-dated']) {
          const path = `/${named(kind, '@')}${index}`
          assert.equal((await real({ method: 'PUT', path, body: { settings: { number_of_replicas: 0 } } })).status, 200)
        }
        await real({ method: 'PUT', path: named(kind, '/@f1/_doc/1?refresh=true'), body: { a: 1 } })
        const add = (index: string, alias: string, more: object = {}) => ({
          add: { index: named(kind, `@${index}`), alias: named(kind, `@${alias}`), ...more },
        })
        const actions = [
          ...[add('f1', 'only'), add('f1', 'many'), add('free', 'many', { is_write_index: true })],
          ...[add('f1', 'w', { is_write_index: true }), add('free', 'w'), add('f1', 'both'), add('f2', 'both')],
        ]
        assert.equal((await real({ method: 'POST', path: '/_aliases', body: { actions } })).status, 200)
      }
      for (const index of ['f1', 'f2']) {
        const settings = { index: { blocks: { read_only: true } } }
        await real({ method: 'PUT', path: named('real', `/@${index}/_settings`), body: settings })
      }
      followers = new Set(['f1', 'f2'].map((index) => named('gate', `@${index}`)))
      const guard = new WriteGuard({ followers: () => followers })
      const { routes } = reindexParts()
      gateway = await gatewayInFront({ nodes: [server] }, {}, routes, guard)
    })

    after(async () => {
      for (const index of ['f1', 'f2']) {
        const path = named('real', `/@${index}/_settings`)
        await real({ method: 'PUT', path, body: { index: { blocks: { read_only: null } } } })
      }
      for (const kind of kinds) {
        for (const index of ['f1', 'f2', 'free', '1-dated', 'other']) {
          await real({ method: 'DELETE', path: named(kind, `/@${index}?ignore_unavailable=true`) })
        }
      }
      await gateway?.[Symbol.asyncDispose]()
    })

    /** The same of both, in the words of the gateway's names and of its block. */
    const compare = async (call: Call): Promise<Answer> => {
      const own = (kind: string): Call => {
        const { body } = call
        const text = typeof body === 'object' && !Buffer.isBuffer(body) ? JSON.stringify(body) : body
        return { ...call, path: named(kind, call.path), body: typeof text === 'string' ? named(kind, text) : text }
      }
      const ours = await through(own('gate'))
      const theirs = await real(own('real'))
      const words = theirs.text
        .replaceAll(`${base}-real-`, `${base}-gate-`)
        .replaceAll('FORBIDDEN/5/index read-only (api)', 'FORBIDDEN/1000/index read-only(cross-cluster-replication)')
      assert.equal(steady(ours.text), steady(words), `${call.method} ${call.path}`)
      assert.equal(ours.status, theirs.status)
      assert.equal(ours.headers.get('content-type'), theirs.headers.get('content-type'))
      return ours
    }

    const steady = (text: string): string =>
      text
        .replace(/"took"( ?:) ?\d+/g, '"took"$1 0')
        .replace(/"_id"( ?:) ?(null|"[\w-]{20}")/g, '"_id"$1 "made"')
        .replace(/"(_seq_no|_version)"( ?:) ?\d+/g, '"$1"$2 0')
        // The server names several indexes in the order of its hash table.
        .replace(/(?:index \[[^\]]+\] blocked by: [^;]+;)+/g, (all) => all.split(';').sort().join(';'))

    const doc = { a: 1 }
    const refused: readonly Call[] = [
      { method: 'PUT', path: '/@f1/_doc/2', body: doc },
      { method: 'POST', path: '/@f1/_doc', body: doc },
      { method: 'PUT', path: '/@f1/_create/2', body: doc },
      { method: 'POST', path: '/@f1/_update/1', body: { doc } },
      { method: 'DELETE', path: '/@f1/_doc/1' },
      { method: 'PUT', path: '/@only/_doc/2', body: doc },
      { method: 'PUT', path: '/@w/_doc/2?pretty', body: doc },
      { method: 'PUT', path: '/@f1/_doc/2/', body: doc },
      { method: 'PUT', path: '/%3C@f1%3E/_doc/1', body: doc },
      { method: 'PUT', path: '/@f1/_doc/%FF', body: doc },
      { method: 'PUT', path: '/@f1/_mapping', body: { properties: { x: { type: 'keyword' } } } },
      { method: 'PUT', path: '/@f1,@f2/_mapping', body: { properties: { x: { type: 'keyword' } } } },
      { method: 'PUT', path: '/@both/_mapping', body: { properties: { x: { type: 'keyword' } } } },
      { method: 'PUT', path: '/@f*/_settings', body: { index: { refresh_interval: '2s' } } },
      { method: 'PUT', path: '/@*,-@f2/_settings', body: { index: { refresh_interval: '2s' } } },
      { method: 'POST', path: '/_aliases', body: { actions: [{ add: { index: '@f1', alias: '@x' } }] } },
      {
        method: 'POST',
        path: '/_aliases',
        body: { actions: [{ add: { index: '@free', alias: '@x' } }, { remove: { indices: ['@f2'], alias: '@both' } }] },
      },
      { method: 'POST', path: '/_aliases', body: { actions: [{ remove_index: { index: '@f1' } }] } },
      { method: 'PUT', path: '/@f1/_alias/@x' },
      { method: 'DELETE', path: '/@f1/_alias/@only' },
      { method: 'POST', path: '/@f1/_close' },
      { method: 'POST', path: '/@f1/_open' },
      { method: 'POST', path: '/@w/_rollover/@zz' },
      { method: 'PUT', path: '/@f1/_block/write' },
      { method: 'DELETE', path: '/@f1' },
      { method: 'DELETE', path: '/@f*' },
      { method: 'DELETE', path: '/@f1,@free' },
    ]

    test('what would change a follower is refused in the words of the servers', async () => {
      for (const call of refused) {
        const { status, text } = await compare(call)
        assert.equal(status, 403, `${call.method} ${call.path} ${text}`)
        assert.match(text, /cluster_block_exception/)
      }
    })

    test('what changes no follower is passed on', async () => {
      const passed: readonly Call[] = [
        { method: 'POST', path: '/@f1/_search', body: { query: { match_all: {} } } },
        { method: 'POST', path: '/@f1/_count' },
        { method: 'POST', path: '/@f1/_refresh' },
        { method: 'POST', path: '/@f1/_flush' },
        { method: 'GET', path: '/@f1/_doc/1' },
        { method: 'POST', path: '/_mget', body: { docs: [{ _index: '@f1', _id: '1' }] } },
        { method: 'PUT', path: '/@free/_doc/1', body: doc },
        { method: 'PUT', path: '/@many/_doc/1', body: doc },
        { method: 'PUT', path: '/@free,@1-dated/_mapping', body: { properties: { y: { type: 'keyword' } } } },
        { method: 'PUT', path: '/@1*/_settings', body: { index: { refresh_interval: '2s' } } },
        { method: 'POST', path: '/@free/_delete_by_query?refresh=true', body: { query: { match_none: {} } } },
        { method: 'POST', path: '/_reindex', body: { source: { index: '@f1' }, dest: { index: '@free' } } },
      ]
      for (const call of passed) {
        const { status, text } = await through({
          ...call,
          path: named('gate', call.path),
          body: call.body && named('gate', JSON.stringify(call.body)),
        })
        assert.ok(status === 200 || status === 201, `${call.method} ${call.path}: ${status} ${text}`)
      }
    })

    test('a reindex or an action on aliases that cannot be read here is refused', async () => {
      const meant = named('gate', JSON.stringify({ source: { index: '@free' }, dest: { index: '@f1' } }))
      const utf16 = Buffer.from(`\ufeff${meant}`, 'utf16le')
      const smile = { body: Buffer.from(':)\n\x01'), headers: { 'content-type': 'application/smile' } }
      for (const path of ['/_reindex', '/_aliases']) {
        for (const more of [{ body: utf16 }, smile]) {
          const { status, text } = await through({ method: 'POST', path, ...more })
          assert.equal(status, 406, text)
        }
      }
    })

    test('queries over followers and a reindex into one are refused as a whole', async () => {
      const calls: readonly Call[] = [
        { method: 'POST', path: '/@f1/_delete_by_query', body: { query: { match_all: {} } } },
        { method: 'POST', path: '/@*/_update_by_query', body: {} },
        { method: 'POST', path: '/_all/_update_by_query', body: {} },
        { method: 'POST', path: '/_reindex', body: { source: { index: '@free' }, dest: { index: '@only' } } },
        { method: 'PUT', path: '/_settings', body: { index: { refresh_interval: '2s' } } },
        ...(typed ? [{ method: 'PUT', path: '/@f1/some/1', body: doc }] : []),
        ...(typed ? [{ method: 'POST', path: '/@f1/_doc/1/_update', body: { doc } }] : []),
      ]
      for (const call of calls) {
        const body = call.body && named('gate', JSON.stringify(call.body))
        const { status, text } = await through({ ...call, path: named('gate', call.path), body })
        assert.equal(status, 403, `${call.method} ${call.path}: ${text}`)
        assert.match(text, /FORBIDDEN\/1000/)
      }
      assert.equal((await real({ method: 'GET', path: named('gate', '/@f1/_count') })).text.includes('"count":1'), true)
    })

    const mixed = lines(
      { index: { _index: '@f1', _id: '1' } },
      doc,
      { index: { _index: '@free', _id: '2' } },
      doc,
      { create: { _index: '@only', _id: '7' } },
      doc,
      { update: { _index: '@f2', _id: '1' } },
      { doc },
      { delete: { _index: '@w', _id: '1' } },
      { index: { _index: '@many', _id: '3' } },
      doc,
      { create: { _index: '@f1' } },
      doc,
    )

    test('a bulk call is refused item by item, and the rest of it carried out', async () => {
      for (const path of [
        '/_bulk?refresh=true',
        '/_bulk?refresh=true&pretty',
        '/_bulk?filter_path=items.*.error,errors',
      ]) {
        await compare({ method: 'POST', path, body: mixed })
      }
      const default_ = lines({ index: { _id: '1' } }, doc, { index: { _index: '@free', _id: '9' } }, doc)
      await compare({ method: 'PUT', path: '/@f1/_bulk', body: default_ })
      await compare({ method: 'POST', path: '/@free/_bulk?refresh=true', body: mixed })
      await compare({ method: 'POST', path: '/_bulk', body: lines({ index: { _index: '@f1', _id: '1' } }, doc) })
      const { text } = await real({ method: 'GET', path: named('gate', '/@free/_search?size=0') })
      assert.match(text, /"value":[34]/)
    })

    test('a large body, packed or not, is filtered while it is passed on', async () => {
      const parts = [...Array(1_500).keys()].map((n) =>
        lines({ index: { _index: n % 3 === 0 ? '@f1' : '@free', _id: `large-${n}` } }, { text: 'x'.repeat(100), n }),
      )
      const body = parts.join('')
      const plain = await compare({ method: 'POST', path: '/_bulk?refresh=true', body })
      const items = (JSON.parse(plain.text) as { items: { index: { status: number } }[] }).items
      assert.equal(items.length, 1_500)
      for (const [n, { index }] of items.entries()) assert.equal(index.status === 403, n % 3 === 0, `item ${n}`)
      const packed = (text: string) => gzipSync(text)
      const headers = { 'content-encoding': 'gzip' }
      const ours = await through({ method: 'POST', path: '/_bulk', body: packed(named('gate', body)), headers })
      const theirs = await real({ method: 'POST', path: '/_bulk', body: packed(named('real', body)), headers })
      assert.equal(statusesOf(ours.text), statusesOf(theirs.text))
      const shaped = { method: 'POST', path: '/_bulk?filter_path=errors,items.*.status', body }
      await compare(shaped)
      const refusedOnly = parts.filter((_, n) => n % 3 === 0).join('')
      await compare({ method: 'POST', path: '/_bulk', body: refusedOnly })
      const { text } = await real({ method: 'GET', path: named('gate', '/@f1/_count') })
      assert.match(text, /"count":1\b/)
    })

    const statusesOf = (text: string): string =>
      (JSON.parse(text) as { items: { index: { status: number } }[] }).items.map(({ index }) => index.status).join()

    test('what the servers refuse as a whole stays refused', async () => {
      const unended = `${lines({ index: { _index: '@free', _id: 'u' } }, doc)}{"index":{"_index":"@f1","_id":"1"}}\n{"a":1}`
      const { status } = await compare({ method: 'POST', path: '/_bulk', body: unended })
      assert.equal(status, 400)
      const garbage = await through({
        method: 'POST',
        path: '/_bulk',
        body: named('gate', '{"index":{"_index":"@f1"\n{}\n'),
      })
      assert.equal(garbage.status, 400)
      const smile = { 'content-type': 'application/smile' }
      assert.equal((await through({ method: 'POST', path: '/_bulk', body: 'x', headers: smile })).status, 406)
    })

    test('a large body that breaks, or whose client goes away, is not carried out', async () => {
      const good = lines({ index: { _index: named('gate', '@free'), _id: 'broken' } }, { text: 'x'.repeat(1_000) })
      const refusedOne = lines({ index: { _index: named('gate', '@f1'), _id: 'broken' } }, doc)
      const body = `${refusedOne}${good.repeat(200)}garbage\n${good}`
      const broken = await through({ method: 'POST', path: '/_bulk', body })
      assert.equal(broken.status, 400)
      assert.match(broken.text, /Malformed action\/metadata line of item \[202\]/)
      const packed = { 'content-encoding': 'gzip' }
      const unpackable = await through({
        method: 'POST',
        path: '/_bulk',
        body: Buffer.from('no gzip'),
        headers: packed,
      })
      assert.equal(unpackable.status, 400)
      const cut = await through({
        method: 'POST',
        path: '/_bulk',
        body: gzipSync(good.repeat(200)).subarray(0, -9),
        headers: packed,
      })
      assert.equal(cut.status, 400)
      await sendHalf(gateway.port, `${refusedOne}${good.repeat(200)}`)
      const there = await real({ method: 'GET', path: named('gate', '/@free/_doc/broken') })
      assert.equal(there.status, 404, there.text)
      assert.equal((await through({ method: 'GET', path: '/' })).status, 200)
    })

    test('a client that waits for leave to send gets it', async () => {
      const body = lines({ index: { _index: named('gate', '@f1'), _id: '1' } }, { text: 'x'.repeat(100_000) })
      const headers = ['Content-Type: application/x-ndjson', 'Expect: 100-continue']
      const answer = (await askByWire(gateway.port, { method: 'POST', url: '/_bulk', headers, body })).toString()
      assert.match(answer, /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK/)
      assert.match(answer, /FORBIDDEN\/1000/)
    })

    test('the state of the cluster shows the block', async () => {
      const { text } = await through({ method: 'GET', path: '/_cluster/state/blocks' })
      const { blocks } = JSON.parse(text)
      assert.deepEqual(blocks.indices[named('gate', '@f1')], {
        1000: {
          description: 'index read-only(cross-cluster-replication)',
          retryable: false,
          levels: ['write', 'metadata_write'],
        },
      })
      assert.ok(blocks.indices[named('real', '@f1')])
    })

    test('an alias that comes to lead to a follower is noticed within moments, and one that leads to none any more as well', async () => {
      const alias = named('gate', '@new')
      const act = (kind: string, index: string) => ({ [kind]: { index: named('gate', `@${index}`), alias } })
      const change = (...actions: object[]) => real({ method: 'POST', path: '/_aliases', body: { actions } })
      const written = () => through({ method: 'PUT', path: `/${alias}/_doc/1`, body: doc })
      await change(act('add', 'free'))
      assert.ok((await written()).status < 300)
      await change(act('remove', 'free'), act('add', 'f2'))
      await until(async () => (await written()).status === 403)
      await change(act('remove', 'f2'), act('add', 'free'))
      await until(async () => (await written()).status < 300)
    })

    test('without followers everything goes on, at once', async () => {
      const before = followers
      followers = new Set()
      const { status } = await through({ method: 'PUT', path: named('gate', '/@f1/_doc/later'), body: doc })
      followers = before
      assert.equal(status, 201)
      const again = await through({ method: 'PUT', path: named('gate', '/@f1/_doc/later'), body: doc })
      assert.equal(again.status, 403)
    })
  })
}

/** A call whose client closes the connection in the middle of its body. */
async function sendHalf(port: number, body: string): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  const head = `POST /_bulk HTTP/1.1\r\nHost: test\r\nContent-Type: application/x-ndjson\r\nContent-Length: ${2 * body.length}\r\n\r\n`
  await new Promise<void>((resolve) => socket.write(head + body, () => resolve()))
  const closed = once(socket, 'close')
  socket.destroy()
  await closed
}

/** Within ten times what it takes at most. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries++) {
    assert.ok(tries < 200, 'in vain')
    await sleep(50)
  }
}

/** Calls without a remote are passed on, so that nothing of an engine is needed. */
function reindexParts() {
  const never = () => {
    throw new Error('not for calls without a remote')
  }
  return { routes: reindexRoutes({ server: never, tasks: { start: never, wait: never }, remotes: { check: never } }) }
}
