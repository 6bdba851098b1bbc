// Index definitions that use what their version has and others have not, for each source server of the tests. Documents beside
// them must be taken by every target that gets the index.
import type { JsonObject } from '../../src/model/json.ts'

export interface SourceDefinition {
  /** The body of the create-index call. */
  readonly body: JsonObject
  readonly documents?: readonly JsonObject[]
}

const stringsOfOne: JsonObject = {
  title: {
    type: 'string',
    index_analyzer: 'folded',
    search_analyzer: 'folded',
    position_offset_gap: 50,
    norms: { enabled: false },
    boost: 2,
    include_in_all: false,
  },
  tag: {
    type: 'string',
    index: 'not_analyzed',
    ignore_above: 100,
    null_value: 'none',
    fields: { words: { type: 'string', term_vector: 'yes' } },
  },
  raw: { type: 'string', index: 'no', store: 'yes' },
  created: { type: 'date' },
  day: { type: 'date', format: 'YYYY/MM/dd' },
  count: { type: 'integer', precision_step: 8, index: 'not_analyzed', coerce: true },
  unindexed: { type: 'long', index: 'no' },
  place: { type: 'geo_point', lat_lon: true, geohash: true, validate: false },
  suggest: { type: 'completion', payloads: true, context: { kind: { type: 'category', path: 'tag' } } },
  checksum: { type: 'string', analyzer: 'standard_html_strip', similarity: 'default' },
  inner: { type: 'nested', include_in_parent: true, properties: { a: { type: 'string' } } },
}

const oldAnalysis: JsonObject = {
  analyzer: {
    folded: {
      type: 'custom',
      tokenizer: 'grams',
      filter: ['standard', 'lowercase', 'named', 'edge', 'porterStem'],
      char_filter: ['strip'],
    },
    default_index: { type: 'simple' },
  },
  tokenizer: { grams: { type: 'nGram', min_gram: 2, max_gram: 5 } },
  filter: {
    named: { type: 'standard' },
    edge: { type: 'edgeNGram', max_gram: 9 },
    wide: { type: 'shingle', max_shingle_size: 6 },
    stops: { type: 'stop', version: '4.7' },
  },
  char_filter: { strip: { type: 'html_strip' } },
}

const documentsOfOld: readonly JsonObject[] = [
  {
    title: 'Crème <b>brûlée</b>',
    tag: 'a',
    raw: 'x',
    created: '2015-01-01T10:00:00Z',
    day: '2015/02/03',
    count: 3,
    place: { lat: 1, lon: 2 },
    inner: [{ a: 'b' }],
  },
  { title: 'two', created: 1420106400000, place: [200, 95] },
]

const oldSettings: JsonObject = {
  number_of_shards: 2,
  number_of_replicas: 0,
  'translog.flush_threshold_ops': 5000,
  'merge.policy.max_merged_segment': '2gb',
  'cache.query.enable': true,
  'similarity.mine.type': 'default',
  'store.throttle.type': 'none',
  'mapper.dynamic': true,
  'routing.allocation.enable': 'all',
  codec: 'best_compression',
  refresh_interval: '7s',
}

const modernProperties: JsonObject = {
  title: { type: 'text', analyzer: 'mine', fields: { keyword: { type: 'keyword', ignore_above: 256 } } },
  code: { type: 'keyword', normalizer: 'lower', eager_global_ordinals: true },
  day: { type: 'date', format: 'yyyy/MM/dd||epoch_millis' },
  span: { type: 'integer_range' },
  small: { type: 'half_float' },
  inner: { type: 'nested', properties: { a: { type: 'keyword' } } },
  blob: { type: 'object', enabled: false },
  short: { type: 'short', index: false, ignore_malformed: true },
  where: { type: 'geo_point' },
  copied: { type: 'text', copy_to: ['all'] },
  all: { type: 'text' },
}

const modernAnalysis: JsonObject = {
  analyzer: { mine: { type: 'custom', tokenizer: 'standard', filter: ['lowercase', 'words'] } },
  filter: { words: { type: 'stop', stopwords: ['und', 'oder'] } },
  normalizer: { lower: { type: 'custom', filter: ['lowercase'] } },
}

