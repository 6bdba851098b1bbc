// Which of the two clusters of the configuration the gateway stands in front of. The only holder of it: whoever speaks to the local
// cluster asks here each time.
import type { Connection } from '../cluster/connection.ts'
import { assert } from '../foundation/assert.ts'
import { now } from '../foundation/clock.ts'
import { IndexferryError } from '../foundation/errors.ts'
import type { ClusterRole } from '../model/cluster-role.ts'
import { shareNode } from './cluster-place.ts'
import type { GatewayDatabase } from './gateway-database.ts'

/** The local cluster as it is now. */
export interface LocalSide {
  readonly role: ClusterRole
  readonly connection: Connection
}

export interface ActiveClusterOptions {
  readonly database: GatewayDatabase
  readonly cluster: Connection
  readonly standby?: Connection | undefined
}

export class ActiveCluster implements LocalSide {
  readonly #options: ActiveClusterOptions
  #role: ClusterRole
  #sinceMs: number | undefined

  /** Throws CONFIG_INVALID where the configuration no longer has the cluster that traffic was led to. */
  constructor(options: ActiveClusterOptions) {
    this.#options = options
    const row = options.database.get('SELECT role, nodes, since FROM active_cluster')
    this.#role = row ? keptRole(options, String(row.role) as ClusterRole, JSON.parse(String(row.nodes))) : 'cluster'
    this.#sinceMs = row && Number(row.since)
  }

  get role(): ClusterRole {
    return this.#role
  }

  get connection(): Connection {
    const { cluster, standby } = this.#options
    const connection = this.#role === 'cluster' ? cluster : standby
    assert(connection, 'an active standby is in the configuration')
    return connection
  }

  /** When it was last switched. */
  get sinceMs(): number | undefined {
    return this.#sinceMs
  }

  /** Durable on return. */
  switchTo(role: ClusterRole): void {
    const connection = role === 'cluster' ? this.#options.cluster : this.#options.standby
    assert(connection, 'somebody made sure that there is a standby')
    const since = now()
    this.#options.database.transaction('full', () =>
      this.#options.database.run(
        'INSERT OR REPLACE INTO active_cluster (only, role, nodes, since) VALUES (1, ?, ?, ?)',
        role,
        JSON.stringify(connection.nodes),
        since,
      ),
    )
    this.#role = role
    this.#sinceMs = since
  }
}

/**
 * Sections may have been edited since, or have changed places: traffic stays with the cluster that it was led to. Only where neither
 * section has its address, the name of the section decides.
 */
function keptRole(
  { cluster, standby }: ActiveClusterOptions,
  role: ClusterRole,
  nodes: readonly string[],
): ClusterRole {
  const inCluster = shareNode(nodes, cluster.nodes)
  const inStandby = standby !== undefined && shareNode(nodes, standby.nodes)
  if (inCluster !== inStandby) return inCluster ? 'cluster' : 'standby'
  if (role === 'cluster' || standby) return role
  throw new IndexferryError(
    'CONFIG_INVALID',
    `the gateway was switched to ${nodes.join(', ')}, which the configuration has neither under cluster nor under standby`,
    {
      remedy: 'Put the URL of that cluster under `cluster`, or under `standby` as it was, and start the gateway again.',
    },
  )
}
