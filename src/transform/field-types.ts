// Every field type that not all versions have: where it is, and what stands in for it elsewhere.
// Tried on the servers of test/servers; types of commercial modules and plugins are from the reference of each version.
import type { JsonObject } from '../model/json.ts'
import type { Availability } from './availability.ts'
import { vectorAsDense, vectorAsKnn } from './vector-fields.ts'

export interface Replacement {
  readonly type: string
  /** Parameters that go along; all others stay behind. `copy_to`, `fields` and `meta` go along where the target has them. */
  readonly keep?: readonly string[]
  readonly add?: JsonObject
  /** Makes the whole mapping where names and values differ. */
  readonly make?: (field: JsonObject) => JsonObject
  /** Completes "… : ". */
  readonly consequence: string
  readonly severity?: 'note'
}

export interface FieldType {
  readonly in: Availability
  /** Best first; the first that the target has is taken. */
  readonly instead: readonly Replacement[]
}

const disabled: Replacement = {
  type: 'object',
  add: { enabled: false },
  consequence: 'it stays in the documents but cannot be searched',
}
const keyword = (consequence: string, add: JsonObject = {}): Replacement => ({
  type: 'keyword',
  keep: ['ignore_above', 'null_value', 'index', 'doc_values', 'store'],
  add,
  consequence,
})
const text = (consequence: string, keep: readonly string[] = ['analyzer', 'search_analyzer']): Replacement => ({
  type: 'text',
  keep,
  consequence,
})
const numeric = ['index', 'doc_values', 'store', 'null_value', 'coerce', 'ignore_malformed', 'boost', 'include_in_all']
const unsearchableFloat: Replacement = {
  type: 'float',
  add: { index: false },
  consequence: 'the numbers are kept but nearest neighbours cannot be searched',
}
const xPack = (since: number): Availability => ({ es: [since] })

/** 8191 characters are at most 32764 bytes, the longest term that Lucene takes: longer values would refuse the document. */
const longestTerm = { ignore_above: 8191 }

