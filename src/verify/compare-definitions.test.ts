import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { IndexDefinition } from '../model/index-definition.ts'
import type { JsonObject } from '../model/json.ts'
import { compareDefinitions, fits } from './compare-definitions.ts'

const define = (mappings: JsonObject, settings: JsonObject = {}, types: string[] = []): IndexDefinition => ({
  name: 'i',
  types,
  mappings,
  settings,
  aliases: {},
})

test('what servers add and respell is no difference', () => {
  const expected = define(
    {
      dynamic: true,
      properties: {
        o: { properties: { a: { type: 'long', index: true } } },
        'p.q': { type: 'keyword' },
        t: { type: 'text', copy_to: 'x' },
      },
    },
    { number_of_shards: 2, analysis: { filter: { f: { type: 'stop', stopwords: ['a'] } } }, codec: 'default' },
  )
  const actual = define(
    {
      properties: {
        t: { type: 'text', copy_to: ['x'] },
        o: { type: 'object', properties: { a: { type: 'long' } } },
        p: { properties: { q: { type: 'keyword' } } },
      },
    },
    { number_of_shards: '2', uuid: 'x', analysis: { filter: { f: { type: 'stop', stopwords: 'a' } } } },
  )
  assert.deepEqual(
    compareDefinitions(expected, actual).filter(({ kind }) => kind !== 'extra'),
    [],
  )
})

const differing: readonly [string, IndexDefinition, IndexDefinition, string, string][] = [
  [
    'type',
    define({ properties: { a: { type: 'long' } } }),
    define({ properties: { a: { type: 'keyword' } } }),
    'mappings.properties.a.type',
    'differs',
  ],
  ['missing field', define({ properties: { a: { type: 'long' } } }), define({}), 'mappings.properties.a', 'differs'],
  [
    'nested field',
    define({ properties: { o: { properties: { a: { type: 'long' } } } } }),
    define({ properties: { o: { properties: { a: { type: 'date' } } } } }),
    'mappings.properties.o.properties.a.type',
    'differs',
  ],
  [
    'multi-field',
    define({ properties: { a: { type: 'text', fields: { k: { type: 'keyword' } } } } }),
    define({ properties: { a: { type: 'text' } } }),
    'mappings.properties.a.fields.k',
    'differs',
  ],
  [
    'parameter',
    define({ properties: { a: { type: 'date', format: 'yyyy' } } }),
    define({ properties: { a: { type: 'date' } } }),
    'mappings.properties.a.format',
    'differs',
  ],
  [
    'not indexed there',
    define({ properties: { a: { type: 'long' } } }),
    define({ properties: { a: { type: 'long', index: false } } }),
    'mappings.properties.a.index',
    'differs',
  ],
  ['strict there', define({}), define({ dynamic: 'strict' }), 'mappings.dynamic', 'differs'],
  ['source filtered there', define({}), define({ _source: { excludes: ['a'] } }), 'mappings._source', 'differs'],
  ['routing demanded there', define({}), define({ _routing: { required: true } }), 'mappings._routing', 'differs'],
  [
    'analysis',
    define({}, { analysis: { filter: { f: { type: 'stop' } } } }),
    define({}),
    'settings.analysis.filter.f.type',
    'differs',
  ],
  [
    'shards',
    define({}, { number_of_shards: '2' }),
    define({}, { number_of_shards: '1' }),
    'settings.number_of_shards',
    'note',
  ],
  ['one more field', define({}), define({ properties: { a: { type: 'long' } } }), 'mappings.properties.a', 'extra'],
  [
    'types',
    define({ t: { properties: { a: { type: 'long' } } } }, {}, ['t']),
    define({ t: { properties: {} } }, {}, ['t']),
    'mappings.t.properties.a',
    'differs',
  ],
]

for (const [name, expected, actual, path, kind] of differing) {
  test(`found: ${name}`, () => {
    const found = compareDefinitions(expected, actual)
    assert.deepEqual(
      found.map((difference) => [difference.path, difference.kind]),
      [[path, kind]],
    )
    assert.equal(fits(found), kind !== 'differs')
  })
}

test('a mapping with a type fits one without', () => {
  const mapping = { properties: { a: { type: 'long' } } }
  assert.deepEqual(compareDefinitions(define({ _doc: mapping }, {}, ['_doc']), define(mapping)), [])
})
