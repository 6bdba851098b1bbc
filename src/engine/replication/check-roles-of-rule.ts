// What is said of a rule, or of a start of many, before it is taken: whether the connection is there and the caller has the roles.
import type { ReplicationRoles } from '../../model/replication.ts'
import { checkRoles } from './check-roles.ts'
import { findRemote, type RemoteFinder } from './find-remote.ts'
import type { ReplicationCaller } from './replications.ts'
import type { SideClusters } from './side-clusters.ts'

export interface RolesOnConnection {
  readonly connection: string
  readonly roles: ReplicationRoles | undefined
}

/** Throws REMOTE_UNKNOWN, ROLES_MISSING and ROLE_WRONG. */
export async function checkRolesOfRule(
  finder: RemoteFinder,
  sides: SideClusters,
  { connection, roles }: RolesOnConnection,
  caller: ReplicationCaller,
): Promise<void> {
  await using local = await sides.leaseLocal(caller.clusterHeaders)
  const remote = await findRemote(finder, connection, async () => local.cluster)
  await using leader = await sides.leaseLeader(remote, connection)
  await checkRoles(leader.cluster, local.cluster, roles)
}
