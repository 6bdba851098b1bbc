import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isErrorOf } from '../foundation/errors.ts'
import { createIndexRename } from './rename-index.ts'

test('stars carry over what they stood for, in order', () => {
  const rename = createIndexRename([
    ['logs-*-*', 'archive-*-of-*'],
    ['products', 'goods'],
    ['tmp*', 'scratch'],
  ])
  assert.equal(rename('logs-2024-01'), 'archive-2024-of-01')
  assert.equal(rename('products'), 'goods')
  assert.equal(rename('tmp7'), 'scratch')
  assert.equal(rename('other'), 'other')
  assert.equal(rename('my-products'), 'my-products')
})

test('dots, dollars and the like are themselves in a pattern with stars', () => {
  assert.equal(createIndexRename([['.kibana.*', 'k$1-*']])('.kibana.7'), 'k$1-7')
  assert.equal(createIndexRename([['a.b', 'c']])('axb'), 'axb')
})

test('a pattern with parentheses is a regular expression over the whole name', () => {
  const rename = createIndexRename([['logs-(.*)-v(\\d+)', 'v$2-logs-$1']])
  assert.equal(rename('logs-web-v12'), 'v12-logs-web')
  assert.equal(rename('old-logs-web-v12'), 'old-logs-web-v12')
})

test('the first rule that fits is used', () => {
  const rename = createIndexRename([
    ['logs-old', 'first'],
    ['logs-*', 'second-*'],
  ])
  assert.equal(rename('logs-old'), 'first')
  assert.equal(rename('logs-new'), 'second-new')
})

test('rules that cannot be meant are refused', () => {
  for (const [pattern, name] of [
    ['logs', 'logs-*'],
    ['a-*', '*-*'],
    ['logs-(.*', 'x'],
    ['logs-(.*)', 'x-$2'],
  ] as const)
    assert.throws(
      () => createIndexRename([[pattern, name]]),
      (error) => isErrorOf(error, 'USAGE') && error.message.startsWith(`--rename ${pattern}=${name} cannot`),
    )
})
