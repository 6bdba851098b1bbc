// A gateway of this process in front of a test server, and the configuration that it would have from a file.

import type { CallGuard } from '../../src/apps/gateway/call-guard.ts'
import type { Route } from '../../src/apps/gateway/route.ts'
import { startGateway } from '../../src/apps/gateway/start-gateway.ts'
import type { Connection } from '../../src/cluster/connection.ts'
import type { GatewayConfig } from '../../src/config/gateway/gateway-config.ts'

export interface TestGateway extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** Lines of its log. */
  readonly log: readonly string[]
}

type Changes = { [Key in keyof GatewayConfig]?: Partial<GatewayConfig[Key]> }

export function testConfig(cluster: Connection, changes: Changes = {}): GatewayConfig {
  return {
    listen: { host: '127.0.0.1', port: 0 },
    tls: changes.tls as GatewayConfig['tls'],
    cluster,
    access: { clusterCredentials: 'caller', users: [], apiKeys: [], ...changes.access },
    limits: {
      ownRequestBytesMax: 1024 * 1024,
      headerBytesMax: 16 * 1024,
      connectionsMax: 10_000,
      slowClientMs: 60_000,
      clusterSilenceMs: undefined,
      ...changes.limits,
    },
    reindex: {
      allowlist: [],
      createIndex: 'fromSource',
      tasksMax: 20,
      keepFinishedMs: 604_800_000,
      remotes: [],
      ...changes.reindex,
    },
    domains: {},
    connections: { keys: [], endpoints: { host: '127.0.0.1', ports: undefined } },
    replication: { backend: 'indexferry' },
    stateFolder: '',
  }
}

export async function gatewayInFront(
  cluster: Connection,
  changes: Changes = {},
  routes: readonly Route[] = [],
  guard?: CallGuard,
): Promise<TestGateway> {
  const log: string[] = []
  const gateway = await startGateway(testConfig(cluster, changes), {
    write: (line) => log.push(line),
    warn: () => {},
    routes,
    guard,
  })
  return {
    url: gateway.url,
    port: Number(new URL(gateway.url).port),
    log,
    [Symbol.asyncDispose]: () => gateway.close(),
  }
}
