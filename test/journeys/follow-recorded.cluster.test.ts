// Following a source without sequence numbers by the log of the gateway through which it is written: no sweep but where the log cannot tell.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { indexPath } from '../../src/cluster/paths.ts'
import type { JsonObject } from '../../src/model/json.ts'
import { bulkDocuments, createTestIndex, deleteTestIndex, openTestCluster } from '../documents/fill-index.ts'
import type { ServerName } from '../servers/catalogue.ts'
import { freePort } from '../servers/ports.ts'
import { missingJava, useServer } from '../servers/servers.ts'
import { compareIndexes } from './copy-index.ts'
import { caughtUp, pause } from './follow-pair.ts'
import { eventually, Indexferry } from './indexferry.ts'
import { Served } from './serving.ts'

const sourceName: ServerName = 'elasticsearch-5.6.16'
const targetName: ServerName = 'opensearch-2.19.4'
const index = 'follow-recorded'
const alias = 'follow-recorded-written'
const documentsBefore = 600

test('writes through a gateway are followed by its log', {
  skip: missingJava(sourceName) ?? missingJava(targetName) ?? false,
  timeout: 300_000,
}, async () => {
  await using source = await openTestCluster('source', sourceName)
  await using target = await openTestCluster('target', targetName)
  await using indexferry = await Indexferry.install()
  await createTestIndex(source, index, { shards: 2, mapping: { properties: { n: { type: 'long' } } } })
  await deleteTestIndex(target, index)
  await source.json({ method: 'PUT', path: indexPath(index, `_alias/${alias}`) })
  const first = Array.from({ length: documentsBefore }, (_, n) => ({ id: `d-${n}`, source: JSON.stringify({ n }) }))
  await bulkDocuments(source, index, first)
  const port = await freePort()
  const serve = (more = '') => startGateway(indexferry, port, more)
  const words = [
    'follow',
    `http://127.0.0.1:${port}/${index}`,
    (await useServer(targetName)).url,
    '--sweep-interval',
    '300ms',
  ]
  const follow = (...more: string[]) => indexferry.start([...words, ...more])
  let ofComparing = 0
  const scrolls = async () => (await scrollsOf(source)) - ofComparing
  const equal = async (): Promise<void> => {
    await caughtUp({ indexferry }, follower)
    const before = await scrollsOf(source)
    await compareIndexes(source, target, index)
    ofComparing += (await scrollsOf(source)) - before
  }
  let gateway = await serve()
  let follower = follow()
  try {
    await equal()
    const swept = await scrolls()
    await writeInEveryWay(gateway)
    await equal()
    assert.equal(await scrolls(), swept, 'no sweep for what the log names')

    // Killed in the middle of writes, some of which nobody knows the end of.
    const writers = [0, 1, 2, 3].map((writer) => writeUntilKilled(gateway, writer))
    await Promise.race(writers.map(({ isUnderWay }) => isUnderWay))
    process.kill(gateway.pid, 'SIGKILL')
    await Promise.all(writers.map(({ ended }) => ended))
    await gateway.stop()
    gateway = await serve()
    await gateway.ok('PUT', `${index}/doc/after-the-kill`, { body: { n: 1 } }).catch(() => {})
    await equal()
    assert.equal(await scrolls(), swept, 'what was under way is in the log')

    // What names no ids.
    await gateway.ok('POST', `${index}/_update_by_query?conflicts=proceed`, {
      body: { script: { inline: 'ctx._source.marked = true' }, query: { range: { n: { lt: 50 } } } },
    })
    await equal()
    const sweptAgain = await scrolls()
    assert.ok(sweptAgain > swept)

    // More than the log may keep, while nobody reads it.
    await pause(follower)
    await gateway.stop()
    gateway = await serve('  log_bytes: 4kb')
    const { position } = await gateway.ok('GET', `_indexferry/writes/${index}?after=0`)
    for (let n = 0; n < 60; n++) await gateway.ok('POST', `${index}/doc/_bulk`, { body: lines(n * 10, 10, 'too many') })
    await gateway.ok('DELETE', `${index}/doc/d-5`)
    await eventually('a gap', async () => {
      const { sweep } = await gateway.ok('GET', `_indexferry/writes/${index}?after=${position}`)
      return sweep === true ? true : undefined
    })
    follower = follow()
    await equal()
    assert.ok((await scrolls()) > sweptAgain, 'a gap is swept')

    // Somebody who writes around the gateway is found by a sweep.
    await pause(follower)
    follower = follow('--full-sweep-interval', '2s')
    await equal()
    await bulkDocuments(source, index, [{ id: 'around', source: '{"n":-1}' }])
    await eventually('the document that the log does not name', async () => {
      const { status } = await target.json({ method: 'GET', path: indexPath(index, '_doc/around'), accept: [404] })
      return status === 200 ? true : undefined
    })
    await equal()
    const { stderr } = await pause(follower)
    assert.match(stderr, /followed by the log of the gateway/)
    assert.match(stderr, /found 1 documents that were changed and are not in the gateway's log/)
  } finally {
    follower.child.kill('SIGKILL')
    await gateway.stop()
    for (const cluster of [source, target]) await deleteTestIndex(cluster, index)
  }
})

async function startGateway(indexferry: Indexferry, port: number, more: string): Promise<Served> {
  const config = await indexferry.write(
    'indexferry.yaml',
    `cluster: ${(await useServer(sourceName)).url}\nlisten: 127.0.0.1:${port}\nstate: ./gateway\nrecord:\n  indexes: [${index}*]\n${more}\n`,
  )
  return Served.start(indexferry, ['--config', config], { env: { INDEXFERRY_STATE: '' } })
}

async function writeInEveryWay(gateway: Served): Promise<void> {
  const type = `${index}/doc`
  const created = await gateway.call('PUT', `${type}/one?routing=r1`, { body: { n: 1 } })
  assert.equal(created.status, 201, created.text)
  const made = await gateway.call('POST', type, { body: { n: 2, made: true } })
  assert.equal(made.status, 201, made.text)
  assert.match(String(made.body._id), /^[\w-]{20}$/)
  await gateway.ok('POST', `${type}/d-1/_update`, { body: { doc: { text: 'updated' } } })
  await gateway.ok('PUT', `${type}/d-2`, { body: { n: 2, text: 'again' } })
  await gateway.ok('DELETE', `${type}/d-3`)
  assert.equal((await gateway.call('PUT', `${alias}/doc/by-alias`, { body: { n: 3 } })).status, 201)
  const bulk = [
    { index: { _id: 'b-1', _routing: 'r2' } },
    { n: 4 },
    { index: {} },
    { n: 5, made: true },
    { delete: { _id: 'd-4' } },
    { update: { _id: 'd-5' } },
    { doc: { text: 'by bulk' } },
    { create: { _id: 'd-6' } },
    { n: 66 },
  ]
  const { items } = await gateway.ok('POST', `${type}/_bulk`, { body: ndjson(bulk) })
  const statuses = (items as JsonObject[]).map((item) => (Object.values(item)[0] as JsonObject).status)
  assert.deepEqual(statuses, [201, 201, 200, 200, 409])
  const packed = await fetch(`${gateway.url}/_bulk`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' },
    body: gzipSync(ndjson([{ index: { _index: alias, _type: 'doc' } }, { n: 6, packed: true }])),
  })
  const answer = (await packed.json()) as { errors: boolean }
  assert.deepEqual([packed.status, answer.errors], [200, false])
}

