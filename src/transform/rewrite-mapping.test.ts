// The rules for mappings, one row each: what goes in on one version, what comes out on another. That servers take what comes out is
// shown in verify/definitions.cluster.test.ts.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { plan, planField, planMapping, type Short } from '../../test/definitions/plan-for.ts'
import type { JsonObject } from '../model/json.ts'

const disabled = { type: 'object', enabled: false }

const fields: readonly [Short, Short, JsonObject, JsonObject | undefined][] = [
  ['es1', 'os3', { type: 'string' }, { type: 'text' }],
  ['es2', 'es8', { type: 'string', index: 'not_analyzed', ignore_above: 9 }, { type: 'keyword', ignore_above: 9 }],
  ['es2', 'es8', { type: 'string', index: 'no' }, { type: 'keyword', index: false, doc_values: false }],
  [
    'es2',
    'os2',
    { type: 'string', norms: { enabled: false }, term_vector: 'yes' },
    { type: 'text', norms: false, term_vector: 'yes' },
  ],
  ['es2', 'os2', { type: 'string', null_value: 'x', ignore_above: 3 }, { type: 'text' }],
  [
    'es2',
    'es5',
    { type: 'string', index: 'not_analyzed', fielddata: { loading: 'eager_global_ordinals' } },
    { type: 'keyword', eager_global_ordinals: true },
  ],
  ['es710', 'es2', { type: 'text', fielddata: true }, { type: 'string', index: 'analyzed' }],
  ['es710', 'es2', { type: 'keyword', index: false }, { type: 'string', index: 'no' }],
  [
    'es1',
    'es2',
    { type: 'string', index_analyzer: 'a', position_offset_gap: 3 },
    { type: 'string', analyzer: 'a', position_increment_gap: 3 },
  ],
  ['es2', 'es1', { type: 'string', position_increment_gap: 3 }, { type: 'string', position_offset_gap: 3 }],
  [
    'es2',
    'es5',
    { type: 'long', index: 'no', precision_step: 8, store: 'yes' },
    { type: 'long', index: false, store: true },
  ],
  ['es5', 'es2', { type: 'long', index: false }, { type: 'long', index: 'no' }],
  ['es5', 'es6', { type: 'text', include_in_all: true }, { type: 'text' }],
  ['es717', 'es8', { type: 'keyword', boost: 2 }, { type: 'keyword' }],
  ['es717', 'os3', { type: 'keyword', boost: 2 }, { type: 'keyword', boost: 2 }],
  ['es5', 'es6', { type: 'text', similarity: 'classic' }, { type: 'text', similarity: 'classic' }],
  ['es2', 'es6', { type: 'string', similarity: 'default' }, { type: 'text', similarity: 'classic' }],
  ['es6', 'es710', { type: 'text', similarity: 'classic' }, { type: 'text' }],
  [
    'es1',
    'es8',
    { type: 'date', format: 'dateOptionalTime' },
    { type: 'date', format: 'date_optional_time||epoch_millis' },
  ],
  [
    'es6',
    'es8',
    { type: 'date', format: 'YYYY-MM-dd HH:mm ZZ||xxxx' },
    { type: 'date', format: 'yyyy-MM-dd HH:mm XXX||YYYY' },
  ],
  [
    'es6',
    'os3',
    { type: 'date', format: "yyyy-MM-dd'T'HH:mm:ss'Z'" },
    { type: 'date', format: "yyyy-MM-dd'T'HH:mm:ss'Z'" },
  ],
  ['es6', 'es9', { type: 'date', format: '8uuuu-MM-dd' }, { type: 'date', format: 'uuuu-MM-dd' }],
  ['es8', 'es6', { type: 'date', format: 'uuuu-MM-dd' }, { type: 'date', format: '8uuuu-MM-dd' }],
  ['os3', 'es6', { type: 'date', format: '8uuuu-MM-dd' }, { type: 'date', format: '8uuuu-MM-dd' }],
  ['es6', 'es5', { type: 'date', format: '8uuuu-MM-dd' }, { type: 'date', format: 'yyyy-MM-dd' }],
  ['es8', 'es5', { type: 'date', format: 'uuuu-MM-dd XXX' }, { type: 'date', format: 'yyyy-MM-dd ZZ' }],
  [
    'es8',
    'es1',
    { type: 'date', format: 'strict_date_optional_time||epoch_millis' },
    { type: 'date', format: 'date_optional_time' },
  ],
  ['es710', 'os3', { type: 'date', format: 'basicDateTime' }, { type: 'date', format: 'basic_date_time' }],
  [
    'es1',
    'os3',
    { type: 'geo_point', lat_lon: true, geohash: true, validate: false },
    { type: 'geo_point', ignore_malformed: true },
  ],
  [
    'es6',
    'es8',
    { type: 'geo_shape', tree: 'quadtree', precision: '1km', orientation: 'cw' },
    { type: 'geo_shape', orientation: 'cw' },
  ],
  [
    'es2',
    'es8',
    { type: 'completion', payloads: true, context: { c: { type: 'category', path: 'p', default: [] } } },
    { type: 'completion', contexts: [{ name: 'c', type: 'category', path: 'p' }] },
  ],
  [
    'es8',
    'es2',
    { type: 'completion', contexts: [{ name: 'c', type: 'category' }] },
    { type: 'completion', context: { c: { type: 'category' } } },
  ],
  ['es8', 'os3', { type: 'flattened', depth_limit: 3 }, { type: 'flat_object' }],
  ['es8', 'os1', { type: 'flattened' }, disabled],
  ['os3', 'es9', { type: 'flat_object' }, { type: 'flattened' }],
  ['es8', 'os2', { type: 'dense_vector', dims: 3, index: false }, { type: 'knn_vector', dimension: 3 }],
  [
    'es8',
    'os2',
    {
      type: 'dense_vector',
      dims: 3,
      index: true,
      similarity: 'l2_norm',
      index_options: { type: 'int8_hnsw', m: 8, ef_construction: 50 },
    },
    {
      type: 'knn_vector',
      dimension: 3,
      method: { name: 'hnsw', engine: 'lucene', space_type: 'l2', parameters: { m: 8, ef_construction: 50 } },
    },
  ],
  [
    'os2',
    'es8',
    { type: 'knn_vector', dimension: 3, method: { name: 'hnsw', space_type: 'cosinesimil' } },
    { type: 'dense_vector', index: true, similarity: 'cosine', dims: 3 },
  ],
  ['os2', 'es6', { type: 'knn_vector', dimension: 3 }, { type: 'float', index: false }],
  [
    'os2',
    'os3',
    { type: 'knn_vector', dimension: 3, method: { name: 'hnsw', engine: 'nmslib' } },
    { type: 'knn_vector', dimension: 3, method: { name: 'hnsw', engine: 'faiss' } },
  ],
  ['es717', 'es8', { type: 'dense_vector', dims: 3 }, { type: 'dense_vector', dims: 3, index: false }],
  ['es8', 'es6', { type: 'wildcard' }, { type: 'keyword', ignore_above: 8191 }],
  ['es8', 'es2', { type: 'wildcard' }, { type: 'string', ignore_above: 8191, index: 'not_analyzed' }],
  ['es8', 'os1', { type: 'unsigned_long' }, { type: 'keyword' }],
  ['es8', 'os1', { type: 'version' }, { type: 'keyword' }],
  ['es8', 'os1', { type: 'match_only_text' }, { type: 'text' }],
  ['es8', 'os3', { type: 'semantic_text', inference_id: 'x' }, { type: 'text' }],
  ['es8', 'os3', { type: 'sparse_vector' }, { type: 'rank_features' }],
  [
    'es8',
    'os3',
    { type: 'aggregate_metric_double', metrics: ['min', 'max'], default_metric: 'max' },
    { type: 'object', properties: { min: { type: 'double' }, max: { type: 'double' } } },
  ],
  ['es8', 'os3', { type: 'histogram' }, disabled],
  ['es6', 'es710', { type: 'feature' }, { type: 'rank_feature' }],
  ['es710', 'es6', { type: 'date_nanos' }, { type: 'date' }],
  ['es710', 'es2', { type: 'scaled_float', scaling_factor: 100 }, { type: 'double' }],
  ['es710', 'es5', { type: 'alias', path: 'g' }, undefined],
  ['es710', 'es6', { type: 'join', relations: { a: 'b' } }, { type: 'join', relations: { a: 'b' } }],
  ['es710', 'es2', { type: 'join', relations: { a: 'b' } }, disabled],
  [
    'es8',
    'os3',
    { type: 'keyword', time_series_dimension: true, meta: { a: 'b' } },
    { type: 'keyword', meta: { a: 'b' } },
  ],
  ['es8', 'es6', { type: 'keyword', meta: { a: 'b' }, normalizer: 'n' }, { type: 'keyword', normalizer: 'n' }],
  [
    'es717',
    'es8',
    { type: 'text', fields: { a: { type: 'keyword', fields: { b: { type: 'keyword' } }, copy_to: 'x' } } },
    { type: 'text', fields: { a: { type: 'keyword' } } },
  ],
  ['os3', 'es8', { type: 'xy_point' }, { type: 'point' }],
  ['es5', 'es6', { type: 'attachment' }, { type: 'binary' }],
]

