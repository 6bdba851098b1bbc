// Which calls change documents or definitions, and of what. Of calls on an index everything is taken for a change that is not known to be none,
// so that a call nobody thought of here cannot change a follower.
import type { NameUse } from '../../../engine/replication/follower-names.ts'

export type WrittenNames =
  | { readonly kind: 'expression'; readonly expression: string; readonly use: NameUse }
  /** Names in the actions of its body; `index` where they have none. */
  | { readonly kind: 'bulk'; readonly index: string | undefined }
  | { readonly kind: 'bulk stream' }
  /** Names in its body. */
  | { readonly kind: 'aliases' | 'reindex' }

const reading: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'CONNECT'])

/** After the name of an index: they read, or change nothing that a client sees. `_forcemerge` is none: the plugin's block refuses it. */
const harmless: ReadonlySet<string> = new Set(
  `_search _msearch _count _explain _validate _mget _source _analyze _field_caps _field_stats _field_mapping _termvectors
   _termvector _mtermvectors _terms_enum _rank_eval _search_shards _search_exists _exists _percolate _mpercolate _suggest _mlt
   _async_search _eql _graph _knn_search _mvt _pit _rollup_search _render _sql _refresh _flush _cache
   _reload_search_analyzers _reload_search_analyzer _stats _segments _recovery _status _resolve _upgrade _fleet _infer`.split(
    /\s+/,
  ),
)

/** Copies of the index under another name, which stands behind. */
const copying: ReadonlySet<string> = new Set(['_clone', '_shrink', '_split'])

const byNoIndex: Readonly<Record<string, WrittenNames>> = {
  _aliases: { kind: 'aliases' },
  _alias: { kind: 'aliases' },
  _mapping: everything(),
  _mappings: everything(),
  _settings: everything(),
  _close: everything(),
  _open: everything(),
  _forcemerge: everything(),
  _optimize: everything(),
}

function everything(): WrittenNames {
  return { kind: 'expression', expression: '*', use: 'all' }
}

/** `typed`: the cluster has mapping types, so that `_search` may stand where others have the id of a document. */
export function writtenNames(method: string, segments: readonly string[], typed: boolean): WrittenNames | undefined {
  if (reading.has(method)) return undefined
  const [first, ...rest] = segments
  // Elasticsearch 1.x deletes all indexes then.
  if (first === undefined) return method === 'DELETE' ? everything() : undefined
  if (first.startsWith('_') && first !== '_all') return ofFolder(method, first, rest)
  const expression = first
  const all: WrittenNames = { kind: 'expression', expression, use: 'all' }
  const write: WrittenNames = { kind: 'expression', expression, use: 'write' }
  const [second, third] = rest
  // Making an index that is there is refused by the cluster itself.
  if (second === undefined) return method === 'DELETE' ? all : undefined
  if (copying.has(second))
    return third === undefined ? undefined : { kind: 'expression', expression: third, use: 'write' }
  if (second === '_bulk' || (third === '_bulk' && rest.length === 2 && typed)) return bulk(rest, expression)
  if (second === '_doc' || second === '_create' || second === '_update') {
    return typed && rest.slice(1).some((segment) => harmless.has(segment)) ? undefined : documentCall(rest, write, all)
  }
  if (harmless.has(second)) return undefined
  if (second.startsWith('_')) return all
  return rest.slice(1).some((segment) => harmless.has(segment)) ? undefined : documentCall(rest, write, all)
}

/** `POST /_bulk?index=orders`: servers take the name from there where the path has none, and of several the last. */
export const indexOfBulk = (inPath: string | undefined, query: URLSearchParams): string | undefined =>
  inPath ?? (query.getAll('index').at(-1) || undefined)

const bulk = (rest: readonly string[], index: string): WrittenNames =>
  rest.at(-1) === 'stream' ? { kind: 'bulk stream' } : { kind: 'bulk', index }

/** With a mapping type: `/INDEX/TYPE/ID`, `/INDEX/TYPE/_mapping`, `/INDEX/TYPE/_delete_by_query`, … */
function documentCall([, third, fourth]: readonly string[], write: WrittenNames, all: WrittenNames): WrittenNames {
  const isOfDocument = third === undefined || !/^_(mappings?|query|delete_by_query|update_by_query)$/.test(third)
  return isOfDocument || fourth !== undefined ? write : all
}

function ofFolder(method: string, first: string, rest: readonly string[]): WrittenNames | undefined {
  const [second, third] = rest
  if (first === '_bulk') return second === 'stream' ? { kind: 'bulk stream' } : { kind: 'bulk', index: undefined }
  if (first === '_reindex') return second === undefined ? { kind: 'reindex' } : undefined
  if (first === '_data_stream') {
    if (method === 'DELETE' && second !== undefined) return { kind: 'expression', expression: second, use: 'all' }
    if (second === '_modify') return { kind: 'aliases' }
    if (second === '_migrate' && third !== undefined) return { kind: 'expression', expression: third, use: 'all' }
    return undefined
  }
  return Object.hasOwn(byNoIndex, first) ? byNoIndex[first] : undefined
}
