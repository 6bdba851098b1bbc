import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TaskRecord } from '../../../engine/tasks/task.ts'
import { IndexferryError } from '../../../foundation/errors.ts'
import { createTaskLog } from './task-log.ts'

const status = {
  ...{ total: 3, updated: 1, created: 2, deleted: 0, batches: 1, versionConflicts: 0, noops: 0 },
  ...{ bulkRetries: 0, searchRetries: 0, throttledMs: 0, requestsPerSecond: Infinity, throttledUntilMs: 0 },
  ...{ reasonCancelled: undefined, slices: undefined },
}
const task: TaskRecord = {
  ...{ id: 'node:7', number: 7, action: 'indices:data/write/reindex', startedAtMs: 0, runningMs: 12.6 },
  description: 'reindex from [host=old port=9200 query={\n  "term" : "[a][b]"\n} username=u][from] to [to]',
  ...{ state: 'running', cancelledAtMs: undefined, status, outcome: undefined, error: undefined, headers: {} },
}

function logged(event: Parameters<ReturnType<typeof createTaskLog>>[0]): unknown[] {
  const lines: string[] = []
  createTaskLog(
    (line) => lines.push(line),
    () => 0,
  )(event)
  return lines.map((line) => JSON.parse(line))
}

const head = { time: '1970-01-01T00:00:00.000Z', event: 'task' }
const what = 'reindex from [host=old port=9200][from] to [to]'
const counts = { total: 3, created: 2, updated: 1, deleted: 0, noops: 0, version_conflicts: 0, took: 13 }

test('a task is told when it begins, goes on and ends, without what it looks for', () => {
  assert.deepEqual(logged({ kind: 'accepted', task }), [])
  assert.deepEqual(logged({ kind: 'begun', task }), [{ ...head, task: 'node:7', state: 'begun', what }])
  assert.deepEqual(logged({ kind: 'resumed', task }), [{ ...head, task: 'node:7', state: 'resumed', what }])
  const outcome = { status, tookMs: 12, timedOut: false, failures: [], notes: ['index to was created'] }
  const completed = { ...task, state: 'completed', outcome } as const
  assert.deepEqual(logged({ kind: 'ended', task: completed }), [
    { ...head, task: 'node:7', state: 'completed', what, ...counts, notes: ['index to was created'] },
  ])
})

test('why it failed; notes without end are cut', () => {
  const failed = {
    ...task,
    state: 'failed',
    error: { type: 'connect_exception', reason: 'Connection refused' },
  } as const
  assert.deepEqual(logged({ kind: 'ended', task: failed }), [
    { ...head, task: 'node:7', state: 'failed', what, ...counts, reason: 'Connection refused' },
  ])
  const notes = Array.from({ length: 80 }, (_, n) => `note ${n}`)
  const outcome = { status, tookMs: 12, timedOut: false, failures: [], notes }
  const [line] = logged({ kind: 'ended', task: { ...task, state: 'completed', outcome } }) as [{ notes: string[] }]
  assert.deepEqual([line.notes.length, line.notes.at(-1)], [51, 'and 30 more'])
})

test('a catalog that is lost', () => {
  const error = new IndexferryError('STATE_UNUSABLE', 'the catalog cannot be written')
  assert.deepEqual(logged({ kind: 'broken', error }), [{ ...head, reason: 'the catalog cannot be written' }])
})