describe('fields', () => {
  for (const [from, to, field, expected] of fields) {
    test(`${from} → ${to}: ${JSON.stringify(field)}`, () => {
      assert.deepEqual(planField(from, to, field), expected)
    })
  }
  test('--map by path, by type, to nothing and in vain', () => {
    const properties = {
      a: { properties: { b: { type: 'keyword' } } },
      c: { type: 'dense_vector', dims: 3 },
      d: { type: 'text' },
      e: { type: 'text' },
    }
    const map = { 'a.b': 'text', '*.dense_vector': 'disabled', d: '-', e: { type: 'text', index: false }, none: 'text' }
    const { mapping, plan: made } = planMapping('es8', 'es9', { properties }, { map })
    assert.deepEqual(mapping.properties, {
      a: { properties: { b: { type: 'text' } } },
      c: disabled,
      e: { type: 'text', index: false },
    })
    assert.ok(made.changes.some(({ path, severity }) => path === '--map none' && severity === 'warning'))
  })
  test('the version that made the index decides how its dates were read', () => {
    const settings = { version: { created: '6082399' } }
    const mappings = { properties: { f: { type: 'date', format: 'YYYY' } } }
    const made = plan('es717', 'es8', { mappings, settings })
    assert.deepEqual(made.targets[0]?.definition.mappings, { properties: { f: { type: 'date', format: 'yyyy' } } })
  })
})

