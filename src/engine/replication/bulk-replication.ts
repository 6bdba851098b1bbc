// Bulk tasks of replication: starts, stops, pauses or resumes all replications of a pattern, one task at a time. The contract between the
// API and the engine; bulk-replication-runner.ts keeps it.
import type { ReplicationRoles, ReplicationStatus } from '../../model/replication.ts'
import type { ReplicationCaller } from './replications.ts'

export type BulkOperation = 'start' | 'stop' | 'pause' | 'resume'

export interface BulkRequest {
  readonly operation: BulkOperation
  /** Of names on the leader for `start`, of followers otherwise; `*` stands for any text. */
  readonly pattern: string
  /** `filters.exclude_index`: names or patterns. */
  readonly excluded: readonly string[]
  /** For `start`, which needs it. */
  readonly connection: string | undefined
  readonly roles: ReplicationRoles | undefined
}

/** What `_task_status` tells, of a running task and of one that has ended. */
export interface BulkStatus {
  /** `node:number`. */
  readonly id: string
  readonly operation: BulkOperation
  readonly pattern: string
  readonly startedMs: number
  readonly isRunning: boolean
  readonly succeeded: number
  readonly pending: number
  readonly cancelled: number
  /** Also those of which it was clear before that they could not be done. */
  readonly failures: readonly { readonly index: string; readonly reason: string }[]
}

export interface BulkReplications {
  /**
   * Resolves with the id of the task when it is durable; the work goes on behind. Throws BULK_RUNNING while another one runs, BULK_EMPTY when the
   * pattern matches nothing, or nothing for which it can be done (then with `fields.status` 400), REMOTE_UNKNOWN and what the leader answers.
   */
  begin(request: BulkRequest, caller: ReplicationCaller): Promise<string>
  /** Throws BULK_UNKNOWN. */
  status(task: string): BulkStatus
  /** What has begun is ended; the rest is counted as cancelled. Throws BULK_UNKNOWN, also when it has ended. */
  cancel(task: string): void
  /** `_bulk_status`: replications whose follower matches, ordered by the number at the end of the name, then by name. */
  listMatching(pattern: string): readonly ReplicationStatus[]
}
