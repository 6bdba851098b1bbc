// Tasks: `_reindex` calls that live in the gateway's catalog and go on by themselves after a crash. The contract; task-runner.ts runs them.

import type { ReindexJournal } from '../../mechanism/reindex/reindex-journal.ts'
import type { JsonObject } from '../../model/json.ts'
import type { ReindexOutcome, ReindexRequest, ReindexStatus } from '../../model/reindex.ts'

export interface TaskRecord {
  /** `node:number`, the node being this gateway (22 letters, kept in its catalog). */
  readonly id: string
  readonly number: number
  readonly action: typeof reindexAction
  /** `reindex from [host=… ] to [dest]`, as the servers describe it. */
  readonly description: string
  readonly startedAtMs: number
  readonly runningMs: number
  /** A task that waits for its turn is `running`, with nothing done. */
  readonly state: 'running' | 'completed' | 'failed' | 'cancelled'
  /** When somebody cancelled it; a running one may still be ending. */
  readonly cancelledAtMs: number | undefined
  readonly status: ReindexStatus
  /** How it ended, where it did. */
  readonly outcome: ReindexOutcome | undefined
  /** An error that ended it before it could answer, in the servers' form (`type`, `reason`, …). */
  readonly error: JsonObject | undefined
  /** `X-Opaque-Id` of the call. */
  readonly headers: Readonly<Record<string, string>>
}

export const reindexAction = 'indices:data/write/reindex'

export interface TaskStart {
  readonly request: ReindexRequest
  readonly description: string
  /** Headers with which the cluster is spoken to in the caller's name; sealed in the catalog. */
  readonly clusterHeaders: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
}

/** What a task does. Put together by the gateway; kept apart so that tasks know no clusters. */
export type RunTask = (run: {
  /** Of its record. */
  readonly id: string
  readonly request: ReindexRequest
  readonly clusterHeaders: Readonly<Record<string, string>>
  readonly journal: ReindexJournal
  /** Documents per second now; Infinity without a limit. Asked before each batch. */
  readonly requestsPerSecond: () => number
  readonly onStatus: (status: ReindexStatus) => void
  /** Aborted by `_cancel` (reason: a text such as `by user request`): ends like the servers' own, with what was done by then. */
  readonly cancel: AbortSignal
  /**
   * Aborted when the gateway stops: ends at once, and goes on at the next start. Whatever it resolves or rejects with from then on does not
   * count, so that a part is never taken for the whole; one that was done just then finds all its partitions done.
   */
  readonly stop: AbortSignal
}) => Promise<ReindexOutcome>

export interface TaskRunner extends AsyncDisposable {
  readonly nodeId: string
  /** Durable when it resolves. Throws TASKS_FULL. */
  start(start: TaskStart): Promise<TaskRecord>
  /** Running or kept. */
  get(id: string): TaskRecord | undefined
  /** Running ones, newest last. */
  listRunning(): readonly TaskRecord[]
  /**
   * Resolves with the record when it has ended, or as it is when `timeoutMs` is over; undefined: there is no such task. Rejects when
   * `signal` is aborted, and with GATEWAY_STOPPING when the gateway stops.
   */
  wait(id: string, timeoutMs: number | undefined, signal: AbortSignal): Promise<TaskRecord | undefined>
  /** Durable on return, as the next two are. False: there is no such running task. */
  cancel(id: string, reason: string): boolean
  rethrottle(id: string, requestsPerSecond: number): TaskRecord | undefined
  /** Takes up what was running when the gateway ended. */
  resume(): void
}

export type TaskEvent =
  | { readonly kind: 'accepted' | 'begun' | 'resumed' | 'ended'; readonly task: TaskRecord }
  /** The catalog was lost or cannot be written: every task was stopped, and none is taken any more. */
  | { readonly kind: 'broken'; readonly error: unknown }
