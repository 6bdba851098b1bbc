import assert from 'node:assert/strict'
import { test } from 'node:test'
import { batchOf, type MemoryDocument } from '../../test/documents/memory-side.ts'
import { type DigestOptions, DocumentDigester } from './document-digest.ts'

const byBytes: DigestOptions = { comparison: 'bytes', types: 'ignore', sampleShare: 1 }

function digestOf(document: MemoryDocument, options = byBytes, escapes: 'fewest' | 'most' = 'fewest'): string {
  const digester = new DocumentDigester(options)
  digester.digest(batchOf([document], escapes), 0)
  const identity = digester.identity.toString('latin1', 0, digester.identityLength)
  return JSON.stringify([identity, digester.identityLow, digester.identityHigh, ...digester.lanes])
}

test('the digest depends on id, routing and every byte of the source', () => {
  const digests = [
    digestOf({ id: 'a', source: '{"n":1}' }),
    digestOf({ id: 'b', source: '{"n":1}' }),
    digestOf({ id: 'a', routing: 'r', source: '{"n":1}' }),
    digestOf({ id: 'ar', source: '{"n":1}' }),
    digestOf({ id: 'a', source: '{"n":1.0}' }),
    digestOf({ id: 'a', source: '{"n": 1}' }),
  ]
  assert.equal(new Set(digests).size, digests.length)
})

test('how an id or routing is escaped does not count', () => {
  for (const id of ['a', 'é/ü "quoted" \\ back', 'line\nfeed', '日本語']) {
    const document = { id, routing: `r ${id}`, source: '{}' }
    assert.equal(digestOf(document, byBytes, 'most'), digestOf(document, byBytes, 'fewest'))
  }
})

test('mapping types count only when they are to be compared', () => {
  const one = { id: 'a', type: 'x', source: '{}' }
  const other = { id: 'a', type: 'y', source: '{}' }
  assert.equal(digestOf(one), digestOf(other))
  assert.notEqual(digestOf(one, { ...byBytes, types: 'compare' }), digestOf(other, { ...byBytes, types: 'compare' }))
})

test('a line feed between tokens is the space that a copy makes of it, in small and in large documents, in any order of rows', () => {
  const pad = 'x'.repeat(40_000)
  for (const filler of ['', pad]) {
    const pretty = { id: 'a', source: `{\n"a":1,\n"b":"${filler}"}` }
    const line = { id: 'a', source: `{ "a":1, "b":"${filler}"}` }
    assert.equal(digestOf(pretty), digestOf(line))
    const digester = new DocumentDigester(byBytes)
    const batch = batchOf([pretty, line])
    digester.digest(batch, 1)
    const expected = [...digester.lanes]
    digester.digest(batch, 0)
    assert.deepEqual([...digester.lanes], expected)
  }
})

test('a parent is the routing of a document that has none of its own', () => {
  const batch = batchOf([
    { id: 'child', routing: 'p', source: '{}' },
    { id: 'child', source: '{}' },
  ])
  batch.parentStart[1] = batch.routingStart[0] as number
  batch.parentEnd[1] = batch.routingEnd[0] as number
  const digester = new DocumentDigester(byBytes)
  digester.digest(batch, 0)
  const routed = [...digester.lanes]
  digester.digest(batch, 1)
  assert.deepEqual([...digester.lanes], routed)
})

test('a document without _source differs from one with an empty source', () => {
  const batch = batchOf([
    { id: 'a', source: '' },
    { id: 'a', source: '' },
  ])
  batch.sourceStart[1] = -1
  batch.sourceEnd[1] = -1
  const digester = new DocumentDigester(byBytes)
  digester.digest(batch, 0)
  const empty = [...digester.lanes]
  digester.digest(batch, 1)
  assert.notDeepEqual([...digester.lanes], empty)
  assert.equal(digester.sourceLength, -1)
})

test('a sample chooses about its share, and the same documents whatever they hold', () => {
  const digester = new DocumentDigester({ ...byBytes, sampleShare: 0.1 })
  let chosen = 0
  for (let n = 0; n < 20_000; n++) {
    digester.identify(batchOf([{ id: String(n), source: '{}' }]), 0)
    const isSampled = digester.isSampled
    if (isSampled) chosen++
  }
  assert.ok(chosen > 1800 && chosen < 2200, `${chosen} of 20000`)
})

test('the identity spreads sequential and similar ids evenly over buckets', () => {
  for (const idOf of [
    (n: number) => String(n),
    (n: number) => `user:${n * 1024}`,
    (n: number) => `${n}`.padStart(20, '0'),
  ]) {
    const digester = new DocumentDigester(byBytes)
    const buckets = new Uint32Array(256)
    const identities = new Set<string>()
    for (let n = 0; n < 51_200; n++) {
      digester.identify(batchOf([{ id: idOf(n), source: '{}' }]), 0)
      const bucket = digester.identityHigh >>> 24
      buckets[bucket] = (buckets[bucket] as number) + 1
      identities.add(`${digester.identityLow}/${digester.identityHigh}`)
    }
    // 200 are expected in each; the deviation of a fair choice is 14.
    for (const count of buckets) assert.ok(count > 120 && count < 280, `${count} in a bucket`)
    assert.equal(identities.size, 51_200)
  }
})
