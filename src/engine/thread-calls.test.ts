// Calls to a thread: their order, what they throw, and what becomes of them when the thread is gone.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isErrorOf } from '../foundation/errors.ts'
import type { Counted } from './thread-calls.fixture.ts'
import { ThreadCalls } from './thread-calls.ts'

const start = () => new ThreadCalls<Counted>('thread-calls.fixture', import.meta.url, undefined)

test('calls are carried out in order, and an error passes as one of ours', async () => {
  await using thread = start()
  const calls = [thread.call('add', 1), thread.call('refuse'), thread.call('add', 10)]
  const [one, refused, other] = await Promise.allSettled(calls)
  assert.deepEqual(
    [one, other],
    [1, 11].map((value) => ({ status: 'fulfilled', value })),
  )
  assert.ok(refused?.status === 'rejected' && isErrorOf(refused.reason, 'STATE_UNUSABLE'))
  assert.deepEqual([refused.reason.message, refused.reason.side], ['the disk is full', 'file'])
})

test('without the thread, no call is left without an answer', async () => {
  await using thread = start()
  assert.equal(await thread.call('add', 1), 1)
  const left = await Promise.allSettled([thread.call('die'), thread.call('add', 1)])
  assert.deepEqual(
    left.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  await assert.rejects(thread.call('add', 1))
})
