import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IndexferryError, redact, registerSecret } from './errors.ts'

test('a secret is taken out of every text until all who registered it have released it', () => {
  const [first, second] = [registerSecret('opensesame'), registerSecret('opensesame')]
  assert.equal(redact('say opensesame'), 'say ***')
  first()
  first()
  assert.equal(new IndexferryError('USAGE', 'say opensesame').message, 'say ***')
  second()
  assert.equal(redact('say opensesame'), 'say opensesame')
})

test('what is too short to be a secret is left alone', () => {
  registerSecret('abc')()
  registerSecret(undefined)()
  registerSecret('abc')
  assert.equal(redact('abc'), 'abc')
})
