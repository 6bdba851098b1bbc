// How many requests are in flight: never more than allowed, fewer when the target suffers.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { WritePace } from './write-pace.ts'

const never = new AbortController().signal
const MEGABYTE = 1_000_000

describe('the pace of writing', () => {
  it('lets as many in as there are places, and the next one when one leaves', async () => {
    const pace = new WritePace({ writersMax: 2, bodyBytesMax: MEGABYTE })
    await pace.enter(never)
    await pace.enter(never)
    assert.ok(pace.isFull)
    let isIn = false
    const third = pace.enter(never).then(() => {
      isIn = true
    })
    await Promise.resolve()
    assert.equal(isIn, false)
    pace.leave()
    await third
    assert.ok(pace.isFull)
  })

  it('never has more in flight than its limit, however many wait', async () => {
    const pace = new WritePace({ writersMax: 3, bodyBytesMax: MEGABYTE })
    let inFlight = 0
    let most = 0
    const work = async () => {
      await pace.enter(never)
      most = Math.max(most, ++inFlight)
      await new Promise(setImmediate)
      inFlight--
      pace.taken(100_000, 10)
      pace.leave()
    }
    await Promise.all(Array.from({ length: 50 }, work))
    assert.equal(most, 3)
    assert.equal(inFlight, 0)
  })

  it('ends waiting on abort with the reason, and gives no place away', async () => {
    const pace = new WritePace({ writersMax: 1, bodyBytesMax: MEGABYTE })
    await pace.enter(never)
    const controller = new AbortController()
    const reason = new Error('enough')
    const waiting = pace.enter(controller.signal)
    controller.abort(reason)
    await assert.rejects(waiting, reason)
    await assert.rejects(pace.enter(controller.signal), reason)
    await assert.rejects(pace.ready(controller.signal), reason)
    pace.leave()
    assert.equal(pace.isFull, false)
    await assert.rejects(pace.enter(controller.signal), reason)
    assert.equal(pace.isFull, false)
  })

  it('takes writers back when the target refuses, at most once a second, and never the last one', () => {
    const pace = new WritePace({ writersMax: 8, bodyBytesMax: MEGABYTE })
    assert.equal(pace.writers, 4)
    assert.equal(pace.isRefused, false)
    for (let times = 0; times < 100; times++) pace.refused()
    assert.equal(pace.writers, 2)
    assert.ok(pace.isRefused)
  })

  it('adds writers while a byte takes no longer, up to the most', async () => {
    const pace = new WritePace({ writersMax: 6, bodyBytesMax: MEGABYTE })
    for (let times = 0; times < 4; times++) await pace.enter(never)
    for (let times = 0; times < 1_000; times++) {
      while (!pace.isFull) await pace.enter(never)
      pace.taken(MEGABYTE, 100)
    }
    assert.equal(pace.writers, 6)
  })

  it('takes writers back when a byte takes much longer than at best', () => {
    const pace = new WritePace({ writersMax: 8, bodyBytesMax: MEGABYTE })
    pace.taken(MEGABYTE, 100)
    for (let times = 0; times < 100; times++) pace.taken(MEGABYTE, 1_000)
    assert.equal(pace.writers, 1)
  })

  it('makes bodies as large as take about the wanted time, within bounds', () => {
    const pace = new WritePace({ writersMax: 8, bodyBytesMax: 4 * MEGABYTE })
    for (let times = 0; times < 100; times++) pace.taken(pace.bodyBytes, 10)
    assert.equal(pace.bodyBytes, 4 * MEGABYTE)
    for (let times = 0; times < 100; times++) pace.taken(pace.bodyBytes, 60_000)
    assert.equal(pace.bodyBytes, 64 * 1024)
  })

  it('learns nothing of large bodies from small ones that were fast', () => {
    const pace = new WritePace({ writersMax: 8, bodyBytesMax: 4 * MEGABYTE })
    const before = pace.bodyBytes
    for (let times = 0; times < 100; times++) pace.taken(5_000, 100)
    assert.equal(pace.bodyBytes, before)
    for (let times = 0; times < 100; times++) pace.taken(5_000, 5_000)
    assert.equal(pace.bodyBytes, 64 * 1024)
  })

  it('halves bodies that were too large, down to a least size', () => {
    const pace = new WritePace({ writersMax: 8, bodyBytesMax: 4 * MEGABYTE })
    pace.tooLarge(800_000)
    assert.equal(pace.bodyBytes, 400_000)
    pace.tooLarge(10)
    assert.equal(pace.bodyBytes, 64 * 1024)
  })
})
