// The clusters that replications run between: the local one in the name of each caller, and those of the leaders. Opened once for all
// replications that speak to them in the same name.
import { createHash } from 'node:crypto'
import type { Connection } from '../../cluster/connection.ts'
import { openCluster } from '../../cluster/open-cluster.ts'
import { IndexferryError, isErrorOf } from '../../foundation/errors.ts'
import type { LocalSide } from '../active-cluster.ts'
import type { Connections } from '../connections/connections.ts'
import { type Domain, type Domains, findDomain } from '../connections/domain.ts'
import { Forwarder } from '../connections/forwarder.ts'
import { routeTo } from '../connections/route-to-domain.ts'
import { type ClusterLease, ClusterPool } from './cluster-pool.ts'
import { remoteUnknown } from './refusals.ts'
import type { RemoteCluster } from './replication-record.ts'

export interface SideClustersOptions {
  readonly local: LocalSide
  /** `caller`: the local cluster is spoken to with the headers of the call that began or resumed a replication. */
  readonly clusterCredentials: 'caller' | 'own'
  readonly connections: Connections
  readonly domains: Domains
  readonly log: (warning: string) => void
}

/** Of all replications of one leader: small calls must not wait for those that carry documents, or for refreshes that take long. */
const connectionsMax = 48

export class SideClusters implements AsyncDisposable {
  private readonly options: SideClustersOptions
  private readonly pool = new ClusterPool()
  private readonly forwarders = new Map<string, Promise<Forwarder>>()
  private readonly warned = new Set<string>()

  constructor(options: SideClustersOptions) {
    this.options = options
  }

  leaseLocal(clusterHeaders: Readonly<Record<string, string>>): Promise<ClusterLease> {
    const { local, clusterCredentials } = this.options
    const isCaller = clusterCredentials === 'caller'
    const key = isCaller ? digestOf(clusterHeaders) : 'own'
    const { role, connection } = local
    return this.pool.lease(`${role} ${key}`, () =>
      openCluster('target', isCaller ? inNameOf(connection, clusterHeaders) : connection, this.warn),
    )
  }

  /** `alias` is for the refusal: REMOTE_UNKNOWN when the connection or the domain is no longer there. */
  leaseLeader(remote: RemoteCluster, alias: string): Promise<ClusterLease> {
    const { domains, connections } = this.options
    const domain = findDomain(domains, remote.domain)
    const connection = remote.connectionId === undefined ? undefined : connections.findActive(remote.connectionId)
    if (!domain || (remote.connectionId !== undefined && !connection)) throw remoteUnknown(alias)
    const isEndpoint = connection?.mode === 'VPC_ENDPOINT'
    const key = `leader ${isEndpoint ? connection.id : remote.domain}`
    return this.pool.lease(key, async () => {
      const via = isEndpoint
        ? endpointOf(connections, connection.id, alias)
        : domain.proxy === undefined
          ? undefined
          : await this.forwarderTo(remote.domain, domain)
      return openLeader(domain, via, this.warn)
    })
  }

  /** Connections through a proxy go through a forwarder of our own, which knows how to ask it. */
  private async forwarderTo(name: string, domain: Domain): Promise<Via> {
    let forwarder = this.forwarders.get(name)
    if (!forwarder) {
      const place = { host: '127.0.0.1', ports: undefined, preferred: undefined }
      forwarder = Forwarder.listen(place, routeTo(domain), this.options.log)
      this.forwarders.set(name, forwarder)
      // The next one tries again.
      forwarder.catch(() => this.forwarders.delete(name))
    }
    const { address, port } = await forwarder
    return { host: address, port }
  }

  /** Clusters are opened again and again; what was said once is enough. */
  private readonly warn = (warning: string): void => {
    if (this.warned.has(warning)) return
    this.warned.add(warning)
    this.options.log(warning)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool[Symbol.asyncDispose]()
    for (const forwarder of this.forwarders.values()) await (await forwarder)[Symbol.asyncDispose]()
  }
}

type Via = NonNullable<Connection['via']>

const digestOf = (headers: Readonly<Record<string, string>>): string =>
  createHash('sha256')
    .update(JSON.stringify(Object.entries(headers).sort()))
    .digest('hex')

const inNameOf = (local: Connection, clusterHeaders: Readonly<Record<string, string>>): Connection => ({
  ...local,
  authentication: { kind: 'none' },
  headers: { ...local.headers, ...clusterHeaders },
  // Callers come and go, and with them what must not be printed.
  transientSecrets: true,
})

function endpointOf(connections: Connections, id: string, alias: string): Via {
  const forwarder = connections.forwarderOf(id)
  if (forwarder) return { host: forwarder.address, port: forwarder.port }
  const sentence = `the endpoint of the connection ${alias} does not listen yet`
  throw new IndexferryError('CONNECTION_REFUSED', sentence, { side: 'source' })
}

async function openLeader({ url, authentication, tls }: Domain, via: Via | undefined, log: (text: string) => void) {
  try {
    return await openCluster('source', { nodes: [url], authentication, tls, via, connectionsMax }, log)
  } catch (error) {
    // The leader is not the caller's to sign in to: the credentials are in the configuration.
    if (!isErrorOf(error, 'CREDENTIALS_MISSING', 'CREDENTIALS_WRONG')) throw error
    throw new IndexferryError(error.code, error.message, {
      side: 'source',
      remedy: 'Correct the credentials under domains in the configuration of indexferry.',
      cause: error,
    })
  }
}
