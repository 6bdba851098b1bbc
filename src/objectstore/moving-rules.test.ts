// The rules that a move follows, apart from any store.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fc } from '../../test/documents/properties.ts'
import { IndexferryError } from '../foundation/errors.ts'
import { type DecisionRules, decideObject } from './decide-object.ts'
import { pathOfKey, readName } from './folder-names.ts'
import { compareKeys } from './key-order.ts'
import { md5Of, multipartEtag } from './object-checksum.ts'
import type { StoreAbilities } from './object-store.ts'
import { partRange, partSizeFor, partsOf } from './part-plan.ts'
import { generationOf, rankOf, rootOf } from './repository-order.ts'
import { TransferSlots } from './transfer-slots.ts'

test('keys are in the order of their bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), (left, right) => {
      const bytes = Buffer.compare(Buffer.from(left), Buffer.from(right))
      assert.equal(Math.sign(compareKeys(left, right)), bytes)
    }),
  )
  assert.ok(compareKeys('\uffee', '😀') < 0)
})

test('every key is a path below the folder, and no two are the same', () => {
  const part = fc.oneof(
    fc.constantFrom('', '.', '..', '.indexferry', '.indexferry~', 'a', '\0'),
    fc.string(),
    fc.string({ minLength: 250, maxLength: 400, unit: 'grapheme' }),
  )
  const key = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'))
  fc.assert(
    fc.property(key, key, (left, right) => {
      const path = pathOfKey('/folder', left)
      assert.ok(path.startsWith('/folder/'))
      const names = path.slice('/folder/'.length).split('/')
      for (const name of names) assert.ok(name !== '' && name !== '..' && Buffer.byteLength(name) <= 255)
      // Read back as a listing does.
      const read = names.reduce((text, name, place) => {
        const found = readName(name)
        assert.ok(found)
        return text + found.text + (found.goesOn || place === names.length - 1 ? '' : '/')
      }, '')
      assert.equal(read, left.toWellFormed())
      if (left.toWellFormed() !== right.toWellFormed()) assert.notEqual(path, pathOfKey('/folder', right))
    }),
  )
})

test('files of repositories appear before what refers to them', () => {
  const expected: readonly [string, number][] = [
    ['indices/YJ_8/0/__blob', 0],
    ['indices/YJ_8/0/snap-uuid.dat', 1],
    ['indices/YJ_8/0/index-uuid', 1],
    ['indices/YJ_8/0/index-3', 1],
    ['indices/YJ_8/meta-uuid.dat', 1],
    ['base/indices/movies/12/index-7', 1],
    ['snap-uuid.dat', 2],
    ['meta-uuid.dat', 2],
    ['metadata-name', 2],
    ['index-12', 3],
    ['base/path/index-0', 3],
    ['index', 3],
    ['base/path/index.latest', 4],
    ['index-page.html', 0],
    ['indices/notes/index.latest', 0],
    ['photos/a.jpg', 0],
  ]
  for (const [key, rank] of expected) assert.equal(rankOf(key), rank, key)
  assert.deepEqual([rootOf('base/path/index-0'), rootOf('index-0')], ['base/path/', ''])
  assert.deepEqual([generationOf('a/index-12'), generationOf('index'), generationOf('index.latest')], [12, -1, -1])
})

test('parts grow with the object', () => {
  const MiB = 1024 ** 2
  const abilities = {
    partSizeMin: 5 * MiB,
    partSizeMax: 5 * 1024 * MiB,
    partsMax: 10_000,
    objectSizeMax: 50e12,
  } as StoreAbilities
  assert.equal(partSizeFor(100 * MiB, 8 * MiB, abilities), 8 * MiB)
  assert.equal(partSizeFor(100 * MiB, 1 * MiB, abilities), 5 * MiB)
  for (const size of [78 * 1024 * MiB, 80_000 * MiB, 80_000 * MiB + 1, 5 * 1024 ** 4, 5e12]) {
    const partSize = partSizeFor(size, 8 * MiB, abilities)
    assert.ok(partsOf(size, partSize) <= 10_000)
    const last = partRange(size, partSize, partsOf(size, partSize))
    assert.equal(last.from + last.length, size)
    assert.ok(last.length > 0)
  }
  assert.throws(() => partSizeFor(60e12, 8 * MiB, abilities), IndexferryError)
})

