// An index that was made for a replication and does not have all documents yet goes with it, as with the plugin.
import { indexPath } from '../../cluster/paths.ts'
import { readIndexUuid } from '../../mechanism/prepare-target.ts'
import type { ClusterLease } from './cluster-pool.ts'
import type { ReplicationRecord } from './replication-record.ts'

/** Resolves with whether the index is gone. */
export async function removeUnfinished(
  { request, bootstrap }: ReplicationRecord,
  followerUuid: string | undefined,
  leaseLocal: () => Promise<ClusterLease>,
): Promise<boolean> {
  const isUnfinished = bootstrap !== undefined && bootstrap.endedMs === undefined
  if (!isUnfinished || request.isAgain || followerUuid === undefined) return false
  await using lease = await leaseLocal()
  // Somebody else's by now.
  if ((await readIndexUuid(lease.cluster, request.follower)) !== followerUuid) return true
  await lease.cluster.json({ method: 'DELETE', path: indexPath(request.follower), accept: [404], retry: 'safe' })
  return true
}
