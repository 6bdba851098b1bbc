// What the primary shards of an index hold, shard by shard.
import type { Cluster } from '../cluster/cluster.ts'
import { indexPath } from '../cluster/paths.ts'
import { IndexferryError, isErrorOf } from '../foundation/errors.ts'

export interface ShardStatistics {
  readonly shard: number
  /** The id of the node that holds the primary. */
  readonly holder: string | undefined
  readonly documents: number
  readonly bytes: number
  /** Every operation up to and with this one is on all copies of the shard; -1 when there is none; undefined without sequence numbers. */
  readonly globalCheckpoint: number | undefined
  /** The highest number that was given. */
  readonly highest: number | undefined
}

/** A copy of a shard, as `_stats?level=shards` lists it. */
export interface RoutedCopy {
  readonly routing: { readonly primary: boolean; readonly state?: string; readonly node?: string }
}

interface ShardCopy extends RoutedCopy {
  readonly docs: { readonly count: number }
  readonly store: { readonly size_in_bytes: number }
  readonly seq_no?: { readonly global_checkpoint: number; readonly max_seq_no: number }
}

/** Of a primary that moves to another node, the new copy is there as well, and knows nothing yet. */
export const isKnownPrimary = ({ routing }: RoutedCopy): boolean => routing.primary && routing.state !== 'INITIALIZING'

/** In the order of their numbers. Throws SHARD_FAILED unless every primary shard is there: one that is not assigned is left out without an error. */
export async function readShardStatistics(cluster: Cluster, index: string): Promise<ShardStatistics[]> {
  const { body } = await cluster.json<{
    readonly indices?: Record<string, { readonly shards: Record<string, readonly ShardCopy[]> }>
  }>({ method: 'GET', path: indexPath(index, '_stats/docs,store'), query: { level: 'shards' } })
  const shards = body.indices?.[index]?.shards ?? {}
  const found: ShardStatistics[] = []
  for (const [shard, copies] of Object.entries(shards)) {
    const primary = copies.find(isKnownPrimary)
    if (!primary) continue
    found.push({
      shard: Number(shard),
      holder: primary.routing.node,
      documents: primary.docs.count,
      bytes: primary.store.size_in_bytes,
      globalCheckpoint: primary.seq_no?.global_checkpoint,
      highest: primary.seq_no?.max_seq_no,
    })
  }
  await checkAllShards(cluster, index, found.length)
  return found.sort((a, b) => a.shard - b.shard)
}

async function checkAllShards(cluster: Cluster, index: string, there: number): Promise<void> {
  const { body } = await cluster.json<Record<string, { settings: { index: { number_of_shards: string } } }>>({
    method: 'GET',
    path: indexPath(index, '_settings'),
  })
  const expected = Number(body[index]?.settings.index.number_of_shards)
  if (there !== expected) throw primariesMissing(cluster, index, { there, expected })
}

export const primariesMissing = (
  cluster: Cluster,
  index: string,
  { there, expected }: { readonly there: number; readonly expected: number },
): IndexferryError =>
  new IndexferryError(
    'SHARD_FAILED',
    `${cluster.name}: only ${there} of the ${expected} primary shards of index ${index} are there`,
    { side: cluster.side, fields: { index } },
  )

interface ClusterState {
  readonly metadata?: {
    readonly indices?: Readonly<Record<string, { readonly primary_terms?: Readonly<Record<string, number>> }>>
  }
}

/**
 * How often each shard got another primary: the term counts up when one fails and another copy takes its place, or is started again from its disk; not
 * when it moves from node to node. What searches showed before may be undone by that: operations above the global checkpoint, and those that
 * were not on the disk. A document that one of them had overtaken is back under its old number, which may have been read already, without it.
 *
 * By shard; nothing where this user may not ask for the cluster's state (`cluster:monitor/state`).
 */
export async function readPrimaryTerms(cluster: Cluster, index: string): Promise<ReadonlyMap<number, number>> {
  try {
    const { body } = await cluster.json<ClusterState>({
      method: 'GET',
      path: `/_cluster/state/metadata${indexPath(index)}`,
      query: { filter_path: 'metadata.indices.*.primary_terms' },
      retry: 'safe',
    })
    const terms = body?.metadata?.indices?.[index]?.primary_terms ?? {}
    return new Map(Object.entries(terms).map(([shard, term]) => [Number(shard), term]))
  } catch (error) {
    // Amazon answers 401 to calls that it does not offer; whether credentials are right is told by the calls that follow.
    if (!isErrorOf(error, 'PRIVILEGE_MISSING', 'REQUEST_REFUSED', 'CREDENTIALS_WRONG', 'CREDENTIALS_MISSING'))
      throw error
    return new Map()
  }
}
