// What a `leader_alias` means: an active connection, or a cluster that is registered in the settings of the local one.
import type { Cluster } from '../../cluster/cluster.ts'
import { isErrorOf } from '../../foundation/errors.ts'
import { isJsonObject, type JsonObject } from '../../model/json.ts'
import { flattenSettings } from '../../transform/setting-paths.ts'
import { placeOf } from '../cluster-place.ts'
import type { Connections } from '../connections/connections.ts'
import { type Domains, findDomain } from '../connections/domain.ts'
import { remoteUnknown } from './refusals.ts'
import type { RemoteCluster } from './replication-record.ts'

export interface RemoteFinder {
  readonly connections: Pick<Connections, 'listActive'>
  readonly domains: Domains
  /** URLs of the local cluster. */
  readonly localNodes: readonly string[]
}

/** Throws REMOTE_UNKNOWN. The local cluster is asked for what the configuration does not know. */
export async function findRemote(
  finder: RemoteFinder,
  alias: string,
  local: () => Promise<Cluster>,
): Promise<RemoteCluster> {
  const remote = findConnection(finder, alias) ?? (await findRegistration(finder, alias, local))
  if (!remote) throw remoteUnknown(alias)
  return remote
}

/** Aliases are unique for one local domain. Which domain the local cluster is, its URL says; where none has it, any will do. */
function findConnection({ connections, domains, localNodes }: RemoteFinder, alias: string): RemoteCluster | undefined {
  const known = connections.listActive(alias).filter(({ remote }) => findDomain(domains, remote.domainName))
  const own = new Set(localNodes.map(placeOf))
  const found =
    known.find(({ local }) => own.has(placeOf(findDomain(domains, local.domainName)?.url ?? ''))) ?? known[0]
  return found && { domain: found.remote.domainName, connectionId: found.id }
}

/** The addresses of a registration are those of the transport protocol: `seeds` of a domain says whose they are. */
async function findRegistration(
  { domains }: RemoteFinder,
  alias: string,
  local: () => Promise<Cluster>,
): Promise<RemoteCluster | undefined> {
  if (!Object.values(domains).some(({ seeds = [] }) => seeds.length > 0)) return undefined
  const addresses = await readAddresses(await local(), alias)
  const found = Object.entries(domains).find(([, { seeds = [] }]) =>
    seeds.some((seed) => addresses.some((address) => address.toLowerCase() === seed.toLowerCase())),
  )
  return found && { domain: found[0], connectionId: undefined }
}

async function readAddresses(local: Cluster, alias: string): Promise<string[]> {
  const settings = await readRemoteSettings(local)
  const wanted = new Set(
    ['seeds', 'proxy_address', 'proxy'].flatMap((name) => [
      `cluster.remote.${alias}.${name}`,
      `search.remote.${alias}.${name}`,
    ]),
  )
  return settings
    .filter(([path]) => wanted.has(path))
    .flatMap(([, value]) => (Array.isArray(value) ? value : String(value).split(',')))
    .map((address) => String(address).trim())
    .filter((address) => address !== '')
}

/** Also those of the configuration files (`defaults`). */
async function readRemoteSettings(local: Cluster): Promise<ReturnType<typeof flattenSettings>> {
  try {
    const { body } = await local.json<JsonObject>({
      method: 'GET',
      path: '/_cluster/settings',
      query: { include_defaults: true, filter_path: '*.cluster.remote,*.search.remote' },
    })
    return Object.values(body ?? {}).flatMap((part) => (isJsonObject(part) ? flattenSettings(part) : []))
  } catch (error) {
    // Whoever may not read the settings of the cluster is not told what is registered in them.
    if (isErrorOf(error, 'PRIVILEGE_MISSING')) return []
    throw error
  }
}
