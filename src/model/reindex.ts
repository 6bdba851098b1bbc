// One `_reindex` call as plain values: what was asked for, how far it is, and how it ended. Names follow the servers' own API.
import type { JsonObject, JsonValue } from './json.ts'

export interface RemoteHost {
  /** As it was written, for messages: without credentials. */
  readonly host: string
  readonly scheme: 'http' | 'https'
  /** Without brackets. */
  readonly hostname: string
  readonly port: number
  /** `/prefix` or empty. */
  readonly pathPrefix: string
  readonly username: string | undefined
  readonly password: string | undefined
  readonly apiKey: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly socketTimeoutMs: number
  readonly connectTimeoutMs: number
  /** Region to sign for (SigV4), where it was given. */
  readonly region: string | undefined
  /** Whether the remote is no domain of Amazon OpenSearch Service. */
  readonly external: boolean
}

/** Numbers in `query`, `sort` and `script` keep their text (foundation/exact-json.ts). */
export interface ReindexRequest {
  /** Undefined: the indexes are in the local cluster. */
  readonly remote: RemoteHost | undefined
  readonly source: {
    readonly index: readonly string[]
    readonly query: JsonObject | undefined
    /** Documents of a batch at most. */
    readonly size: number
    /** Whether `size` was in the request; otherwise batches are sized by bytes. */
    readonly isSizeGiven: boolean
    /** `_source` as a filter; `{ includes: [], excludes: [] }` takes all. */
    readonly fields: { readonly includes: readonly string[]; readonly excludes: readonly string[] }
    readonly sort: readonly JsonValue[] | undefined
    /** One slice of a call that somebody else divides by hand. */
    readonly slice: JsonObject | undefined
  }
  readonly dest: {
    readonly index: string
    readonly opType: 'index' | 'create'
    readonly versionType: 'internal' | 'external' | 'external_gte'
    readonly pipeline: string | undefined
    /** `keep` each document's own, `discard` it, or `=value` for all. */
    readonly routing: 'keep' | 'discard' | `=${string}`
    readonly requireAlias: boolean
  }
  readonly script: JsonObject | undefined
  readonly maxDocs: number | undefined
  readonly conflicts: 'abort' | 'proceed'
  readonly slices: number | 'auto'
  /** Documents per second over all slices; Infinity: not throttled. */
  readonly requestsPerSecond: number
  readonly scroll: string | undefined
  readonly timeout: string | undefined
  readonly refresh: boolean
  readonly waitForActiveShards: string | undefined
}

/** The counters of `GET /_tasks/ID` and of the answer. */
export interface ReindexStatus {
  readonly total: number
  readonly updated: number
  readonly created: number
  readonly deleted: number
  readonly batches: number
  readonly versionConflicts: number
  readonly noops: number
  readonly bulkRetries: number
  readonly searchRetries: number
  readonly throttledMs: number
  readonly requestsPerSecond: number
  readonly throttledUntilMs: number
  readonly reasonCancelled: string | undefined
  /** Only of calls with more than one slice; by slice number, undefined for one that has not begun. */
  readonly slices: readonly (ReindexStatus | undefined)[] | undefined
}

/** Nothing was done yet. The servers say 0 for the rate of a task that has not begun. */
export const noReindexStatus: ReindexStatus = {
  total: 0,
  updated: 0,
  created: 0,
  deleted: 0,
  batches: 0,
  versionConflicts: 0,
  noops: 0,
  bulkRetries: 0,
  searchRetries: 0,
  throttledMs: 0,
  requestsPerSecond: 0,
  throttledUntilMs: 0,
  reasonCancelled: undefined,
  slices: undefined,
}

/** A document that the target refused, or a read that failed for good. */
export type ReindexFailure =
  | {
      readonly kind: 'bulk'
      readonly index: string
      readonly type: string | undefined
      readonly id: string
      /** The server's own error object. */
      readonly cause: JsonValue
      readonly status: number
    }
  | {
      readonly kind: 'search'
      readonly index: string | undefined
      readonly shard: number | undefined
      readonly node: string | undefined
      readonly reason: JsonValue
      readonly status: number
    }

export interface ReindexOutcome {
  readonly status: ReindexStatus
  readonly tookMs: number
  readonly timedOut: boolean
  readonly failures: readonly ReindexFailure[]
  /** What was done besides: an index created from the source's definition and each change to it, documents handed to the cluster's own call. */
  readonly notes: readonly string[]
}
