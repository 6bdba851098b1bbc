// Whom a cluster takes us for, where it has security.
import { isErrorOf } from '../foundation/errors.ts'
import type { Cluster } from './cluster.ts'

/** Roles of whoever the cluster takes us for; undefined where it has no security. */
export interface KnownRoles {
  readonly user: string
  readonly roles: readonly string[]
  /** The plugin of OpenSearch refuses replications without roles. */
  readonly isPlugin: boolean
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
      // An answer that is no JSON is no answer to this question, and neither is a refusal of another kind.
      if (!isErrorOf(error, 'ANSWER_INVALID', 'REQUEST_REFUSED')) throw error
    }
  }
  return undefined
}

interface Account {
  readonly user_name?: string
  readonly username?: string
  readonly roles?: readonly string[]
}
