// What is shown of a replication.
import { now } from '../../foundation/clock.ts'
import type { FollowedShard, FollowStatus } from '../../mechanism/follow-journal.ts'
import type { DocumentCounts } from '../../model/counts.ts'
import type { ReplicationCounts, ReplicationStatus, ShardProgress } from '../../model/replication.ts'
import type { Bootstrap, ReplicationRecord } from './replication-record.ts'

export interface RunFigures {
  /** Undefined before the first look of this run. */
  readonly followed: FollowStatus | undefined
  readonly shards: readonly FollowedShard[]
  readonly waiting: string | undefined
  /** Documents carried, over restarts. */
  readonly progress: DocumentCounts | undefined
  readonly counts: ReplicationCounts
}

/** Those of before this process, and what it has added. */
export function countsOf(
  counts: ReplicationCounts,
  total: DocumentCounts | undefined,
  deletedNow: number | undefined,
): ReplicationCounts {
  if (!total) return counts
  const deleted = deletedNow ?? counts.deleted
  return {
    ...counts,
    operationsRead: total.read + deleted,
    operationsWritten: total.written + deleted,
    deleted,
    bytesRead: total.bytes,
  }
}

/** As it is to be noted while it runs. */
export function withFigures(
  record: ReplicationRecord,
  counts: ReplicationCounts,
  documentsDone: number | undefined,
): ReplicationRecord {
  const { bootstrap } = record
  if (!bootstrap || bootstrap.endedMs !== undefined || documentsDone === undefined) return { ...record, counts }
  return { ...record, counts, bootstrap: { ...bootstrap, documentsDone } }
}

export function statusOf(record: ReplicationRecord, figures: RunFigures): ReplicationStatus {
  const { request, state, reason, bootstrap } = record
  const { followed, shards, waiting, counts } = figures
  const isRunning = state === 'SYNCING' || state === 'BOOTSTRAPPING'
  const lag = isRunning ? lagOf(followed) : { lagSeconds: undefined, deletesLagSeconds: undefined }
  return {
    follower: request.follower,
    leaderIndex: request.leaderIndex,
    connection: request.connection,
    state,
    reason,
    waitingFor: isRunning ? waiting : undefined,
    shards: shards.map(shardProgress),
    bootstrap: bootstrap && bootstrapOf(bootstrap, figures.progress?.read ?? bootstrap.documentsDone),
    ...lag,
    sweepSeconds: followed?.sweep && followed.sweep.tookMs / 1000,
    counts,
  }
}

/** Before the leader was looked at, it is taken to be where it was left. */
const shardProgress = ({ shard, safe, position }: FollowedShard): ShardProgress => ({
  shard,
  leaderCheckpoint: safe ?? position - 1,
  followerCheckpoint: Math.min(position - 1, safe ?? position - 1),
})

/** Bytes are those of the leader's files; how many of them are done is told from the documents. */
function bootstrapOf(bootstrap: Bootstrap, read: number): NonNullable<ReplicationStatus['bootstrap']> {
  const { bytesTotal, documentsTotal, startedMs, endedMs } = bootstrap
  const documentsDone = endedMs === undefined ? Math.min(read, documentsTotal) : documentsTotal
  const share = documentsTotal === 0 ? (endedMs === undefined ? 0 : 1) : documentsDone / documentsTotal
  return {
    bytesTotal,
    bytesDone: Math.floor(bytesTotal * share),
    documentsTotal,
    documentsDone,
    startedMs,
    elapsedMs: Math.max(0, (endedMs ?? now()) - startedMs),
  }
}

function lagOf(followed: FollowStatus | undefined): Pick<ReplicationStatus, 'lagSeconds' | 'deletesLagSeconds'> {
  if (followed?.writesUpTo === undefined) return { lagSeconds: undefined, deletesLagSeconds: undefined }
  const { writesUpTo, deletesUpTo, operationsBehind } = followed
  // What a sweep has not seen yet is in no count.
  const isInStep = operationsBehind === 0 && followed.sweep?.everyMs === undefined
  const lagSeconds = isInStep ? 0 : Math.max(0, (now() - writesUpTo) / 1000)
  const behindWrites = deletesUpTo === undefined ? undefined : Math.max(0, (writesUpTo - deletesUpTo) / 1000)
  return { lagSeconds, deletesLagSeconds: behindWrites === undefined ? undefined : lagSeconds + behindWrites }
}
