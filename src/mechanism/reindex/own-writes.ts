// Which conflicts a `_reindex` call has with itself: it wrote the document, died or lost the answer before it could note that, and
// writes it again.
//
// What decides: sequence numbers. Where the destination stood when the call began is noted before the first document is written; a document
// whose number is higher was written since. Where that is not known (before 6.7, or without the right to read statistics) the document in
// the destination is compared with the one that was to be written; with a pipeline in between, which changes it, a conflict of a document
// that is written again counts as the call's own.
import type { Cluster } from '../../cluster/cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import { parseExactJson, printExactJson } from '../../foundation/exact-json.ts'
import type { DocumentBatch } from '../../model/document-batch.ts'
import { isJsonObject, type JsonObject } from '../../model/json.ts'
import type { ReindexRequest } from '../../model/reindex.ts'
import { isWhole, type ShardsOfAnswer } from '../../source/search-answer.ts'
import type { Conflict } from '../../target/reindex-target.ts'
import { unlessForbidden } from './reindex-source.ts'

/** What the destination held when the call began. */
export type DestinationBefore =
  | { readonly kind: 'empty' }
  /** `INDEX/SHARD` → the highest sequence number then. */
  | { readonly kind: 'numbers'; readonly shards: Readonly<Record<string, number>> }
  | { readonly kind: 'unknown' }

interface ShardStats {
  readonly routing: { readonly primary: boolean }
  readonly seq_no?: { readonly max_seq_no: number }
}

export async function readDestinationBefore(cluster: Cluster, index: string): Promise<DestinationBefore> {
  if (!cluster.capabilities.sequenceNumbers || !cluster.capabilities.clusterCalls)
    return readWhetherEmpty(cluster, index)
  const answer = await unlessForbidden(() =>
    cluster.json<{ readonly indices?: Record<string, { readonly shards: Record<string, readonly ShardStats[]> }> }>({
      method: 'GET',
      path: indexPath(index, '_stats/docs'),
      query: { level: 'shards' },
      accept: [404],
    }),
  )
  if (answer === undefined) return { kind: 'unknown' }
  if (answer.status === 404) return { kind: 'empty' }
  const shards: Record<string, number> = {}
  for (const [name, { shards: copiesOf }] of Object.entries(answer.body.indices ?? {})) {
    for (const [shard, copies] of Object.entries(copiesOf)) {
      const primary = copies.find((copy) => copy.routing.primary)
      if (primary?.seq_no) shards[`${name}/${shard}`] = primary.seq_no.max_seq_no
    }
  }
  return Object.values(shards).every((number) => number < 0) ? { kind: 'empty' } : { kind: 'numbers', shards }
}

async function readWhetherEmpty(cluster: Cluster, index: string): Promise<DestinationBefore> {
  const answer = await unlessForbidden(() =>
    cluster.json<{ readonly count?: number; readonly _shards?: ShardsOfAnswer }>({
      method: 'GET',
      path: indexPath(index, '_count'),
      accept: [404],
    }),
  )
  if (answer?.status === 404) return { kind: 'empty' }
  const { count, _shards: shards } = answer?.body ?? {}
  return count === 0 && shards && isWhole(shards) ? { kind: 'empty' } : { kind: 'unknown' }
}

interface FoundDocument {
  readonly found?: boolean
  readonly _index: string
  readonly _seq_no?: number
  readonly _source?: unknown
}

/** Documents asked for at once. */
const askedMax = 500

export function createFindOwn(cluster: Cluster, request: ReindexRequest, before: DestinationBefore) {
  return async (conflicts: readonly Conflict[], batch: DocumentBatch, signal: AbortSignal): Promise<Set<number>> => {
    if (before.kind === 'empty') return new Set(conflicts.map(({ row }) => row))
    const own = new Set<number>()
    for (let from = 0; from < conflicts.length; from += askedMax) {
      const some = conflicts.slice(from, from + askedMax)
      const documents = await fetchDocuments(cluster, request, some, batch, before.kind === 'unknown', signal)
      for (const [at, conflict] of some.entries()) {
        const document = documents[at]
        const isOwn =
          before.kind === 'unknown'
            ? request.dest.pipeline !== undefined || isSame(document, batch, conflict.row)
            : isLater(document, conflict, before.shards)
        if (isOwn) own.add(conflict.row)
      }
    }
    return own
  }
}

async function fetchDocuments(
  cluster: Cluster,
  request: ReindexRequest,
  conflicts: readonly Conflict[],
  batch: DocumentBatch,
  withSource: boolean,
  signal: AbortSignal,
): Promise<readonly FoundDocument[]> {
  const key = cluster.capabilities.bulkRoutingKey
  const docs = conflicts.map(({ row, index }): JsonObject => {
    const routing = routingOf(request, batch, row)
    const type = batch.text(batch.typeStart[row] as number, batch.typeEnd[row] as number)
    const isTyped = cluster.capabilities.mappingTypes === 'several' && type !== undefined
    return {
      _index: index,
      _id: batch.id(row),
      ...(isTyped ? { _type: type } : {}),
      ...(routing === undefined ? {} : { [key]: routing }),
    }
  })
  const { body } = await cluster.bytes({
    method: 'POST',
    path: '/_mget',
    query: withSource ? {} : { _source: false },
    body: { docs },
    retry: 'safe',
    signal,
  })
  const answer = parseExactJson(body.toString('utf8'))
  return isJsonObject(answer) && Array.isArray(answer.docs) ? (answer.docs as unknown as FoundDocument[]) : []
}

function routingOf({ dest }: ReindexRequest, batch: DocumentBatch, row: number): string | undefined {
  if (dest.routing === 'discard') return undefined
  if (dest.routing !== 'keep') return dest.routing.slice(1)
  return batch.text(batch.routingStart[row] as number, batch.routingEnd[row] as number)
}

function isSame(document: FoundDocument | undefined, batch: DocumentBatch, row: number): boolean {
  if (document?.found !== true) return false
  return printExactJson(document._source) === printExactJson(parseExactJson(batch.source(row).toString('utf8') || '{}'))
}

function isLater(
  document: FoundDocument | undefined,
  { index, shard }: Conflict,
  shards: Readonly<Record<string, number>>,
): boolean {
  if (document?.found !== true || document._seq_no === undefined || shard === undefined) return false
  const before = shards[`${index}/${shard}`]
  // An index that was not there then.
  return before === undefined || document._seq_no > before
}
