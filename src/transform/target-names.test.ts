import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isErrorOf } from '../foundation/errors.ts'
import { createTargetNames } from './target-names.ts'

test('an index keeps its name without rules', () => {
  assert.equal(createTargetNames({ rules: [] })('logs-1'), 'logs-1')
})

test('rules come before the name in TARGET', () => {
  const names = createTargetNames({ rules: [['logs-*', 'archive-*']], targetName: 'rest' })
  assert.equal(names('logs-app'), 'archive-app')
  assert.equal(names('users'), 'rest')
})

test('TARGET may name one index or a pattern', () => {
  assert.equal(createTargetNames({ rules: [], targetName: 'b' })('a'), 'b')
  assert.equal(createTargetNames({ rules: [], targetName: 'old-*', sourcePattern: 'logs-*' })('logs-7'), 'old-7')
  assert.equal(createTargetNames({ rules: [], targetName: 'old-*', sourcePattern: 'logs-7' })('logs-7'), 'old-logs-7')
})

test('names that no index can have are refused before anything is created', () => {
  for (const name of ['Upper', 'a b', '-a', '_a', '', 'a/b', 'ü'.repeat(200)]) {
    const names = createTargetNames({ rules: [['x', name]] })
    assert.throws(
      () => names('x'),
      (error) => isErrorOf(error, 'USAGE'),
      name,
    )
  }
  assert.equal(createTargetNames({ rules: [] })('.kibana_1'), '.kibana_1')
})
