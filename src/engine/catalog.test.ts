import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { IndexferryError, registerSecret } from '../foundation/errors.ts'
import { parseLocation } from '../model/location.ts'
import type { SequencePartition } from '../model/partition.ts'
import { type Catalog, type ClaimRequest, copyKey, openCatalog } from './catalog.ts'
import type { CopyWriter } from './catalog-writer.ts'

let folder: string
let catalog: Catalog

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'indexferry-catalog-'))
  catalog = openCatalog(folder)
})
afterEach(() => {
  catalog.close()
  rmSync(folder, { recursive: true, force: true })
})

const request = (key = 'k1', more: Partial<ClaimRequest> = {}): ClaimRequest => ({
  key,
  command: 'indexferry copy http://a:1/i http://b:2',
  source: 'http://a:1/i',
  target: 'http://b:2',
  ...more,
})

const partition = (from: number): SequencePartition => ({
  kind: 'sequence',
  id: `0:${from}`,
  index: 'i',
  shard: 0,
  from,
  to: from + 100,
})

const counts = (read: number) => ({ read, written: read - 3, rejected: 1, skipped: 2, bytes: read * 10 })

const beginCopy = (writer: CopyWriter) => {
  writer.recordDefinition('i', { target: 'i2', definition: { changes: [] }, documentsExpected: 200 })
  writer.savePartitions('i', 0, [partition(0), partition(100)])
}

const errorOf = (call: () => unknown): IndexferryError => {
  try {
    call()
  } catch (error) {
    assert.ok(error instanceof IndexferryError, String(error))
    return error
  }
  return assert.fail('it throws')
}

test('a new copy has a short id and is the only one of its key', () => {
  const writer = catalog.claimCopy(request())
  assert.match(writer.id, /^c[2-9a-z]{5}$/)
  assert.equal(writer.isResumed, false)
  const error = errorOf(() => catalog.claimCopy(request()))
  assert.equal(error.code, 'COPY_RUNNING')
  assert.match(error.message, new RegExp(`process ${process.pid} on .+, since \\d{4}-`))
  assert.equal(catalog.claimCopy(request('k2')).isResumed, false)
})

test('progress is found again by the next claim of the key, also through another connection', () => {
  const writer = catalog.claimCopy(request())
  beginCopy(writer)
  writer.setState('copying')
  writer.checkpoint({
    partitions: [{ index: 'i', id: '0:0', position: 57, isDone: false, counts: counts(57) }],
    files: [{ path: '/data/out.ndjson', role: 'target', progress: { offset: 4711 } }],
  })
  writer.release('paused')
  using second = openCatalog(folder)
  const again = second.claimCopy(request())
  assert.equal(again.id, writer.id)
  assert.equal(again.isResumed, true)
  assert.equal(again.stateBefore, 'paused')
  assert.deepEqual(again.listPartitions('i'), [
    { partition: partition(0), round: 0, position: 57, isDone: false, counts: counts(57) },
    {
      partition: partition(100),
      round: 0,
      position: undefined,
      isDone: false,
      counts: { read: 0, written: 0, rejected: 0, skipped: 0, bytes: 0 },
    },
  ])
  assert.deepEqual(again.listFiles(), [{ path: '/data/out.ndjson', role: 'target', progress: { offset: 4711 } }])
  assert.deepEqual(again.listIndexes()[0]?.counts, counts(57))
})

test('a checkpoint of an unknown partition changes nothing at all', () => {
  const writer = catalog.claimCopy(request())
  beginCopy(writer)
  const known = { index: 'i', id: '0:0', position: 9, isDone: false, counts: counts(9) }
  assert.equal(errorOf(() => writer.checkpoint({ partitions: [known, { ...known, id: 'no' }] })).code, 'INTERNAL')
  assert.equal(writer.listPartitions('i')[0]?.position, undefined)
})

test('a round of partitions is saved once; later rounds follow', () => {
  const writer = catalog.claimCopy(request())
  beginCopy(writer)
  writer.checkpoint({ partitions: [{ index: 'i', id: '0:0', position: 9, isDone: true, counts: counts(9) }] })
  writer.savePartitions('i', 0, [partition(500)])
  writer.savePartitions('i', 1, [])
  writer.savePartitions('i', 2, [partition(200)])
  assert.deepEqual(
    writer.listPartitions('i').map((record) => [record.partition.id, record.round, record.isDone]),
    [
      ['0:0', 0, true],
      ['0:100', 0, false],
      ['0:200', 2, false],
    ],
  )
  assert.equal(writer.listIndexes()[0]?.rounds, 3)
  assert.equal(errorOf(() => writer.savePartitions('i', 7, [])).code, 'INTERNAL')
})

