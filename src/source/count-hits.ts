// What a search over an expression would find: asked as a search, so that the cluster resolves names as it does for every search and
// refuses what it refuses there.
import type { Cluster } from '../cluster/cluster.ts'
import { indexPath } from '../cluster/paths.ts'
import { IndexferryError } from '../foundation/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts'
import { isWhole, type ShardsOfAnswer } from './search-answer.ts'
import { doubtAndExplain } from './selection.ts'

interface CountAnswer {
  readonly timed_out?: boolean
  readonly _shards: ShardsOfAnswer
  readonly hits: { readonly total: number | { readonly value: number } }
}

export interface CountOptions {
  readonly query: JsonObject | undefined
  readonly preference?: string
  readonly signal?: AbortSignal
}

/** `expression`: names, patterns and aliases separated by commas. */
export async function countHits(cluster: Cluster, expression: string, options: CountOptions): Promise<number> {
  const { trackTotalHits, refusesPartialResults } = cluster.capabilities
  try {
    const { body } = await cluster.json<CountAnswer>({
      method: 'POST',
      path: indexPath(expression, '_search'),
      // The cluster says why a shard failed only where it may not answer without it.
      query: {
        preference: options.preference,
        ...(refusesPartialResults ? { allow_partial_search_results: false } : {}),
      },
      body: {
        size: 0,
        ...(options.query ? { query: options.query } : {}),
        ...(trackTotalHits ? { track_total_hits: true } : {}),
      },
      retry: 'safe',
      ...(options.signal ? { signal: options.signal } : {}),
    })
    if (body.timed_out || !isWhole(body._shards)) {
      const sentence = `${cluster.name}: documents of ${expression} could not be counted on every shard`
      throw new IndexferryError('SHARD_FAILED', sentence, { side: cluster.side })
    }
    const { total } = body.hits
    return typeof total === 'number' ? total : total.value
  } catch (error) {
    // The reason is the cluster's own; only what it is the fault of is said here.
    throw doubtAndExplain(error, {
      cluster,
      index: expression,
      query: options.query,
      documentBytesMax: 0,
      readers: 1,
    })
  }
}

export interface SearchedIndex {
  readonly name: string
  readonly shards: number
  /** Of the alias or aliases through which it is searched. */
  readonly filter?: JsonObject | undefined
}

/**
 * The indexes that a search over the expression goes to, as the cluster itself resolves it. Undefined where it cannot tell through which
 * filters it would look at them (before 5.0, for filtered aliases).
 */
export async function listSearchedIndexes(
  cluster: Cluster,
  expression: string,
): Promise<readonly SearchedIndex[] | undefined> {
  const { body } = await cluster.json<{ readonly indices?: JsonValue; readonly shards: readonly JsonValue[] }>({
    method: 'GET',
    path: indexPath(expression, '_search_shards'),
  })
  const shards = new Map<string, number>()
  for (const copies of body.shards) {
    const first = Array.isArray(copies) ? (copies[0] as JsonValue) : undefined
    if (!isJsonObject(first)) continue
    const name = String(first.index)
    shards.set(name, (shards.get(name) ?? 0) + 1)
  }
  const { indices } = body
  if (isJsonObject(indices)) {
    for (const name of Object.keys(indices)) if (!shards.has(name)) shards.set(name, 0)
  } else if (await hasFilteredAliases(cluster)) return undefined
  return [...shards].map(([name, count]) => {
    const entry = isJsonObject(indices) ? indices[name] : undefined
    const filter = isJsonObject(entry) && isJsonObject(entry.filter) ? entry.filter : undefined
    return { name, shards: count, filter }
  })
}

async function hasFilteredAliases(cluster: Cluster): Promise<boolean> {
  const { body } = await cluster.json<JsonObject>({ method: 'GET', path: '/_aliases' })
  return Object.values(body).some((entry) => {
    const aliases = isJsonObject(entry) && isJsonObject(entry.aliases) ? Object.values(entry.aliases) : []
    return aliases.some((alias) => isJsonObject(alias) && alias.filter !== undefined)
  })
}
