// Divides what a `_reindex` call reads into partitions, and deals these out to its slices.
import type { Cluster } from '../../cluster/cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import { assert } from '../../foundation/assert.ts'
import type { JsonObject } from '../../model/json.ts'
import type { Partition, ScrollPartition, SequencePartition } from '../../model/partition.ts'
import type { ReindexRequest } from '../../model/reindex.ts'
import { countHits, listSearchedIndexes, type SearchedIndex } from '../../source/count-hits.ts'
import { openSearchSource } from '../../source/open-search-source.ts'
import { resolveIndexes } from '../../source/resolve-indexes.ts'
import { filteredQuery } from '../../source/selection.ts'
import { readShardCheckpoints } from '../../source/shard-checkpoints.ts'
import type { ReindexPartition } from './reindex-journal.ts'
import { type ReadIndex, readersOfCall, selectionOf, unlessForbidden } from './reindex-source.ts'
import { isUnsteady } from './unsteady-query.ts'

/** What the servers allow `slices: auto` to be at most (BulkByScrollParallelizationHelper). */
const autoSlicesMax = 20

/** With more slices than this, a shard is not divided into ranges that small. */
const smallRangesMax = 64

export interface ReindexListing {
  /** What the expression stands for; empty where the remote does not tell. */
  readonly indexes: readonly ReadIndex[]
  readonly partitions: readonly ReindexPartition[]
  /** Documents that the query finds, in each slice; not capped by `max_docs`. */
  readonly sliceTotals: readonly number[]
}

export async function listReindexPartitions(
  cluster: Cluster,
  request: ReindexRequest,
  onFault: () => void,
): Promise<ReindexListing> {
  const expression = request.source.index.join(',')
  const { query } = request.source
  // First of all the search itself: what is wrong with names or query is told by the remote in its own words.
  const found = await countHits(cluster, expression, { query })
  const searched = await findIndexes(cluster, request, expression)
  const slices = sliceCount(request, searched)
  const isWhole =
    request.source.sort !== undefined || request.source.slice !== undefined || isAskedOnce(cluster, query, searched)
  const parts =
    searched && !isWhole
      ? await unlessForbidden(() => listByIndex(cluster, request, searched, slices, onFault))
      : undefined
  const indexes = (searched ?? []).map(({ name, filter }) => ({ name, filter }))
  if (!parts) return { indexes, ...listOfExpression(cluster, request, expression, slices, found) }
  if (slices === 1) {
    const total = await countHits(cluster, expression, { query })
    return { indexes, partitions: parts.map((partition) => asListed(partition, 0)), sliceTotals: [total] }
  }
  return { indexes, ...(await deal(cluster, request, parts, indexes, slices)) }
}

/** Where there are no scrolls, what a query finds is asked again and again whatever it is. */
const isAskedOnce = (
  { capabilities }: Cluster,
  query: JsonObject | undefined,
  searched: readonly SearchedIndex[] | undefined,
): boolean => capabilities.scroll && (isUnsteady(query) || (searched ?? []).some(({ filter }) => isUnsteady(filter)))

const asListed = (partition: Partition, slice: number): ReindexPartition => ({
  partition,
  slice,
  position: undefined,
  isDone: false,
})

/** Undefined where the remote does not tell, or not exactly enough. */
async function findIndexes(
  cluster: Cluster,
  request: ReindexRequest,
  expression: string,
): Promise<readonly SearchedIndex[] | undefined> {
  if (cluster.capabilities.clusterCalls) return unlessForbidden(() => listSearchedIndexes(cluster, expression))
  // Without scrolls there is no reading the expression as a whole.
  if (cluster.capabilities.scroll) return undefined
  const resolved = await resolveIndexes(cluster, request.source.index.join(','))
  return resolved.map(({ name, alias }) => ({ name, shards: 1, filter: alias?.filter }))
}

/** `auto` is the number of shards of the index that has the fewest, as with the servers. */
function sliceCount({ slices }: ReindexRequest, searched: readonly SearchedIndex[] | undefined): number {
  if (slices !== 'auto') return slices
  if (!searched || searched.length === 0) return 1
  return Math.max(1, Math.min(autoSlicesMax, ...searched.map(({ shards }) => shards)))
}

async function listByIndex(
  cluster: Cluster,
  request: ReindexRequest,
  searched: readonly SearchedIndex[],
  slices: number,
  onFault: () => void,
): Promise<Partition[]> {
  const partitions: Partition[] = []
  for (const index of searched) {
    const rest =
      slices > 1
        ? { readers: slices, ...(slices <= smallRangesMax ? { rangeMin: 1 } : {}) }
        : { readers: readersOfCall }
    const source = await openSearchSource(selectionOf({ cluster, request, onFault }, index, rest))
    // Asked for beforehand: whoever may not refresh would otherwise have to wait for a refresh, and is better served by a scroll.
    await cluster.json({ method: 'POST', path: indexPath(index.name, '_refresh'), retry: 'safe' })
    const listed = await source.listPartitions()
    partitions.push(...listed)
    if (source.kind === 'sequence')
      partitions.push(...laterPartitions(index.name, listed as SequencePartition[], index.shards))
  }
  return partitions
}

