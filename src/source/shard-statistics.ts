// What the primary shards of an index hold, shard by shard.
import type { Cluster } from '../cluster/cluster.ts'
import { indexPath } from '../cluster/paths.ts'
import { IndexferryError } from '../foundation/errors.ts'

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

interface ShardCopy {
  readonly routing: { readonly primary: boolean; readonly state?: string; readonly node?: string }
  readonly docs: { readonly count: number }
  readonly store: { readonly size_in_bytes: number }
  readonly seq_no?: { readonly global_checkpoint: number; readonly max_seq_no: number }
}

/** In the order of their numbers. Throws SHARD_FAILED unless every primary shard is there: one that is not assigned is left out without an error. */
export async function readShardStatistics(cluster: Cluster, index: string): Promise<ShardStatistics[]> {
  const { body } = await cluster.json<{
    readonly indices?: Record<string, { readonly shards: Record<string, readonly ShardCopy[]> }>
  }>({ method: 'GET', path: indexPath(index, '_stats/docs,store'), query: { level: 'shards' } })
  const shards = body.indices?.[index]?.shards ?? {}
  const found: ShardStatistics[] = []
  for (const [shard, copies] of Object.entries(shards)) {
    // Of a primary that moves to another node, the new copy is there as well, and knows nothing yet.
    const primary = copies.find(({ routing }) => routing.primary && routing.state !== 'INITIALIZING')
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

async function checkAllShards(cluster: Cluster, index: string, found: number): Promise<void> {
  const { body } = await cluster.json<Record<string, { settings: { index: { number_of_shards: string } } }>>({
    method: 'GET',
    path: indexPath(index, '_settings'),
  })
  const expected = Number(body[index]?.settings.index.number_of_shards)
  if (found === expected) return
  throw new IndexferryError(
    'SHARD_FAILED',
    `${cluster.name}: only ${found} of the ${expected} primary shards of index ${index} are there`,
    { side: cluster.side, fields: { index } },
  )
}
