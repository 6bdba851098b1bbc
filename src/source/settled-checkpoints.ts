// Checkpoints below which everything lies that was acknowledged before the call.
//
// In an index with `index.translog.durability: async` operations are acknowledged before they are on the disk, and the global checkpoint counts only
// what is (since Elasticsearch 7.3): it is behind by up to `index.translog.sync_interval`, 5 s by default. Who reads up to it would leave out what
// clients were told is there. A flush puts all on the disk.
import type { Cluster } from '../cluster/cluster.ts'
import { indexPath } from '../cluster/paths.ts'
import { awakeMs, sleep } from '../foundation/clock.ts'
import { IndexferryError, isErrorOf } from '../foundation/errors.ts'
import { readIndexSettings } from './index-settings.ts'
import { readShardCheckpoints, type ShardCheckpoint } from './shard-checkpoints.ts'

/** Replicas tell their primary what they have on the disk every 30 s, when nothing is written. */
const waitMsMax = 120_000
const pauseMs = { first: 100, most: 2_000 }

/** Throws SHARD_FAILED when they do not come to lie above what was there at first. */
export async function readSettledCheckpoints(cluster: Cluster, index: string): Promise<readonly ShardCheckpoint[]> {
  const first = await readShardCheckpoints(cluster, index)
  if (areSettled(first, first) || !(await readIndexSettings(cluster, index)).isTranslogAsync) return first
  await cluster.json({ method: 'POST', path: indexPath(index, '_flush'), retry: 'safe' }).catch((error: unknown) => {
    // The server does it by itself, only later.
    if (!isErrorOf(error, 'PRIVILEGE_MISSING')) throw error
  })
  const sinceMs = awakeMs()
  for (let pause = pauseMs.first; ; pause = Math.min(pauseMs.most, 2 * pause)) {
    const now = await readShardCheckpoints(cluster, index)
    if (areSettled(first, now)) return now
    if (awakeMs() - sinceMs > waitMsMax) break
    await sleep(pause)
  }
  throw new IndexferryError(
    'SHARD_FAILED',
    `${cluster.name}: index ${index} has acknowledged operations that are not on the disk of all copies after ${waitMsMax / 1000} s`,
    {
      side: cluster.side,
      remedy:
        'Flush the index (POST INDEX/_flush), or set index.translog.durability to request, and start the same command again.',
      fields: { index },
    },
  )
}

const areSettled = (first: readonly ShardCheckpoint[], now: readonly ShardCheckpoint[]): boolean =>
  first.every(({ shard, highest }) => (now.find((each) => each.shard === shard)?.globalCheckpoint ?? -1) >= highest)
