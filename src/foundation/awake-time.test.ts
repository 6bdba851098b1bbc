import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AwakeTime } from './awake-time.ts'

test('a gap counts little, and what passes between ticks counts as it is', () => {
  let clock = 1_000
  const time = new AwakeTime(() => clock)
  clock += 700
  assert.equal(time.ms, 700)
  time.tick()
  clock += 1_300
  assert.equal(time.ms, 2_000)
  time.tick()
  clock += 6 * 3_600_000
  assert.equal(time.ms, 7_000)
  assert.equal(time.ms, 7_000, 'asking does not add')
  time.tick()
  clock += 10
  assert.equal(time.ms, 7_010)
})
