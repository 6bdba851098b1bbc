import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fitsPattern, parseIndexExpression } from './index-expression.ts'

test('names, patterns and exclusions', () => {
  assert.deepEqual(
    parseIndexExpression('a, logs-*,-logs-old*,.x*,-y').map(({ kind, text }) => `${kind} ${text}`),
    ['name a', 'pattern logs-*', 'exclusion logs-old*', 'pattern .x*', 'exclusion y'],
  )
  assert.deepEqual(parseIndexExpression('_all'), [{ kind: 'pattern', text: '*' }])
  assert.throws(() => parseIndexExpression(' , '), { code: 'USAGE' })
})

test('a star is any text and everything else is itself', () => {
  assert.ok(fitsPattern('logs-1', 'logs-*'))
  assert.ok(fitsPattern('a.b+c', 'a.b+*'))
  assert.ok(!fitsPattern('axb', 'a.b'))
  assert.ok(!fitsPattern('xlogs-1', 'logs-*'))
  assert.ok(fitsPattern('', '*'))
})
