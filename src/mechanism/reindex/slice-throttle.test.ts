import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { monotonicMs } from '../../foundation/clock.ts'
import { CallCounts, SliceCounts } from './reindex-counts.ts'
import { SharedRate, SliceThrottle } from './slice-throttle.ts'

const never = new AbortController().signal

function throttleOf(rate: () => number, size = 10) {
  const counts = new SliceCounts(100, size, undefined)
  return { counts, throttle: new SliceThrottle({ counts, size, rate, onStatus: () => {} }) }
}

describe('the rate of a slice', () => {
  it('is paid after a full batch, not before the first', async () => {
    const { counts, throttle } = throttleOf(() => 100)
    throttle.begin(6)
    await throttle.pay(false, never)
    assert.equal(counts.throttledMs, 0)
    assert.equal(throttle.room, 4)
    throttle.begin(4)
    const started = monotonicMs()
    await throttle.pay(false, never)
    const waited = monotonicMs() - started
    assert.ok(waited > 80 && waited < 5_000, `${waited} ms`)
    assert.ok(counts.throttledMs > 80 && counts.throttledMs <= waited + 1, `${counts.throttledMs} of ${waited} ms`)
    assert.equal(counts.throttledUntilMs, 0)
  })
  it('is paid at the end for a batch that is not full', async () => {
    const { counts, throttle } = throttleOf(() => 50)
    throttle.begin(5)
    await throttle.pay(true, never)
    assert.ok(counts.throttledMs > 80)
    await throttle.pay(true, never)
    assert.ok(counts.throttledMs < 5_000)
  })
  it('shortens a wait when it is raised, and leaves it when it is lowered', async () => {
    let rate = 0.1
    const { throttle } = throttleOf(() => rate)
    throttle.begin(10)
    setTimeout(() => (rate = 0.01), 10)
    setTimeout(() => (rate = 100), 150)
    const started = monotonicMs()
    await throttle.pay(false, never)
    const waited = monotonicMs() - started
    // A hundred seconds at first; of what is left a thousandth.
    assert.ok(waited > 200 && waited < 10_000, `${waited} ms`)
  })
  it('ends waiting with the signal', async () => {
    const { throttle } = throttleOf(() => 0.001)
    throttle.begin(10)
    await assert.rejects(throttle.pay(false, AbortSignal.timeout(20)))
  })
  it('is dealt out over slices, anew when it changes', () => {
    let rate = 12
    const shared = new SharedRate(() => rate, 4)
    assert.equal(shared.ofSlice(), 3)
    shared.atWork = 2
    assert.equal(shared.ofSlice(), 3)
    rate = 20
    assert.equal(shared.ofSlice(), 10)
  })
})

describe('the counts of a call', () => {
  it('are those of its slices together, as the servers add them', () => {
    const slices = [new SliceCounts(10, 3, undefined), new SliceCounts(5, 3, undefined)]
    const counts = new CallCounts(slices)
    slices[0]!.hasBegun = true
    slices[0]!.live = { created: 4, updated: 1, versionConflicts: 2, failed: 0 }
    slices[0]!.requestsPerSecond = 2
    slices[1]!.requestsPerSecond = 2
    slices[0]!.throttledUntilMs = 7
    const { total, created, batches, requestsPerSecond, throttledUntilMs, slices: parts } = counts.live
    assert.deepEqual(
      { total, created, batches, requestsPerSecond, throttledUntilMs },
      { total: 15, created: 4, batches: 3, requestsPerSecond: 4, throttledUntilMs: 0 },
    )
    assert.equal(parts?.[0]?.versionConflicts, 2)
    assert.equal(parts?.[1], undefined)
    assert.equal(counts.settled.created, 0)
  })
  it('go on from what was noted', () => {
    const first = new SliceCounts(10, 3, undefined)
    first.live = { created: 4, updated: 1, versionConflicts: 2, failed: 0 }
    const again = new SliceCounts(10, 3, first.status(first.live, undefined))
    assert.deepEqual(again.live, first.live)
    assert.equal(again.hasBegun, true)
  })
})
