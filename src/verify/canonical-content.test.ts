import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fc } from '../../test/documents/properties.ts'
import { canonicalContent } from './canonical-content.ts'

const canonical = (text: string) => canonicalContent(Buffer.from(text)).toString()

test('white space, comments, escapes and the order of keys do not count', () => {
  const expected = canonical('{"a":[1,{"c":"é","d":"/"}],"b":null}')
  assert.equal(canonical('{ "b" : null,\n "a": [ 1 , {"d":"\\/", /* c */ "c":"\\u00e9"} ] }'), expected)
})

test('numbers are their text, arrays keep their order, repeated keys keep theirs', () => {
  const texts = [
    '{"n":1}',
    '{"n":1.0}',
    '{"n":1e0}',
    '{"n":"1"}',
    '{"n":1e400}',
    '{"n":[1,2]}',
    '{"n":[2,1]}',
    '{"n":[12]}',
  ]
  assert.equal(new Set(texts.map(canonical)).size, texts.length)
  assert.notEqual(canonical('{"a":1,"a":2}'), canonical('{"a":2,"a":1}'))
  assert.equal(canonical('{"n":9007199254740993}'), '{"n":9007199254740993}')
})

test('what is not whole JSON, or is nested too deeply, stays as it is', () => {
  for (const text of ['{"a":1', '{"a":1} x', '[1 2]', '{"a":"\\x"}', '', '['.repeat(3000) + ']'.repeat(3000)]) {
    assert.equal(canonical(text), text)
  }
})

test('property: any printing of a value has the same form, and another value has another', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (value, other) => {
      assert.equal(canonical(JSON.stringify(value, null, 3)), canonical(JSON.stringify(value)))
      const form = canonical(JSON.stringify(value))
      assert.deepEqual(JSON.parse(form), JSON.parse(JSON.stringify(value)))
      if (form === canonical(JSON.stringify(other)))
        assert.deepEqual(JSON.parse(JSON.stringify(value)), JSON.parse(JSON.stringify(other)))
    }),
  )
})
