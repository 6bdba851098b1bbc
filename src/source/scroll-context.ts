// The calls of the scroll API, in the form that each version wants.
import type { Cluster, ClusterRequest } from '../cluster/cluster.ts'
import { indexPath } from '../cluster/paths.ts'
import { IndexferryError } from '../foundation/errors.ts'
import type { DocumentBatch } from '../model/document-batch.ts'
import type { JsonObject } from '../model/json.ts'
import type { ScrollPartition, ShardSlice } from '../model/partition.ts'
import { readSearchAnswer } from './search-answer.ts'
import {
  filteredQuery,
  hitContents,
  type SearchSelection,
  searchParameters,
  selectionFilters,
  shardPreference,
} from './selection.ts'

/** How long the server keeps a context between two pages. Renewed with each page; the target may be slow to take one. */
export const keepAlive = '10m'

export interface ScrollRead {
  readonly selection: SearchSelection
  readonly part: ScrollPartition
  readonly size: number
  readonly batchBytes: number
  readonly signal: AbortSignal
  /** Told as soon as a context is there, so that it can be closed by who does not read the page to its end. */
  readonly onScrollId: (scrollId: string) => void
}

export interface ScrollPage {
  readonly scrollId: string
  readonly hits: number
  /** `search_type=scan` answers the first call with a context and no hits. */
  readonly isScanStart: boolean
}

/** The clauses that narrow a search to a range of `_uid`, whose bounds are `type#id`, or to later sequence numbers. */
function rangeClauses({ uidAfter, uidUpTo, sequenceFrom }: ScrollPartition): JsonObject[] {
  const bounds: JsonObject = {}
  if (uidAfter !== undefined) bounds.gt = uidAfter
  if (uidUpTo !== undefined) bounds.lte = uidUpTo
  const clauses: JsonObject[] = Object.keys(bounds).length > 0 ? [{ range: { _uid: bounds } }] : []
  if (sequenceFrom !== undefined) clauses.push({ range: { _seq_no: { gte: sequenceFrom } } })
  return clauses
}

/** Where slices are dealt out over the shards of the index, slice i goes to shard i modulo their number, as its (i / number)th. */
function sliceClause({ id, max, shards, field }: ShardSlice, shard = 0): JsonObject {
  if (field !== undefined) return { field, id, max }
  return shards === undefined ? { id, max } : { id: id * shards + shard, max: max * shards }
}

export async function* startScroll(read: ScrollRead): AsyncGenerator<DocumentBatch, ScrollPage> {
  const { selection, part, size } = read
  const { capabilities } = selection.cluster
  const clauses = [...rangeClauses(part), ...selectionFilters(selection)]
  const body: JsonObject = {
    ...hitContents(selection),
    size,
    query: filteredQuery(clauses, capabilities.boolFilter),
  }
  const query: Record<string, string | boolean> = {
    ...searchParameters(selection),
    scroll: selection.keepAlive ?? keepAlive,
  }
  const isScan = capabilities.scanSearchType && selection.sort === undefined
  if (isScan) query.search_type = 'scan'
  else body.sort = selection.sort ?? ['_doc']
  // An order by `_score` needs the query outside of filters, which have no score.
  if (selection.sort !== undefined && selection.query !== undefined) body.query = selection.query
  const preference = shardPreference(selection, part.shard)
  if (preference !== undefined) query.preference = preference
  if (part.slice && part.slice.max > 1) body.slice = sliceClause(part.slice, part.shard)
  const page = yield* readPage(read, { method: 'POST', path: indexPath(selection.index, '_search'), query, body })
  return { ...page, isScanStart: isScan }
}

/** Never sent twice: the context moves on with each call, so that a lost answer is a lost page. */
export async function* continueScroll(read: ScrollRead, scrollId: string): AsyncGenerator<DocumentBatch, ScrollPage> {
  const { scrollIdInJson } = read.selection.cluster.capabilities
  const scroll = read.selection.keepAlive ?? keepAlive
  const request: ClusterRequest = scrollIdInJson
    ? { method: 'POST', path: '/_search/scroll', body: { scroll, scroll_id: scrollId } }
    : { method: 'POST', path: '/_search/scroll', query: { scroll }, body: Buffer.from(scrollId) }
  const page = yield* readPage(read, { ...request, retry: 'none' })
  return { ...page, isScanStart: false }
}

async function* readPage(
  read: ScrollRead,
  request: ClusterRequest,
): AsyncGenerator<DocumentBatch, Omit<ScrollPage, 'isScanStart'>> {
  const { cluster, documentBytesMax } = read.selection
  const { body, bytesExpected } = await cluster.stream({ ...request, signal: read.signal })
  const batches = readSearchAnswer(body, {
    side: cluster.side,
    batchBytes: read.batchBytes,
    hitBytesMax: documentBytesMax,
    bytesExpected,
    onHead: ({ _scroll_id: scrollId }) => {
      if (scrollId !== undefined) read.onScrollId(scrollId)
    },
  })
  let hits = 0
  try {
    for (;;) {
      const step = await batches.next()
      if (step.done) {
        const scrollId = step.value._scroll_id
        if (scrollId === undefined) {
          throw new IndexferryError('ANSWER_INVALID', `${cluster.name}: the answer has no _scroll_id`, {
            side: cluster.side,
          })
        }
        return { scrollId, hits }
      }
      hits += step.value.count
      yield step.value
    }
  } finally {
    // Who does not read to the end must not leave the connection open.
    await batches.return({})
  }
}

/** Contexts cost the server memory. One that is gone already is no error, and neither is a cluster that cannot be reached: it forgets by itself. */
export async function closeScroll(cluster: Cluster, scrollId: string): Promise<void> {
  const { scrollIdInJson } = cluster.capabilities
  try {
    await cluster.json({
      method: 'DELETE',
      path: '/_search/scroll',
      body: scrollIdInJson ? { scroll_id: [scrollId] } : Buffer.from(scrollId),
      accept: [404],
      readTimeoutMs: 10_000,
    })
  } catch (error) {
    if (!(error instanceof IndexferryError)) throw error
  }
}