const ndjson = (each: readonly JsonObject[]): string => each.map((line) => `${JSON.stringify(line)}\n`).join('')

const lines = (from: number, count: number, text: string): string =>
  ndjson(
    Array.from({ length: count }, (_, at) => [{ index: { _id: `m-${from + at}` } }, { n: from + at, text }]).flat(),
  )

interface Writer {
  readonly isUnderWay: Promise<void>
  readonly ended: Promise<void>
}

function writeUntilKilled(gateway: Served, writer: number): Writer {
  const underWay = Promise.withResolvers<void>()
  const write = async (): Promise<void> => {
    for (let round = 0; round < 2_000; round++) {
      await gateway.ok('POST', `${index}/doc/_bulk`, {
        body: lines(1_000 * (writer + 1) + 5 * (round % 40), 5, `${round}`),
      })
      await gateway.call('DELETE', `${index}/doc/m-${1_000 * (writer + 1) + (round % 60)}`)
      if (round === 5) underWay.resolve()
    }
  }
  const ended = write().catch(() => {})
  return { isUnderWay: underWay.promise, ended }
}

/** Of the index; a sweep makes some. */
async function scrollsOf(source: Cluster): Promise<number> {
  const { body } = await source.json<{ _all: { total: { search: { scroll_total: number; scroll_current: number } } } }>(
    {
      method: 'GET',
      path: indexPath(index, '_stats/search'),
    },
  )
  const { scroll_total: total, scroll_current: current } = body._all.total.search
  return total + current
}
