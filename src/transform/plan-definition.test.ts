// The rules for settings, analysis, mapping types and aliases. Those for fields are in rewrite-mapping.test.ts.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { plan, planSettings, type Short } from '../../test/definitions/plan-for.ts'
import type { JsonObject } from '../model/json.ts'
import type { DefinitionOptions } from './definition-plan.ts'
import { planDefinition } from './plan-definition.ts'

const settings: readonly [Short, Short, JsonObject, JsonObject, DefinitionOptions?][] = [
  [
    'es8',
    'es9',
    {
      uuid: 'x',
      creation_date: '1',
      version: { created: '8500003' },
      provided_name: 'i',
      number_of_shards: '2',
      history: { uuid: 'x' },
    },
    { number_of_shards: '2' },
  ],
  ['os2', 'es8', { codec: 'zstd', knn: 'true', replication: { type: 'SEGMENT' } }, { codec: 'best_compression' }],
  ['os2', 'es1', { codec: 'zstd' }, { codec: 'default' }],
  ['es8', 'os3', { codec: 'legacy_best_compression', mode: 'logsdb' }, { codec: 'best_compression' }],
  [
    'os2',
    'os3',
    { codec: 'zstd_no_dict', use_compound_file: 'true' },
    { codec: 'zstd_no_dict', use_compound_file: 'true' },
  ],
  ['es6', 'es8', { soft_deletes: { enabled: 'false' }, mapper: { dynamic: 'true' } }, {}],
  ['es6', 'es710', { soft_deletes: { enabled: 'false' } }, { soft_deletes: { enabled: 'false' } }],
  [
    'es2',
    'es8',
    { store: { type: 'default' }, translog: { flush_threshold_ops: '5', durability: 'async' } },
    { store: { type: 'fs' }, translog: { durability: 'async' } },
  ],
  [
    'es6',
    'es8',
    { store: { type: 'simplefs' }, default_pipeline: 'p', blocks: { write: 'true' } },
    { store: { type: 'niofs' } },
  ],
  ['es2', 'es8', { similarity: { s: { type: 'default' } } }, { similarity: { s: { type: 'BM25' } } }],
  [
    'es8',
    'es9',
    {
      lifecycle: { name: 'p' },
      routing: { allocation: { require: { box: 'hot' }, include: { _tier_preference: 'data_hot' } } },
    },
    {},
  ],
  ['es8', 'es9', { some: { new: 'setting' } }, { some: { new: 'setting' } }],
  ['es8', 'os3', { some: { new: 'setting' } }, {}],
  ['es9', 'es8', { some: { new: 'setting' } }, {}],
  ['es8', 'es9', { mode: 'time_series', routing_path: ['a'], time_series: { start_time: 'x' } }, {}],
  [
    'es8',
    'es9',
    { number_of_shards: '2', codec: 'default', sort: { field: 'a' } },
    { number_of_shards: '5', number_of_replicas: '0', codec: 'best_compression' },
    { shards: 5, replicas: 0, set: { codec: 'best_compression', sort: null } },
  ],
  [
    'es8',
    'es9',
    {},
    { analysis: { filter: { f: { type: 'stop' } } } },
    { set: { 'index.analysis.filter.f.type': 'stop' } },
  ],
]

describe('settings', () => {
  for (const [from, to, before, after, options] of settings) {
    test(`${from} → ${to}: ${JSON.stringify(before)}`, () =>
      assert.deepEqual(planSettings(from, to, before, options), after))
  }
  test('an alias for writing leads no writes to the target where that is not wanted', () => {
    const source = {
      name: 'i',
      types: [],
      mappings: {},
      settings: {},
      aliases: { w: { is_write_index: true }, r: { routing: 'x' } },
    }
    const version = { flavour: 'opensearch', number: '2.19.4', major: 2, minor: 19, patch: 4 } as const
    const planned = (readOnlyAliases: boolean) =>
      planDefinition(source, version, version, { readOnlyAliases }).targets[0]?.definition.aliases
    assert.deepEqual(planned(true), { w: { is_write_index: false }, r: { routing: 'x' } })
    assert.deepEqual(planned(false), source.aliases)
  })

  test('an index with nested fields is not sorted where that is refused', () => {
    const parts = { settings: { sort: { field: 'a' } }, mappings: { properties: { n: { type: 'nested' } } } }
    assert.deepEqual(plan('es8', 'os2', parts).targets[0]?.definition.settings, {})
    assert.deepEqual(plan('es8', 'os3', parts).targets[0]?.definition.settings, parts.settings)
  })
  test('limits are raised for a mapping from before there were any', () => {
    const properties = Object.fromEntries(Array.from({ length: 1500 }, (_, at) => [`f${at}`, { type: 'long' }]))
    const made = plan('es2', 'es8', { types: ['t'], mappings: { t: { properties } } })
    assert.deepEqual(made.targets[0]?.definition.settings, { mapping: { total_fields: { limit: '2500' } } })
  })
})

