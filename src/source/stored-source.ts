// Whether the documents that were indexed are still there to be read, as the mapping says it.
import type { IndexDefinition } from '../model/index-definition.ts'
import { isJsonObject, type JsonObject } from '../model/json.ts'

export interface SourceGap {
  /** `synthetic`: the server builds documents from what it stores, equal in content but not in bytes. */
  readonly kind: 'disabled' | 'filtered' | 'synthetic'
  readonly reason: string
}

/** What is missing of `_source`; undefined when everything is there. */
export function findSourceGap(definition: IndexDefinition): SourceGap | undefined {
  const mappings = definition.types.length > 0 ? Object.values(definition.mappings) : [definition.mappings]
  for (const mapping of mappings) {
    const gap = isJsonObject(mapping) ? gapOf(mapping) : undefined
    if (gap) return gap
  }
  return gapOfSettings(definition.settings)
}

function gapOf(mapping: JsonObject): SourceGap | undefined {
  const source = mapping._source
  if (!isJsonObject(source)) return undefined
  if (source.enabled === false || source.enabled === 'false' || source.mode === 'disabled') {
    return { kind: 'disabled', reason: '_source is disabled in the mapping, so that the documents are not stored' }
  }
  const lists = [source.includes, source.excludes].filter((list) => Array.isArray(list) && list.length > 0)
  if (lists.length > 0) {
    return {
      kind: 'filtered',
      reason: `_source is filtered by the mapping (${JSON.stringify(source)}), so that fields are missing`,
    }
  }
  return source.mode === 'synthetic' ? synthetic : undefined
}

const synthetic: SourceGap = {
  kind: 'synthetic',
  reason: '_source is synthetic: the server prints documents anew, with the same content but not the same bytes',
}

/** Index modes that imply synthetic source, and the setting that overrules the mapping (Elasticsearch 8.17). */
function gapOfSettings(settings: JsonObject): SourceGap | undefined {
  const mapping = isJsonObject(settings.mapping) ? settings.mapping : {}
  const source = isJsonObject(mapping.source) ? mapping.source : {}
  if (source.mode === 'synthetic') return synthetic
  if (source.mode === undefined && (settings.mode === 'logsdb' || settings.mode === 'time_series')) return synthetic
  return undefined
}
