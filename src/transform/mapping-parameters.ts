// Parameters of fields that not all versions take, as data. What is here and not available on the target is left out.
// Tried on the servers of test/servers. Parameters that are in no row are passed on; a target that does not know one refuses it by name.
import { type Availability, nowhere } from './availability.ts'

export interface ParameterRule {
  readonly parameter: string
  /** Only on fields of these types (of the target). */
  readonly types?: readonly string[]
  readonly except?: readonly string[]
  readonly in: Availability
  /** Completes "it is left out: ". */
  readonly reason: string
  readonly severity?: 'warning'
}

const os = [100] as const
const texts = ['text', 'match_only_text', 'search_as_you_type', 'semantic_text', 'annotated_text']
const strings = [...texts, 'string', 'keyword', 'icu_collation_keyword']

const gone = (parameters: readonly string[], rule: Omit<ParameterRule, 'parameter'>): ParameterRule[] =>
  parameters.map((parameter) => ({ parameter, ...rule }))

export const parameterRules: readonly ParameterRule[] = [
  ...gone(['index', 'doc_values', 'store', 'null_value', 'ignore_above'], {
    types: ['version'],
    in: { os: [302] },
    reason: 'only OpenSearch has it there',
  }),
  { parameter: 'boost', in: { es: [0, 800], os }, reason: 'boosts belong into queries since 8.0', severity: 'warning' },
  { parameter: 'include_in_all', in: { es: [0, 600] }, reason: 'there is no _all field since 6.0' },
  ...gone(['index_name', 'path'], {
    except: ['alias'],
    in: { es: [0, 200] },
    reason: 'fields are named by their full path since 2.0',
  }),
  ...gone(['postings_format', 'doc_values_format', 'omit_term_freq_and_positions'], {
    in: { es: [0, 200] },
    reason: 'formats are not chosen by field since 2.0',
  }),
  ...gone(['precision_step', 'numeric_resolution'], {
    in: { es: [0, 500] },
    reason: 'numbers are indexed as points since 5.0',
  }),
  ...gone(['compress', 'compress_threshold'], {
    in: { es: [0, 200] },
    reason: 'stored fields are always compressed since 2.0',
  }),
  ...gone(['fielddata_frequency_filter'], { in: { es: [500], os }, reason: 'it is part of fielddata before 5.0' }),
  ...gone(['eager_global_ordinals'], { in: { es: [500], os }, reason: 'it is part of fielddata before 5.0' }),
  { parameter: 'doc_values', types: texts, in: { es: [0, 500] }, reason: 'text has no doc values' },
  ...gone(['ignore_above', 'null_value'], {
    types: texts,
    in: nowhere,
    reason: 'only keywords have it since 5.0',
    severity: 'warning',
  }),
  ...gone(['index_options', 'similarity'], {
    except: [...strings, 'dense_vector', 'sparse_vector', 'object', 'nested'],
    in: { es: [0, 500] },
    reason: 'only text and keywords have it',
  }),
  ...gone(['norms', 'omit_norms'], {
    except: strings,
    in: { es: [0, 500] },
    reason: 'only text and keywords have norms',
  }),
  ...gone(['analyzer', 'search_analyzer', 'term_vector', 'position_increment_gap'], {
    types: ['keyword', 'long', 'integer', 'short', 'byte', 'double', 'float', 'boolean', 'date', 'ip'],
    in: { es: [0, 500] },
    reason: 'only text is analysed',
  }),
  ...gone(['fielddata'], { except: [...texts, 'string'], in: { es: [0, 500] }, reason: 'doc values are used instead' }),
  { parameter: 'ignore_malformed', types: ['boolean'], in: { es: [807] }, reason: 'booleans are always checked' },
  { parameter: 'normalizer', in: { es: [502], os }, reason: 'there are none before 5.2', severity: 'warning' },
  { parameter: 'split_queries_on_whitespace', in: { es: [603], os }, reason: 'it is not known before 6.3' },
  ...gone(['index_prefixes', 'index_phrases'], { in: { es: [604], os }, reason: 'it is not known before 6.4' }),
  { parameter: 'meta', in: { es: [706], os }, reason: 'fields have no metadata before 7.6' },
  ...gone(['time_series_dimension', 'time_series_metric'], {
    in: { es: [716] },
    reason: 'only Elasticsearch has time series',
  }),
  ...gone(['script', 'on_script_error'], {
    in: { es: [714] },
    reason: 'only Elasticsearch computes indexed fields by script',
    severity: 'warning',
  }),
  { parameter: 'subobjects', in: { es: [803] }, reason: 'dots in names always lead into objects', severity: 'warning' },
  ...gone(['synthetic_source_keep', 'store_array_source'], {
    in: { es: [815] },
    reason: 'it belongs to synthetic _source',
  }),
  ...gone(['include_in_parent', 'include_in_root'], {
    types: ['object'],
    in: { es: [0, 700] },
    reason: 'only nested has it',
  }),
  ...gone(['lat_lon', 'geohash', 'geohash_prefix', 'geohash_precision'], {
    types: ['geo_point'],
    in: { es: [0, 500] },
    reason: 'geo points have no subfields since 5.0',
    severity: 'warning',
  }),
  ...gone(
    ['validate', 'validate_lat', 'validate_lon', 'normalize', 'normalize_lat', 'normalize_lon', 'coerce', 'fielddata'],
    {
      types: ['geo_point'],
      in: { es: [0, 200] },
      reason: 'ignore_malformed stands for it since 2.0',
    },
  ),
  { parameter: 'ignore_z_value', in: { es: [603], os }, reason: 'it is not known before 6.3' },
  { parameter: 'null_value', types: ['geo_point'], in: { es: [604], os }, reason: 'it is not known before 6.4' },
  {
    parameter: 'index',
    types: ['geo_point'],
    in: { es: [500, 600], os: [200] },
    reason: 'geo points are always indexed',
  },
  ...gone(['tree', 'tree_levels', 'precision', 'strategy', 'distance_error_pct', 'points_only'], {
    types: ['geo_shape'],
    in: { es: [0, 700] },
    reason: 'shapes are indexed as triangles',
  }),
  { parameter: 'ignore_malformed', types: ['geo_shape'], in: { es: [601], os }, reason: 'it is not known before 6.1' },
  ...gone(['doc_values', 'index'], {
    types: ['geo_shape'],
    in: { es: [708], os: [209] },
    reason: 'it is not known there',
  }),
  {
    parameter: 'payloads',
    types: ['completion'],
    in: { es: [0, 500] },
    reason: 'suggestions return the document since 5.0',
    severity: 'warning',
  },
  {
    parameter: 'enable_position_increments',
    types: ['token_count'],
    in: { es: [604], os },
    reason: 'it is not known before 6.4',
  },
  ...gone(['index', 'similarity', 'index_options'], {
    types: ['dense_vector'],
    in: { es: [800] },
    reason: 'vectors are not indexed before 8.0',
  }),
  {
    parameter: 'element_type',
    types: ['dense_vector'],
    in: { es: [806] },
    reason: 'it is not known before 8.6',
    severity: 'warning',
  },
  { parameter: 'doc_values', types: ['wildcard'], in: { os: [215] }, reason: 'only OpenSearch has it there' },
]
