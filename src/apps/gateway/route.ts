// What a call to the gateway is, and what answers it. server.ts finds the handler of a call; calls without one are passed on to the cluster.
import type { IncomingHttpHeaders } from 'node:http'
import type { JsonValue } from '../../model/json.ts'

/** Who calls, as far as the gateway knows: one of its own users, or whoever the cluster takes the credentials for. */
export interface Caller {
  /** For logs: `user admin`, `key ci`, `anonymous`; never a secret. */
  readonly name: string
  /** Headers with which to speak to the cluster on the caller's behalf (authorization and the like); secrets. */
  readonly clusterHeaders: Readonly<Record<string, string>>
}

export interface GatewayCall {
  readonly method: string
  /** Decoded segments of the path, without empty ones: `/_tasks/a:1/_cancel` → `['_tasks', 'a:1', '_cancel']`. */
  readonly segments: readonly string[]
  /** Path and query as they came. */
  readonly url: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly caller: Caller
  /** Aborts when the client has gone away or the gateway is stopping. */
  readonly signal: AbortSignal
  /** The whole body, unpacked; at most `limits.ownRequestBytesMax`, else the call is answered with 413. Read once, then kept. */
  body(): Promise<Buffer>
  /**
   * Asks the cluster what was asked of the gateway, in the caller's name, or something else; reads the whole answer as JSON
   * where it is JSON. For answers that are merged with ours.
   */
  askCluster(change?: { method?: string; url?: string; body?: Buffer; headers?: Record<string, string> }): Promise<{
    readonly status: number
    readonly headers: IncomingHttpHeaders
    readonly body: Buffer
  }>
}

export interface GatewayAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** JSON is printed as the servers do (`pretty`, `filter_path`, `format`); bytes are sent as they are. */
  readonly body: JsonValue | Buffer | undefined
}

/** Headers of answers that are true for a moment only. */
export const uncached = { 'cache-control': 'no-store' } as const

export interface Route {
  readonly method: string
  /** `/_tasks/:task/_cancel`; a segment `:name` takes any one segment. */
  readonly path: string
  /** For the OpenAPI description and for logs, such as `reindex`. */
  readonly operation: string
  /** Answered without asking who calls: probes of health and readiness. */
  readonly open?: boolean
  /** `pass`: let the cluster answer this call, unchanged. */
  readonly handle: (call: GatewayCall, parameters: Readonly<Record<string, string>>) => Promise<GatewayAnswer | 'pass'>
}
