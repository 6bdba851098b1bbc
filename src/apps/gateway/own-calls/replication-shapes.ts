// Requests and answers of the replication API. What the plugin does not have stands under `indexferry`.
import { z } from 'zod'

const checkpoint = z.int().describe('Sum over shards; -1 for each shard without an operation.')

const roles = z
  .strictObject({ leader_cluster_role: z.string().nullable(), follower_cluster_role: z.string().nullable() })
  .partial()
  .meta({ id: 'ReplicationRoles', description: 'Both, where the clusters have security.' })

const settings = z.looseObject({}).describe('Settings of the follower that differ from those of the leader.')

export const startReplication = z
  .strictObject({
    leader_alias: z.string().describe('Alias of an outbound connection, or of a cluster.remote registration.'),
    leader_index: z.string(),
    use_roles: roles.optional(),
    settings: settings.optional(),
    indexferry: z
      .strictObject({
        restart: z
          .boolean()
          .optional()
          .describe('An index that is there already is made equal to the leader and followed again.'),
      })
      .optional(),
  })
  .meta({ id: 'StartReplication' })

export const pauseReplication = z.strictObject({ reason: z.string().optional() }).meta({ id: 'PauseReplication' })

export const resumeReplication = z
  .strictObject({
    force_resume: z.boolean().optional().describe('Copy a leader that was made anew, instead of refusing.'),
  })
  .meta({ id: 'ResumeReplication' })

export const stopReplication = z.strictObject({}).meta({ id: 'StopReplication' })

export const updateReplication = z.looseObject({ settings: settings.optional() }).meta({ id: 'UpdateReplication' })

export const acknowledged = z.strictObject({ acknowledged: z.literal(true) }).meta({ id: 'Acknowledged' })

const progress = z
  .strictObject({ leader_checkpoint: checkpoint, follower_checkpoint: checkpoint, seq_no: z.int() })
  .meta({ id: 'ReplicationProgress' })

const bootstrap = z
  .strictObject({
    bytes_total: z.int(),
    bytes_recovered: z.int(),
    bytes_percent: z.number(),
    files_total: z.int().describe('Documents.'),
    files_recovered: z.int().describe('Documents.'),
    files_percent: z.number(),
    start_time: z.int(),
    running_time: z.int(),
  })
  .meta({ id: 'ReplicationBootstrap' })

export const replicationStatus = z
  .strictObject({
    status: z.enum(['BOOTSTRAPPING', 'SYNCING', 'PAUSED', 'FAILED', 'REPLICATION NOT IN PROGRESS']),
    reason: z.string().optional(),
    leader_alias: z.string().optional(),
    leader_index: z.string().optional(),
    follower_index: z.string().optional(),
    syncing_details: progress.optional(),
    bootstrap_details: bootstrap.optional(),
    shard_replication_details: z
      .array(z.strictObject({ shard_id: z.string(), syncing_task_details: progress.optional() }))
      .optional()
      .describe('With verbose.'),
    indexferry: z
      .strictObject({
        waiting_for: z.string().optional().describe('Why it does not get on for now.'),
        lag_seconds: z.number().optional(),
        deletes_lag_seconds: z.number().optional(),
        sweep_seconds: z.number().optional().describe('How long a sweep takes, of a leader without sequence numbers.'),
        lag_operations: z.int().optional(),
        operations_read: z.int().optional(),
        operations_written: z.int().optional(),
        documents_deleted: z.int().optional(),
        bytes_read: z.int().optional(),
      })
      .optional()
      .describe('With verbose; without, only when it waits for something.'),
  })
  .meta({ id: 'ReplicationStatus' })

const additionsOfRule = z.strictObject({
  exclude: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .describe('Patterns of indexes that are left out.'),
  replace: z.boolean().optional().describe('Replace the rule of this name.'),
})

export const newRule = z
  .strictObject({
    leader_alias: z.string(),
    name: z.string(),
    pattern: z.string(),
    use_roles: roles.optional(),
    settings: settings.optional(),
    follower_index_pattern: z.string().nullable().optional().describe('Such as {{leader_index}}-copy.'),
    indexferry: additionsOfRule.optional(),
  })
  .meta({ id: 'AutoFollowRule' })

export const removedRule = z
  .strictObject({ leader_alias: z.string(), name: z.string() })
  .meta({ id: 'AutoFollowRuleName' })

const failures = z.array(z.strictObject({ index: z.string(), reason: z.string() }))

export const ruleList = z
  .strictObject({
    indexferry: z.strictObject({
      rules: z.array(
        z.strictObject({
          name: z.string(),
          leader_alias: z.string(),
          pattern: z.string(),
          exclude: z.array(z.string()).optional(),
          follower_index_pattern: z.string().optional(),
          use_roles: roles.optional(),
          settings,
          failures: failures.optional(),
          leader_failure: z.string().optional(),
        }),
      ),
    }),
  })
  .meta({ id: 'AutoFollowRules' })

export const statistics = z.looseObject({}).meta({ id: 'ReplicationStatistics' })

export const bulkRequest = z
  .strictObject({
    pattern: z.string(),
    leader_alias: z.string().optional().describe('For _bulk_start, which needs it.'),
    use_roles: roles.optional(),
    filters: z.strictObject({ exclude_index: z.union([z.string(), z.array(z.string())]).optional() }).optional(),
  })
  .meta({ id: 'BulkReplication' })

export const bulkStarted = z
  .strictObject({ acknowledged: z.literal(true), task_id: z.string() })
  .meta({ id: 'BulkReplicationStarted' })

export const bulkStatus = z
  .strictObject({ indices: z.record(z.string(), replicationStatus) })
  .meta({ id: 'BulkReplicationStatus' })

export const bulkTask = z
  .strictObject({
    operation_type: z.string(),
    pattern: z.string(),
    start_time: z.int(),
    num_success: z.int(),
    num_failed: z.int(),
    num_pending: z.int(),
    num_cancelled: z.int(),
    failed_indices: z.array(z.strictObject({ index: z.string(), failure_reason: z.string() })),
  })
  .meta({ id: 'BulkReplicationTask' })
