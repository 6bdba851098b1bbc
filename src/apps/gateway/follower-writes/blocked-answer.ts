// What a client is told that would change a follower: the words of the replication plugin, in the servers' envelope.
import type { JsonObject } from '../../../model/json.ts'
import type { GatewayAnswer } from '../route.ts'
import { serverError } from '../server-errors.ts'

const type = 'cluster_block_exception'

/** The description of the block, also in the cluster's state. */
export const blockDescription = 'index read-only(cross-cluster-replication)'

export const blockedAnswer = (followers: readonly string[]): GatewayAnswer =>
  serverError(403, type, followers.map(reasonFor).join(''))

/** Of one item of a bulk call. */
export const blockedError = (follower: string): JsonObject => ({ type, reason: reasonFor(follower) })

const reasonFor = (follower: string): string => `index [${follower}] blocked by: [FORBIDDEN/1000/${blockDescription}];`