const analyses: readonly [Short, Short, JsonObject, JsonObject][] = [
  [
    'es6',
    'es8',
    {
      filter: { s: { type: 'standard' } },
      analyzer: { a: { tokenizer: 'nGram', filter: ['standard', 's', 'lowercase'] } },
    },
    { analysis: { analyzer: { a: { tokenizer: 'ngram', filter: ['lowercase'] } } } },
  ],
  [
    'es6',
    'os3',
    { filter: { g: { type: 'nGram', min_gram: '1', max_gram: '4' } } },
    { analysis: { filter: { g: { type: 'ngram', min_gram: '1', max_gram: '4' } } }, max_ngram_diff: '3' },
  ],
  [
    'es6',
    'os3',
    { filter: { g: { type: 'shingle', max_shingle_size: '6' } } },
    { analysis: { filter: { g: { type: 'shingle', max_shingle_size: '6' } } }, max_shingle_diff: '5' },
  ],
  [
    'es6',
    'os3',
    { filter: { p: { type: 'delimited_payload_filter' } } },
    { analysis: { filter: { p: { type: 'delimited_payload' } } } },
  ],
  [
    'es8',
    'es5',
    { filter: { p: { type: 'delimited_payload' } } },
    { analysis: { filter: { p: { type: 'delimited_payload_filter' } } } },
  ],
  [
    'es1',
    'es8',
    { analyzer: { default_index: { type: 'simple', alias: 'x' } }, tokenizer: { t: { type: 'PathHierarchy' } } },
    { analysis: { analyzer: { default: { type: 'simple' } }, tokenizer: { t: { type: 'path_hierarchy' } } } },
  ],
  ['es8', 'es2', { normalizer: { n: { type: 'custom' } } }, {}],
]

describe('analysis', () => {
  for (const [from, to, analysis, expected] of analyses) {
    test(`${from} → ${to}: ${JSON.stringify(analysis)}`, () =>
      assert.deepEqual(planSettings(from, to, { analysis }), expected))
  }
  test('what nothing stands in for is a problem with a way out', () => {
    const analysis = { analyzer: { a: { tokenizer: 'standard', filter: ['multiplexer'] } } }
    const [problem] = plan('es8', 'es5', { settings: { analysis } }).problems
    assert.equal(problem?.path, 'settings.analysis.analyzer.a.filter')
    assert.match(problem?.remedy ?? '', /--set analysis\.analyzer\.a\.filter/)
  })
  test('files are named', () => {
    const analysis = { filter: { f: { type: 'synonym', synonyms_path: 'words.txt' } } }
    assert.ok(
      plan('es8', 'os3', { settings: { analysis } }).changes.some(
        ({ reason, severity }) => severity === 'warning' && reason.includes('words.txt'),
      ),
    )
  })
})

