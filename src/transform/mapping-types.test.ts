// The transforms for indexes with several mapping types, and the chain of transforms.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { batchOf, documentsOf } from '../../test/documents/batch-of.ts'
import { chainTransforms } from './chain-transforms.ts'
import { createTypeField } from './type-field.ts'
import { createTypeFilter } from './type-filter.ts'

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

describe('createTypeFilter', () => {
  test('keeps the documents of the types, and the batch itself when it keeps all', async () => {
    const documents = ['a', 'b', 'a', 'c'].map((type, i) => ({ id: `${i}`, type, version: i, source: `{"i":${i}}` }))
    const batch = batchOf([...documents, { id: 'none', source: '{}' }])
    assert.deepEqual(documentsOf(await createTypeFilter(['a', 'c']).apply(batch)), [
      documents[0],
      documents[2],
      documents[3],
    ])
    assert.equal((await createTypeFilter(['x']).apply(batch)).count, 0)
    assert.equal((await createTypeFilter(['x']).apply(batch)).position, 7)
    const all = batchOf(documents)
    assert.equal(await createTypeFilter(['a', 'b', 'c']).apply(all), all)
  })
})

describe('chainTransforms', () => {
  const filter = createTypeFilter(['a'])
  const late = { changes: 'bytes', apply: async (batch) => batch } as ReturnType<typeof createTypeFilter>

  test('is nothing when empty and synchronous when its parts are', async () => {
    assert.equal(chainTransforms([]).changes, 'none')
    assert.equal(chainTransforms([createTypeField({})]).changes, 'none')
    const batch = batchOf([
      { id: '1', type: 'a', source: '{}' },
      { id: '2', type: 'b', source: '{}' },
    ])
    const both = chainTransforms([filter, createTypeField({ typeField: 't' })]).apply(batch)
    assert.ok(!(both instanceof Promise))
    assert.deepEqual(
      documentsOf(both).map(({ source }) => source),
      ['{"t":"a"}'],
    )
    const mixed = await chainTransforms([filter, late, createTypeField({ typeField: 't' })]).apply(batch)
    assert.deepEqual(documentsOf(mixed), documentsOf(both))
  })
})
