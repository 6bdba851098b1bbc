// What an error means for a replication: another attempt, a pause until somebody has mended it, or its end.
import { asIndexferryError, IndexferryError } from '../../foundation/errors.ts'
import type { FollowStatus } from '../../mechanism/follow-journal.ts'
import { autoPaused, leaderClosedCause, leaderDeletedCause } from './refusals.ts'
import type { ReplicationRecord } from './replication-record.ts'

export type ReplicationEnd =
  | { readonly kind: 'again'; readonly error: IndexferryError }
  | {
      readonly kind: 'halt'
      readonly state: 'PAUSED' | 'FAILED'
      readonly reason: string
      readonly error: IndexferryError
    }
  /** The follower index was deleted, or is another one. */
  | { readonly kind: 'gone'; readonly error: IndexferryError }

/** What resuming would not mend. */
const final: ReadonlySet<string> = new Set(['WRITTEN_IDS_LOST', 'COPY_UNKNOWN', 'INTERNAL'])

export function endOf(thrown: unknown, record: ReplicationRecord): ReplicationEnd {
  const error = asIndexferryError(thrown)
  const { follower, leaderIndex } = record.request
  if (error.definition.retry !== 'never') return { kind: 'again', error }
  const isOfFollower = error.side === 'target'
  if (isOfFollower && (error.code === 'INDEX_MISSING' || error.code === 'INDEX_DIFFERS')) {
    // Before the index was made, it is the name that is taken.
    if (error.code === 'INDEX_MISSING' || record.state !== 'BOOTSTRAPPING') return { kind: 'gone', error }
  }
  if (error.side === 'source' && error.code === 'INDEX_MISSING') {
    return { kind: 'halt', state: 'PAUSED', reason: autoPaused(follower, leaderDeletedCause(leaderIndex)), error }
  }
  if (error.side === 'source' && error.code === 'INDEX_CLOSED') {
    return { kind: 'halt', state: 'PAUSED', reason: autoPaused(follower, leaderClosedCause(leaderIndex)), error }
  }
  if (error.code === 'SOURCE_MADE_ANEW') {
    const next = `Stop the replication, delete ${follower}, and start it again.`
    return { kind: 'halt', state: 'PAUSED', reason: `AutoPaused: ${error.message}. ${next}`, error }
  }
  const reason = `${error.message}. ${error.remedy}`
  if (final.has(error.code)) return { kind: 'halt', state: 'FAILED', reason, error }
  return { kind: 'halt', state: 'PAUSED', reason: `AutoPaused: ${reason}`, error }
}

/** Following waits until an index is opened again; a replication pauses, as the plugin's does. */
export const closedIndex = ({ state, error }: FollowStatus): IndexferryError | undefined =>
  state === 'waiting' && error?.code === 'INDEX_CLOSED'
    ? new IndexferryError('INDEX_CLOSED', String(error.message), {
        side: error.side === 'source' ? 'source' : 'target',
      })
    : undefined
