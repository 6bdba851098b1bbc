// An index that was made for a replication and does not have all documents yet goes with it, as with the plugin.
import { indexPath } from '../../cluster/paths.ts'
import { isErrorOf } from '../../foundation/errors.ts'
import { readIndexUuid } from '../../mechanism/prepare-target.ts'
import type { CopyWriter } from '../catalog-writer.ts'
import type { ClusterLease } from './cluster-pool.ts'
import { unitsOf } from './copied-units.ts'
import type { ReplicationRecord } from './replication-record.ts'

/** `left`: it has not all documents, and is there. */
export type UnfinishedEnd = 'none' | 'gone' | 'left'

/**
 * Whether it was made for the replication is what the notes say, also of those of before this process: an index that somebody else made is not
 * deleted. `leaseCaller`: in whose name it is deleted; whoever may stop a replication may not always do that. Undefined: in nobody's.
 */
export async function removeUnfinished(
  { request, bootstrap }: ReplicationRecord,
  notes: CopyWriter,
  leaseCaller: (() => Promise<ClusterLease>) | undefined,
): Promise<UnfinishedEnd> {
  const isUnfinished = bootstrap !== undefined && bootstrap.endedMs === undefined
  const [unit] = unitsOf(notes)
  if (!isUnfinished || request.isAgain || unit?.targetUuid === undefined) return 'none'
  if (!unit.isMade || !leaseCaller) return 'left'
  try {
    await using lease = await leaseCaller()
    // Somebody else's by now.
    if ((await readIndexUuid(lease.cluster, request.follower)) !== unit.targetUuid) return 'gone'
    // By name: once more after an answer that was lost, it might be another index.
    await lease.cluster.json({ method: 'DELETE', path: indexPath(request.follower), accept: [404], retry: 'none' })
    return 'gone'
  } catch (error) {
    if (mayNoMore(error)) return 'left'
    throw error
  }
}

/** The cluster does not let the credentials in, or not do this; or they cannot be read any more. */
export const mayNoMore = (error: unknown): boolean =>
  isErrorOf(error, 'PRIVILEGE_MISSING', 'CREDENTIALS_MISSING', 'CREDENTIALS_WRONG', 'TASK_SECRETS_LOST')
