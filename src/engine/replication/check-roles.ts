// `use_roles`: the roles that the credentials in use must have, where a cluster has the security plugin.
import type { Cluster } from '../../cluster/cluster.ts'
import { IndexferryError, isErrorOf } from '../../foundation/errors.ts'
import type { ReplicationRoles } from '../../model/replication.ts'
import { rolesMissing } from './refusals.ts'

/** Roles of whoever the cluster takes us for; undefined where it has no security. */
export interface KnownRoles {
  readonly user: string
  readonly roles: readonly string[]
  /** The plugin of OpenSearch refuses replications without roles. */
  readonly isPlugin: boolean
}

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

const places = [
  { path: '/_plugins/_security/api/account', isPlugin: true },
  { path: '/_opendistro/_security/api/account', isPlugin: true },
  { path: '/_security/_authenticate', isPlugin: false },
] as const

/** The first place that answers; clusters without security, or of another vendor, know none of them. */
export async function readRoles(cluster: Cluster): Promise<KnownRoles | undefined> {
  for (const { path, isPlugin } of places) {
    try {
      const { status, body } = await cluster.json<Account>({
        method: 'GET',
        path,
        accept: [400, 401, 403, 404, 405, 500],
        retry: 'none',
      })
      if (status === 200 && Array.isArray(body?.roles)) {
        return { user: String(body.user_name ?? body.username ?? ''), roles: body.roles.map(String), isPlugin }
      }
    } catch (error) {
      // An answer that is no JSON is no answer to this question.
      if (!isErrorOf(error, 'ANSWER_INVALID')) throw error
    }
  }
  return undefined
}

interface Account {
  readonly user_name?: string
  readonly username?: string
  readonly roles?: readonly string[]
}