test('old settings of a target are kept until they are restored', () => {
  const writer = catalog.claimCopy(request())
  beginCopy(writer)
  writer.recordSavedSettings('i', { refresh_interval: '5s' })
  writer.recordSavedSettings('i', { refresh_interval: '-1' })
  assert.deepEqual(writer.listIndexes()[0]?.savedSettings, { refresh_interval: '5s' })
  assert.equal(catalog.readCopy(writer.id).settingsToRestore, 1)
  writer.recordSettingsRestored('i')
  assert.equal(catalog.readCopy(writer.id).settingsToRestore, 0)
  writer.recordSavedSettings('i', { refresh_interval: '7s' })
  assert.deepEqual(writer.listIndexes()[0]?.savedSettings, { refresh_interval: '7s' })
})

test('restart takes progress back, but not the settings that are to be restored', () => {
  const writer = catalog.claimCopy(request())
  beginCopy(writer)
  writer.recordSavedSettings('i', { refresh_interval: '5s' })
  writer.checkpoint({ partitions: [{ index: 'i', id: '0:0', position: 57, isDone: true, counts: counts(57) }] })
  writer.release('failed', { error: { code: 'TARGET_FULL', message: 'full' } })
  const again = catalog.claimCopy(request('k1', { how: 'restart' }))
  assert.equal(again.id, writer.id)
  assert.equal(again.isResumed, false)
  assert.deepEqual(again.listPartitions('i'), [])
  assert.equal(again.listIndexes()[0]?.counts.read, 0)
  assert.deepEqual(again.listIndexes()[0]?.savedSettings, { refresh_interval: '5s' })
  // What is left is not the whole of the copy: whoever finds it has to plan again.
  assert.equal(again.listIndexes()[0]?.definition, undefined)
})

test('the plan of a copy is noted as a whole or not at all', () => {
  const writer = catalog.claimCopy(request())
  const broken = { name: null as unknown as string, target: 'b', definition: {} }
  assert.throws(() => writer.recordPlan([{ name: 'a', target: 'a', definition: {} }, broken]))
  assert.deepEqual(writer.listIndexes(), [])
  writer.recordPlan(['a', 'b'].map((name) => ({ name, target: name, definition: {} })))
  assert.deepEqual(
    writer.listIndexes().map(({ name, state }) => [name, state]),
    [
      ['a', 'planned'],
      ['b', 'planned'],
    ],
  )
})

test('a completed copy stays as history with its counts; the same command begins a new one', () => {
  const writer = catalog.claimCopy(request())
  beginCopy(writer)
  writer.checkpoint({ partitions: [{ index: 'i', id: '0:0', position: 100, isDone: true, counts: counts(100) }] })
  writer.checkpoint({ partitions: [{ index: 'i', id: '0:100', position: 200, isDone: true, counts: counts(90) }] })
  writer.release('completed', { result: { equal: true } })
  const record = catalog.readCopy(writer.id)
  assert.equal(record.state, 'completed')
  assert.deepEqual(record.result, { equal: true })
  assert.equal(record.counts.read, 190)
  assert.equal(record.indexes[0]?.counts.read, 190)
  const next = catalog.claimCopy(request())
  assert.notEqual(next.id, writer.id)
  assert.equal(next.isResumed, false)
})

test('reopen takes the completed copy up again, to send rejected documents', () => {
  assert.equal(errorOf(() => catalog.claimCopy(request('k1', { how: 'reopen' }))).code, 'COPY_UNKNOWN')
  const writer = catalog.claimCopy(request())
  beginCopy(writer)
  writer.checkpoint({ partitions: [{ index: 'i', id: '0:0', position: 100, isDone: true, counts: counts(100) }] })
  writer.release('completed')
  const again = catalog.claimCopy(request('k1', { how: 'reopen' }))
  assert.equal(again.id, writer.id)
  assert.equal(again.stateBefore, 'completed')
  again.correctCounts('i', { written: 1, rejected: -1 })
  again.release('completed')
  assert.deepEqual(catalog.readCopy(writer.id).counts, { ...counts(100), written: 98, rejected: 0 })
})

test('the history keeps the last hundred completed copies and every unfinished one', () => {
  catalog.claimCopy(request('unfinished')).release('paused')
  for (let number = 0; number < 105; number++) catalog.claimCopy(request()).release('completed')
  const running = catalog.claimCopy(request())
  const copies = catalog.listCopies()
  assert.equal(copies.filter((copy) => copy.state === 'completed').length, 100)
  assert.ok(copies.some((copy) => copy.key === 'unfinished'))
  assert.ok(copies.some((copy) => copy.id === running.id))
})

