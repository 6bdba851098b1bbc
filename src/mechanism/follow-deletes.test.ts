import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { batchOf } from '../../test/documents/batch-of.ts'
import { MemoryIds, memoryChanges } from '../../test/documents/memory-changes.ts'
import { monotonicMs } from '../foundation/clock.ts'
import type { IndexMark } from '../source/change-source.ts'
import type { VersionedDelete } from '../target/delete-versions.ts'
import { FollowDeletes } from './follow-deletes.ts'
import { RecentWrites } from './recent-writes.ts'
import { encodeBlock } from './written-ids.ts'

/** Documents 0 to 9 were written; the target is at number 10. */
function deletesOf(live: ReadonlySet<number>, recent = new RecentWrites(), isHurried = () => false) {
  const written = new MemoryIds()
  const entries = Array.from({ length: 10 }, (_, number) => ({ number, id: `d-${number}`, routing: undefined }))
  written.note(0, [encodeBlock(0, entries)])
  const sent: VersionedDelete[] = []
  const deletes = new FollowDeletes({
    source: memoryChanges(live),
    written,
    recent,
    versionBase: 100,
    send: async (batch) => {
      sent.push(...batch)
      return { deleted: batch.length, kept: 0, missing: 0 }
    },
    isHurried,
    signal: new AbortController().signal,
  })
  const step = async (highest: number, position: number, lookedMs = monotonicMs()) => {
    const mark: IndexMark = { uuid: 'u', shards: [{ shard: 0, history: 'h', safe: highest, highest }] }
    const missed = deletes.step(mark, new Map([[0, position]]), { lookedMs, upToMs: lookedMs })
    for (let at = 0; at < 20; at++) await turn()
    return missed
  }
  return { deletes, sent, step, written }
}

const allBut = (...gone: readonly number[]) =>
  new Set(Array.from({ length: 10 }, (_, number) => number).filter((number) => !gone.includes(number)))

test('a delete is sent when the target has all that the source had after it was found', async () => {
  const { deletes, sent, step } = deletesOf(allBut(3, 7))
  const before = monotonicMs()
  await step(9, 10)
  assert.ok(deletes.isBusy, 'it waits for a look')
  await step(9, 10, before)
  assert.deepEqual(sent, [], 'a look of before says nothing')
  await step(12, 10)
  assert.deepEqual(sent, [], 'what may be in its place is not on the target')
  await step(15, 13)
  assert.deepEqual(
    sent.map(({ id, version }) => [id, version]),
    [
      ['d-3', 104],
      ['d-7', 108],
    ],
  )
  assert.equal(deletes.deleted, 2)
  assert.ok(!deletes.isPending)
})

test('what seemed to be gone, and was back when the source had been away, is not deleted', async () => {
  const live = allBut(3)
  const { deletes, sent, step } = deletesOf(live)
  await step(10, 11)
  // The source is killed before the delete was durable.
  live.add(3)
  deletes.reset()
  await step(9, 10)
  await step(9, 10)
  await step(9, 10)
  await deletes.close()
  assert.deepEqual(sent, [])
})

test('numbers that were passed over are handed out, and the search goes on', async () => {
  const { deletes, step } = deletesOf(new Set([...allBut(2), 5000, 9000]))
  const missed: number[] = []
  for (let at = 0; at < 8; at++) missed.push(...((await step(10_000, 10_001))?.missed ?? []))
  assert.deepEqual(missed, [5000, 9000])
  assert.equal(deletes.deleted, 1)
})

test('after the source was away, a document that is back is found also where another is gone from the same block', async () => {
  const live = allBut()
  const { deletes, sent, step } = deletesOf(live, new RecentWrites(), () => true)
  for (let at = 0; at < 4; at++) await step(9, 10)
  assert.ok(!deletes.isPending)
  // One that was overtaken by what a crash has undone, and one that was deleted.
  live.add(100)
  live.delete(4)
  deletes.reset()
  const missed: number[] = []
  for (let at = 0; at < 8; at++) missed.push(...((await step(200, 201))?.missed ?? []))
  assert.deepEqual(missed, [100])
  assert.deepEqual(
    sent.map(({ id }) => id),
    ['d-4'],
  )
})

test('a number whose document was written again since needs no delete, unless that was deleted, too', async () => {
  const recent = new RecentWrites()
  const again = batchOf([
    { id: 'd-3', sequenceNumber: 12, source: '{}' },
    { id: 'd-4', routing: 'elsewhere', sequenceNumber: 13, source: '{}' },
  ])
  const { deletes, sent, step } = deletesOf(allBut(3, 4, 5), recent)
  recent.add(0, again)
  recent.add(1, batchOf([{ id: 'd-5', sequenceNumber: 14, source: '{}' }]))
  await step(14, 15)
  await step(14, 15)
  assert.deepEqual(
    sent.map(({ id, version }) => [id, version]),
    [
      ['d-4', 105],
      ['d-5', 106],
    ],
  )
  assert.ok(!deletes.isPending)
})

test('the former version of a document that the target refused is deleted', async () => {
  const recent = new RecentWrites()
  const again = batchOf([
    { id: 'd-3', sequenceNumber: 12, source: '{}' },
    { id: 'd-4', sequenceNumber: 13, source: '{}' },
  ])
  const { sent, step } = deletesOf(allBut(3, 4), recent)
  recent.add(0, again)
  recent.refused([0], again, [1])
  await step(13, 14)
  await step(13, 14)
  assert.deepEqual(
    sent.map(({ id }) => id),
    ['d-4'],
  )
})

test('when somebody begins to wait, what was overtaken is taken out of the notes, though nothing tells of a delete', async () => {
  const live = allBut()
  let isHurried = false
  const { deletes, step, written } = deletesOf(live, new RecentWrites(), () => isHurried)
  await step(9, 10)
  assert.ok(!deletes.isPending)
  // Written again: as many documents were read as numbers.
  live.delete(3)
  live.add(10)
  written.note(0, [encodeBlock(0, [{ number: 10, id: 'd-3', routing: undefined }])])
  deletes.read(1, 1)
  await step(10, 11)
  assert.ok(!deletes.isPending, 'nothing looks like a delete')
  isHurried = true
  await step(10, 11)
  await step(10, 11)
  assert.equal(deletes.deleted, 1, 'the number was looked for')
  await step(10, 11)
  assert.ok(!deletes.isPending, 'once')
})
