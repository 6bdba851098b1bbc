// What is hidden from the credentials that read the leader would be missing on the follower, or count as deleted.
import type { Cluster } from '../../cluster/cluster.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import { hidesParts } from '../../migration/whole-view.ts'

/** Throws LEADER_FILTERED. */
export async function checkView(leader: Cluster, index: string): Promise<void> {
  if (!(await hidesParts(leader, index))) return
  throw new IndexferryError(
    'LEADER_FILTERED',
    `Cross Cluster Replication is not supported when FLS or DLS or Fieldmasking is activated: ${leader.name} hides a part of ${index} from the credentials that read it`,
    { side: leader.side, fields: { index } },
  )
}
