import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WallTimes } from './wall-times.ts'

const hour = 3_600_000

function clocks() {
  const time = { wall: 1_000_000_000, monotonic: 5_000 }
  const times = new WallTimes({ now: () => time.wall, monotonicMs: () => time.monotonic })
  const pass = (ms: number) => {
    time.wall += ms
    time.monotonic += ms
  }
  return { time, times, pass }
}

test('an instant is the time of day that it was', () => {
  const { times, pass } = clocks()
  pass(100)
  const instant = 5_100
  pass(900)
  assert.equal(times.of(instant), 1_000_000_100)
  assert.equal(times.of(undefined), undefined)
  assert.equal(times.of(Number.NEGATIVE_INFINITY), undefined)
})

test('an instant before the machine slept does not become one after it', () => {
  const { time, times, pass } = clocks()
  pass(100)
  time.wall += hour
  assert.equal(times.of(5_100), 1_000_000_100)
  times.look()
  assert.equal(times.of(5_099), 1_000_000_099)
  pass(10)
  assert.equal(times.of(5_105), 1_000_000_105 + hour, 'of after it')
})

test('a clock that was set back is not behind what is said', () => {
  const { time, times, pass } = clocks()
  pass(100)
  time.wall -= hour
  assert.ok((times.of(5_100) ?? 0) <= time.wall)
})

test('many corrections are not all kept, and old instants stay old', () => {
  const { time, times, pass } = clocks()
  for (let day = 0; day < 100; day++) {
    pass(1_000)
    time.wall += hour
    times.look()
  }
  assert.ok((times.of(5_000) ?? 0) <= time.wall - 25 * hour)
})
