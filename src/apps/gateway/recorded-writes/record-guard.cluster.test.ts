// Writes through a gateway that records them: what the server does with them is the same, what they may change is in the log when the answer is
// there, and none goes on that cannot be recorded.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { gatewayInFront, type TestGateway } from '../../../../test/gateway/gateway-in-front.ts'
import { missingJava, useServer } from '../../../../test/servers/servers.ts'
import { resolveConnection } from '../../../cluster/connection.ts'
import { Passage } from '../../../cluster/passage.ts'
import { tlsParameters } from '../../../cluster/tls.ts'
import { RecordedWrites } from '../../../engine/recorded-writes.ts'
import { parseClusterVersion } from '../../../model/cluster-version.ts'
import type { JsonObject } from '../../../model/json.ts'
import { bothGuards } from '../call-guard.ts'
import { WriteGuard } from '../follower-writes/write-guard.ts'
import { recordedWritesRoutes } from './reader-routes.ts'
import { RecordGuard } from './record-guard.ts'
import { RunningTasks } from './running-tasks.ts'

const name = 'opensearch-2.19.4'
const index = `recorded-${process.pid}`
const followed = `${index}-follower`

describe('a gateway that records', { skip: missingJava(name) ?? false, timeout: 300_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'indexferry-recorded-'))
  const tasks = new RunningTasks()
  let log: RecordedWrites
  let gateway: TestGateway
  let followers = new Set<string>()
  let server = ''

  const call = async (method: string, path: string, body?: string | Buffer | object, headers: object = {}) => {
    const type = path.includes('_bulk') ? 'application/x-ndjson' : 'application/json'
    const isObject = typeof body === 'object' && !Buffer.isBuffer(body)
    const answer = await fetch(`${gateway.url}/${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': type }), ...headers },
      ...(body === undefined ? {} : { body: isObject ? JSON.stringify(body) : (body as string) }),
    })
    const text = await answer.text()
    return { status: answer.status, text, body: (text.startsWith('{') ? JSON.parse(text) : {}) as JsonObject }
  }
  const position = async () =>
    Number((await call('POST', `_indexferry/writes/${index}/_read`, { reader: 'test' })).body.position)
  /** What a call leaves in the log. */
  const leaves = async (...args: Parameters<typeof call>) => {
    let after = await position()
    const answer = await call(...args)
    const ids: string[] = []
    let isSwept = false
    for (;;) {
      const page = (await call('GET', `_indexferry/writes/${index}?after=${after}`)).body
      ids.push(...(page.ids as string[]))
      isSwept ||= page.sweep === true
      if (page.complete === true) return { ...answer, ids: ids.sort(), sweep: isSwept }
      after = Number(page.position)
    }
  }

  before(async () => {
    server = (await useServer(name)).url
    log = await RecordedWrites.open(folder, { indexes: [`${index}*`], bytesMax: 1e8, keepMs: 1e9 }, () => {})
    const version = parseClusterVersion(name)
    assert.ok(version)
    const record = new RecordGuard({ log, version: async () => version, tasks })
    const guard = bothGuards(new WriteGuard({ followers: () => followers }), record)
    gateway = await gatewayInFront({ nodes: [server] }, {}, recordedWritesRoutes(log), guard)
    for (const each of [index, followed])
      assert.equal((await call('PUT', each, { settings: { number_of_replicas: 0 } })).status, 200)
  })

  after(async () => {
    followers = new Set()
    for (const each of [index, followed]) await fetch(`${server}/${each}`, { method: 'DELETE' })
    await gateway[Symbol.asyncDispose]()
    tasks[Symbol.dispose]()
    await log[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  test('single documents', async () => {
    const put = await leaves('PUT', `${index}/_doc/a%2Fb?routing=r`, { n: 1 })
    assert.deepEqual([put.status, put.ids, put.sweep], [201, ['a/b'], false])
    const made = await leaves('POST', `${index}/_doc?routing=r`, { n: 2 })
    assert.deepEqual([made.status, made.ids], [201, [made.body._id]])
    const conflict = await leaves('PUT', `${index}/_create/a%2Fb?routing=r`, { n: 3 })
    assert.deepEqual([conflict.status, conflict.ids], [409, ['a/b']], 'what fails costs one look')
    assert.deepEqual((await leaves('POST', `${index}/_update/a%2Fb?routing=r`, { doc: { n: 4 } })).ids, ['a/b'])
    assert.deepEqual((await leaves('DELETE', `${index}/_doc/gone`)).ids, ['gone'])
    assert.deepEqual((await leaves('POST', `${index}/_search`, {})).ids, [])
    assert.deepEqual((await leaves('PUT', `${followed}/_doc/other`, { n: 1 })).ids, [])
  })

  test('bulk calls, small and large, packed and plain, with ids and without', async () => {
    const some = `{"index":{"_id":"b1"}}\n{"n":1}\n{"create":{}}\n{"n":2}\n{"delete":{"_index":"${followed}","_id":"x"}}\n`
    for (const packed of [false, true]) {
      const body = packed ? gzipSync(some) : some
      const found = await leaves('POST', `${index}/_bulk`, body, packed ? { 'content-encoding': 'gzip' } : {})
      const items = found.body.items as { index?: { _id: string }; create?: { _id: string; status: number } }[]
      assert.equal(items[1]?.create?.status, 201)
      assert.deepEqual(found.ids, ['b1', items[1]?.create?._id].sort())
    }
    const many = Array.from({ length: 20_000 }, (_, n) => `{"index":{}}\n{"text":"${'x'.repeat(80)}","n":${n}}\n`).join(
      '',
    )
    const large = await leaves('POST', `${index}/_bulk?filter_path=items.*._id,errors`, many)
    assert.equal(large.body.errors, false)
    const made = (large.body.items as { index: { _id: string } }[]).map((item) => item.index._id).sort()
    assert.equal(made.length, 20_000)
    assert.deepEqual(large.ids, made)
  })

  test('names and ids that stand beside the path, and names that only the cluster can tell', async () => {
    const beside = await leaves('POST', `_bulk?index=${index}`, '{"index":{"_id":"beside"}}\n{}\n{"index":{}}\n{}\n')
    const items = beside.body.items as { index: { _id: string; _index: string } }[]
    assert.deepEqual(beside.ids, items.map((item) => item.index._id).sort())
    assert.equal(items[0]?.index._index, index)
    const given = await leaves('POST', `${index}/_doc?id=given`, { n: 1 })
    if (given.status < 300) assert.deepEqual(given.ids, [given.body._id])
    else assert.deepEqual(given.ids, ['given'])
    const reckoned = encodeURIComponent(`<${index}{now/d{'-reckoned'}}>`)
    const dated = await leaves('PUT', `${reckoned}/_doc/1`, { n: 1 })
    assert.deepEqual([dated.status, dated.body._index, dated.sweep], [201, `${index}-reckoned`, true])
    await call('DELETE', `${index}-reckoned`)
    assert.equal((await leaves('POST', '_reindex', 'no JSON', { 'content-type': 'application/smile' })).sweep, true)
  })

  test('what names no ids is to be swept, also while it goes on in the background', async () => {
    assert.equal(
      (await leaves('POST', `${index}/_delete_by_query?conflicts=proceed`, { query: { match_none: {} } })).sweep,
      true,
    )
    assert.equal(
      (await leaves('POST', `${index.slice(0, -1)}*/_update_by_query`, { query: { match_none: {} } })).sweep,
      true,
    )
    assert.equal((await leaves('POST', '_reindex', { source: { index: followed }, dest: { index } })).sweep, true)
    assert.equal((await leaves('POST', `${followed}/_delete_by_query`, { query: { match_none: {} } })).sweep, false)
    assert.equal((await leaves('PUT', `${index}/_doc/p?pipeline=none-such`, { n: 1 })).sweep, true)
    const start = await position()
    const started = await call('POST', `${index}/_update_by_query?wait_for_completion=false`, {
      query: { match_none: {} },
    })
    assert.ok(started.body.task, started.text)
    const sweeps = async (from: number) => (await call('GET', `_indexferry/writes/${index}?after=${from}`)).body
    const first = await sweeps(start)
    assert.equal(first.sweep, true)
    for (const deadline = Date.now() + 30_000; ; ) {
      const { sweep } = await sweeps(Number(first.position))
      if (sweep === true) break
      assert.ok(Date.now() < deadline, 'once more when it is over')
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  })

  test('what is written under another name may come to the index all the same', async () => {
    const [other, gone, pipeline] = [`other-than-${index}`, `${index}-gone`, `to-${index}`]
    const processors = [{ set: { field: '_index', value: index } }]
    try {
      assert.equal((await call('PUT', `_ingest/pipeline/${pipeline}`, { processors })).status, 200)
      const piped = await leaves('PUT', `${other}/_doc/piped?pipeline=${pipeline}`, { n: 1 })
      assert.deepEqual([piped.status, piped.body._index, piped.sweep], [201, index, true])
      const line = `{"index":{"_index":"${other}","_id":"piped-line","pipeline":"${pipeline}"}}\n{}\n`
      assert.equal((await leaves('POST', '_bulk', line)).sweep, true)
      const script = { source: `ctx._index = '${index}'; ctx._id = 'scripted'` }
      await call('PUT', `${followed}/_doc/one?refresh=true`, { n: 1 })
      const scripted = await leaves('POST', '_reindex', { source: { index: followed }, dest: { index: other }, script })
      assert.deepEqual([scripted.status, scripted.sweep], [200, true], scripted.text)
      const parted = await leaves('POST', `_bulk?refresh=false;index=${index}`, '{"index":{"_id":"parted"}}\n{}\n')
      assert.equal(parted.sweep, true)
      await call('PUT', gone, {})
      const actions = [{ remove_index: { index: gone } }]
      const removed = await log.register(gone, 'test')
      assert.equal((await call('POST', '_aliases', { actions })).status, 200)
      assert.equal((await log.read(gone, removed, 10)).sweep, true)
      const added = await leaves('POST', '_aliases', { actions: [{ add: { index: followed, alias: `a-${index}` } }] })
      assert.deepEqual([added.status, added.sweep], [200, false])
    } finally {
      await call('DELETE', `_ingest/pipeline/${pipeline}`)
      await call('DELETE', other)
    }
  })

  test('what an earlier gateway left goes on as long as a task of the cluster runs', async () => {
    const documents = Array.from({ length: 200 }, (_, n) => `{"index":{"_id":"slow-${n}"}}\n{}\n`).join('')
    await call('POST', `${followed}/_bulk?refresh=true`, documents)
    const way = `${followed}/_update_by_query?wait_for_completion=false&scroll_size=1&requests_per_second=1&conflicts=proceed`
    const started = await fetch(`${server}/${way}`, { method: 'POST' }).then((answer) => answer.json())
    const { task } = started as { task: string }
    const connection = await resolveConnection('target', { nodes: [server] })
    const options = { credentials: 'caller', silenceMs: undefined } as const
    const passage = new Passage(connection, tlsParameters('target', connection.tls), options)
    const over = Promise.withResolvers<void>()
    let isOver = false
    const lost = () => {
      isOver = true
      over.resolve()
    }
    let renewed = 0
    let asked = 0
    tasks.settleLeft({ renew: () => renewed++, lost }, () => {
      asked++
      return passage
    })
    for (const deadline = Date.now() + 60_000; asked < 2; ) {
      assert.ok(Date.now() < deadline, 'it is asked')
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    assert.deepEqual([isOver, renewed], [false, 1])
    await fetch(`${server}/_tasks/${task}/_cancel`, { method: 'POST' })
    await over.promise
    await passage.close()
  })

  test('an alias that leads to the index is learnt, and what was written by it before is swept', async () => {
    const alias = `by-${index}`
    await call('POST', '_aliases', { actions: [{ add: { index, alias } }] })
    const start = await position()
    await log.learnAliases(index, [alias])
    const found = await leaves('PUT', `${alias}/_doc/by-alias`, { n: 1 })
    assert.deepEqual(found.ids, ['by-alias'])
    assert.ok((await position()) > start)
  })

  test('items that are refused because their index follows another are not recorded, the others are', async () => {
    followers = new Set([followed])
    try {
      const body = `{"index":{"_index":"${followed}","_id":"f"}}\n{}\n{"index":{"_id":"kept"}}\n{}\n{"index":{}}\n{}\n`
      for (const padding of ['', '\n'.repeat(100_000)]) {
        const { body: answer, ids } = await leaves('POST', `${index}/_bulk`, body + padding)
        const items = answer.items as { index: { status: number; _id: string } }[]
        assert.deepEqual(
          items.map((item) => item.index.status === 403),
          [true, false, false],
        )
        assert.deepEqual(ids, ['kept', items[2]?.index._id].sort())
      }
    } finally {
      followers = new Set()
    }
  })

  test('readers are told what is wrong', async () => {
    assert.equal((await call('GET', `_indexferry/writes/not-recorded`)).status, 404)
    assert.equal((await call('GET', `_indexferry/writes/${index}-missing`)).status, 404)
    assert.equal((await call('GET', `_indexferry/writes/${index}?after=x`)).status, 400)
    assert.equal((await call('POST', `_indexferry/writes/${index}/_read`, { reader: 'a b' })).status, 400)
    const { status, body } = await call('POST', `_indexferry/writes/${index}/_read`, { reader: 'one' })
    assert.deepEqual([status, typeof body.position], [200, 'number'])
  })

  test('an index behind a pipeline is not for readers', async () => {
    const piped = `${index}-piped`
    try {
      const body = { settings: { default_pipeline: 'p', number_of_replicas: 0 } }
      assert.equal((await call('PUT', piped, body)).status, 200)
      const refused = await call('GET', `_indexferry/writes/${piped}`)
      assert.deepEqual([refused.status, /pipeline \[p\]/.test(refused.text)], [400, true])
    } finally {
      await call('DELETE', piped)
    }
  })

  test('what cannot be recorded is not passed on', async () => {
    await log[Symbol.asyncDispose]()
    const large = Array.from(
      { length: 3_000 },
      (_, n) => `{"index":{"_id":"never-${n}"}}\n{"t":"${'x'.repeat(50)}"}\n`,
    ).join('')
    for (const [method, path, body] of [
      ['PUT', `${index}/_doc/never`, { n: 1 }],
      ['POST', `${index}/_bulk`, '{"index":{"_id":"never"}}\n{}\n'],
      ['POST', `${index}/_bulk`, large],
    ] as const) {
      const refused = await call(method, path, body)
      assert.equal(refused.status, 503, refused.text)
      assert.match(refused.text, /write_not_recorded_exception/)
    }
    const found = await fetch(`${server}/${index}/_search?q=_id:never*&size=0`).then((answer) => answer.json())
    assert.equal((found as { hits: { total: { value: number } } }).hits.total.value, 0)
    assert.equal((await fetch(`${server}/${index}/_doc/never`)).status, 404)
  })
})
