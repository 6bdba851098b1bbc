// `string` (Elasticsearch before 5.0) as `text` or `keyword`, and back.
import type { JsonObject } from '../model/json.ts'

const ofKeyword = [
  'boost',
  'copy_to',
  'doc_values',
  'eager_global_ordinals',
  'fields',
  'ignore_above',
  'include_in_all',
  'index_options',
  'meta',
  'norms',
  'null_value',
  'similarity',
  'store',
  'fielddata',
  'omit_norms',
  'properties',
]
const ofText = [
  'analyzer',
  'index_analyzer',
  'boost',
  'copy_to',
  'fields',
  'include_in_all',
  'index_options',
  'norms',
  'omit_norms',
  'position_increment_gap',
  'position_offset_gap',
  'search_analyzer',
  'search_quote_analyzer',
  'similarity',
  'store',
  'term_vector',
  'fielddata',
]

export interface StringChange {
  readonly field: JsonObject
  readonly reason: string
  /** Parameters that mean nothing on the new type. */
  readonly lost: readonly string[]
}

/** `index` says it: analyzed (the default), not_analyzed, or no. */
export function stringAsTextOrKeyword(field: JsonObject): StringChange {
  const { index = 'analyzed' } = field
  const isText = index === 'analyzed' || index === true || index === 'true'
  const isUnindexed = index === 'no' || index === false || index === 'false'
  const kept = pick(field, isText ? ofText : ofKeyword)
  const made: JsonObject = isText
    ? { type: 'text', ...kept }
    : { type: 'keyword', ...kept, ...(isUnindexed ? { index: false, doc_values: field.doc_values ?? false } : {}) }
  return {
    field: made,
    reason: isText
      ? 'analysed strings are text; sorting and aggregating on them needs a keyword field or fielddata'
      : 'strings that are not analysed are keywords',
    lost: lost(field, made),
  }
}

export function textOrKeywordAsString(field: JsonObject): StringChange {
  const isText = field.type === 'text'
  const isUnindexed = field.index === false
  const analysis = isText ? 'analyzed' : 'not_analyzed'
  const kept = pick(field, isText ? ofText : ofKeyword)
  delete kept.fielddata
  const made: JsonObject = { type: 'string', ...kept, index: isUnindexed ? 'no' : analysis }
  return {
    field: made,
    reason: `before 5.0 ${isText ? 'text is an analysed string' : 'a keyword is a string that is not analysed'}`,
    lost: lost(field, made),
  }
}

const pick = (field: JsonObject, names: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(field).filter(([name]) => names.includes(name)))

// Values that say what is so anyway are no loss.
const empty = new Set([
  'type',
  'index',
  'fielddata',
  'fielddata_frequency_filter',
  'doc_values',
  'precision_step',
  'postings_format',
])
const lost = (from: JsonObject, to: JsonObject): string[] =>
  Object.keys(from).filter((name) => !(name in to) && !empty.has(name))
