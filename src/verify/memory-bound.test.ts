// Property: memory does not grow with the number of documents. Method: everything that outlives a batch is one of these tables; each is
// filled far beyond its limit and measured by the bytes of its columns.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { batchOf } from '../../test/documents/memory-side.ts'
import { BucketTable, chooseBucketBits } from './bucket-table.ts'
import { DocumentDigester } from './document-digest.ts'
import { IdentityTable } from './identity-table.ts'
import { PendingDigests } from './pending-digests.ts'

/** Bytes of all columns and buffers that an object holds, tables within it included. */
function heldBytes(value: object): number {
  let sum = 0
  for (const field of Object.values(value) as unknown[]) {
    if (ArrayBuffer.isView(field)) sum += field.byteLength
    else if (field instanceof BucketTable) sum += heldBytes(field)
  }
  return sum
}

test('two tables of buckets take 40 MiB at most, and little for few documents', () => {
  assert.equal(chooseBucketBits(1e12), 20)
  assert.equal(heldBytes(new BucketTable(chooseBucketBits(1e12))), 20 * 2 ** 20)
  assert.ok(heldBytes(new BucketTable(chooseBucketBits(1_000_000))) < 128 * 1024)
})

test('the table of identities refuses what is beyond its limits and says so', () => {
  const limits = { rowsMax: 5000, identityBytesMax: 60_000 }
  const table = new IdentityTable(limits)
  const digester = new DocumentDigester({ comparison: 'bytes', types: 'ignore', sampleShare: 1 })
  for (let n = 0; n < 40_000; n++) {
    digester.digest(batchOf([{ id: `document-${n % 20_000}`, source: '{}' }]), 0)
    table.add(n < 20_000 ? 'source' : 'target', digester)
  }
  assert.ok(table.count <= 5000)
  assert.equal(table.refused, 2 * (20_000 - table.count))
  for (let row = 0; row < table.count; row++) assert.ok(table.isEqual(row))
  assert.ok(heldBytes(table) < 5000 * 96 * 2 + 2 * limits.identityBytesMax, `${heldBytes(table)} bytes`)
})

test('digests that wait for their position take no more than a table, and none is lost', () => {
  const digester = new DocumentDigester({ comparison: 'bytes', types: 'ignore', sampleShare: 1 })
  const pending = new PendingDigests(10)
  const [direct, moved] = [new BucketTable(10), new BucketTable(10)]
  for (let n = 0; n < 30_000; n++) {
    digester.digest(batchOf([{ id: `document-${n}`, source: '{}' }]), 0)
    pending.add(digester)
    direct.add(digester)
    if (n === 10_000) pending.moveTo(moved)
  }
  assert.ok(heldBytes(pending) <= 1024 * 24 * 2 + 1024 * 20, `${heldBytes(pending)} bytes`)
  pending.moveTo(moved)
  assert.deepEqual(moved, direct)
})
