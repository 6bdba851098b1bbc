// The rate limit, in fractions of a second: never faster than allowed, and not much slower.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { monotonicMs } from '../foundation/clock.ts'
import { Throttle } from './throttle.ts'

const never = new AbortController().signal

async function timeOf(work: Promise<unknown>): Promise<number> {
  const started = monotonicMs()
  await work
  return monotonicMs() - started
}

async function takeAll(throttle: Throttle, batches: number, documents: number, bytes: number): Promise<void> {
  for (let batch = 0; batch < batches; batch++) await throttle.take(documents, bytes, never)
}

/** Far above what is right, far below what would be wrong by a factor; the machine may be busy. */
function isAbout(ms: number, expectedMs: number): void {
  assert.ok(ms >= expectedMs - 5 && ms < expectedMs + 3_000, `${ms} ms instead of ${expectedMs}`)
}

describe('the throttle', () => {
  it('does not wait without limits', async () => {
    isAbout(await timeOf(takeAll(new Throttle(), 1_000, 1_000, 1_000_000)), 0)
  })

  it('holds to documents per second', async () => {
    isAbout(await timeOf(takeAll(new Throttle({ documentsPerSecond: 10_000 }), 41, 100, 1)), 400)
  })

  it('holds to bytes per second, and to the slower of both', async () => {
    const throttle = new Throttle({ documentsPerSecond: 1_000_000, bytesPerSecond: 10_000 })
    isAbout(await timeOf(takeAll(throttle, 5, 1, 1_000)), 400)
  })

  it('holds several takers together to the one rate', async () => {
    const throttle = new Throttle({ documentsPerSecond: 10_000 })
    const takers = Array.from({ length: 4 }, () => takeAll(throttle, 10, 100, 1))
    // Takers that wake together are let through together, at most all but one of them early.
    isAbout(await timeOf(Promise.all(takers)), 360)
  })

  it('lets go soon after a limit was lifted', async () => {
    const throttle = new Throttle({ documentsPerSecond: 1 })
    await throttle.take(3_600, 1, never)
    const waiting = throttle.take(1, 1, never)
    await Promise.resolve()
    assert.equal(throttle.reason, 'the rate')
    throttle.setLimits({})
    isAbout(await timeOf(waiting), 0)
    assert.equal(throttle.reason, undefined)
  })

  it('waits while it is held, and says by what', async () => {
    const throttle = new Throttle()
    throttle.hold('source nodes', 'source load 91 % > 80 %')
    let isTaken = false
    const waiting = throttle.take(1, 1, never).then(() => {
      isTaken = true
    })
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.equal(isTaken, false)
    assert.equal(throttle.reason, 'source load 91 % > 80 %')
    throttle.hold('source nodes', undefined)
    isAbout(await timeOf(waiting), 0)
  })

  it('waits for all who hold it, and names all of them', async () => {
    const throttle = new Throttle()
    throttle.hold('source nodes', 'source heap 91 % > 80 %')
    throttle.hold('check', 'the check at ops answers 503')
    assert.equal(throttle.reason, 'source heap 91 % > 80 %; the check at ops answers 503')
    throttle.hold('source nodes', undefined)
    assert.equal(throttle.reason, 'the check at ops answers 503')
  })

  it('holds nothing while it is lifted', async () => {
    const throttle = new Throttle({ documentsPerSecond: 1 })
    throttle.hold('check', 'the check at ops answers 503')
    const waiting = throttle.take(3_600, 1, never)
    throttle.isLifted = true
    isAbout(await timeOf(waiting), 0)
    isAbout(await timeOf(throttle.take(1, 1, never)), 0)
    assert.equal(throttle.reason, undefined)
  })

  it('ends waiting on abort', async () => {
    const throttle = new Throttle({ documentsPerSecond: 1 })
    await throttle.take(3_600, 1, never)
    const controller = new AbortController()
    const waiting = throttle.take(1, 1, controller.signal)
    const reason = new Error('enough')
    controller.abort(reason)
    await assert.rejects(waiting, reason)
    assert.equal(throttle.reason, undefined, 'nothing waits any longer')
  })
})
