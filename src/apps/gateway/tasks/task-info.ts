// A task as the servers print it (TaskInfo, TaskResult).
import { capabilitiesOf } from '../../../cluster/capabilities.ts'
import type { TaskRecord } from '../../../engine/tasks/task.ts'
import type { ClusterVersion } from '../../../model/cluster-version.ts'
import type { JsonObject } from '../../../model/json.ts'
import { printTime } from '../reindex/java-values.ts'
import { responseBody, statusBody } from '../reindex/reindex-answer.ts'

export interface TaskPrinting {
  readonly nodeId: string
  /** The version whose answer it is. */
  readonly server: ClusterVersion
  /** `?human`. */
  readonly human: boolean
}

/** Without `detailed`, lists leave status and description out. */
export function taskInfo(record: TaskRecord, isDetailed: boolean, printing: TaskPrinting): JsonObject {
  const { server, human } = printing
  const fields = capabilitiesOf(server)
  const { startedAtMs, runningMs, cancelledAtMs } = record
  const isCancelled = cancelledAtMs !== undefined
  return {
    node: printing.nodeId,
    id: record.number,
    type: 'transport',
    action: record.action,
    ...(isDetailed && { status: statusBody(record.status, { human }), description: record.description }),
    ...(human && { start_time: new Date(startedAtMs).toISOString() }),
    start_time_in_millis: startedAtMs,
    ...(human && { running_time: printTime(runningMs) }),
    running_time_in_nanos: runningMs * 1_000_000,
    cancellable: true,
    ...(fields.taskCancelledField && { cancelled: isCancelled }),
    headers: { ...record.headers },
    ...(fields.taskCancellationTimeField && isCancelled && { cancellation_time_millis: cancelledAtMs }),
  }
}

/** The answer of `GET /_tasks/ID`. The servers keep responses with durations as text, and show them so whoever asks. */
export function taskResult(record: TaskRecord, printing: TaskPrinting): JsonObject {
  const { outcome, error, state } = record
  return {
    completed: state !== 'running',
    task: taskInfo(record, true, printing),
    ...(error && { error }),
    ...(outcome && { response: responseBody(outcome, { server: printing.server, human: true }) }),
  }
}
