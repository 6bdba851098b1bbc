import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isUnsteady } from './unsteady-query.ts'

test('queries that depend on when they are asked are told from others', () => {
  const range = (gte: string) => ({ bool: { filter: [{ range: { at: { gte } } }] } })
  for (const text of ['now', 'now-60s', 'now/d', 'now+1h/h', 'now||/d']) assert.ok(isUnsteady(range(text)), text)
  assert.ok(isUnsteady({ query_string: { query: 'at:[now-1d TO now] AND a:b' } }))
  assert.ok(isUnsteady({ script: { script: 'true' } }))
  assert.ok(isUnsteady({ function_score: { random_score: {}, min_score: 0.5 } }))
  for (const text of ['2026-11-21', 'nowhere', 'snow', 'knownow', '2026-11-21||-1d'])
    assert.ok(!isUnsteady(range(text)), text)
  assert.ok(!isUnsteady({ term: { now: 1 } }))
  assert.ok(!isUnsteady(undefined))
})
