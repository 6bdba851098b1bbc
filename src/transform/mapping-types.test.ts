// The transforms for indexes with several mapping types, and the chain of transforms.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { batchOf, documentsOf } from '../../test/documents/batch-of.ts'
import { chainTransforms } from './chain-transforms.ts'
import type { DocumentTransform } from './document-transform.ts'
import { createTypeField } from './type-field.ts'

describe('createTypeField', () => {
  test('puts type and parent in front, and the type into the id', async () => {
    const transform = createTypeField({ typeField: 'type', parentField: 'parent', idPrefix: true })
    const result = await transform.apply(
      batchOf([
        { id: '1', type: 'or"der', parent: 'p1', routing: 'p1', version: 3, source: ' {\n"a":1.0}' },
        { id: '2', type: 'customer', source: '{ }' },
        { id: '3', type: 'order', parent: 'p', source: '{}' },
        { id: '4', source: '{"type":"mine"}' },
      ]),
    )
    assert.deepEqual(documentsOf(result), [
      {
        id: 'or"der#1',
        type: 'or"der',
        parent: 'p1',
        routing: 'p1',
        version: 3,
        source: ' {"type":"or\\"der","parent":"p1",\n"a":1.0}',
      },
      { id: 'customer#2', type: 'customer', source: '{"type":"customer" }' },
      { id: 'order#3', type: 'order', parent: 'p', source: '{"type":"order","parent":"p"}' },
      { id: '4', source: '{"type":"mine"}' },
    ])
    assert.equal(result.position, 7)
  })

  test('a field of that name is an error, not a second one', () => {
    const transform = createTypeField({ typeField: 'kind' })
    assert.throws(() => transform.apply(batchOf([{ id: 'x', type: 't', source: '{"a":{"kind":1},"kind":2}' }])), {
      code: 'TRANSFORM_FAILED',
      fields: { id: 'x', field: 'kind' },
    })
    assert.throws(() => transform.apply(batchOf([{ id: 'x', type: 't', source: '[]' }])), { code: 'TRANSFORM_FAILED' })
  })

  test('asked for nothing it changes nothing', () => assert.equal(createTypeField({}).changes, 'none'))
})

describe('chainTransforms', () => {
  const first = createTypeField({ typeField: 'first' })
  const late: DocumentTransform = { changes: 'bytes', apply: async (batch) => batch }

  test('is nothing when empty and synchronous when its parts are', async () => {
    assert.equal(chainTransforms([]).changes, 'none')
    assert.equal(chainTransforms([createTypeField({})]).changes, 'none')
    const batch = batchOf([
      { id: '1', type: 'a', source: '{}' },
      { id: '2', type: 'b', source: '{}' },
    ])
    const both = chainTransforms([first, createTypeField({ typeField: 't' })]).apply(batch)
    assert.ok(!(both instanceof Promise))
    assert.deepEqual(
      documentsOf(both).map(({ source }) => source),
      ['{"t":"a","first":"a"}', '{"t":"b","first":"b"}'],
    )
    const mixed = await chainTransforms([first, late, createTypeField({ typeField: 't' })]).apply(batch)
    assert.deepEqual(documentsOf(mixed), documentsOf(both))
  })
})
