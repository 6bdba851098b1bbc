// Where the sequence numbers of an index stand, shard by shard, and making sure that searches see them.
import type { Cluster } from '../cluster/cluster.ts'
import { indexPath } from '../cluster/paths.ts'
import { sleep } from '../foundation/clock.ts'
import { IndexferryError, isErrorOf } from '../foundation/errors.ts'
import { parseDuration } from '../foundation/quantity.ts'
import type { ShardsOfAnswer } from './search-answer.ts'
import { readShardStatistics, type ShardStatistics } from './shard-statistics.ts'

export interface ShardCheckpoint extends ShardStatistics {
  readonly globalCheckpoint: number
  readonly highest: number
}

/** Of indexes that have sequence numbers. Operations above the global checkpoint are not read: a failover may still take them back. */
export async function readShardCheckpoints(cluster: Cluster, index: string): Promise<ShardCheckpoint[]> {
  const shards = await readShardStatistics(cluster, index)
  return shards.map((shard) => {
    const { globalCheckpoint, highest = globalCheckpoint } = shard
    if (globalCheckpoint !== undefined && highest !== undefined) return { ...shard, globalCheckpoint, highest }
    throw new IndexferryError(
      'SHARD_FAILED',
      `${cluster.name}: shard ${shard.shard} of index ${index} names no global checkpoint`,
      { side: cluster.side, fields: { index } },
    )
  })
}

/** The servers' default for `index.refresh_interval`, and some room for a refresh that takes long. */
const refreshWaitMs = 3_000
/** An index that refreshes itself less often is not waited for. */
const intervalMsMax = 600_000

/**
 * Makes every operation of now visible to searches. Where the right to refresh is missing, waits for the index to do it by itself;
 * where it never does (`refresh_interval: -1`), that is an error. Answers with whether every copy was reached: a replica whose node does not
 * answer in this moment is passed over without an error, as is one that is not assigned.
 */
export async function refreshIndex(cluster: Cluster, index: string, signal?: AbortSignal): Promise<boolean> {
  const reached = await refreshCopies(cluster, index, signal)
  return reached !== undefined && reached.successful === reached.total
}

/** As `refreshIndex`; answers with how many copies were reached, of how many there should be. Undefined where it was waited for. */
export async function refreshCopies(
  cluster: Cluster,
  index: string,
  signal?: AbortSignal,
): Promise<ShardsOfAnswer | undefined> {
  try {
    // Each by itself: one shard that takes its time would hold up all others.
    const { body } = await cluster.json<{ _shards: ShardsOfAnswer }>({
      method: 'POST',
      path: indexPath(index, '_refresh'),
      retry: 'safe',
      ...(signal ? { signal } : {}),
    })
    if (body._shards.failed > 0) {
      throw new IndexferryError(
        'SHARD_FAILED',
        `${cluster.name}: index ${index} could not be refreshed on every shard`,
        {
          side: cluster.side,
          fields: { index },
        },
      )
    }
    return body._shards
  } catch (error) {
    if (!isErrorOf(error, 'PRIVILEGE_MISSING')) throw error
    await waitForRefresh(cluster, index, error, signal)
    return undefined
  }
}

async function waitForRefresh(cluster: Cluster, index: string, why: IndexferryError, signal?: AbortSignal) {
  const { body } = await cluster.json<Record<string, { settings: { index: { refresh_interval?: string } } }>>({
    method: 'GET',
    path: indexPath(index, '_settings'),
  })
  const intervalMs = parseDuration(body[index]?.settings.index.refresh_interval ?? '1s')
  // Never (also by 0), or not soon: read before, what was written last would be left out.
  if (!intervalMs || intervalMs > intervalMsMax) throw why
  // A search on an idle shard (`index.search.idle.after`) wakes its refresh, so ask for one before waiting.
  await cluster.json({ method: 'POST', path: indexPath(index, '_search'), body: { size: 0 }, retry: 'safe' })
  await sleep(intervalMs + refreshWaitMs, signal)
}
