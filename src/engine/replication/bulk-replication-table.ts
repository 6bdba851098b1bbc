// Bulk tasks of replication in the gateway's catalog: what each index of them has come to.
import { now } from '../../foundation/clock.ts'
import type { ReplicationRoles } from '../../model/replication.ts'
import type { GatewayDatabase } from '../gateway-database.ts'
import type { SecretBox } from '../secret-box.ts'
import type { BulkOperation, BulkRequest, BulkStatus } from './bulk-replication.ts'
import type { ReplicationCaller } from './replications.ts'

/** `begun`: it may have been done when the gateway ended in the middle of it. */
export type BulkItemState = 'pending' | 'begun' | 'done' | 'failed' | 'cancelled'

export interface BulkItem {
  readonly index: string
  readonly state: BulkItemState
}

export interface BulkFailure {
  readonly index: string
  readonly reason: string
}

export interface BulkWork extends Pick<BulkRequest, 'operation' | 'connection' | 'roles'> {
  readonly number: number
  /** Undefined: sealed with a key that is lost. */
  readonly caller: ReplicationCaller | undefined
}

const tables = [
  `CREATE TABLE IF NOT EXISTS bulk_replications (
    number INTEGER PRIMARY KEY,
    operation TEXT NOT NULL,
    pattern TEXT NOT NULL,
    connection TEXT,
    roles TEXT,
    sealed BLOB,
    started INTEGER NOT NULL,
    ended INTEGER
  ) STRICT`,
  `CREATE TABLE IF NOT EXISTS bulk_replication_items (
    number INTEGER NOT NULL REFERENCES bulk_replications (number) ON DELETE CASCADE,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    PRIMARY KEY (number, name)
  ) STRICT, WITHOUT ROWID`,
]

const keepEndedMs = 7 * 86_400_000
const keptMax = 1_000

export class BulkTable {
  private readonly database: GatewayDatabase
  private readonly box: SecretBox

  constructor(database: GatewayDatabase, box: SecretBox) {
    this.database = database
    this.box = box
    for (const table of tables) database.run(table)
  }

  /** Durable when it returns its number. */
  insert(
    { operation, pattern, connection, roles }: BulkRequest,
    caller: ReplicationCaller,
    indexes: readonly string[],
    failures: readonly BulkFailure[],
  ): number {
    return this.database.transaction('full', () => {
      this.dropOld()
      const number = this.database.takeTaskNumber()
      const sealed = this.box.seal(JSON.stringify(caller.clusterHeaders), purposeOf(number))
      this.database.run(
        'INSERT INTO bulk_replications (number, operation, pattern, connection, roles, sealed, started) VALUES (?, ?, ?, ?, ?, ?, ?)',
        ...[number, operation, pattern, connection ?? null, roles ? JSON.stringify(roles) : null, sealed, now()],
      )
      for (const index of indexes) this.insertItem(number, index, 'pending', null)
      for (const { index, reason } of failures) this.insertItem(number, index, 'failed', reason)
      return number
    })
  }

  /** The task that has not ended; there is one at a time. */
  unfinished(): BulkWork | undefined {
    const row = this.database.get('SELECT * FROM bulk_replications WHERE ended IS NULL ORDER BY number LIMIT 1')
    if (!row) return undefined
    const number = Number(row.number)
    const text = row.sealed instanceof Uint8Array ? this.box.open(row.sealed, purposeOf(number)) : undefined
    return {
      number,
      operation: row.operation as BulkOperation,
      connection: row.connection === null ? undefined : String(row.connection),
      roles: row.roles === null ? undefined : (JSON.parse(String(row.roles)) as ReplicationRoles),
      caller: text === undefined ? undefined : { clusterHeaders: JSON.parse(text) as Record<string, string> },
    }
  }

  /** The next ones to be done, which are noted as begun. */
  takeBatch(number: number, size: number): BulkItem[] {
    return this.database.transaction('full', () => {
      const sql = `SELECT name, state FROM bulk_replication_items WHERE number = ? AND state IN ('pending', 'begun') ORDER BY state, name LIMIT ?`
      const items = this.database.all(sql, number, size)
      for (const { name } of items) this.settle(number, String(name), 'begun')
      return items.map(({ name, state }) => ({ index: String(name), state: state as BulkItemState }))
    })
  }

  settle(number: number, index: string, state: BulkItemState, reason?: string): void {
    const sql = 'UPDATE bulk_replication_items SET state = ?, reason = ? WHERE number = ? AND name = ?'
    this.database.run(sql, state, reason ?? null, number, index)
  }

  /** What was not done counts as cancelled. Afterwards its credentials are in no file. */
  end(number: number): void {
    this.database.transaction('full', () => {
      this.database.run(
        `UPDATE bulk_replication_items SET state = 'cancelled' WHERE number = ? AND state IN ('pending', 'begun')`,
        number,
      )
      this.database.run('UPDATE bulk_replications SET ended = ?, sealed = NULL WHERE number = ?', now(), number)
    })
    this.database.eraseDeleted()
  }

  status(number: number): BulkStatus | undefined {
    const row = this.database.get('SELECT * FROM bulk_replications WHERE number = ?', number)
    if (!row) return undefined
    const counted = this.database.all(
      'SELECT state, count(*) AS count FROM bulk_replication_items WHERE number = ? GROUP BY state',
      number,
    )
    const count = (...states: BulkItemState[]) =>
      counted
        .filter(({ state }) => states.includes(state as BulkItemState))
        .reduce((sum, each) => sum + Number(each.count), 0)
    const failures = this.database.all(
      `SELECT name, reason FROM bulk_replication_items WHERE number = ? AND state = 'failed' ORDER BY name`,
      number,
    )
    return {
      id: this.database.taskId(number),
      isRunning: row.ended === null,
      operation: row.operation as BulkOperation,
      pattern: String(row.pattern),
      startedMs: Number(row.started),
      succeeded: count('done'),
      pending: count('pending', 'begun'),
      cancelled: count('cancelled'),
      failures: failures.map(({ name, reason }) => ({ index: String(name), reason: String(reason) })),
    }
  }

  private insertItem(number: number, index: string, state: BulkItemState, reason: string | null): void {
    const sql = 'INSERT INTO bulk_replication_items (number, name, state, reason) VALUES (?, ?, ?, ?)'
    this.database.run(sql, number, index, state, reason)
  }

  private dropOld(): void {
    const old = `SELECT number FROM bulk_replications WHERE ended <= ${now() - keepEndedMs} UNION
      SELECT number FROM (SELECT number FROM bulk_replications WHERE ended IS NOT NULL ORDER BY number DESC LIMIT -1 OFFSET ${keptMax})`
    this.database.run(`DELETE FROM bulk_replication_items WHERE number IN (${old})`)
    this.database.run(`DELETE FROM bulk_replications WHERE number IN (${old})`)
  }
}

const purposeOf = (number: number): string => `credentials of the bulk replication ${number}`
