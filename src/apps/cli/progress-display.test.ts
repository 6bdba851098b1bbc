import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noCounts } from '../../model/counts.ts'
import { barLine } from './progress-display.ts'

const progress = {
  counts: { ...noCounts, read: 32_288, written: 32_288, bytes: 3_200_000 },
  documentsExpected: 100_002,
  documentsPerSecond: 3_219,
  bytesPerSecond: 321_000,
  secondsLeft: 21,
  partitions: 4,
  partitionsDone: 1,
  limitedBy: 'the rate',
}

test('a wide terminal shows everything', () => {
  assert.equal(
    barLine(progress, 160),
    '[███████·················] 32% 32,288 of 100,002 documents · 3.2 MB · 3,219/s · 321 KB/s · 21 s left · 1/4 slices · limited by the rate',
  )
})

test('a narrow one does without figures, never without what is left and what holds it back', () => {
  assert.equal(
    barLine(progress, 110),
    '[███████·················] 32% 32,288 of 100,002 documents · 3,219/s · 21 s left · limited by the rate',
  )
  assert.equal(barLine(progress, 80), '32% 32,288 of 100,002 documents · 3,219/s · 21 s left · limited by the rate')
})
