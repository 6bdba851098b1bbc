// Calls in other forms than JSON.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encode } from 'cborg'
import { bodyForm, jsonTextOf, mayNameRemote } from './request-body.ts'

test('content types', () => {
  const types: [string | undefined, ReturnType<typeof bodyForm>][] = [
    ['application/json; charset=utf-8', 'json'],
    ['Application/X-NDJSON', 'json'],
    ['application/vnd.elasticsearch+json; compatible-with=8', 'json'],
    ['application/yaml', 'yaml'],
    ['application/cbor', 'cbor'],
    ['application/smile', 'smile'],
    ['text/plain', undefined],
    ['application/json-patch+json', undefined],
    [undefined, undefined],
  ]
  for (const [type, form] of types) assert.equal(bodyForm(type), form, type)
})

test('numbers that JavaScript cannot hold survive YAML and CBOR', () => {
  assert.equal(
    jsonTextOf('yaml', Buffer.from('a: 9007199254740993\nb: [x, "y"]\n')),
    '{"a":9007199254740993,"b":["x","y"]}',
  )
  assert.equal(jsonTextOf('cbor', Buffer.from(encode({ a: 9007199254740993n }))), '{"a":9007199254740993}')
})

test('what cannot be read is left to the cluster', () => {
  assert.equal(jsonTextOf('yaml', Buffer.from('a: b: c')), undefined)
  assert.equal(jsonTextOf('cbor', Buffer.from([0xff, 0x00])), undefined)
  const bomb = [
    'a: &a [x, x]',
    ...[...'bcdefghij'].map((name, at) => `${name}: &${name} [${`*${'abcdefghi'[at]}, `.repeat(9)}]`),
  ]
  assert.equal(jsonTextOf('yaml', Buffer.from(bomb.join('\n'))), undefined)
})

test('SMILE without the name remote in it is no remote call', () => {
  assert.equal(mayNameRemote(Buffer.from(':)\n\u0001remote')), true)
  assert.equal(mayNameRemote(Buffer.from(':)\n\u0001source')), false)
})