describe('mapping types', () => {
  const several = {
    types: ['parent', 'child', '_default_'],
    mappings: {
      parent: { dynamic: 'strict', properties: { a: { type: 'long' } } },
      child: { _parent: { type: 'parent' }, _routing: { required: true }, properties: { b: { type: 'text' } } },
      _default_: {},
    },
  }
  test('several types are a problem unless something is chosen', () => {
    assert.match(plan('es5', 'es8', several).problems[0]?.remedy ?? '', /--types split .*--types merge/)
  })
  test('split: an index of each, children with a field for the parent', () => {
    const { targets, problems } = plan('es5', 'es6', several, { types: 'split', name: 'n' })
    assert.deepEqual(problems, [])
    assert.deepEqual(
      targets.map(({ name, documentType, sourceTypes, parentField }) => [name, documentType, sourceTypes, parentField]),
      [
        ['n-parent', 'parent', ['parent'], undefined],
        ['n-child', 'child', ['child'], 'parent_id'],
      ],
    )
    assert.deepEqual(targets[1]?.definition.mappings, {
      child: { properties: { b: { type: 'text' }, parent_id: { type: 'keyword' } } },
    })
  })
  test('merge: the freer switches, a field for the type, and documents of no type left out by routing', () => {
    const { targets, problems } = plan('es5', 'os3', several, { types: 'merge', typeField: 'kind' })
    assert.deepEqual(problems, [])
    assert.equal(targets[0]?.typeField, 'kind')
    assert.deepEqual(targets[0]?.definition.mappings, {
      dynamic: 'true',
      properties: {
        a: { type: 'long' },
        b: { type: 'text' },
        parent_id: { type: 'keyword' },
        kind: { type: 'keyword' },
      },
    })
  })
  test('merge: routing is demanded only when every type does', () => {
    const mappings = { a: { _routing: { required: true } }, b: {} }
    const { targets } = plan('es5', 'os3', { types: ['a', 'b'], mappings }, { types: 'merge' })
    assert.deepEqual(targets[0]?.definition.mappings._routing, { required: false })
  })
  test('merge: one field of two types is a problem', () => {
    const mappings = {
      a: { properties: { f: { properties: { g: { type: 'long' } } } } },
      b: { properties: { f: { properties: { g: { type: 'date' } } } } },
    }
    const { problems } = plan('es5', 'os3', { types: ['a', 'b'], mappings }, { types: 'merge' })
    assert.match(problems[0]?.remedy ?? '', /--map f\.g=TYPE/)
    assert.deepEqual(
      plan('es5', 'os3', { types: ['a', 'b'], mappings }, { types: 'merge', map: { 'f.g': 'keyword' } }).problems,
      [],
    )
  })
  test('types are kept where they can be, and invented where they must', () => {
    assert.deepEqual(plan('es5', 'es2', several).targets[0]?.definition.types, ['parent', 'child', '_default_'])
    assert.equal(
      plan('es5', 'es6', { types: ['product'], mappings: { product: {} } }).targets[0]?.documentType,
      'product',
    )
    assert.equal(plan('os3', 'es6', {}).targets[0]?.documentType, '_doc')
    assert.equal(plan('os3', 'es5', {}).targets[0]?.documentType, 'doc')
    assert.equal(plan('es6', 'es2', { types: ['_doc'], mappings: { _doc: {} } }).targets[0]?.documentType, 'doc')
    assert.equal(
      plan('es6', 'es8', { types: ['product'], mappings: { product: {} } }).targets[0]?.documentType,
      undefined,
    )
  })
  test('stored queries become a field', () => {
    const { targets } = plan('es2', 'es8', {
      types: ['.percolator'],
      mappings: { '.percolator': { properties: { query: { type: 'object' } } } },
    })
    assert.deepEqual(targets[0]?.definition.mappings, { properties: { query: { type: 'percolator' } } })
  })
})

test('--mappings replaces the mapping and adds settings', () => {
  const mappings = {
    settings: { index: { codec: 'best_compression' } },
    mappings: { properties: { a: { type: 'text' } } },
  }
  const { targets } = plan(
    'es8',
    'es6',
    { mappings: { properties: { b: { type: 'flattened' } } }, settings: { number_of_shards: '2' } },
    { mappings },
  )
  assert.deepEqual(targets[0]?.definition.mappings, { _doc: { properties: { a: { type: 'text' } } } })
  assert.deepEqual(targets[0]?.definition.settings, { number_of_shards: '2', codec: 'best_compression' })
})

test('aliases keep what the target knows, and filters of 1.x become queries', () => {
  const aliases = {
    a: { is_write_index: true, is_hidden: true, routing: 'x' },
    b: { filter: { or: [{ missing: { field: 'x' } }, { term: { y: 1, _cache: true } }] } },
  }
  assert.deepEqual(plan('es8', 'es6', { aliases: { a: aliases.a } }).targets[0]?.definition.aliases, {
    a: { is_write_index: true, routing: 'x' },
  })
  assert.deepEqual(plan('es1', 'es8', { aliases: { b: aliases.b } }).targets[0]?.definition.aliases, {
    b: {
      filter: {
        bool: {
          should: [{ bool: { must_not: [{ exists: { field: 'x' } }] } }, { term: { y: 1 } }],
          minimum_should_match: 1,
        },
      },
    },
  })
})

test('the same definition for the same version is left alone', () => {
  const mappings = {
    dynamic: 'strict',
    properties: {
      a: { type: 'text', fields: { k: { type: 'keyword' } } },
      d: { type: 'date', format: 'yyyy||epoch_millis' },
    },
  }
  const made = plan('os3', 'os3', {
    mappings,
    settings: { number_of_shards: '3', codec: 'zstd' },
    aliases: { x: { filter: { term: { a: 1 } } } },
  })
  assert.deepEqual(made.changes, [])
  assert.deepEqual(made.targets[0]?.definition.mappings, mappings)
})