/** For each shard what lies behind the numbers that were listed, also where there were none. */
function laterPartitions(index: string, listed: readonly SequencePartition[], shards: number): ScrollPartition[] {
  return Array.from({ length: shards }, (_, shard) => {
    const ends = listed.filter((partition) => partition.shard === shard).map(({ to }) => to)
    return { kind: 'scroll', id: `${index}/${shard}/later`, index, shard, sequenceFrom: Math.max(0, ...ends) }
  })
}

export const isLater = (partition: Partition): partition is ScrollPartition & { readonly sequenceFrom: number } =>
  partition.kind === 'scroll' && partition.sequenceFrom !== undefined

/** One scroll, or one for each slice. The names are resolved by the remote, once for each scroll. */
function listOfExpression(
  cluster: Cluster,
  request: ReindexRequest,
  expression: string,
  slices: number,
  total: number,
): Omit<ReindexListing, 'indexes'> {
  const whole: ScrollPartition = { kind: 'scroll', id: expression, index: expression }
  const { slice } = request.source
  if (slice !== undefined) {
    const { id, max, field } = slice as { id: number; max: number; field?: string }
    const part = { id: Number(id), max: Number(max), ...(field === undefined ? {} : { field }) }
    // How many documents a slice has is not known before it is read.
    const partition = { ...whole, slice: part }
    return { partitions: [asListed(partition, 0)], sliceTotals: [Math.ceil(total / part.max)] }
  }
  if (slices === 1 || !cluster.capabilities.slicedScroll) {
    const others = Array.from({ length: slices - 1 }, () => 0)
    return { partitions: [asListed(whole, 0)], sliceTotals: [total, ...others] }
  }
  const partitions = Array.from({ length: slices }, (_, id) =>
    asListed({ ...whole, id: `${expression}/${id}of${slices}`, slice: { id, max: slices } }, id),
  )
  return { partitions, sliceTotals: spread(total, slices) }
}

const spread = (total: number, parts: number): number[] =>
  Array.from({ length: parts }, (_, part) => Math.floor((total + part) / parts))

/** The largest partition goes to the slice that has the least. */
async function deal(
  cluster: Cluster,
  request: ReindexRequest,
  partitions: readonly Partition[],
  indexes: readonly ReadIndex[],
  slices: number,
): Promise<Pick<ReindexListing, 'partitions' | 'sliceTotals'>> {
  const counted: { partition: Partition; documents: number }[] = []
  for (const partition of partitions) {
    const filter = indexes.find(({ name }) => name === partition.index)?.filter
    counted.push({ partition, documents: await countPartition(cluster, request, partition, filter, partitions) })
  }
  const sliceTotals = Array.from({ length: slices }, () => 0)
  const dealt: ReindexPartition[] = []
  for (const { partition, documents } of counted.sort((a, b) => b.documents - a.documents)) {
    const slice = sliceTotals.indexOf(Math.min(...sliceTotals))
    assert(slice >= 0, 'there is a slice')
    sliceTotals[slice] = (sliceTotals[slice] as number) + documents
    dealt.push(asListed(partition, slice))
  }
  return { partitions: dealt, sliceTotals }
}

async function countPartition(
  cluster: Cluster,
  request: ReindexRequest,
  partition: Partition,
  filter: JsonObject | undefined,
  all: readonly Partition[],
): Promise<number> {
  if (isLater(partition)) return 0
  const clauses = [request.source.query, filter].filter((clause) => clause !== undefined)
  if (partition.kind === 'sequence') clauses.push({ range: { _seq_no: { gte: partition.from, lt: partition.to } } })
  const { shard } = partition as { readonly shard?: number }
  const query = filteredQuery(clauses, cluster.capabilities.boolFilter)
  const options = shard === undefined ? { query } : { query, preference: `_shards:${shard}` }
  const documents = await countHits(cluster, partition.index, options)
  if (partition.kind === 'sequence') return documents
  // Slices and ranges of one shard are of about the same size.
  const alike = all.filter((other) => other.index === partition.index && (other as { shard?: number }).shard === shard)
  return Math.round(documents / alike.length)
}

/** Whether anything was written to the index since its partitions were listed. */
export async function hasLaterWrites(
  cluster: Cluster,
  index: string,
  later: readonly (Partition & { readonly shard?: number; readonly sequenceFrom: number })[],
): Promise<boolean> {
  const checkpoints = await readShardCheckpoints(cluster, index)
  return checkpoints.some(({ shard, globalCheckpoint }) => {
    const listed = later.find((partition) => partition.shard === shard)
    return listed === undefined || globalCheckpoint >= listed.sequenceFrom
  })
}
