import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Turns } from './turns.ts'

test('so many are at work at a time, in the order in which they came', async () => {
  const turns = new Turns(2, 60_000)
  const begun: number[] = []
  const ends = [1, 2, 3, 4].map((number) => {
    const end = Promise.withResolvers<void>()
    const done = turns.take(async () => {
      begun.push(number)
      await end.promise
    })
    return { end, done }
  })
  await nextTurn()
  assert.deepEqual(begun, [1, 2])
  ends[1]?.end.reject(new Error('one that fails makes room as well'))
  await assert.rejects(ends[1]!.done)
  await nextTurn()
  assert.deepEqual(begun, [1, 2, 3])
  for (const { end } of ends) end.resolve()
  await Promise.allSettled(ends.map(({ done }) => done))
  assert.deepEqual(begun, [1, 2, 3, 4])
})

test('whoever takes long does not keep others waiting', async () => {
  const turns = new Turns(1, 10)
  const end = Promise.withResolvers<void>()
  const first = turns.take(() => end.promise)
  await turns.take(async () => {})
  end.resolve()
  await first
  // The place that was given on is not given twice.
  let most = 0
  let now = 0
  const count = async () => {
    most = Math.max(most, ++now)
    await nextTurn()
    now--
  }
  await Promise.all([turns.take(count), turns.take(count), turns.take(count)])
  assert.equal(most, 1)
})
