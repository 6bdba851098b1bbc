// That a hook which would lead the address of a side to the other cluster is refused.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isErrorOf } from '../foundation/errors.ts'
import { checkHookAddress } from './hook-address.ts'

test('a hook at the address of a side is refused', () => {
  const nodes = { source: ['http://gateway:9200', 'http://127.0.0.1:9201'], target: ['https://new.example'] }
  for (const hook of [
    'http://gateway:9200/_indexferry/cluster/_switch',
    'HTTP://Gateway:9200/x?y',
    'http://localhost:9201/',
    'https://new.example:443/_indexferry/cluster/_switch',
  ]) {
    assert.throws(
      () => checkHookAddress(hook, nodes),
      (error) => isErrorOf(error, 'USAGE'),
      hook,
    )
  }
  for (const hook of [undefined, 'curl http://gateway:9200/', 'http://gateway:9300/', 'https://gateway:9200.example/'])
    checkHookAddress(hook, nodes)
})
