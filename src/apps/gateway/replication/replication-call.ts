// What a call of the replication API is, and what all of them use.
import type { BulkReplications } from '../../../engine/replication/bulk-replication.ts'
import type { AutoFollow, Replications } from '../../../engine/replication/replications.ts'
import type { JsonObject } from '../../../model/json.ts'
import type { GatewayAnswer, GatewayCall } from '../route.ts'

export interface ReplicationRoutesDeps {
  readonly replications: Replications
  readonly autoFollow: AutoFollow
  readonly bulk: BulkReplications
}

/** One call, below the path of the plugin. */
export interface ReplicationCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  /** For logs. */
  readonly operation: string
  /** Parameters of the URL that it takes, besides those of every call. */
  readonly takes: readonly string[]
  readonly handle: (call: GatewayCall, parameters: Readonly<Record<string, string>>) => Promise<GatewayAnswer>
}

export const acknowledged: GatewayAnswer = { status: 200, body: { acknowledged: true } }

export const answer = (body: JsonObject): GatewayAnswer => ({ status: 200, body })
