// What a follower has when an override is taken back.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { takenBack } from './update-overrides.ts'

test('what is no longer given is as the leader has it, but for what is the business of each side', () => {
  const leader = new Map([
    ['gc_deletes', '5m'],
    ['write.wait_for_active_shards', 'all'],
  ])
  assert.deepEqual(takenBack(['gc_deletes', 'max_result_window', 'write.wait_for_active_shards'], leader), {
    gc_deletes: '5m',
    max_result_window: null,
    'write.wait_for_active_shards': null,
  })
})
