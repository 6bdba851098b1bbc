import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ConditionFacts, knownConditions } from './cut-over-conditions.ts'
import type { StreamIndex } from './migration-context.ts'
import { newMigration } from './migration-record.ts'

const nowMs = 1_000_000

const following = (change: Partial<NonNullable<StreamIndex['following']>> = {}): StreamIndex => ({
  name: 'orders',
  state: 'following',
  rejected: 0,
  following: {
    state: 'following',
    operationsBehind: 0,
    writesUpTo: nowMs - 300,
    deletesUpTo: nowMs - 2_000,
    deleted: 0,
    error: undefined,
    ...change,
  },
})

const facts: ConditionFacts = {
  record: { ...newMigration(0), guards: { source: [], target: [{ index: 'orders', before: {} }] } },
  indexes: [following()],
  verification: {
    startedMs: nowMs - 60_000,
    endedMs: nowMs - 50_000,
    verdict: 'equal',
    documents: 7,
    differences: 0,
    stream: 0,
  },
  settings: { lagMsMax: 10_000, verifiedWithinMs: 3_600_000, verifyEveryMs: 0 },
  nowMs,
}

const failing = (change: Partial<ConditionFacts>): string[] =>
  knownConditions({ ...facts, ...change })
    .filter(({ isMet }) => !isMet)
    .map(({ name }) => name)

test('all conditions are met where nothing stands against a switch', () => {
  assert.deepEqual(failing({}), [])
})

test('the condition that fails is named', () => {
  const stopped = following({ state: 'stopped', error: { message: 'the index is gone' } })
  assert.deepEqual(failing({ indexes: [following(), stopped] }), ['following'])
  assert.deepEqual(failing({ indexes: [following({ writesUpTo: nowMs - 11_000 })] }), ['lag'])
  assert.deepEqual(failing({ indexes: [following({ deletesUpTo: undefined })] }), ['deletes'])
  assert.deepEqual(failing({ indexes: [{ ...following(), rejected: 1 }] }), ['rejected'])
  assert.deepEqual(failing({ record: newMigration(0) }), ['guarded'])
  assert.deepEqual(failing({ indexes: [] }), ['following', 'lag', 'deletes'])
})

test('a verification counts only for the sides as they are followed now, when both were equal, and not for ever', () => {
  const { verification } = facts
  assert.ok(verification)
  assert.deepEqual(failing({ verification: undefined }), ['verified'])
  assert.deepEqual(failing({ verification: { ...verification, verdict: 'different', differences: 3 } }), ['verified'])
  assert.deepEqual(failing({ verification: { ...verification, stream: 2 } }), ['verified'])
  assert.deepEqual(failing({ verification: { ...verification, startedMs: nowMs - 3_700_000 } }), ['verified'])
})

test('a side that can have no guard is told of, and does not stand in the way', () => {
  const record = { ...newMigration(0), unguarded: { source: null, target: 'its version has no default pipelines' } }
  assert.deepEqual(failing({ record }), [])
})

test('of an index that is swept, the lag may be as long as sweeps make it, and one sweep must fit into the time limit', () => {
  const sweep = { tookMs: 20_000, everyMs: 40_000, staleReads: 0 }
  const swept = (agoMs: number) => following({ writesUpTo: nowMs - agoMs, deletesUpTo: nowMs - agoMs, sweep })
  assert.deepEqual(failing({ indexes: [swept(65_000)] }), [])
  assert.deepEqual(failing({ indexes: [swept(75_000)] }), ['lag'])
  assert.deepEqual(failing({ indexes: [swept(65_000), following({ writesUpTo: nowMs - 11_000 })] }), ['lag'])
  assert.deepEqual(failing({ indexes: [swept(1_000)], limitMs: 30_000 }), [])
  assert.deepEqual(failing({ indexes: [swept(1_000)], limitMs: 15_000 }), ['sweeps'])
  // Two are swept at a time.
  assert.deepEqual(failing({ indexes: Array.from({ length: 4 }, () => swept(1_000)), limitMs: 30_000 }), ['sweeps'])
})
