// Tasks in the gateway's catalog.
import { assert } from '../../foundation/assert.ts'
import { now } from '../../foundation/clock.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import type { JsonObject } from '../../model/json.ts'
import type { ReindexOutcome, ReindexRequest, ReindexStatus } from '../../model/reindex.ts'
import type { Row } from '../catalog-database.ts'
import type { GatewayDatabase } from '../gateway-database.ts'
import type { SecretBox } from '../secret-box.ts'
import { reindexAction, type TaskRecord, type TaskStart } from './task.ts'
import { statusBefore } from './task-status.ts'
import {
  parseError,
  parseOutcome,
  parseRequest,
  parseStatus,
  printError,
  printOutcome,
  printRequest,
  printStatus,
  secretsOf,
  secretWords,
  type TaskSecrets,
} from './task-text.ts'

/** Of finished tasks at most so many are kept, however long they are to be. */
const finishedMax = 100_000

export interface UnfinishedTask {
  readonly record: TaskRecord
  /** It ran before. */
  readonly isBegun: boolean
  readonly requestsPerSecond: number
  readonly cancelReason: string | undefined
}

/** What a task needs to run. */
export interface TaskContent {
  readonly request: ReindexRequest
  readonly clusterHeaders: Readonly<Record<string, string>>
  /** To be taken out of what it says. */
  readonly secretWords: readonly string[]
}

export interface TaskEnd {
  readonly state: Exclude<TaskRecord['state'], 'running'>
  readonly status: ReindexStatus
  readonly outcome?: ReindexOutcome | undefined
  readonly error?: JsonObject | undefined
  readonly secretWords: readonly string[]
}

export class TaskTable {
  private readonly database: GatewayDatabase
  private readonly box: SecretBox

  constructor(database: GatewayDatabase, box: SecretBox) {
    this.database = database
    this.box = box
  }

  /** Gives the task its number, once and for ever. */
  insert(start: TaskStart): UnfinishedTask {
    const { request, description, headers } = start
    return this.database.transaction('full', () => {
      const number = this.database.takeTaskNumber()
      const sealed = this.box.seal(JSON.stringify(secretsOf(start)), this.purpose(number))
      this.database.run(
        `INSERT INTO tasks (number, state, description, headers, request, sealed, started, requests_per_second, status)
         VALUES (?, 'running', ?, ?, ?, ?, ?, ?, ?)`,
        ...[number, description, JSON.stringify(headers), printRequest(request), sealed, now()],
        ...[request.requestsPerSecond, printStatus(statusBefore(request))],
      )
      return this.unfinishedOf(this.row(number))
    })
  }

  listUnfinished(): UnfinishedTask[] {
    const sql = `SELECT ${columns} FROM tasks WHERE state = 'running' ORDER BY number`
    return this.database.all(sql).map((row) => this.unfinishedOf(row))
  }

  find(number: number): TaskRecord | undefined {
    const row = this.database.get(`SELECT ${columns}, outcome, error FROM tasks WHERE number = ?`, number)
    return row && this.recordOf(row)
  }

  /** Throws TASK_SECRETS_LOST. */
  readContent(number: number): TaskContent {
    const row = this.database.get('SELECT request, sealed FROM tasks WHERE number = ?', number)
    assert(row?.sealed instanceof Uint8Array, 'an unfinished task has its credentials')
    const text = this.box.open(row.sealed, this.purpose(number))
    if (text === undefined) {
      const sentence = `the credentials of task ${this.database.taskId(number)} were sealed with another key than that in ${this.box.file}`
      throw new IndexferryError('TASK_SECRETS_LOST', sentence)
    }
    const secrets = JSON.parse(text) as TaskSecrets
    return {
      request: parseRequest(String(row.request), secrets),
      clusterHeaders: secrets.clusterHeaders,
      secretWords: secretWords(secrets),
    }
  }

  markBegun(number: number): void {
    this.update(number, 'begun = 1')
  }

  setRequestsPerSecond(number: number, requestsPerSecond: number): void {
    this.update(number, 'requests_per_second = ?', requestsPerSecond)
  }

  setCancelled(number: number, atMs: number, reason: string): void {
    this.update(number, 'cancelled = ?, cancel_reason = ?', atMs, reason)
  }

  /** Notes how the task ended and forgets its credentials and progress; afterwards the credentials are in no file. */
  finish(number: number, { state, status, outcome, error, secretWords: words }: TaskEnd): TaskRecord {
    const record = this.database.transaction('full', () => {
      this.update(
        number,
        `state = ?, ended = ?, status = ?, outcome = ?, error = ?, request = NULL, sealed = NULL, facts = '{}'`,
        ...[state, now(), printStatus(status)],
        ...[outcome ? printOutcome(outcome, words) : null, error ? printError(error, words) : null],
      )
      this.database.run('DELETE FROM task_partitions WHERE task = ?', number)
      return this.find(number)
    })
    this.database.eraseDeleted()
    return record as TaskRecord
  }

  removeOld(keepMs: number): void {
    this.database.transaction('process', () => {
      this.database.run('DELETE FROM tasks WHERE ended <= ?', now() - keepMs)
      this.database.run(
        `DELETE FROM tasks WHERE number IN
           (SELECT number FROM tasks WHERE ended IS NOT NULL ORDER BY ended DESC, number DESC LIMIT -1 OFFSET ?)`,
        finishedMax,
      )
    })
  }

  private purpose(number: number): string {
    return `credentials of task ${this.database.taskId(number)}`
  }

  private update(number: number, assignments: string, ...values: (string | number | null)[]): void {
    this.database.transaction('full', () => {
      const sql = `UPDATE tasks SET ${assignments} WHERE number = ? AND state = 'running'`
      assert(this.database.run(sql, ...values, number) === 1, `task ${number} is unfinished`)
    })
  }

  private row(number: number): Row {
    return this.database.get(`SELECT ${columns} FROM tasks WHERE number = ?`, number) as Row
  }

  private unfinishedOf(row: Row): UnfinishedTask {
    return {
      record: this.recordOf(row),
      isBegun: row.begun === 1,
      requestsPerSecond: Number(row.requests_per_second),
      cancelReason: typeof row.cancel_reason === 'string' ? row.cancel_reason : undefined,
    }
  }

  private recordOf(row: Row): TaskRecord {
    const number = Number(row.number)
    const startedAtMs = Number(row.started)
    const endedAtMs = typeof row.ended === 'number' ? row.ended : now()
    return {
      id: this.database.taskId(number),
      number,
      action: reindexAction,
      description: String(row.description),
      startedAtMs,
      runningMs: Math.max(0, endedAtMs - startedAtMs),
      state: row.state as TaskRecord['state'],
      cancelledAtMs: typeof row.cancelled === 'number' ? row.cancelled : undefined,
      status: parseStatus(String(row.status)),
      outcome: typeof row.outcome === 'string' ? parseOutcome(row.outcome) : undefined,
      error: typeof row.error === 'string' ? parseError(row.error) : undefined,
      headers: JSON.parse(String(row.headers)) as Record<string, string>,
    }
  }
}

/** All but the request and its credentials, which may be large, and how it ended. */
const columns =
  'number, state, description, headers, begun, started, ended, requests_per_second, cancelled, cancel_reason, status'
