// Speaks HTTP to one Elasticsearch or OpenSearch cluster: its nodes, TLS, authentication, flavour and version, and what that
// version can do. It knows no documents: what is read and written through it is the business of source and target.
import type { IncomingHttpHeaders } from 'node:http'
import type { Side } from '../foundation/errors.ts'
import type { ClusterVersion } from '../model/cluster-version.ts'
import type { Capabilities } from './capabilities.ts'

export interface ClusterRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD'
  /** Begins with `/`, already percent-encoded (`indexPath` in paths.ts does that for names). */
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  /** An object is sent as JSON; bytes are sent as they are. */
  readonly body?: object | Buffer
  /** Default `json`; `ndjson` for `_bulk` and `_msearch`. */
  readonly contentType?: 'json' | 'ndjson'
  /** Statuses outside 200–299 that are answers and not errors for this call, such as 404. */
  readonly accept?: readonly number[]
  /**
   * How often a request that failed for a passing reason (lost connection, 429, 502, 503, 504) is sent again: `safe`
   * (the default for GET and HEAD): with backoff until `retryForMs` is over; `none` (the default otherwise): never.
   */
  readonly retry?: 'safe' | 'none'
  /** Default 120 000. */
  readonly retryForMs?: number
  /** Until the first byte of the answer, and between two parts of it. Default: the connection's `readTimeoutMs`. */
  readonly readTimeoutMs?: number
  readonly signal?: AbortSignal
}

export interface ClusterAnswer<Body> {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Body
}

export interface ClusterStream extends ClusterAnswer<AsyncIterable<Buffer>> {
  /** `content-length` of the (unpacked) body, when the server said it and the body is not compressed. */
  readonly bytesExpected: number | undefined
}

/**
 * One cluster, opened by `openCluster` (open-cluster.ts), which has already found out what it is.
 * Every failure is an IndexferryError of this cluster's side with code, sentence and remedy, never with a secret.
 */
export interface Cluster extends AsyncDisposable {
  readonly side: Side
  /** The URL for messages, without credentials. */
  readonly name: string
  readonly version: ClusterVersion
  readonly capabilities: Capabilities
  /** Bytes over all connections so far, as they went over the wire. */
  readonly traffic: { readonly sent: number; readonly received: number }
  /** Sends, reads the whole answer and parses it as JSON (`undefined` for an empty body). Throws for statuses that are not accepted. */
  json<Body = unknown>(request: ClusterRequest): Promise<ClusterAnswer<Body>>
  /** Sends and reads the whole answer as bytes. Throws for statuses that are not accepted. */
  bytes(request: ClusterRequest): Promise<ClusterAnswer<Buffer>>
  /**
   * Sends and hands on the body while it arrives; reading it slowly slows the server down (backpressure). Throws for statuses
   * that are not accepted, after reading the error. A connection that breaks in the middle of the body throws CONNECTION_LOST
   * from the iteration. Stopping the iteration early closes the connection.
   */
  stream(request: ClusterRequest): Promise<ClusterStream>
}
