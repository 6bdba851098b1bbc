import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Passage } from '../../cluster/passage.ts'
import type { ClusterRole } from '../../model/cluster-role.ts'
import { Traffic } from './traffic.ts'

/** Nothing is sent here. */
const passage = (name: string) => ({ name }) as Passage
const never = new AbortController().signal

function traffic() {
  const active: { role: ClusterRole } = { role: 'cluster' }
  return { active, way: new Traffic({ cluster: passage('one'), standby: passage('two') }, active) }
}

test('a call keeps the cluster that it began with', () => {
  const { active, way } = traffic()
  const before = way.begin()
  active.role = 'standby'
  assert.equal(before.way.passage.name, 'one')
  assert.equal(way.begin().way.passage.name, 'two')
})

test('it is idle when everybody has let go of every call', async () => {
  const { way } = traffic()
  const [one, two] = [way.begin(), way.begin()]
  one.keep()
  let isIdle = false
  const idle = way.untilIdle(60_000, never).then((left) => {
    isIdle = true
    return left
  })
  one.letGo()
  two.letGo()
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(isIdle, false)
  one.letGo()
  assert.deepEqual(await idle, { own: 0, passed: 0 })
})

test('what is left is told, and who waits no longer is not kept waiting', async () => {
  const { way } = traffic()
  way.begin().isPassed = true
  way.begin()
  assert.deepEqual(await way.untilIdle(0, never), { own: 1, passed: 1 })
  assert.deepEqual(await way.untilIdle(5, never), { own: 1, passed: 1 })
  const gone = new AbortController()
  const waiting = way.untilIdle(60_000, gone.signal)
  gone.abort(new Error('gone'))
  await assert.rejects(waiting, /gone/)
})

test('calls that an earlier switch has left behind are not waited for', async () => {
  const { active, way } = traffic()
  const left = way.begin()
  active.role = 'standby'
  const call = way.begin()
  const idle = way.untilIdle(60_000, never)
  left.letGo()
  call.letGo()
  assert.deepEqual(await idle, { own: 0, passed: 0 })
})

test('calls are held until it is disposed of', async () => {
  const { way } = traffic()
  const hold = way.hold()
  assert.equal(way.isHeld, true)
  const { released } = way
  hold[Symbol.dispose]()
  await released
  assert.equal(way.isHeld, false)
})
