// `source`: the indexes, and the body of the search. The servers read it as any search and then refuse what makes no sense here.
import { printExactJson } from '../../../foundation/exact-json.ts'
import { type ClusterVersion, isAtLeast } from '../../../model/cluster-version.ts'
import type { JsonObject, JsonValue } from '../../../model/json.ts'
import type { ReindexRequest, RemoteHost } from '../../../model/reindex.ts'
import { inHashOrder, intOf, isPlainObject, javaText } from './java-values.ts'
import {
  entryOf,
  type LocatedObject,
  type LocatedValue,
  locateJson,
  placeOf,
  plainValue,
  tokenName,
} from './located-json.ts'
import { type Field, parseObject } from './object-parser.ts'
import { parseRemote } from './parse-remote.ts'
import { illegalArgument, refuse } from './refused-call.ts'

export interface ParsedSource {
  readonly remote: RemoteHost | undefined
  readonly source: ReindexRequest['source']
  /** What validation complains about, in its order. */
  readonly complaints: { readonly ofSearch: readonly string[]; readonly ofFields: readonly string[] }
}

const sizeDefault = 1000

export function parseSource(node: LocatedObject, server: ClusterVersion): ParsedSource {
  const { index, remote, query, ...search } = plainValue(node) as JsonObject
  const indexes = parseIndexes(index ?? null)
  const parsedRemote = remote === undefined || remote === null ? undefined : parseRemote(remote)
  const parsedQuery = parseQuery(query ?? null)
  // The servers write the rest anew and read it as the body of a search: places are those of that text.
  const text = printExactJson(inHashOrder(search)) as string
  const body = locateJson(text) as LocatedObject
  for (const { name, value } of body.entries) if (!searchFields.has(name)) throw unknownKey(text, name, value)
  const size = parseSize(search.size, server)
  const from = search.from === undefined ? undefined : intOf(search.from)
  const slice = parseSlice(text, entryOf(body, 'slice')?.value)
  return {
    remote: parsedRemote,
    source: {
      index: indexes,
      query: parsedQuery,
      size: size ?? sizeDefault,
      isSizeGiven: size !== undefined,
      fields: parseFields(text, entryOf(body, '_source')?.value),
      sort: parseSort(search.sort),
      slice,
    },
    complaints: complaintsAbout(search, { size, from, indexes }),
  }
}

function complaintsAbout(
  search: JsonObject,
  { size, from, indexes }: { size: number | undefined; from: number | undefined; indexes: readonly string[] },
) {
  const ofSearch = [
    from !== undefined && from > 0 && 'using [from] is not allowed in a scroll context',
    size === 0 && '[size] cannot be [0] in a scroll context',
    from !== undefined && 'from is not supported in this context',
    search.stored_fields !== undefined && 'stored_fields is not supported in this context',
  ]
  const ofFields = [
    indexes.length === 0 && 'use _all if you really want to copy from all existing indexes',
    search._source === false && '_source:false is not supported in this context',
  ]
  return { ofSearch: ofSearch.filter((one) => one !== false), ofFields: ofFields.filter((one) => one !== false) }
}

function parseIndexes(index: JsonValue): readonly string[] {
  if (index === null || index === '') return []
  // Strings.splitStringByCommaToArray: as Java splits, which drops empty parts at the end only.
  if (typeof index === 'string') return index.replace(/,+$/, '').split(',')
  if (!Array.isArray(index)) {
    throw refuse(illegalArgument(`Expected [index] to be a list or a string but was [${javaText(index)}]`))
  }
  if (index.every((one) => typeof one === 'string')) return index
  const cannot = 'can not cast one of the elements of java.lang.Object[] to the type of the destination array'
  const reason = `arraycopy: element type mismatch: ${cannot}, java.lang.String`
  throw refuse({ type: 'array_store_exception', reason })
}

function parseQuery(query: JsonValue): JsonObject | undefined {
  if (query === null) return undefined
  if (isPlainObject(query)) return query
  throw refuse(illegalArgument(`Expected [query] to be an object but was [${javaText(query)}]`))
}

