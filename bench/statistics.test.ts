import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Results } from './benchmark.ts'
import { setWith } from './data-sets.ts'
import { figuresOf, isReached } from './figures.ts'
import type { Sample } from './sample.ts'
import { median, medianRatio, rate } from './statistics.ts'

const sample = (contender: string, round: number, seconds: number): Sample => ({
  contender,
  set: 'small',
  round,
  documents: 1000,
  copy: { seconds, cpuSeconds: 1, peakBytes: 200e6, sourceCpuSeconds: 2, targetCpuSeconds: 8 },
})

const resultsOf = (samples: readonly Sample[]): Results => ({
  machine: { lines: [] },
  options: { rounds: 2, sets: [], contenders: [], share: 1, fidelity: false, write: false, words: [] },
  sets: [setWith('small', 1000)],
  contenders: [],
  samples,
  fidelity: [],
  missing: [],
})

test('the median of an even number of values lies between the two in the middle', () => {
  assert.equal(median([9, 1, 3]), 3)
  assert.equal(median([9, 1, 3, 5]), 4)
  assert.equal(median([]), undefined)
})

test('ratios are taken within a round, so that a slow round slows both', () => {
  const fast = [sample('a', 1, 1), sample('a', 2, 100), sample('a', 3, 7)]
  const slow = [sample('b', 2, 200), sample('b', 1, 2)]
  assert.equal(medianRatio(fast, slow, rate), 2)
})

test('a figure is measured against the best of several settings, and unknown when none of them ran', () => {
  const results = resultsOf([
    sample('indexferry', 1, 1),
    sample('reindex-1000', 1, 3),
    sample('reindex-5000', 1, 1.5),
    { contender: 'bulk-4', set: 'small', round: 1, documents: 1000, failure: 'refused' },
  ])
  const figures = figuresOf(results)
  const of = (text: string) => figures.find(({ measure }) => measure.includes(text))
  assert.equal(of('_reindex')?.reached, 1.5)
  assert.equal(isReached(of('_reindex')!), false)
  assert.equal(of('CPU seconds')?.reached, 0.1)
  assert.equal(isReached(of('CPU seconds')!), true)
  assert.equal(of('bulk loading')?.reached, undefined)
  assert.equal(isReached(of('bulk loading')!), undefined)
})