const roots: readonly [Short, Short, JsonObject, JsonObject][] = [
  ['es5', 'es6', { _all: { enabled: true } }, {}],
  ['es2', 'es5', { _timestamp: { enabled: true }, _ttl: { enabled: true } }, {}],
  [
    'es1',
    'es8',
    { _routing: { required: true, path: 'x' }, _id: { path: 'x' }, _source: { compress: true, excludes: ['a'] } },
    { _routing: { required: true }, _source: { excludes: ['a'] } },
  ],
  ['es8', 'os3', { _source: { mode: 'synthetic' }, subobjects: false, runtime: { r: { type: 'keyword' } } }, {}],
  ['es717', 'os3', { dynamic: 'runtime' }, { dynamic: true }],
  ['os3', 'es8', { dynamic: 'strict_allow_templates', derived: {} }, { dynamic: 'strict' }],
  [
    'es6',
    'es8',
    { _field_names: { enabled: false }, dynamic_date_formats: ['YYYY-MM-dd'] },
    { dynamic_date_formats: ['yyyy-MM-dd'] },
  ],
  ['es1', 'es8', { dynamic_date_formats: ['dateOptionalTime'] }, { dynamic_date_formats: ['date_optional_time'] }],
  [
    'es2',
    'es8',
    {
      dynamic_templates: [{ t: { match_mapping_type: 'integer', mapping: { type: 'string', index: 'not_analyzed' } } }],
    },
    { dynamic_templates: [{ t: { match_mapping_type: 'long', mapping: { type: 'keyword' } } }] },
  ],
  [
    'es8',
    'os3',
    {
      dynamic_templates: [
        { t: { match_mapping_type: ['string', 'long'], mapping: { type: 'flattened' } } },
        { r: { runtime: {} } },
      ],
    },
    {
      dynamic_templates: [
        { t: { match_mapping_type: 'string', mapping: { type: 'flat_object' } } },
        { t_2: { match_mapping_type: 'long', mapping: { type: 'flat_object' } } },
      ],
    },
  ],
]

describe('roots of mappings', () => {
  for (const [from, to, mapping, expected] of roots) {
    test(`${from} → ${to}: ${JSON.stringify(mapping)}`, () =>
      assert.deepEqual(planMapping(from, to, mapping).mapping, expected))
  }
})
