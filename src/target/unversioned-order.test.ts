import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DocumentBatch } from '../model/document-batch.ts'
import { hasUnversioned, UnversionedOrder } from './unversioned-order.ts'

interface Row {
  readonly id: string
  readonly routing?: string
  readonly version?: number
}

function batchOf(...rows: readonly Row[]): DocumentBatch {
  const bytes = Buffer.from(rows.map(({ id, routing = '' }) => id + routing).join(''))
  const batch = new DocumentBatch(bytes, rows.length)
  let at = 0
  for (const { id, routing, version } of rows) {
    const row = batch.add()
    batch.idStart[row] = at
    at += id.length
    batch.idEnd[row] = at
    if (routing !== undefined) {
      batch.routingStart[row] = at
      at += routing.length
      batch.routingEnd[row] = at
    }
    if (version !== undefined) batch.version[row] = version
  }
  return batch
}

const idsOf = (batch: DocumentBatch): string[] => Array.from({ length: batch.count }, (_, row) => batch.id(row))

test('of rows without a version the last one of an id is sent, and all are accounted for', async () => {
  const order = new UnversionedOrder()
  const batch = batchOf({ id: 'a' }, { id: 'b' }, { id: 'a' }, { id: 'a', routing: 'r' }, { id: 'c' })
  let sent: string[] = []
  const result = await order.write(batch, async (rest) => {
    sent = idsOf(rest)
    return { written: 3, unchanged: 0, rejected: [{ row: 1, status: 400, type: 't', reason: 'r' }] }
  })
  assert.deepEqual(sent, ['b', 'a', 'a', 'c'])
  assert.deepEqual(result, { written: 3, unchanged: 1, rejected: [{ row: 2, status: 400, type: 't', reason: 'r' }] })
})

test('rows with versions are left to the target, which tells the newer one', async () => {
  const versioned = batchOf({ id: 'a', version: 9 }, { id: 'a', version: 5 })
  assert.ok(!hasUnversioned(versioned))
  const mixed = batchOf({ id: 'a', version: 9 }, { id: 'a', version: 5 }, { id: 'b' })
  assert.ok(hasUnversioned(mixed))
  const sent: string[][] = []
  await new UnversionedOrder().write(mixed, async (rest) => {
    sent.push(idsOf(rest))
    return { written: rest.count, unchanged: 0, rejected: [] }
  })
  assert.deepEqual(sent, [['a', 'a', 'b']])
})

test('a batch waits for earlier ones with an id of its own, and for no others', async () => {
  const order = new UnversionedOrder()
  const done: string[] = []
  const first = Promise.withResolvers<void>()
  const write = (name: string, batch: DocumentBatch, before: Promise<unknown> = Promise.resolve()) =>
    order.write(batch, async () => {
      await before
      done.push(name)
      return { written: batch.count, unchanged: 0, rejected: [] }
    })
  const slow = write('slow', batchOf({ id: 'a' }, { id: 'b' }), first.promise)
  const later = write('later', batchOf({ id: 'b' }, { id: 'c' }))
  const last = write('last', batchOf({ id: 'c' }))
  await write('other', batchOf({ id: 'd' }))
  assert.deepEqual(done, ['other'])
  first.resolve()
  await Promise.all([slow, later, last])
  assert.deepEqual(done, ['other', 'slow', 'later', 'last'])
})

test('a batch that fails does not hold up those behind it', async () => {
  const order = new UnversionedOrder()
  const fails = order.write(batchOf({ id: 'a' }), () => Promise.reject(new Error('refused')))
  const next = order.write(batchOf({ id: 'a' }), async () => ({ written: 1, unchanged: 0, rejected: [] }))
  await assert.rejects(fails, /refused/)
  assert.equal((await next).written, 1)
})
