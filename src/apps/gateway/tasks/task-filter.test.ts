import assert from 'node:assert/strict'
import { test } from 'node:test'
import { reindexAction, type TaskRecord } from '../../../engine/tasks/task.ts'
import { isOn, selectTasks, timeoutMs } from './task-filter.ts'

const node = 'abcdefghijklmnopqrstuv'
const task = { id: `${node}:1`, action: reindexAction } as TaskRecord
const isSelected = (query: string): boolean => selectTasks([task], new URLSearchParams(query), node).length === 1

test('tasks are selected by patterns of actions and nodes, as the servers do', () => {
  const selecting = [
    ...['', 'actions=', 'actions=*', 'actions=**', 'actions=*reindex', 'actions=indices:*', 'actions=x,*write*'],
    ...['actions=indices:data/write/reindex', 'actions=indices*write*reindex*', 'detailed', 'parent_task_id='],
    ...[`nodes=${node}`, 'nodes=x,_all', 'nodes=index*', 'nodes=*', 'nodes=_local', `nodes=${node}&actions=*reindex`],
  ]
  for (const query of selecting) assert.ok(isSelected(query), query)
  const leaving = [
    ...[
      'actions=reindex',
      'actions=*search',
      'actions=indices',
      'actions=*reindex*x',
      'actions=indices:data/write/reindex*x',
    ],
    // No part of the text serves two parts of a pattern.
    ...['actions=*reindex*reindex', 'actions=indices:data/write/reindex*reindex', 'actions=*write*write*'],
    ...['nodes=x', 'nodes=x*', `nodes=${node}x`, `parent_task_id=${node}:1`, `nodes=${node}&actions=x`],
  ]
  for (const query of leaving) assert.ok(!isSelected(query), query)
})

test('a pattern made to be slow is not', { timeout: 5_000 }, () => {
  assert.ok(!isSelected(`actions=${'*e'.repeat(5_000)}x`))
})

test('switches and times', () => {
  const query = new URLSearchParams('a&b=true&c=false&d=x&timeout=1m')
  assert.deepEqual(
    ['a', 'b', 'c', 'd', 'e'].map((name) => isOn(query, name)),
    [true, true, false, false, false],
  )
  assert.equal(timeoutMs(query), 60_000)
  assert.equal(timeoutMs(new URLSearchParams()), 30_000)
})