/** Before OpenSearch 2 and Elasticsearch 8 a negative size was as good as none. */
function parseSize(value: JsonValue | undefined, server: ClusterVersion): number | undefined {
  if (value === undefined || value === null) return undefined
  const size = intOf(value)
  if (size >= 0) return size
  if (!isAtLeast(server, 'opensearch', 2) && !isAtLeast(server, 'elasticsearch', 8)) return undefined
  throw refuse(illegalArgument(`[size] parameter cannot be negative, found [${size}]`))
}

function parseFields(text: string, node: LocatedValue | undefined): ReindexRequest['source']['fields'] {
  if (node === undefined) return { includes: [], excludes: [] }
  if (node.kind === 'string') return { includes: [plainValue(node) as string], excludes: [] }
  if (node.kind === 'array') return { includes: node.items.map((item) => javaText(plainValue(item))), excludes: [] }
  if (node.kind === 'number') {
    const reason = `Expected one of [VALUE_BOOLEAN, START_OBJECT] but found [${tokenName(node)}]`
    throw refuse({ type: 'parsing_exception', reason, details: placeIn(text, node) })
  }
  if (node.kind !== 'object') return { includes: [], excludes: [] }
  for (const { name, value } of node.entries) {
    if (!/^(in|ex)cludes?$/.test(name)) throw unknownKey(text, name, value)
  }
  const { includes, include, excludes, exclude } = plainValue(node) as JsonObject
  return { includes: patterns(includes ?? include), excludes: patterns(excludes ?? exclude) }
}

const patterns = (value: JsonValue | undefined): readonly string[] =>
  value === undefined || value === null ? [] : Array.isArray(value) ? value.map(javaText) : [javaText(value)]

function parseSort(value: JsonValue | undefined): readonly JsonValue[] | undefined {
  if (Array.isArray(value)) return value.length > 0 ? value : undefined
  return typeof value === 'string' || isPlainObject(value) ? [value] : undefined
}

/** SliceBuilder: `max` is checked when `id` is known and the other way round, whichever comes last. */
function parseSlice(text: string, node: LocatedValue | undefined): JsonObject | undefined {
  if (node === undefined || node.kind === 'null') return undefined
  if (node.kind !== 'object') throw unknownKey(text, 'slice', node)
  let id: number | undefined
  let max: number | undefined
  const check = () => {
    if (id !== undefined && max !== undefined && max <= id) throw refuse(illegalArgument('max must be greater than id'))
  }
  const fields: Field[] = [
    { names: ['field'], takes: ['string'], read: () => {} },
    {
      names: ['id'],
      takes: ['number', 'string'],
      read: (value) => {
        id = intOf(plainValue(value))
        if (id < 0) throw refuse(illegalArgument('id must be greater than or equal to 0'))
        check()
      },
    },
    {
      names: ['max'],
      takes: ['number', 'string'],
      read: (value) => {
        max = intOf(plainValue(value))
        if (max <= 1) throw refuse(illegalArgument('max must be greater than 1'))
        check()
      },
    },
  ]
  parseObject(text, 'slice', node, fields)
  if (id === undefined || max === undefined) throw refuse(illegalArgument('max must be greater than id'))
  return plainValue(node) as JsonObject
}

function placeIn(text: string, { at }: LocatedValue): JsonObject {
  const [line = 1, col = 1] = placeOf(text, at).slice(1, -1).split(':').map(Number)
  return { line, col }
}

const unknownKey = (text: string, name: string, value: LocatedValue) =>
  refuse({
    type: 'parsing_exception',
    reason: `Unknown key for a ${tokenName(value)} in [${name}].`,
    details: placeIn(text, value),
  })

/** SearchSourceBuilder of all versions; those without meaning for a reindex are read and left alone, as the servers do. */
const searchFields = new Set(
  (
    'from size timeout terminate_after post_filter min_score version seq_no_primary_term explain _source stored_fields fields ' +
    'docvalue_fields script_fields derived script indices_boost aggregations aggs highlight suggest sort rescore stats ext ' +
    'profile search_after slice collapse track_scores track_total_hits include_named_queries_score runtime_mappings pit knn ' +
    'rank retriever sub_searches search_pipeline verbose_pipeline'
  ).split(' '),
)
