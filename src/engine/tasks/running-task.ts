// A task that has not ended, as it is kept in memory: without its request and without its progress lists.
import { now } from '../../foundation/clock.ts'
import type { ReindexStatus } from '../../model/reindex.ts'
import type { TaskRecord } from './task.ts'
import { cancelledStatus, rethrottledStatus } from './task-status.ts'
import type { UnfinishedTask } from './task-table.ts'

export class RunningTask {
  readonly number: number
  /** It ran, in this process or before. */
  isBegun: boolean
  requestsPerSecond: number
  /** Aborted with the reason. */
  readonly cancel = new AbortController()
  private readonly start: TaskRecord
  private status: ReindexStatus
  private cancelledAtMs: number | undefined
  private readonly end = Promise.withResolvers<TaskRecord>()

  constructor({ record, isBegun, requestsPerSecond, cancelReason }: UnfinishedTask) {
    this.number = record.number
    this.start = record
    this.status = record.status
    this.isBegun = isBegun
    this.requestsPerSecond = requestsPerSecond
    this.cancelledAtMs = record.cancelledAtMs
    if (cancelReason !== undefined) this.cancel.abort(cancelReason)
    // Whoever waits is told; that nobody waits is no fault.
    this.end.promise.catch(() => {})
  }

  get record(): TaskRecord {
    return {
      ...this.start,
      runningMs: Math.max(0, now() - this.start.startedAtMs),
      cancelledAtMs: this.cancelledAtMs,
      status: this.statusNow,
    }
  }

  get cancelReason(): string | undefined {
    return this.cancel.signal.aborted ? String(this.cancel.signal.reason) : undefined
  }

  /** What the task said last. Being cancelled shows at once. */
  get statusNow(): ReindexStatus {
    const reason = this.cancelReason
    return reason === undefined ? this.status : cancelledStatus(this.status, reason)
  }

  /** Resolves with the record of a task that has ended; rejects when the gateway ends before it. */
  get ended(): Promise<TaskRecord> {
    return this.end.promise
  }

  takeStatus(status: ReindexStatus): void {
    this.status = status
  }

  takeRate(requestsPerSecond: number): void {
    this.requestsPerSecond = requestsPerSecond
    this.status = rethrottledStatus(this.status, requestsPerSecond)
  }

  takeCancel(atMs: number, reason: string): void {
    this.cancelledAtMs = atMs
    this.cancel.abort(reason)
  }

  settle(record: TaskRecord): void {
    this.end.resolve(record)
  }

  leave(error: unknown): void {
    this.end.reject(error)
  }
}
