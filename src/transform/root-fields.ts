// What stands at the root of a mapping beside `properties`: metadata fields and switches, as data.
import { isJsonObject, type JsonValue } from '../model/json.ts'
import type { Availability } from './availability.ts'

export interface RootRule {
  readonly in: Availability
  /** Completes "it is left out: ". */
  readonly reason: string
  /** Whether leaving it out changes what users see; a function of the value. */
  readonly isLoss?: (value: JsonValue) => boolean
  /** A value that the target takes instead. */
  readonly instead?: (value: JsonValue) => JsonValue | undefined
}

const isEnabled = (value: JsonValue): boolean =>
  isJsonObject(value) && value.enabled !== false && value.enabled !== 'false'
const os = [100] as const

export const rootRules: Readonly<Record<string, RootRule>> = {
  _all: {
    in: { es: [0, 600] },
    reason: 'there is no _all field since 6.0; copy_to a text field does the same',
    isLoss: isEnabled,
  },
  _timestamp: {
    in: { es: [0, 500] },
    reason: 'there is no _timestamp since 5.0; its values are not part of the documents and stay behind',
    isLoss: isEnabled,
  },
  _ttl: {
    in: { es: [0, 500] },
    reason: 'there is no _ttl since 5.0; documents no longer expire',
    isLoss: isEnabled,
  },
  _parent: { in: { es: [0, 600] }, reason: 'there is no _parent since 6.0' },
  _id: {
    in: { es: [0, 200] },
    reason: 'ids are given with each document since 2.0; those of the source are kept',
  },
  _analyzer: { in: { es: [0, 200] }, reason: 'documents do not choose their analyzer since 2.0', isLoss: () => true },
  _boost: { in: { es: [0, 200] }, reason: 'documents have no boost since 2.0', isLoss: () => true },
  _index: { in: { es: [0, 200] }, reason: 'the index is always known since 2.0' },
  _type: { in: { es: [0, 200] }, reason: 'the type is not configured since 2.0' },
  _uid: { in: { es: [0, 200] }, reason: 'it is not configured since 2.0' },
  _version: { in: { es: [0, 200] }, reason: 'it is not configured since 2.0' },
  _field_names: { in: { es: [0, 700] }, reason: 'it costs nothing any more and cannot be configured' },
  _data_stream_timestamp: { in: {}, reason: 'the data stream sets it' },
  _doc_count: { in: {}, reason: 'it is part of every index' },
  _tier: { in: {}, reason: 'it is part of every index' },
  _size: {
    // Part of 1.x, a plugin since; switched off it needs none.
    in: { es: [0], os },
    reason: 'it is off',
  },
  analyzer: {
    in: { es: [0, 200] },
    reason: 'mappings have no default analyzer since 2.0; use settings.analysis.analyzer.default',
    isLoss: () => true,
  },
  index_analyzer: {
    in: { es: [0, 200] },
    reason: 'mappings have no default analyzer since 2.0',
    isLoss: (value) => value !== 'default' && value !== 'default_index',
  },
  search_analyzer: {
    in: { es: [0, 200] },
    reason: 'mappings have no default analyzer since 2.0',
    isLoss: (value) => value !== 'default' && value !== 'default_search',
  },
  include_in_all: { in: { es: [0, 600] }, reason: 'there is no _all field since 6.0' },
  enabled: { in: { es: [0], os }, reason: 'it is known everywhere' },
  subobjects: { in: { es: [803] }, reason: 'dots in names always lead into objects', isLoss: () => true },
  runtime: { in: { es: [711] }, reason: 'the target does not compute fields when searched', isLoss: () => true },
  derived: { in: { os: [215] }, reason: 'the target does not compute fields when searched', isLoss: () => true },
  composite: { in: { os: [218] }, reason: 'star trees exist only in OpenSearch', isLoss: () => true },
  context_aware_grouping: { in: { os: [303] }, reason: 'it exists only in OpenSearch', isLoss: () => true },
  data_stream_timestamp: { in: {}, reason: 'the data stream sets it' },
}

/** Parts of `_source` and `_routing` that are gone. */
export const sourceParts: Readonly<Record<string, Availability>> = {
  compress: { es: [0, 200] },
  compress_threshold: { es: [0, 200] },
  format: { es: [0, 200] },
  path: { es: [0, 200] },
  store: { es: [0, 200] },
  mode: { es: [804] },
}
