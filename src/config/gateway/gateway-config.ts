// What `indexferry.yaml` says, with every default filled in and every secret resolved.
import type { Connection } from '../../cluster/connection.ts'
import type { Domains } from '../../engine/connections/domain.ts'

export interface GatewayConfig {
  /** Host and port; port 0 takes a free one. Default 127.0.0.1:9200. */
  readonly listen: { readonly host: string; readonly port: number }
  /** Own certificate; without it the gateway speaks plain HTTP. */
  readonly tls:
    | { readonly certFile: string; readonly keyFile: string; readonly keyPassphrase: string | undefined }
    | undefined
  /** The local cluster. */
  readonly cluster: Connection
  /** The other one, which traffic can be switched to. */
  readonly standby?: Connection | undefined
  readonly access: AccessConfig
  readonly limits: GatewayLimits
  readonly reindex: ReindexConfig
  readonly domains: Domains
  readonly connections: ConnectionsConfig
  readonly replication: ReplicationConfig
  readonly record?: RecordConfig | undefined
  /** Folder of the catalog. */
  readonly stateFolder: string
}

export interface AccessConfig {
  /** `caller`: the caller's own credentials go on to the cluster and decide what it may do. `own`: the gateway's (`cluster.…`) for everybody. */
  readonly clusterCredentials: 'caller' | 'own'
  /** With users or keys, every call to the gateway needs one of them. Without, whoever the cluster lets in. */
  readonly users: readonly { readonly name: string; readonly password: string }[]
  readonly apiKeys: readonly { readonly name: string; readonly key: string }[]
}

export interface GatewayLimits {
  /** Bodies of calls that the gateway answers itself. Default 100 MB. Bodies that are passed on are streamed, without a limit of ours. */
  readonly ownRequestBytesMax: number
  /** Default 16 KiB. */
  readonly headerBytesMax: number
  /** Default 10 000. */
  readonly connectionsMax: number
  /** How long a client may take to send its headers, and be silent within a body. Default 60 s. */
  readonly slowClientMs: number
  /** How long the cluster may be silent. Default: none, as with the cluster itself. */
  readonly clusterSilenceMs: number | undefined
}

export interface ReindexConfig {
  /** `host:port` with wildcards. Empty: no remote. */
  readonly allowlist: readonly string[]
  /** Whether a missing target index is created from the source's definition (the default) or by the cluster, from the first documents. */
  readonly createIndex: 'fromSource' | 'dynamic'
  /** Tasks that run at once; others wait. Default 20. */
  readonly tasksMax: number
  /** How long finished tasks can be asked for. Default 7 days. */
  readonly keepFinishedMs: number
  /** Per remote (a pattern as in the allow-list): what a request cannot say. */
  readonly remotes: readonly {
    readonly hosts: string
    readonly tls: Connection['tls']
    readonly authentication: Connection['authentication']
  }[]
}

export interface ConnectionsConfig {
  /** Keys that calls of the connection API must be signed with (SigV4); empty: they need no signature. */
  readonly keys: readonly { readonly accessKeyId: string; readonly secretAccessKey: string }[]
  /** Where forwarders of VPC_ENDPOINT connections listen. Default 127.0.0.1, any free port. */
  readonly endpoints: { readonly host: string; readonly ports: readonly [number, number] | undefined }
}

export interface ReplicationConfig {
  /** Who answers `_plugins/_replication`: the gateway, or the plugin of the cluster. */
  readonly backend: 'indexferry' | 'cluster'
  /** Between two sweeps of a leader without sequence numbers; as long as of a copy when not given. */
  readonly sweepIntervalMs?: number | undefined
  /** The user's own check whether replications may read. */
  readonly throttleCheck?: { readonly url: string; readonly onFailure: 'wait' | 'go-on' } | undefined
}

export interface RecordConfig {
  /** Names and patterns of indexes whose writes are recorded; empty: none. */
  readonly indexes: readonly string[]
  /** What the log may hold at most. */
  readonly bytesMax: number
  /** For how long, at most. */
  readonly keepMs: number
}
