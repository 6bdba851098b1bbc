// `follower_stats`, `leader_stats`, `autofollow_stats`, the list of rules and the status of a bulk task.
import type { BulkStatus } from '../../../engine/replication/bulk-replication.ts'
import type { JsonObject } from '../../../model/json.ts'
import type { AutoFollowStatus, ReplicationStatus } from '../../../model/replication.ts'
import { additions } from './parse-fields.ts'

type Figures = Readonly<Record<string, number>>

export function followerStats(all: readonly ReplicationStatus[]): JsonObject {
  const countOf = (state: ReplicationStatus['state']) => all.filter((status) => status.state === state).length
  const syncing = all.filter(({ state }) => state === 'SYNCING')
  const running = all.filter(({ state }) => state === 'SYNCING' || state === 'BOOTSTRAPPING')
  return {
    num_syncing_indices: syncing.length,
    num_bootstrapping_indices: running.length - syncing.length,
    num_paused_indices: countOf('PAUSED'),
    num_failed_indices: countOf('FAILED'),
    num_shard_tasks: syncing.reduce((sum, { shards }) => sum + shards.length, 0),
    num_index_tasks: running.length,
    ...sumOf(followerFigures(undefined), running.map(followerFigures)),
    index_stats: Object.fromEntries(running.map((status) => [status.follower, followerFigures(status)])),
  }
}

function followerFigures(status: ReplicationStatus | undefined): Figures {
  const { counts, shards = [] } = status ?? {}
  return {
    operations_written: counts?.operationsWritten ?? 0,
    operations_read: counts?.operationsRead ?? 0,
    failed_read_requests: counts?.failedReads ?? 0,
    throttled_read_requests: counts?.throttledReads ?? 0,
    failed_write_requests: counts?.failedWrites ?? 0,
    throttled_write_requests: counts?.throttledWrites ?? 0,
    follower_checkpoint: shards.reduce((sum, shard) => sum + shard.followerCheckpoint, 0),
    leader_checkpoint: shards.reduce((sum, shard) => sum + shard.leaderCheckpoint, 0),
    total_write_time_millis: counts?.writeMs ?? 0,
  }
}

/** The leader's side of what this gateway replicates: nothing is read from translogs, all of it by searches. */
export function leaderStats(all: readonly ReplicationStatus[]): JsonObject {
  const running = all.filter(({ state }) => state === 'SYNCING' || state === 'BOOTSTRAPPING')
  const byIndex = new Map<string, Figures>()
  for (const status of running) {
    const before = byIndex.get(status.leaderIndex) ?? leaderFigures(undefined)
    byIndex.set(status.leaderIndex, sumOf(before, [leaderFigures(status)]))
  }
  return {
    num_replicated_indices: byIndex.size,
    ...sumOf(leaderFigures(undefined), running.map(leaderFigures)),
    index_stats: Object.fromEntries(byIndex),
  }
}

function leaderFigures(status: ReplicationStatus | undefined): Figures {
  const counts = status?.counts
  return {
    operations_read: counts?.operationsRead ?? 0,
    translog_size_bytes: 0,
    operations_read_lucene: counts?.operationsRead ?? 0,
    operations_read_translog: 0,
    total_read_time_lucene_millis: counts?.readMs ?? 0,
    total_read_time_translog_millis: 0,
    bytes_read: counts?.bytesRead ?? 0,
  }
}

const sumOf = (zero: Figures, all: readonly Figures[]): Figures =>
  Object.fromEntries(
    Object.entries(zero).map(([name, value]) => [
      name,
      all.reduce((sum, figures) => sum + (figures[name] ?? 0), value),
    ]),
  )

export function autoFollowStats(rules: readonly AutoFollowStatus[]): JsonObject {
  const sum = (figure: (status: AutoFollowStatus) => number) => rules.reduce((all, status) => all + figure(status), 0)
  return {
    num_success_start_replication: sum(({ started }) => started),
    num_failed_start_replication: sum(({ failed }) => failed),
    num_failed_leader_calls: sum(({ failedLeaderCalls }) => failedLeaderCalls),
    failed_indices: failedIndexes(rules),
    autofollow_stats: rules.map((status): JsonObject => {
      const ours = problemsOf(status)
      return {
        name: status.rule.name,
        pattern: status.rule.pattern,
        leader_alias: status.rule.connection,
        num_success_start_replication: status.started,
        num_failed_start_replication: status.failed,
        num_failed_leader_calls: status.failedLeaderCalls,
        failed_indices: failedIndexes([status]),
        last_execution_time: status.lastLookMs ?? 0,
        ...(Object.keys(ours).length > 0 ? { [additions]: ours } : {}),
      }
    }),
  }
}

const failedIndexes = (rules: readonly AutoFollowStatus[]): string[] =>
  [...new Set(rules.flatMap(({ failures }) => failures.map(({ index }) => index)))].sort()

const problemsOf = ({ failures, leaderFailure }: AutoFollowStatus): JsonObject => ({
  ...(failures.length === 0 ? {} : { failures: failures.map(({ index, reason }) => ({ index, reason })) }),
  ...(leaderFailure === undefined ? {} : { leader_failure: leaderFailure }),
})

/** `GET _autofollow`, which the plugin does not have. */
export function autoFollowList(rules: readonly AutoFollowStatus[]): JsonObject {
  const listed = rules.map((status): JsonObject => {
    const { name, connection, pattern, followerPattern, roles, settings, excluded } = status.rule
    return {
      name,
      leader_alias: connection,
      pattern,
      ...(excluded.length === 0 ? {} : { exclude: [...excluded] }),
      ...(followerPattern === undefined ? {} : { follower_index_pattern: followerPattern }),
      ...(roles ? { use_roles: { leader_cluster_role: roles.leader, follower_cluster_role: roles.follower } } : {}),
      settings,
      ...problemsOf(status),
    }
  })
  return { [additions]: { rules: listed } }
}

export const bulkTaskStatus = (status: BulkStatus): JsonObject => ({
  operation_type: `bulk_${status.operation}_replication`,
  pattern: status.pattern,
  start_time: status.startedMs,
  num_success: status.succeeded,
  num_failed: status.failures.length,
  num_pending: status.pending,
  num_cancelled: status.cancelled,
  failed_indices: status.failures.map(({ index, reason }) => ({ index, failure_reason: reason })),
})
