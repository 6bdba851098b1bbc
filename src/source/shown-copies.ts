// Which copy of a shard answers: one that shows everything of before the last refresh.
//
// A refresh shows what was written on the copies that it reaches. With segment replication those are the primaries; elsewhere a replica whose node
// does not answer for a moment is passed over. When a primary fails, the copy in its place answers searches at once, and shows only later what it
// holds. A page of sequence numbers that is read from such a copy lacks documents, and nothing tells. So reads go to the node that was seen to hold the
// primary before and after the refresh, by the id of the node: when it holds the shard no more, the search is refused, and the refresh comes again.
import type { Cluster } from '../cluster/cluster.ts'
import { IndexferryError } from '../foundation/errors.ts'
import { refreshIndex } from './shard-checkpoints.ts'
import { readShardStatistics } from './shard-statistics.ts'

/** Node ids by shard. */
export type Holders = ReadonlyMap<number, string | undefined>

export interface ShownCopiesOptions {
  readonly cluster: Cluster
  readonly index: string
  /** Whether a refresh does not reach the replicas (`IndexSettings.replicasLag`). */
  readonly replicasLag: boolean
  /** Whether primaries are read also where the refresh has reached every copy. */
  readonly primariesOnly?: boolean
  /** How the nodes that hold the primaries are found out; by statistics when not given. */
  readonly readHolders?: ((signal: AbortSignal | undefined) => Promise<Holders>) | undefined
}

/** Between two primaries that fail a refresh is soon done. */
const attemptsMax = 5

export class ShownCopies {
  private readonly options: ShownCopiesOptions
  /** Undefined while any copy may answer. */
  private holders: Holders | undefined
  private isShown = false

  constructor(options: ShownCopiesOptions) {
    this.options = options
  }

  /**
   * Everything of before this call is visible to the searches of after it. Throws SHARD_FAILED while not all primaries are there. `seen`: who held
   * them before, where the caller has just asked.
   */
  async show(signal?: AbortSignal, seen?: Holders): Promise<void> {
    const { cluster, index, replicasLag, primariesOnly } = this.options
    if (!replicasLag && !primariesOnly && (await refreshIndex(cluster, index, signal))) {
      this.holders = undefined
      this.isShown = true
      return
    }
    let before = seen ?? (await this.readHolders(signal))
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      await refreshIndex(cluster, index, signal)
      const after = await this.readHolders(signal)
      if (isSame(before, after)) {
        this.holders = after
        this.isShown = true
        return
      }
      before = after
    }
    throw new IndexferryError(
      'SHARD_FAILED',
      `${cluster.name}: the primary shards of index ${index} move from node to node`,
      { side: cluster.side, fields: { index } },
    )
  }

  private async readHolders(signal: AbortSignal | undefined): Promise<Holders> {
    const { cluster, index, readHolders } = this.options
    if (readHolders) return readHolders(signal)
    return new Map((await readShardStatistics(cluster, index)).map(({ shard, holder }) => [shard, holder]))
  }

  /** To be called before a search. */
  async ready(signal: AbortSignal): Promise<void> {
    if (!this.isShown) await this.show(signal)
  }

  /** A search failed: who holds the shards may have changed. */
  doubt(): void {
    this.isShown = false
  }

  /** What the search parameter `preference` says behind the number of the shard, or about all shards. */
  preference(shard: number | undefined): string | undefined {
    if (shard === undefined) return this.options.replicasLag ? '_primary' : undefined
    if (!this.holders) return undefined
    // Elasticsearch 1.x knows no such list; since 7.0 Elasticsearch does not know `_primary`.
    const holder = this.options.cluster.capabilities.sequenceNumbers ? this.holders.get(shard) : undefined
    return holder === undefined ? '_primary' : `_only_nodes:${holder}`
  }
}

/** Everything of before this call is visible to the searches of a selection, as `ShownCopies.show` or in every copy that a refresh reaches. */
export async function showWritten(
  {
    cluster,
    index,
    copies,
  }: { readonly cluster: Cluster; readonly index: string; readonly copies?: ShownCopies | undefined },
  signal?: AbortSignal,
): Promise<void> {
  if (copies) await copies.show(signal)
  // OpenSearch Serverless refreshes by itself and knows no such call.
  else if (cluster.capabilities.clusterCalls) await refreshIndex(cluster, index, signal)
}

const isSame = (one: Holders, other: Holders): boolean =>
  one.size === other.size && [...one].every(([shard, holder]) => other.get(shard) === holder)

/** The server's words for a preference that no copy of the shard meets. */
export const hasMoved = (error: unknown): boolean =>
  error instanceof IndexferryError && /no data nodes? with criteri/i.test(error.message)