export const fieldTypes: Readonly<Record<string, FieldType>> = {
  half_float: {
    in: { es: [500], os: [100] },
    instead: [{ type: 'float', keep: numeric, consequence: 'it takes more space', severity: 'note' }],
  },
  scaled_float: {
    in: { es: [500], os: [100] },
    instead: [{ type: 'double', keep: numeric, consequence: 'it takes more space', severity: 'note' }],
  },
  unsigned_long: {
    in: { es: [710], os: [208] },
    instead: [keyword('ranges and sums do not work on it, because no other type holds 64 bits without a sign')],
  },
  ...Object.fromEntries(
    ['integer_range', 'float_range', 'long_range', 'double_range', 'date_range'].map((type) => [
      type,
      { in: { es: [502], os: [100] }, instead: [disabled] } satisfies FieldType,
    ]),
  ),
  ip_range: { in: { es: [505], os: [100] }, instead: [disabled] },
  date_nanos: {
    in: { es: [700], os: [100] },
    instead: [
      { type: 'date', keep: [...numeric, 'format', 'locale'], consequence: 'it is searched with milliseconds only' },
    ],
  },
  percolator: { in: { es: [500], os: [100] }, instead: [disabled] },
  // 5.6 has it as well, but only in indexes that are told to have a single type.
  join: { in: { es: [600], os: [100] }, instead: [disabled] },
  alias: { in: { es: [604], os: [100] }, instead: [] },
  flattened: {
    in: xPack(703),
    instead: [{ type: 'flat_object', consequence: 'its values are searched by path' }, disabled],
  },
  flat_object: {
    in: { os: [207] },
    instead: [{ type: 'flattened', consequence: 'its values are searched by path' }, disabled],
  },
  dense_vector: {
    in: xPack(703),
    instead: [{ type: 'knn_vector', make: vectorAsKnn, consequence: 'it needs the k-NN plugin' }, unsearchableFloat],
  },
  knn_vector: {
    in: { os: [100] },
    instead: [
      { type: 'dense_vector', make: vectorAsDense, consequence: 'nearest neighbours are searched by the kNN search' },
      unsearchableFloat,
    ],
  },
  rank_vectors: { in: xPack(818), instead: [disabled] },
  sparse_vector: {
    in: xPack(811),
    instead: [{ type: 'rank_features', consequence: 'it is searched by rank_feature queries' }, disabled],
  },
  rank_feature: {
    in: { es: [700], os: [100] },
    instead: [{ type: 'float', consequence: 'rank_feature queries do not work on it' }],
  },
  rank_features: { in: { es: [700], os: [100] }, instead: [disabled] },
  feature: {
    in: { es: [604, 700] },
    instead: [
      { type: 'rank_feature', keep: ['positive_score_impact'], consequence: 'it was renamed', severity: 'note' },
      { type: 'float', consequence: 'feature queries do not work on it' },
    ],
  },
  feature_vector: {
    in: { es: [604, 700] },
    instead: [{ type: 'rank_features', consequence: 'it was renamed', severity: 'note' }, disabled],
  },
  search_as_you_type: {
    in: { es: [702], os: [100] },
    instead: [text('its subfields for prefixes are missing')],
  },
  match_only_text: { in: { es: [714], os: [212] }, instead: [text('it takes more space', ['analyzer'])] },
  pattern_text: {
    in: xPack(902),
    instead: [{ type: 'match_only_text', consequence: 'it takes more space' }, text('it takes more space', [])],
  },
  semantic_text: {
    in: xPack(815),
    instead: [text('semantic queries do not work on it, and embeddings are made by the target only if told to', [])],
  },
  semantic: { in: { os: [301] }, instead: [text('semantic queries do not work on it', [])] },
  annotated_text: { in: { es: [604], os: [100] }, instead: [text('annotations are not recognised')] },
  wildcard: {
    in: { es: [709], os: [215] },
    instead: [keyword('patterns are searched more slowly, and values above 8191 characters not at all', longestTerm)],
  },
  constant_keyword: {
    in: { es: [707], os: [214] },
    instead: [keyword('a document without the field no longer matches its value')],
  },
  counted_keyword: { in: xPack(811), instead: [keyword('values are not counted')] },
  version: { in: { es: [710], os: [302] }, instead: [keyword('versions are sorted as text')] },
  histogram: { in: xPack(706), instead: [disabled] },
  exponential_histogram: { in: xPack(903), instead: [disabled] },
  aggregate_metric_double: {
    in: xPack(711),
    instead: [{ type: 'object', make: metricsAsObject, consequence: 'its numbers become fields of an object' }],
  },
  passthrough: {
    in: xPack(813),
    instead: [
      {
        type: 'object',
        keep: ['properties', 'dynamic', 'enabled'],
        consequence: 'its fields are reached by their full path',
      },
    ],
  },
  point: {
    in: xPack(708),
    instead: [
      {
        type: 'xy_point',
        keep: ['ignore_malformed', 'ignore_z_value', 'null_value'],
        consequence: 'it needs the geospatial plugin',
      },
      disabled,
    ],
  },
  shape: {
    in: xPack(704),
    instead: [
      {
        type: 'xy_shape',
        keep: ['ignore_malformed', 'ignore_z_value', 'coerce', 'orientation'],
        consequence: 'it needs the geospatial plugin',
      },
      disabled,
    ],
  },
  xy_point: {
    in: { os: [204] },
    instead: [
      {
        type: 'point',
        keep: ['ignore_malformed', 'ignore_z_value', 'null_value'],
        consequence: 'it is called so there',
      },
      disabled,
    ],
  },
  xy_shape: {
    in: { os: [204] },
    instead: [
      {
        type: 'shape',
        keep: ['ignore_malformed', 'ignore_z_value', 'coerce', 'orientation'],
        consequence: 'it is called so there',
      },
      disabled,
    ],
  },
  attachment: { in: { es: [0, 600] }, instead: [{ type: 'binary', consequence: 'the text in it is not extracted' }] },
  hll: { in: { os: [305] }, instead: [{ type: 'binary', consequence: 'sketches are not merged' }] },
  // Mapper plugins that exist on both sides under the same name are kept; a target without the plugin refuses them by name.
}

function metricsAsObject(field: JsonObject): JsonObject {
  const metrics = Array.isArray(field.metrics) ? field.metrics : []
  return {
    type: 'object',
    properties: Object.fromEntries(metrics.map((metric) => [String(metric), { type: 'double' }])),
  }
}
