// Who we are to a remote: what the request says comes first, then the configuration, then what its host name tells.
import type { Authentication } from '../../cluster/connection.ts'
import type { RemoteHost } from '../../model/reindex.ts'

export interface AuthenticationSetting {
  /** Of the remote domain, in the form of `canonicalHost`. */
  readonly host: string
  /** Of the configuration, for this host. */
  readonly configured: Authentication | undefined
  readonly hasAwsCredentials: () => Promise<boolean>
}

/**
 * Amazon's own `_reindex` signs with the credentials of whoever calls. A gateway does not have these: it signs with its own, so that
 * whoever may call it reads there what the gateway may.
 */
export async function remoteAuthentication(
  remote: RemoteHost,
  { host, configured, hasAwsCredentials }: AuthenticationSetting,
): Promise<Authentication> {
  const { username, password = '', apiKey, headers, region, external } = remote
  if (username !== undefined) return { kind: 'basic', username, password }
  if (apiKey !== undefined) return { kind: 'apiKey', key: apiKey }
  if (Object.keys(headers).some((name) => /^authorization$/i.test(name))) return { kind: 'none' }
  if (configured?.kind === 'sigv4' && region !== undefined) return { ...configured, region }
  if (configured && configured.kind !== 'none') return configured
  if (external) return { kind: 'none' }
  const domain = awsDomain(host)
  if (region !== undefined) return { kind: 'sigv4', region, service: domain?.service ?? 'es' }
  if (domain && (await hasAwsCredentials())) return { kind: 'sigv4', ...domain }
  return { kind: 'none' }
}

/** Region and service in the host names of Amazon OpenSearch Service and OpenSearch Serverless. */
export function awsDomain(host: string): { readonly region: string; readonly service: 'es' | 'aoss' } | undefined {
  const [, region, service] = /\.([a-z0-9-]+)\.(es|aoss)\.amazonaws\.com(?:\.cn)?$/.exec(host) ?? []
  if (region !== undefined) return { region, service: service === 'aoss' ? 'aoss' : 'es' }
  // Domains that are reached by IPv4 and IPv6.
  const [, dualStackRegion] = /\.aos\.([a-z0-9-]+)\.on\.aws$/.exec(host) ?? []
  return dualStackRegion === undefined ? undefined : { region: dualStackRegion, service: 'es' }
}