test('another process changes limits and asks for a pause; the copy notices', () => {
  const writer = catalog.claimCopy(request('k1', { throttle: { documentsPerSecond: 100 } }))
  assert.deepEqual(writer.pollControl(), {
    documentsPerSecond: 100,
    bytesPerSecond: undefined,
    sourceLoadMax: undefined,
    heapMax: undefined,
    writeQueueMax: undefined,
    throttleCheck: undefined,
    isPauseRequested: false,
  })
  using other = openCatalog(folder)
  other.setThrottle(writer.id.slice(0, 3), { documentsPerSecond: undefined, bytesPerSecond: 5000 })
  assert.equal(writer.pollControl().documentsPerSecond, undefined)
  assert.equal(writer.pollControl().bytesPerSecond, 5000)
  other.requestPause(writer.id)
  assert.equal(writer.pollControl().isPauseRequested, true)
  writer.release('paused')
  const again = catalog.claimCopy(request())
  assert.equal(again.pollControl().isPauseRequested, false)
  assert.equal(again.pollControl().bytesPerSecond, 5000)
})

test('a copy that does not run cannot be paused, a completed one not throttled', () => {
  const writer = catalog.claimCopy(request())
  writer.release('completed')
  assert.equal(errorOf(() => catalog.requestPause(writer.id)).code, 'USAGE')
  assert.equal(errorOf(() => catalog.setThrottle(writer.id, { bytesPerSecond: 1 })).code, 'USAGE')
})

test('copies are found by the beginning of their id', () => {
  const ids = Array.from({ length: 40 }, (_, number) => catalog.claimCopy(request(`k${number}`)).id)
  for (const id of ids) assert.equal(catalog.readCopy(id.toUpperCase()).id, id)
  assert.match(errorOf(() => catalog.readCopy('c')).message, /begins the ids of several/)
  assert.equal(errorOf(() => catalog.readCopy('')).code, 'COPY_UNKNOWN')
  assert.equal(errorOf(() => catalog.readCopy('c%')).code, 'COPY_UNKNOWN')
})

test('a forgotten copy is gone with all that belongs to it; a running one is not forgotten', () => {
  const writer = catalog.claimCopy(request())
  beginCopy(writer)
  assert.equal(errorOf(() => catalog.forgetCopy(writer.id)).code, 'COPY_RUNNING')
  writer.release('paused')
  assert.equal(catalog.forgetCopy(writer.id).indexes.length, 1)
  assert.equal(errorOf(() => catalog.readCopy(writer.id)).code, 'COPY_UNKNOWN')
  const again = catalog.claimCopy(request())
  assert.equal(again.isResumed, false)
  assert.deepEqual(again.listIndexes(), [])
})

test('after its release a writer can note nothing more', () => {
  const writer = catalog.claimCopy(request())
  beginCopy(writer)
  writer.release('paused')
  assert.equal(errorOf(() => writer.setState('copying')).code, 'COPY_RUNNING')
})

test('the key tells copies apart by place and content options only', () => {
  const key = (source: string, options = {}) =>
    copyKey(parseLocation(source, 'SOURCE'), parseLocation('http://t', 'TARGET'), options)
  assert.equal(key('http://a,b/i'), key('http://b,a/i'))
  assert.equal(key('http://ann:pw12@a/i'), key('http://a/i'))
  assert.equal(key('http://a/i', { fields: ['x'], query: '{}' }), key('http://a/i', { query: '{}', fields: ['x'] }))
  assert.notEqual(key('http://a/i'), key('http://a/j'))
  assert.notEqual(key('http://a/i'), key('http://a/i', { maxDocs: 5 }))
  assert.equal(key('./x.ndjson'), key(join(process.cwd(), 'x.ndjson')))
})

test('no secret reaches the disk, whatever it is put into', () => {
  const secret = 'S3cr3t"pass\\wörd'
  registerSecret(secret)
  const url = `http://ann:unregistered-pw@a:1/i?x=${secret}`
  const writer = catalog.claimCopy({ key: 'k', command: `copy ${url}`, source: url, target: `http://bob:${secret}@b` })
  writer.recordDefinition('i', { target: 'i', definition: { [secret]: [secret, { deep: `x${secret}y`, url }] } })
  writer.recordSavedSettings('i', { secret })
  writer.savePartitions('i', 0, [{ ...partition(0), id: '0:0' }])
  writer.checkpoint({
    partitions: [],
    files: [
      { path: `/data/${secret}`, role: 'rejected', progress: { secret, header: 'Authorization: Basic QW5uOnB3MTI=' } },
    ],
  })
  writer.release('failed', { result: { secret }, error: { message: `refused ${secret}`, url } })
  const files = readdirSync(folder)
  assert.ok(files.includes('catalog.db'))
  for (const file of files) {
    const text = readFileSync(join(folder, file)).toString('latin1')
    for (const hidden of [secret, JSON.stringify(secret).slice(1, -1), 'S3cr3t', 'unregistered-pw', 'QW5uOnB3MTI'])
      assert.ok(!text.includes(Buffer.from(hidden).toString('latin1')), `${file} holds ${hidden}`)
  }
})
