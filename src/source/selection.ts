// Which documents of an index are read, and how much at a time: what every way of reading by search shares.
import type { Cluster } from '../cluster/cluster.ts'
import { indexPath } from '../cluster/paths.ts'
import { IndexferryError, isErrorOf } from '../foundation/errors.ts'
import type { JsonObject, JsonValue } from '../model/json.ts'
import { isWhole, type ShardsOfAnswer } from './search-answer.ts'
import { hasMoved, type ShownCopies } from './shown-copies.ts'

export interface SearchSelection {
  readonly cluster: Cluster
  /** One concrete index. */
  readonly index: string
  /** The user's query; all documents when undefined. */
  readonly query?: JsonObject | undefined
  /** The filter of the alias through which the index is read. */
  readonly aliasFilter?: JsonObject | undefined
  /** Fields of `_source` to take (`--fields`); the server then prints `_source` anew. */
  readonly fields?: readonly string[] | undefined
  /** `_source` as a filter of paths with wildcards, instead of `fields`. */
  readonly sourceFilter?: { readonly includes: readonly string[]; readonly excludes: readonly string[] } | undefined
  /** Only of scrolls: the order in which they are read, as the search API has it. They are then one scroll for each partition. */
  readonly sort?: readonly JsonValue[] | undefined
  /** How long the server keeps a scroll between two pages; scroll-context.ts has the default. */
  readonly keepAlive?: string | undefined
  /** Hits of a page at most. */
  readonly pageMax?: number | undefined
  /** A shard with fewer sequence numbers is not divided between readers; SequenceSource has the default. */
  readonly rangeMin?: number | undefined
  /** Told of each passing fault, before reading goes on. */
  readonly onFault?: ((error: unknown) => void) | undefined
  /** Told how long reading took, bit by bit, without the time that whoever reads took. Only of reading by sequence number. */
  readonly onRead?: ((ms: number) => void) | undefined
  /** Whether hits must carry `_version` though they have a sequence number. */
  readonly wantsVersion?: boolean | undefined
  /** A larger document is an error. */
  readonly documentBytesMax: number
  /** Which copies of the shards may be read; any when it is not given. */
  readonly copies?: ShownCopies | undefined
  /** How many partitions the caller wants to read at once. */
  readonly readers: number
  /** Passing faults in a row after which a partition is given up; PassingFaults has the default. */
  readonly faultsMax?: number | undefined
}

/** The servers' default for `index.max_result_window`: no page may hold more hits. */
export const resultWindowDefault = 10_000

/** The clauses every search of this selection filters by, besides what the way of reading adds. */
export function selectionFilters({ query, aliasFilter }: SearchSelection): JsonObject[] {
  return [query, aliasFilter].filter((clause) => clause !== undefined)
}

/** One query of all clauses; Elasticsearch 1.x knows `bool.filter` only as `filtered`. */
export function filteredQuery(clauses: readonly JsonObject[], knowsBoolFilter: boolean): JsonObject {
  if (clauses.length === 0) return { match_all: {} }
  if (knowsBoolFilter) return { bool: { filter: [...clauses] } }
  return { filtered: { filter: { and: clauses.map((clause) => ({ query: clause })) } } }
}

/** The part of a search body that says what a hit must carry. */
export function hitContents(selection: SearchSelection): JsonObject {
  const { cluster } = selection
  const contents: JsonObject = { _source: sourceContents(selection) }
  if (cluster.capabilities.sequenceNumbers) contents.seq_no_primary_term = true
  if (selection.wantsVersion || !cluster.capabilities.sequenceNumbers) contents.version = true
  // Before 2.0 a hit shows its routing and parent only when they are asked for as fields.
  if (cluster.capabilities.metadataAsFields) {
    contents.fields = contents._source === false ? ['_routing', '_parent'] : ['_source', '_routing', '_parent']
  }
  return contents
}

function sourceContents({ fields, sourceFilter: filter }: SearchSelection): JsonValue {
  if (filter) return { includes: [...filter.includes], excludes: [...filter.excludes] }
  return fields ? (fields.length > 0 ? namedFields(fields) : false) : true
}

/** `title` takes a field, `-internal.*` leaves fields out. */
function namedFields(fields: readonly string[]): JsonObject {
  const excludes = fields.filter((field) => field.startsWith('-')).map((field) => field.slice(1))
  const includes = fields.filter((field) => !field.startsWith('-'))
  return { ...(includes.length > 0 ? { includes } : {}), ...(excludes.length > 0 ? { excludes } : {}) }
}

/** Parameters of every search: no partial results where the version can refuse them itself (our own check does not depend on it). */
export function searchParameters({ cluster }: SearchSelection): Record<string, string | boolean> {
  return cluster.capabilities.refusesPartialResults ? { allow_partial_search_results: false } : {}
}

/** Which copies of which shard answer; undefined when any of any shard may. `ShownCopies.ready` comes before. */
export function shardPreference(
  { cluster, copies }: Pick<SearchSelection, 'cluster' | 'copies'>,
  shard: number | undefined,
): string | undefined {
  const parts = [shard === undefined ? [] : `_shards:${shard}`, copies?.preference(shard) ?? []].flat()
  return parts.length > 0 ? parts.join(cluster.capabilities.preferenceSeparator) : undefined
}

/**
 * To be called when a search failed: which copies show everything is found out anew before the next one. Answers with what to throw: a refused
 * search is the fault of the user's query when there is one.
 */
export function doubtAndExplain(error: unknown, { query, copies, cluster, index }: SearchSelection): unknown {
  copies?.doubt()
  if (hasMoved(error)) {
    const sentence = `${cluster.name}: a shard of index ${index} is no longer where it was`
    return new IndexferryError('SHARD_FAILED', sentence, { side: cluster.side, cause: error, fields: { index } })
  }
  if (query && isErrorOf(error, 'REQUEST_REFUSED') && error.fields.status === 400) {
    const { message, fields, answer } = error
    return new IndexferryError('QUERY_REFUSED', message, { side: 'source', cause: error, fields, answer })
  }
  return error
}

/** Live documents that the selection holds now, without nested ones. */
export async function countSelected(selection: SearchSelection): Promise<number> {
  const { cluster, index } = selection
  const query = filteredQuery(selectionFilters(selection), cluster.capabilities.boolFilter)
  try {
    const { body } = await cluster.json<{ count: number; _shards: ShardsOfAnswer }>({
      method: 'POST',
      path: indexPath(index, '_count'),
      query: { preference: shardPreference(selection, undefined) },
      body: { query },
      retry: 'safe',
    })
    if (!isWhole(body._shards)) {
      throw new IndexferryError(
        'SHARD_FAILED',
        `${cluster.name}: documents of index ${index} could not be counted on every shard`,
        {
          side: cluster.side,
        },
      )
    }
    if (body._shards.total === 0) throw notSearched(selection)
    return body.count
  } catch (error) {
    throw doubtAndExplain(error, selection)
  }
}

/** Searches pass over an index that is frozen (Elasticsearch 6.6 to 8), also by its own name, and answer as if there were nothing in it. */
const notSearched = ({ cluster, index }: SearchSelection): IndexferryError =>
  new IndexferryError(
    'SHARD_FAILED',
    `${cluster.name}: searches pass over index ${index}, as they do when it is frozen`,
    {
      side: cluster.side,
      remedy: 'Unfreeze the index (POST INDEX/_unfreeze), and start the same command again.',
      fields: { index },
    },
  )
