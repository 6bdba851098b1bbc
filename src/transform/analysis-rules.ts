// Parts of analysis that not all versions have, as data. Tried on the servers of test/servers.
import type { JsonObject } from '../model/json.ts'
import type { Availability } from './availability.ts'

export type AnalysisKind = 'analyzer' | 'tokenizer' | 'filter' | 'char_filter' | 'normalizer'

/** Old name → today's, which every version back to 1.x knows as well, unless `in` says otherwise. */
export interface Renamed {
  readonly to: string
  readonly in?: Availability
}

export const renamed: Readonly<Record<AnalysisKind, Readonly<Record<string, Renamed>>>> = {
  analyzer: {},
  normalizer: {},
  tokenizer: {
    nGram: { to: 'ngram' },
    edgeNGram: { to: 'edge_ngram' },
    PathHierarchy: { to: 'path_hierarchy' },
    pathHierarchy: { to: 'path_hierarchy' },
    uaxUrlEmail: { to: 'uax_url_email' },
  },
  filter: {
    nGram: { to: 'ngram' },
    edgeNGram: { to: 'edge_ngram' },
    porterStem: { to: 'porter_stem' },
    stem: { to: 'porter_stem' },
    delimited_payload_filter: { to: 'delimited_payload', in: { es: [602], os: [100] } },
  },
  char_filter: { htmlStrip: { to: 'html_strip' } },
}

/** The same, for targets that know only the old name. */
export const renamedBack: Readonly<Record<string, Renamed>> = {
  delimited_payload: { to: 'delimited_payload_filter', in: { es: [0, 602] } },
}

/** Types and ready-made names that are not in all versions and that nothing stands in for. */
export const newer: Readonly<Partial<Record<AnalysisKind, Readonly<Record<string, Availability>>>>> = {
  filter: {
    word_delimiter_graph: { es: [504], os: [100] },
    synonym_graph: { es: [504], os: [100] },
    flatten_graph: { es: [504], os: [100] },
    fingerprint: { es: [500], os: [100] },
    min_hash: { es: [501], os: [100] },
    multiplexer: { es: [604], os: [100] },
    condition: { es: [605], os: [100] },
    predicate_token_filter: { es: [605], os: [100] },
    remove_duplicates: { es: [604], os: [100] },
    decimal_digit: { es: [200], os: [100] },
    bengali_normalization: { es: [600], os: [100] },
    serbian_normalization: { es: [200], os: [100] },
    delimited_term_freq: { os: [210] },
    concatenate_graph: { os: [100] },
    persian_stem: { es: [812], os: [200] },
  },
  tokenizer: {
    char_group: { es: [604], os: [100] },
    simple_pattern: { es: [504], os: [100] },
    simple_pattern_split: { es: [504], os: [100] },
  },
  analyzer: {
    fingerprint: { es: [500], os: [100] },
    bengali: { es: [600], os: [100] },
    estonian: { es: [707], os: [100] },
    lithuanian: { es: [200], os: [100] },
    serbian: { es: [808] },
  },
}

/** Parameters that are refused or mean nothing since. */
export const goneParameters: Readonly<Record<string, Availability>> = {
  version: { es: [0, 200] },
  enable_position_increments: { es: [0, 200] },
}

/** Ready-made parts that are gone, spelled out. */
export const spelledOut: Readonly<Record<string, { readonly in: Availability; readonly analyzer: JsonObject }>> = {
  standard_html_strip: {
    in: { es: [0, 700], os: [100, 200] },
    analyzer: { type: 'custom', tokenizer: 'standard', char_filter: ['html_strip'], filter: ['lowercase'] },
  },
}

/** The token filter `standard` did nothing, and was taken away in 7.0. */
export const standardFilter: Availability = { es: [0, 700] }

export const normalizers: Availability = { es: [502], os: [100] }

/** The analyzer `default_index` is called `default` since 5.0. */
export const defaultIndexAnalyzer: Availability = { es: [0, 500] }

/** Names under which several analyzers were reached. Since 5.0 refused or without effect. */
export const analyzerAliases: Availability = { es: [0, 500] }

export const differenceLimits: Availability = { es: [700], os: [100] }

/** Parameters that name a file on the nodes. */
export const fileParameters = [
  'synonyms_path',
  'stopwords_path',
  'keywords_path',
  'protected_words_path',
  'words_path',
  'word_list_path',
  'common_words_path',
  'mappings_path',
  'type_table_path',
  'rules_path',
  'keep_words_path',
  'stem_exclusion_path',
  'articles_path',
  'hyphenation_patterns_path',
  'user_dictionary',
  'tokens_path',
] as const
