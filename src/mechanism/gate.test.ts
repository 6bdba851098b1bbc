import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Gate } from './gate.ts'

test('lets as many through as it has places, in order, and lets those go that no longer want to wait', async () => {
  const gate = new Gate(1)
  const told: string[] = []
  const first = Promise.withResolvers<void>()
  const one = gate.pass(async () => {
    told.push('one')
    await first.promise
  })
  const leaving = new AbortController()
  const two = gate.pass(async () => told.push('two'), leaving.signal)
  const three = gate.pass(async () => told.push('three'))
  leaving.abort(new Error('left'))
  await assert.rejects(two, /left/)
  await assert.rejects(
    gate.pass(async () => told.push('late'), leaving.signal),
    /left/,
  )
  assert.deepEqual(told, ['one'])
  first.resolve()
  await Promise.all([one, three])
  await gate.pass(async () => told.push('four'))
  assert.deepEqual(told, ['one', 'three', 'four'])
})
