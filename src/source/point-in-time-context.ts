// The calls about points in time, in the form of Elasticsearch and in that of OpenSearch.
import type { Cluster } from '../cluster/cluster.ts'
import { indexPath } from '../cluster/paths.ts'
import { IndexferryError } from '../foundation/errors.ts'
import type { PointInTimePartition } from '../model/partition.ts'
import { keepAlive } from './scroll-context.ts'
import { type SearchSelection, shardPreference } from './selection.ts'

/** What `pit` in a search body is, which renews the context with each page. */
export const renewed = (id: string) => ({ id, keep_alive: keepAlive })

export async function openPointInTime(
  selection: Pick<SearchSelection, 'cluster' | 'copies'>,
  { index, shard }: PointInTimePartition,
  signal: AbortSignal,
): Promise<string> {
  const { cluster } = selection
  const isElasticsearch = cluster.capabilities.pointInTime === 'elasticsearch'
  const { body } = await cluster.json<{ readonly id?: string; readonly pit_id?: string }>({
    method: 'POST',
    path: indexPath(index, isElasticsearch ? '_pit' : '_search/point_in_time'),
    // The search itself takes no preference: it goes where the point in time was opened.
    query: { keep_alive: keepAlive, preference: shardPreference(selection, shard) },
    // A lost answer leaves a context behind that the server forgets after its time.
    retry: 'safe',
    signal,
  })
  const id = isElasticsearch ? body?.id : body?.pit_id
  if (typeof id === 'string') return id
  throw new IndexferryError('ANSWER_INVALID', `${cluster.name}: the answer has no id of a point in time`, {
    side: cluster.side,
  })
}

/** Contexts cost the server memory. One that is gone already is no error, and neither is a cluster that cannot be reached: it forgets by itself. */
export async function closePointInTime(cluster: Cluster, id: string): Promise<void> {
  const isElasticsearch = cluster.capabilities.pointInTime === 'elasticsearch'
  try {
    await cluster.json({
      method: 'DELETE',
      path: isElasticsearch ? '/_pit' : '/_search/point_in_time',
      body: isElasticsearch ? { id } : { pit_id: [id] },
      accept: [404],
      readTimeoutMs: 10_000,
    })
  } catch (error) {
    if (!(error instanceof IndexferryError)) throw error
  }
}