const modernSettings: JsonObject = {
  number_of_shards: 2,
  number_of_replicas: 0,
  analysis: modernAnalysis,
  codec: 'best_compression',
  refresh_interval: '7s',
  'sort.field': 'code',
  'sort.order': 'desc',
  'search.slowlog.threshold.query.warn': '10s',
  'translog.durability': 'async',
  'mapping.total_fields.limit': 3000,
  priority: 5,
  'blocks.write': false,
}

const documentsOfModern: readonly JsonObject[] = [
  {
    title: 'Hello und World',
    code: 'A',
    day: '2020/01/02',
    span: { gte: 1, lte: 3 },
    small: 1.5,
    inner: [{ a: 'b' }],
    blob: { any: [1, 'x'] },
    short: 3,
    where: { lat: 1, lon: 2 },
    copied: 'x',
  },
  { title: 'two', code: 'b', day: 1577836800000 },
]

const without = (object: JsonObject, ...names: string[]): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)))

/** Only the latest versions sort an index that has nested fields. */
const flatProperties = without(modernProperties, 'inner')

export const sourceDefinitions = {
  'elasticsearch-1.7.6': {
    body: {
      settings: { ...oldSettings, analysis: oldAnalysis },
      mappings: {
        thing: {
          _all: { enabled: true },
          _timestamp: { enabled: true },
          _source: { compress: true },
          _routing: { required: false, path: 'tag' },
          _id: { path: 'tag' },
          dynamic_date_formats: ['dateOptionalTime'],
          dynamic_templates: [
            {
              raw: {
                match: '*_raw',
                match_mapping_type: 'string',
                mapping: { type: 'string', index: 'not_analyzed', doc_values: true },
              },
            },
            {
              ints: { match: '*_int', match_mapping_type: 'integer', mapping: { type: 'integer', precision_step: 4 } },
            },
            { any: { match: '*', mapping: { type: '{dynamic_type}', store: true } } },
          ],
          properties: stringsOfOne,
        },
      },
      aliases: {
        things: { filter: { and: [{ term: { tag: 'a' } }, { not: { filter: { missing: { field: 'created' } } } }] } },
      },
    },
    documents: documentsOfOld,
  },
  'elasticsearch-2.4.6': {
    body: {
      settings: {
        ...oldSettings,
        analysis: { ...oldAnalysis, filter: without(oldAnalysis.filter as JsonObject, 'stops') },
      },
      mappings: {
        thing: {
          _timestamp: { enabled: true },
          _ttl: { enabled: true },
          properties: {
            ...without(stringsOfOne, 'title', 'place', 'raw'),
            title: {
              type: 'string',
              analyzer: 'folded',
              position_increment_gap: 50,
              fielddata: { format: 'disabled' },
            },
            raw: { type: 'string', index: 'no', store: true },
            place: { type: 'geo_point', lat_lon: true, geohash_prefix: true, ignore_malformed: true },
          },
        },
      },
      aliases: { things: { routing: '1', filter: { or: [{ term: { tag: 'a' } }] } } },
    },
    documents: [documentsOfOld[0] as JsonObject],
  },
  'elasticsearch-5.6.16': {
    body: {
      settings: {
        ...without(modernSettings, 'sort.field', 'sort.order', 'translog.durability'),
        'mapper.dynamic': true,
        'queries.cache.everything': false,
      },
      mappings: {
        parent: {
          _all: { enabled: false },
          properties: { ...modernProperties, name: { type: 'text', include_in_all: false } },
        },
        child: {
          _parent: { type: 'parent' },
          properties: { name: { type: 'text', include_in_all: false }, age: { type: 'long' } },
        },
      },
    },
    documents: documentsOfModern,
  },
  'elasticsearch-6.8.23': {
    body: {
      settings: {
        ...modernSettings,
        'analysis.filter.payload.type': 'delimited_payload_filter',
        'analysis.analyzer.old.tokenizer': 'standard',
        'analysis.analyzer.old.filter': ['standard', 'lowercase'],
        'soft_deletes.enabled': false,
      },
      mappings: {
        product: {
          properties: {
            ...flatProperties,
            weekday: { type: 'date', format: "YYYY-MM-dd'T'HH:mm:ssZZ" },
            java: { type: 'date', format: '8uuuu-MM-dd' },
            similar: { type: 'text', similarity: 'classic' },
            link: { type: 'alias', path: 'code' },
          },
        },
      },
    },
    documents: [...documentsOfModern, { code: 'c', weekday: '2020-01-02T03:04:05+01:00', java: '2020-01-02' }],
  },
  'elasticsearch-7.10.2': {
    body: {
      settings: { ...modernSettings, hidden: false, max_ngram_diff: 4 },
      mappings: {
        _meta: { a: 1 },
        _routing: { required: true },
        properties: {
          ...flatProperties,
          nanos: { type: 'date_nanos' },
          typed: { type: 'search_as_you_type' },
          rank: { type: 'rank_feature' },
          boosted: { type: 'text', boost: 2 },
        },
      },
      aliases: { writes: { is_write_index: true }, some: { filter: { term: { code: 'A' } } } },
    },
    documents: documentsOfModern,
  },
  'elasticsearch-7.17.29': {
    body: {
      settings: { ...without(modernSettings, 'refresh_interval') },
      mappings: {
        dynamic: 'runtime',
        runtime: { r: { type: 'keyword' } },
        properties: {
          ...flatProperties,
          flat: { type: 'flattened', depth_limit: 5 },
          log: { type: 'match_only_text' },
          dimension: { type: 'keyword', time_series_dimension: true },
        },
      },
    },
    documents: [...documentsOfModern, { code: 'x', flat: { a: { b: 'c' } }, log: 'a b' }],
  },
  'elasticsearch-8.19.2': {
    body: {
      settings: {
        ...modernSettings,
        codec: 'legacy_best_compression',
        mode: 'standard',
        'mapping.total_fields.ignore_dynamic_beyond_limit': true,
      },
      mappings: {
        dynamic: 'runtime',
        subobjects: true,
        properties: {
          ...modernProperties,
          flat: { type: 'flattened' },
          weights: { type: 'sparse_vector' },
          vector: { type: 'dense_vector', dims: 3, index: false },
          synth: { type: 'keyword', synthetic_source_keep: 'all' },
        },
        dynamic_templates: [
          { both: { match: ['a*', 'b*'], match_mapping_type: ['string', 'long'], mapping: { type: 'keyword' } } },
        ],
      },
    },
    documents: [...documentsOfModern, { code: 'x', flat: { a: { b: 'c' } }, weights: { one: 0.5 }, vector: [1, 2, 3] }],
  },
  'elasticsearch-9.1.0': {
    body: {
      settings: {
        ...without(modernSettings, 'sort.field', 'sort.order'),
        mode: 'logsdb',
        'mapping.source.mode': 'stored',
      },
      mappings: {
        properties: {
          '@timestamp': { type: 'date' },
          ...modernProperties,
          flat: { type: 'flattened' },
          vector: { type: 'dense_vector', dims: 3 },
        },
      },
    },
    documents: documentsOfModern.map((document) => ({ '@timestamp': '2024-01-01T00:00:00Z', ...document })),
  },
  'opensearch-1.3.14': {
    body: {
      settings: { ...modernSettings, 'merge.policy.max_merge_at_once_explicit': 30 },
      mappings: { properties: { ...flatProperties, boosted: { type: 'text', boost: 2 }, shape: { type: 'keyword' } } },
      aliases: { some: { is_hidden: true } },
    },
    documents: documentsOfModern,
  },
  'opensearch-3.8.0': {
    body: {
      settings: {
        ...modernSettings,
        use_compound_file: true,
        max_slices_per_pit: 512,
        'search.concurrent_segment_search.mode': 'auto',
        'replication.type': 'DOCUMENT',
      },
      mappings: {
        dynamic: 'strict_allow_templates',
        properties: {
          ...modernProperties,
          flat: { type: 'flat_object' },
          wild: { type: 'wildcard' },
          big: { type: 'unsigned_long' },
          version: { type: 'version' },
          one: { type: 'constant_keyword', value: 'x' },
          log: { type: 'match_only_text' },
          sketch: { type: 'hll' },
        },
      },
    },
    documents: [
      ...documentsOfModern,
      {
        code: 'x',
        flat: { a: { b: 'c' } },
        wild: 'abc',
        big: '@18446744073709551615',
        version: '1.2.3',
        one: 'x',
        log: 'a b',
      },
    ],
  },
} satisfies Record<string, SourceDefinition>
