// `use_roles`: the roles that the credentials in use must have, where a cluster has the security plugin.
import type { Cluster } from '../../cluster/cluster.ts'
import { type KnownRoles, readRoles } from '../../cluster/known-roles.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import type { ReplicationRoles } from '../../model/replication.ts'
import { rolesMissing } from './refusals.ts'

/** Throws ROLES_MISSING and ROLE_WRONG. */
export async function checkRoles(leader: Cluster, local: Cluster, roles: ReplicationRoles | undefined): Promise<void> {
  const known = await readRoles(local)
  if (known?.isPlugin && roles === undefined) throw rolesMissing('Follower')
  if (roles === undefined) return
  if (known) requireRole(local, known, roles.follower)
  const knownByLeader = await readRoles(leader)
  if (knownByLeader) requireRole(leader, knownByLeader, roles.leader)
}

function requireRole(cluster: Cluster, { user, roles }: KnownRoles, wanted: string): void {
  if (roles.includes(wanted)) return
  const side = cluster.side === 'source' ? 'leader' : 'follower'
  const sentence = `User [name=${user}] does not have the role [${wanted}] on the ${side} cluster`
  throw new IndexferryError('ROLE_WRONG', sentence, { side: cluster.side, fields: { role: wanted } })
}
