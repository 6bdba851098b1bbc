// Runs tasks: some at once, the others in turn. Whatever is said to be done is in the catalog before it is said.
import { now, sleep } from '../../foundation/clock.ts'
import { asIndexferryError, IndexferryError } from '../../foundation/errors.ts'
import type { JsonObject } from '../../model/json.ts'
import type { ReindexOutcome, ReindexRequest } from '../../model/reindex.ts'
import type { GatewayDatabase } from '../gateway-database.ts'
import { openSecretBox } from '../secret-box.ts'
import { RunningTask } from './running-task.ts'
import type { RunTask, TaskEvent, TaskRecord, TaskRunner, TaskStart } from './task.ts'
import { TaskJournals } from './task-journal.ts'
import { type TaskContent, type TaskEnd, TaskTable } from './task-table.ts'

export interface TaskRunnerOptions {
  /** Stays open until after the runner is disposed of. */
  readonly database: GatewayDatabase
  readonly run: RunTask
  /** Tasks that run at once; others wait. */
  readonly tasksMax: number
  /** How long finished tasks can be asked for. */
  readonly keepFinishedMs: number
  /** An error that ended a task in the servers' form. Default: its code and sentence. */
  readonly describeError?: (error: unknown, request: ReindexRequest | undefined) => JsonObject
  readonly onEvent?: (event: TaskEvent) => void
}

const waitingMax = 10_000
/** What a task gets to end in when the gateway stops. */
const stopWithinMs = 10_000
const sweepEveryMs = 600_000
/** Timers cannot be set for longer. */
const timerMsMax = 2 ** 31 - 1

export async function openTaskRunner(options: TaskRunnerOptions): Promise<TaskRunner> {
  return new Runner(options, new TaskTable(options.database, openSecretBox(options.database.folder)))
}

class Runner implements TaskRunner {
  readonly nodeId: string
  readonly #options: TaskRunnerOptions
  readonly #table: TaskTable
  readonly #journals: TaskJournals
  /** In the order in which they were started. */
  readonly #unfinished = new Map<number, RunningTask>()
  readonly #waiting = new Set<RunningTask>()
  readonly #active = new Set<Promise<void>>()
  readonly #stop = new AbortController()
  readonly #sweep: NodeJS.Timeout
  #isResumed = false