test('what is skipped', () => {
  const source = { key: 'k', size: 5, modifiedMs: 100_000, etag: 'a'.repeat(32) }
  const opaque = { ...source, etag: 'x-1' }
  const target = { ...source, modifiedMs: 200_000 }
  const moved = { size: 5, modifiedMs: 100_000, etag: source.etag, targetEtag: target.etag }
  const rules = (skip: DecisionRules['skip'], isResumed = false): DecisionRules => ({
    skip,
    isResumed,
    etagsAreMd5: true,
  })
  type Given = Parameters<typeof decideObject>
  const decide = (from: Given[0], to: Given[1], noted: typeof moved | undefined, rank: Given[3], by: DecisionRules) =>
    decideObject(from, to, () => noted, rank, by)
  assert.equal(decideObject(source, target, assert.fail, 0, rules('size and time')), 'skip', 'the journal is not asked')
  assert.equal(decide(source, undefined, undefined, 0, rules('size and time')), 'copy')
  assert.equal(decide(source, { ...target, size: 6 }, undefined, 0, rules('size and time')), 'copy')
  assert.equal(decide(source, target, undefined, 0, rules('never')), 'copy')
  assert.equal(decide(source, target, moved, 0, rules('never')), 'copy', 'an earlier move that ended')
  assert.equal(decide(source, target, moved, 0, rules('never', true)), 'skip', 'this very move')
  assert.equal(decide(source, target, { ...moved, etag: 'b'.repeat(32) }, 0, rules('never', true)), 'copy')
  assert.equal(decide(source, { ...target, etag: 'c'.repeat(32) }, moved, 0, rules('never', true)), 'copy')
  assert.equal(decide(source, target, undefined, 0, rules('size and time')), 'skip', 'the same MD5')
  assert.equal(decide(source, { ...target, etag: 'c'.repeat(32) }, undefined, 0, rules('size and time')), 'copy')
  assert.equal(decide(opaque, target, undefined, 0, rules('size and time')), 'skip', 'not older')
  assert.equal(
    decide(opaque, { ...target, modifiedMs: 100_500 }, undefined, 0, rules('size and time')),
    'copy',
    'within the grain of the clocks',
  )
  assert.equal(decide(opaque, target, undefined, 3, rules('size and time')), 'check', 'index-N')
  assert.equal(decide(opaque, target, undefined, 0, rules('checksum')), 'check')
  const former = { ...moved, etag: 'y-1' }
  assert.equal(
    decide(opaque, target, former, 0, rules('size and time')),
    'copy',
    'the source has another version since',
  )
})

test('ETags of parts', () => {
  assert.equal(multipartEtag([md5Of(Buffer.from('a')), md5Of(Buffer.from('b'))]), '96e024ba2074fe77e8e965ba43a704be-2')
})

test('slots hold number and memory', async () => {
  const slots = new TransferSlots(3, 100)
  let running = 0
  let bytes = 0
  const most = { running: 0, bytes: 0 }
  const use = (size: number) =>
    slots.use(size, async () => {
      running++
      bytes += Math.min(size, 100)
      most.running = Math.max(most.running, running)
      most.bytes = Math.max(most.bytes, bytes)
      await new Promise((resolve) => setTimeout(resolve, 1))
      running--
      bytes -= Math.min(size, 100)
    })
  await Promise.all([10, 60, 60, 1000, 5, 5, 5, 5, 90].map(use))
  assert.deepEqual(most, { running: 3, bytes: 100 })
  await assert.rejects(slots.use(1, () => Promise.reject(new Error('no'))))
  await slots.use(100, async () => {})
})
