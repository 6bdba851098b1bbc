// What replication refuses, in the words of OpenSearch's plugin, which clients look for. The door adds types and statuses.
import { IndexferryError } from '../../foundation/errors.ts'

export const remoteUnknown = (alias: string): IndexferryError =>
  new IndexferryError('REMOTE_UNKNOWN', `no such remote cluster: [${alias}]`)

/** Of an alias or a data stream of the leader, the plugin says `[CONNECTION:NAME]`. */
export const leaderMissing = (index: string): IndexferryError =>
  new IndexferryError('LEADER_MISSING', `no such index [${index}]`, { fields: { index } })

export const leaderClosed = (index: string): IndexferryError =>
  new IndexferryError('LEADER_UNSUITABLE', `closed: the index [${index}] is closed`, {
    fields: { index, type: 'index_closed_exception' },
  })

export const leaderNotActive = (alias: string, index: string): IndexferryError =>
  new IndexferryError('LEADER_UNSUITABLE', `Primary shards in the Index[${alias}:${index}] are not active`, {
    fields: { type: 'validation_exception' },
  })

export const leaderIsFollower = (index: string): IndexferryError =>
  new IndexferryError('LEADER_IS_FOLLOWER', `Cannot Replicate a Replicated Index ${index}`)

/** The plugin says it when the leader does not keep what the follower missed; here, that the leader is another index by now. */
export const leaderMadeAnew = (follower: string): IndexferryError =>
  new IndexferryError(
    'LEADER_MADE_ANEW',
    `Retention lease doesn't exist. Replication can't be resumed for ${follower}. Use force_resume=true to restore from snapshot.`,
  )

export const followerExists = (follower: string): IndexferryError =>
  new IndexferryError('FOLLOWER_EXISTS', `Cant use same index again for replication. Delete the index:${follower}`)

export const replicationUnknown = (follower: string): IndexferryError =>
  new IndexferryError('REPLICATION_UNKNOWN', `No replication in progress for index:${follower}`)

export const replicationPaused = (follower: string): IndexferryError =>
  new IndexferryError('REPLICATION_PAUSED', `Index ${follower} is already paused`)

export const replicationRunning = (follower: string): IndexferryError =>
  new IndexferryError('REPLICATION_RUNNING', `Replication on Index ${follower} is already running`)

export const rolesMissing = (side: 'Leader' | 'Follower'): IndexferryError =>
  new IndexferryError('ROLES_MISSING', `${side} roles are mandatory for replication`)

export const bulkRunning = (): IndexferryError =>
  new IndexferryError(
    'BULK_RUNNING',
    'A bulk replication task is already running. Only one bulk task is allowed at a time.',
  )

export const bulkEmpty = (pattern: string, isStart: boolean): IndexferryError =>
  new IndexferryError(
    'BULK_EMPTY',
    `No indices found matching pattern: [${pattern}]${isStart ? ' on leader cluster' : ''}`,
  )

/** Nothing can be done with any of the indexes that match: why not, one after the other. */
export const bulkImpossible = (reasons: readonly string[]): IndexferryError =>
  new IndexferryError('BULK_EMPTY', reasons.join('; '), { fields: { status: 400 } })

export const bulkUnknown = (task: string): IndexferryError =>
  new IndexferryError('BULK_UNKNOWN', `Task ${task} not found or already completed`)

/** Why a replication paused by itself, as the plugin prints it; tools look for the exception's name and its words. */
export const autoPaused = (follower: string, cause: { exception: string; message: string }): string =>
  `AutoPaused:  + [[${follower}][0] - ${cause.exception} - "${cause.message}"], `

export const leaderDeletedCause = (index: string) => ({
  exception: 'org.opensearch.index.IndexNotFoundException',
  message: `no such index [${index}]`,
})

export const leaderClosedCause = (index: string) => ({
  exception: 'org.opensearch.indices.IndexClosedException',
  message: `closed: the index [${index}] is closed`,
})