  constructor(options: TaskRunnerOptions, table: TaskTable) {
    const { database, keepFinishedMs } = options
    this.#options = options
    this.#table = table
    this.nodeId = database.nodeId
    for (const task of table.listUnfinished()) this.#unfinished.set(task.record.number, new RunningTask(task))
    table.removeOld(keepFinishedMs)
    this.#journals = new TaskJournals(database)
    this.#sweep = setInterval(() => this.#removeOld(), Math.min(sweepEveryMs, Math.max(1000, keepFinishedMs)))
    this.#sweep.unref()
    database.lostSignal.addEventListener('abort', this.#onLost)
  }

  async start(start: TaskStart): Promise<TaskRecord> {
    this.#refuseWhenStopped()
    if (this.#waiting.size >= waitingMax)
      throw new IndexferryError('TASKS_FULL', `${waitingMax} tasks wait for their turn already`)
    const task = new RunningTask(this.#table.insert(start))
    this.#unfinished.set(task.number, task)
    this.#waiting.add(task)
    const { record } = task
    this.#tell({ kind: 'accepted', task: record })
    this.#startWaiting()
    return record
  }

  get(id: string): TaskRecord | undefined {
    const number = this.#options.database.taskNumber(id)
    if (number === undefined) return undefined
    return this.#unfinished.get(number)?.record ?? this.#table.find(number)
  }

  listRunning(): readonly TaskRecord[] {
    return [...this.#unfinished.values()].map((task) => task.record)
  }

  async wait(id: string, timeoutMs: number | undefined, signal: AbortSignal): Promise<TaskRecord | undefined> {
    const task = this.#find(id)
    if (!task) return this.get(id)
    const over = new AbortController()
    try {
      const patience = sleep(Math.min(timeoutMs ?? timerMsMax, timerMsMax), AbortSignal.any([signal, over.signal]))
      return await Promise.race([task.ended, patience.then(() => task.record)])
    } finally {
      over.abort()
    }
  }

  cancel(id: string, reason: string): boolean {
    const task = this.#find(id)
    if (!task) return false
    if (task.cancelReason !== undefined) return true
    const atMs = now()
    this.#table.setCancelled(task.number, atMs, reason)
    task.takeCancel(atMs, reason)
    // One that has not begun has nothing to tidy up.
    if (!task.isBegun && this.#waiting.delete(task))
      this.#finish(task, { state: 'cancelled', ...untouched(task), secretWords: [] })
    return true
  }

  rethrottle(id: string, requestsPerSecond: number): TaskRecord | undefined {
    const task = this.#find(id)
    if (!task) return undefined
    this.#table.setRequestsPerSecond(task.number, requestsPerSecond)
    task.takeRate(requestsPerSecond)
    return task.record
  }

  resume(): void {
    if (this.#isResumed) return
    this.#isResumed = true
    const isNew = new Set(this.#waiting)
    // Those from before come first.
    this.#waiting.clear()
    for (const task of this.#unfinished.values()) {
      this.#waiting.add(task)
      if (!isNew.has(task)) this.#tell({ kind: 'resumed', task: task.record })
    }
    this.#startWaiting()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sweep)
    this.#journals.stop()
    this.#options.database.lostSignal.removeEventListener('abort', this.#onLost)
    this.#end(stopped())
    const over = new AbortController()
    const patience = sleep(stopWithinMs, over.signal).catch(() => {})
    await Promise.race([Promise.all(this.#active), patience])
    over.abort()
    if (!this.#options.database.lostSignal.aborted) await this.#journals.flush()
  }

  #find(id: string): RunningTask | undefined {
    const number = this.#options.database.taskNumber(id)
    return number === undefined ? undefined : this.#unfinished.get(number)
  }

  #refuseWhenStopped(): void {
    const { lostSignal } = this.#options.database
    if (lostSignal.aborted) throw lostSignal.reason
    if (this.#stop.signal.aborted) throw stopped()
  }

  #startWaiting(): void {
    if (!this.#isResumed) return
    for (const task of this.#waiting) {
      if (this.#active.size >= this.#options.tasksMax || this.#stop.signal.aborted) return
      this.#waiting.delete(task)
      const run = this.#runToEnd(task).finally(() => {
        this.#active.delete(run)
        this.#startWaiting()
      })
      this.#active.add(run)
    }
  }

  /** Never rejects: what cannot be noted ends the whole runner. */
  async #runToEnd(task: RunningTask): Promise<void> {
    try {
      const end = await this.#run(task)
      if (end) this.#finish(task, end)
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#options.database.giveUp(error)
    }
  }

  /** Undefined: it was stopped and goes on at the next start. */
  async #run(task: RunningTask): Promise<TaskEnd | undefined> {
    const { content, error } = this.#readContent(task)
    if (!content) return this.#failed(task, error)
    this.#table.markBegun(task.number)
    task.isBegun = true
    this.#tell({ kind: 'begun', task: task.record })
    const journal = this.#journals.open(task.number)
    const stop = this.#stop.signal
    try {
      const outcome = await this.#options.run({
        id: `${this.nodeId}:${task.number}`,
        request: content.request,
        clusterHeaders: content.clusterHeaders,
        journal,
        requestsPerSecond: () => task.requestsPerSecond,
        onStatus: (status) => task.takeStatus(status),
        cancel: task.cancel.signal,
        stop,
      })
      if (stop.aborted) return undefined
      const state = outcome.status.reasonCancelled === undefined ? 'completed' : 'cancelled'
      return { state, status: outcome.status, outcome, secretWords: content.secretWords }
    } catch (error) {
      if (stop.aborted) return undefined
      if (isCancellation(task, error)) return { state: 'cancelled', ...untouched(task), secretWords: [] }
      return this.#failed(task, error, content)
    } finally {
      journal.close()
      if (!stop.aborted) await this.#journals.flush()
    }
  }

  #readContent(task: RunningTask): { content?: TaskContent; error?: unknown } {
    try {
      return { content: this.#table.readContent(task.number) }
    } catch (error) {
      return { error }
    }
  }

  #failed(task: RunningTask, error: unknown, content?: TaskContent): TaskEnd {
    const describe = this.#options.describeError ?? describeError
    return {
      state: 'failed',
      status: task.statusNow,
      error: describe(error, content?.request),
      secretWords: content?.secretWords ?? [],
    }
  }

  #finish(task: RunningTask, end: TaskEnd): void {
    const record = this.#table.finish(task.number, end)
    this.#unfinished.delete(task.number)
    task.settle(record)
    this.#tell({ kind: 'ended', task: record })
  }

  #removeOld(): void {
    try {
      this.#table.removeOld(this.#options.keepFinishedMs)
    } catch (error) {
      this.#options.database.giveUp(error)
    }
  }

  readonly #onLost = (): void => {
    const error: unknown = this.#options.database.lostSignal.reason
    this.#end(error)
    this.#tell({ kind: 'broken', error })
  }

  /** Tells every task to stop, and whoever waits for one why it does not end. */
  #end(error: unknown): void {
    if (this.#stop.signal.aborted) return
    this.#stop.abort(error)
    for (const task of this.#unfinished.values()) task.leave(error)
  }

  #tell(event: TaskEvent): void {
    this.#options.onEvent?.(event)
  }
}

const stopped = (): IndexferryError =>
  new IndexferryError('GATEWAY_STOPPING', 'the gateway stops; the task goes on when it is started again', {
    remedy: 'Ask for the task again when the gateway runs.',
  })

/** It threw the reason itself, as `throwIfAborted` does, or what Node makes of it. */
const isCancellation = (task: RunningTask, error: unknown): boolean =>
  task.cancel.signal.aborted && (error === task.cancel.signal.reason || (error as Error)?.name === 'AbortError')

/** The outcome of a task that was cancelled before it could say more. */
function untouched(task: RunningTask): { status: ReindexOutcome['status']; outcome: ReindexOutcome } {
  const { record } = task
  const outcome = { status: record.status, tookMs: record.runningMs, timedOut: false, failures: [], notes: [] }
  return { status: record.status, outcome }
}

function describeError(error: unknown): JsonObject {
  const { code, message, remedy } = asIndexferryError(error)
  return { type: `${code.toLowerCase()}_exception`, reason: `${message}. ${remedy}` }
}
