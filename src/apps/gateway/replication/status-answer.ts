// `_status` and `_bulk_status`, as OpenSearch's plugin prints them; checkpoints are sums over shards.
import { parseExactJson } from '../../../foundation/exact-json.ts'
import type { JsonObject, JsonValue } from '../../../model/json.ts'
import type { ReplicationStatus, ShardProgress } from '../../../model/replication.ts'
import { printFloat } from '../reindex/java-values.ts'
import { additions } from './parse-fields.ts'

const notInProgress: JsonObject = { status: 'REPLICATION NOT IN PROGRESS' }

export function statusBody(status: ReplicationStatus | undefined, isVerbose: boolean): JsonObject {
  if (!status) return notInProgress
  const ours = isVerbose ? additionsOf(status) : waitingOf(status)
  return {
    status: status.state,
    reason: status.reason,
    leader_alias: status.connection,
    leader_index: status.leaderIndex,
    follower_index: status.follower,
    ...detailsOf(status),
    ...(isVerbose ? shardDetails(status) : {}),
    ...(Object.keys(ours).length > 0 ? { [additions]: ours } : {}),
  }
}

/** Paused and failed ones have none. */
function detailsOf(status: ReplicationStatus): JsonObject {
  // Just after a start of the gateway, nobody has looked yet.
  if (status.state === 'SYNCING' && status.shards.length > 0) return { syncing_details: progressOf(status.shards) }
  if (status.state !== 'BOOTSTRAPPING' || !status.bootstrap) return {}
  return { bootstrap_details: bootstrapDetails(status.bootstrap) }
}

function progressOf(shards: readonly ShardProgress[]): JsonObject {
  let leader = 0
  let follower = 0
  for (const shard of shards) {
    leader += shard.leaderCheckpoint
    follower += shard.followerCheckpoint
  }
  // The number that each shard of the follower asks for next.
  return { leader_checkpoint: leader, follower_checkpoint: follower, seq_no: follower + shards.length }
}

/** What is copied are documents: they stand where the plugin counts the files of a shard. */
function bootstrapDetails(bootstrap: NonNullable<ReplicationStatus['bootstrap']>): JsonObject {
  const { bytesTotal, bytesDone, documentsTotal, documentsDone, startedMs, elapsedMs } = bootstrap
  return {
    bytes_total: bytesTotal,
    bytes_recovered: bytesDone,
    bytes_percent: percent(bytesDone, bytesTotal),
    files_total: documentsTotal,
    files_recovered: documentsDone,
    files_percent: percent(documentsDone, documentsTotal),
    start_time: startedMs,
    running_time: elapsedMs,
  }
}

/** RecoveryState reckons in floats, and prints `20.0`. */
function percent(done: number, total: number): JsonValue {
  const share = total === 0 ? 0 : Math.fround(Math.fround(100 * done) / Math.fround(total))
  return parseExactJson(printFloat(Math.min(100, share))) as JsonValue
}

function shardDetails({ state, shards, follower }: ReplicationStatus): JsonObject {
  if (state !== 'SYNCING' && state !== 'BOOTSTRAPPING') return {}
  const details = shards.map((shard): JsonObject => {
    const shardId = `[${follower}][${shard.shard}]`
    return state === 'SYNCING'
      ? { shard_id: shardId, syncing_task_details: progressOf([shard]) }
      : { shard_id: shardId }
  })
  return { shard_replication_details: details }
}

const waitingOf = ({ waitingFor }: ReplicationStatus): JsonObject =>
  waitingFor === undefined ? {} : { waiting_for: waitingFor }

function additionsOf(status: ReplicationStatus): JsonObject {
  const { lagSeconds, deletesLagSeconds, sweepSeconds, counts } = status
  return {
    ...waitingOf(status),
    ...(lagSeconds === undefined ? {} : { lag_seconds: lagSeconds }),
    ...(deletesLagSeconds === undefined ? {} : { deletes_lag_seconds: deletesLagSeconds }),
    ...(sweepSeconds === undefined ? {} : { sweep_seconds: sweepSeconds }),
    ...(status.shards.length === 0 ? {} : { lag_operations: lagOperations(status.shards) }),
    operations_read: counts.operationsRead,
    operations_written: counts.operationsWritten,
    documents_deleted: counts.deleted,
    bytes_read: counts.bytesRead,
  }
}

const lagOperations = (shards: readonly ShardProgress[]): number =>
  shards.reduce((sum, shard) => sum + Math.max(0, shard.leaderCheckpoint - shard.followerCheckpoint), 0)

/** In the order that is given. */
export function bulkStatusBody(statuses: readonly ReplicationStatus[]): JsonObject {
  const indices: Record<string, JsonValue> = {}
  for (const status of statuses) indices[status.follower] = statusBody(status, false)
  return { indices }
}
