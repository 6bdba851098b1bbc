import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fc } from '../../test/documents/properties.ts'
import { childOf, escapeXml, readXml, textOf } from './xml.ts'

test('reads what stores answer', () => {
  const root = readXml(
    '\ufeff<?xml version="1.0" encoding="UTF-8"?>\n<!-- one > two -->\n<s3:List xmlns:s3="http://x/y>z" a=\'1\'>\n' +
      '  <Key>a&amp;b&#x9;&#10;&#128512;&unknown;</Key>\n  <ETag><![CDATA["<x>"]]></ETag><Empty/><Two>1</Two><Two>2</Two></s3:List>\n',
  )
  assert.ok(root)
  assert.equal(root.name, 'List')
  assert.equal(textOf(root, 'Key'), 'a&b\t\n😀&unknown;')
  assert.equal(textOf(root, 'ETag'), '"<x>"')
  assert.equal(textOf(root, 'Empty'), '')
  assert.equal(childOf(root, 'None'), undefined)
  assert.deepEqual(
    root.children.filter(({ name }) => name === 'Two').map(({ text }) => text),
    ['1', '2'],
  )
})

test('an answer that is cut off anywhere is none', () => {
  const whole = '<?xml version="1.0"?><L><K a="1">x&amp;y</K><![CDATA[z]]><!-- c --><E/></L>'
  assert.ok(readXml(whole))
  for (let end = 0; end < whole.length; end++)
    assert.equal(readXml(whole.slice(0, end)), undefined, whole.slice(0, end))
})

test('refuses what it does not understand', () => {
  for (const text of [
    '',
    'text',
    '<a></b>',
    '<a><b></a></b>',
    '<a/><b/>',
    '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    '</a>',
    '<a b></a>',
  ])
    assert.equal(readXml(text), undefined, text)
  assert.equal(readXml('<a>'.repeat(100) + '</a>'.repeat(100)), undefined)
})

test('whatever is written is read', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.equal(textOf(readXml(`<L><K>${escapeXml(text)}</K></L>`) as never, 'K'), text)
    }),
  )
})
