// What a configuration comes to, with the names of the file and every default, and without a single secret.
import type { Authentication, Connection } from '../../cluster/connection.ts'
import { redact } from '../../foundation/errors.ts'
import { formatByteSize, formatDuration } from '../../foundation/quantity.ts'
import type { JsonObject } from '../../model/json.ts'
import type { GatewaySettings } from './gateway-schema.ts'

const hidden = '***'

/** For `indexferry config check`: sizes and times for people, `***` for secrets. */
export function describeConfig(settings: GatewaySettings): JsonObject {
  const { listen, tls, cluster, standby, access, limits, reindex, domains, connections, replication, record, state } =
    settings
  const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host
  return withoutGaps({
    listen: `${host}:${listen.port}`,
    tls: tls && { certificate: tls.certFile, key: tls.keyFile, key_passphrase: tls.keyPassphrase && hidden },
    cluster: cluster && describeCluster(cluster),
    standby: standby && describeCluster(standby),
    access: {
      cluster_credentials: access.clusterCredentials,
      users: access.users.map(({ name }) => ({ name, password: hidden })),
      api_keys: access.apiKeys.map(({ name }) => ({ name, key: hidden })),
    },
    limits: {
      own_request_bytes: formatByteSize(limits.ownRequestBytesMax),
      header_bytes: formatByteSize(limits.headerBytesMax),
      connections: limits.connectionsMax,
      slow_client: formatDuration(limits.slowClientMs),
      cluster_silence: limits.clusterSilenceMs === undefined ? 'for ever' : formatDuration(limits.clusterSilenceMs),
    },
    reindex: {
      remote: { allowlist: reindex.allowlist },
      create_index: reindex.createIndex === 'fromSource' ? 'from_source' : 'dynamic',
      tasks: reindex.tasksMax,
      keep_finished: formatDuration(reindex.keepFinishedMs),
      remotes: reindex.remotes.map((remote) => ({ hosts: remote.hosts, ...describeAccess(remote) })),
    },
    domains: Object.fromEntries(
      Object.entries(domains).map(([name, domain]) => {
        const { owner, region, url, proxy } = domain
        return [name, { owner, region, url: redact(url), ...describeAccess(domain), proxy: proxy && redact(proxy) }]
      }),
    ),
    connections: {
      keys: connections.keys.map(({ accessKeyId }) => ({ access_key_id: accessKeyId, secret_access_key: hidden })),
      endpoints: {
        host: connections.endpoints.host,
        ports: connections.endpoints.ports?.join('-') ?? 'any free port',
      },
    },
    replication,
    record: {
      indexes: record.indexes,
      log_bytes: formatByteSize(record.bytesMax),
      keep: formatDuration(record.keepMs),
    },
    state,
  }) as JsonObject
}

function describeCluster(cluster: Connection): object {
  const { nodes, connectTimeoutMs = 0, readTimeoutMs = 0, gzip, connectionsMax, version, headers } = cluster
  return {
    nodes: nodes.map(redact),
    ...describeAccess(cluster),
    connect_timeout: formatDuration(connectTimeoutMs),
    read_timeout: formatDuration(readTimeoutMs),
    gzip,
    connections: connectionsMax,
    version: version && `${version.flavour}-${version.number}`,
    headers: headers && Object.fromEntries(Object.keys(headers).map((name) => [name, hidden])),
  }
}

function describeAccess({ authentication, tls }: Pick<Connection, 'authentication' | 'tls'>): object {
  return {
    ...describeAuthentication(authentication),
    ca: tls?.caFile,
    client_certificate: tls?.certFile,
    client_key: tls?.keyFile,
    client_key_passphrase: tls?.keyPassphrase && hidden,
    tls_name: tls?.serverName,
    insecure: tls?.verify === false ? true : undefined,
  }
}

function describeAuthentication(authentication: Authentication | undefined): object {
  switch (authentication?.kind) {
    case 'basic':
      return { username: authentication.username, password: hidden }
    case 'apiKey':
      return { api_key: hidden }
    case 'bearer':
      return { bearer_token: hidden }
    case 'sigv4': {
      const { region, service, profile } = authentication
      return { sigv4: { region, service, profile } }
    }
    default:
      return {}
  }
}

function withoutGaps(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutGaps)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([, inside]) => inside !== undefined && inside !== '')
  return Object.fromEntries(kept.map(([key, inside]) => [key, withoutGaps(inside)]))
}
