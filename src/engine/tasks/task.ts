// Tasks: `_reindex` calls that live in the gateway's catalog and go on by themselves after a crash. The contract; task-runner.ts runs them.

import type { ReindexJournal } from '../../mechanism/reindex/reindex-journal.ts'
import type { JsonObject } from '../../model/json.ts'
import type { ReindexFailure, ReindexOutcome, ReindexRequest, ReindexStatus } from '../../model/reindex.ts'

export interface TaskRecord {
  /** `node:number`, the node being this gateway (22 letters, kept in its catalog). */
  readonly id: string
  readonly action: 'indices:data/write/reindex'
  readonly request: ReindexRequest
  /** `reindex from [host=… ] to [dest]`, as the servers describe it. */
  readonly description: string
  readonly startedAtMs: number
  readonly runningMs: number
  readonly state: 'running' | 'completed' | 'failed' | 'cancelled'
  readonly status: ReindexStatus
  /** How it ended, where it did. */
  readonly outcome: ReindexOutcome | undefined
  /** An error that ended it before it could answer, in the servers' form (`type`, `reason`, …). */
  readonly error: JsonObject | undefined
  /** `X-Opaque-Id` of the call. */
  readonly headers: Readonly<Record<string, string>>
}

export interface TaskStart {
  readonly request: ReindexRequest
  readonly description: string
  /** Headers with which the cluster is spoken to in the caller's name; sealed in the catalog. */
  readonly clusterHeaders: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
}

/** What a task does. Put together by the gateway; kept apart so that tasks know no clusters. */
export type RunTask = (run: {
  readonly request: ReindexRequest
  readonly clusterHeaders: Readonly<Record<string, string>>
  readonly journal: ReindexJournal
  /** Documents per second now; Infinity without a limit. Asked before each batch. */
  readonly requestsPerSecond: () => number
  readonly onStatus: (status: ReindexStatus) => void
  /** Aborted by `_cancel` (reason: a text such as `by user request`): ends like the servers' own, with what was done by then. */
  readonly cancel: AbortSignal
  /** Aborted when the gateway stops: ends at once, and goes on at the next start. */
  readonly stop: AbortSignal
}) => Promise<ReindexOutcome>

export interface TaskRunner extends AsyncDisposable {
  readonly nodeId: string
  /** Durable when it resolves. */
  start(start: TaskStart): Promise<TaskRecord>
  get(id: string): TaskRecord | undefined
  /** Running ones, newest last. */
  listRunning(): readonly TaskRecord[]
  /** Resolves with the record when it has ended, or when `timeoutMs` is over. */
  wait(id: string, timeoutMs: number | undefined, signal: AbortSignal): Promise<TaskRecord>
  /** False: there is no such running task. */
  cancel(id: string, reason: string): boolean
  rethrottle(id: string, requestsPerSecond: number): TaskRecord | undefined
  /** Takes up what was running when the gateway ended. */
  resume(): void
}

export type { ReindexFailure }
