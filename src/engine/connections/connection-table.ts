// Connections in the gateway's database.
import { randomBytes } from 'node:crypto'
import { now } from '../../foundation/clock.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import type { Row } from '../catalog-database.ts'
import type { ConnectionRecord, Direction, NewConnection } from './connection-record.ts'
import { type ConnectionEvent, type InboundState, type OutboundState, statesAfter } from './connection-states.ts'

/** The part of the gateway's database that connections need. */
export interface ConnectionDatabase {
  all(sql: string, ...values: Row[string][]): Row[]
  get(sql: string, ...values: Row[string][]): Row | undefined
  run(sql: string, ...values: Row[string][]): number
  transaction<Result>(durability: 'full' | 'process', work: () => Result): Result
}

const tables = [
  `CREATE TABLE IF NOT EXISTS connections (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    alias TEXT NOT NULL,
    local_domain TEXT NOT NULL,
    local_owner TEXT,
    local_region TEXT,
    remote_domain TEXT NOT NULL,
    remote_owner TEXT,
    remote_region TEXT,
    mode TEXT NOT NULL,
    skip_unavailable TEXT NOT NULL,
    outbound_state TEXT NOT NULL,
    inbound_state TEXT NOT NULL,
    outbound_deleted INTEGER,
    inbound_deleted INTEGER,
    message TEXT,
    port INTEGER
  ) STRICT`,
  `CREATE TABLE IF NOT EXISTS connection_secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT`,
]

/** Amazon shows deleted connections for so long. */
const keepDeletedMs = 15 * 86_400_000

/** What a list can be narrowed by, and the column that holds it. */
const filterColumns = {
  id: 'id',
  localDomain: 'local_domain',
  localOwner: 'local_owner',
  localRegion: 'local_region',
  remoteDomain: 'remote_domain',
  remoteOwner: 'remote_owner',
  remoteRegion: 'remote_region',
} as const

export interface ConnectionFilter {
  readonly field: keyof typeof filterColumns
  /** One of them must fit. */
  readonly values: readonly string[]
}

export class ConnectionTable {
  private readonly database: ConnectionDatabase

  constructor(database: ConnectionDatabase) {
    this.database = database
    for (const table of tables) database.run(table)
  }

  /** Throws CONNECTION_EXISTS when the local domain has a connection of this alias, CONNECTION_LIMIT when it may not have another. */
  insert(id: string, connection: NewConnection, connectionsMax: number | undefined): ConnectionRecord {
    const { alias, local, remote, mode, skipUnavailable } = connection
    return this.database.transaction('full', () => {
      this.dropOld()
      const living = `FROM connections WHERE local_domain = ? AND outbound_state <> 'DELETED'`
      if (this.database.get(`SELECT id ${living} AND alias = ?`, local.domainName, alias)) {
        const sentence = `a connection with the alias ${alias} exists already for the domain ${local.domainName}`
        throw new IndexferryError('CONNECTION_EXISTS', sentence)
      }
      const count = Number(this.database.get(`SELECT count(*) AS count ${living}`, local.domainName)?.count)
      if (connectionsMax !== undefined && count >= connectionsMax) {
        const sentence = `the domain ${local.domainName} has ${count} outbound connections, as many as are allowed`
        throw new IndexferryError('CONNECTION_LIMIT', sentence)
      }
      this.database.run(
        `INSERT INTO connections (id, alias, local_domain, local_owner, local_region, remote_domain, remote_owner, remote_region,
          mode, skip_unavailable, outbound_state, inbound_state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'VALIDATING', 'HIDDEN')`,
        ...[id, alias, local.domainName, local.ownerId ?? null, local.region ?? null],
        ...[remote.domainName, remote.ownerId ?? null, remote.region ?? null, mode, skipUnavailable],
      )
      return this.get(id) as ConnectionRecord
    })
  }

  get(id: string): ConnectionRecord | undefined {
    const row = this.database.get('SELECT * FROM connections WHERE id = ?', id)
    return row && readRow(row)
  }

  /** Active ones of an alias; of different local domains there may be several. */
  listActive(alias: string): readonly ConnectionRecord[] {
    const sql = `SELECT * FROM connections WHERE alias = ? AND outbound_state = 'ACTIVE' ORDER BY number`
    return this.database.all(sql, alias).map(readRow)
  }

  /** Those that are seen from one side, after `afterNumber`, in the order in which they were made. */
  list(
    direction: Direction,
    filters: readonly ConnectionFilter[],
    afterNumber: number,
    limit: number,
  ): readonly ConnectionRecord[] {
    const conditions = filters.map(({ field }) => `AND ${filterColumns[field]} IN (SELECT value FROM json_each(?))`)
    const rows = this.database.all(
      `SELECT * FROM connections WHERE number > ? AND ${direction}_state <> 'HIDDEN'
        AND coalesce(${direction}_deleted, ?) > ? ${conditions.join(' ')} ORDER BY number LIMIT ?`,
      ...[afterNumber, now(), now() - keepDeletedMs],
      ...filters.map(({ values }) => JSON.stringify(values)),
      limit,
    )
    return rows.map(readRow)
  }

  /** Those that the background may have to do with. */
  listLiving(): readonly ConnectionRecord[] {
    return this.database
      .all(`SELECT * FROM connections WHERE outbound_state <> 'DELETED' OR inbound_state = 'DELETING' ORDER BY number`)
      .map(readRow)
  }

  /** Lets an event happen. Undefined when the states do not allow it, or there is no such connection. */
  apply(id: string, event: ConnectionEvent, message?: string): ConnectionRecord | undefined {
    return this.database.transaction('full', () => {
      const before = this.get(id)
      const after = before && statesAfter(before, event)
      if (!before || !after) return undefined
      const isMoved = after.outbound !== before.outbound || after.inbound !== before.inbound
      if (!isMoved) return before
      this.database.run(
        `UPDATE connections SET outbound_state = ?, inbound_state = ?, message = ?,
          outbound_deleted = iif(? = 'DELETED', coalesce(outbound_deleted, ?), NULL),
          inbound_deleted = iif(? = 'DELETED', coalesce(inbound_deleted, ?), NULL) WHERE id = ?`,
        ...[after.outbound, after.inbound, message ?? null],
        ...[after.outbound, now(), after.inbound, now(), id],
      )
      return this.get(id)
    })
  }

  note(id: string, message: string): void {
    this.database.run('UPDATE connections SET message = ? WHERE id = ?', message, id)
  }

  /** Its forwarder listens; what stood in the way of that is over. */
  keepPort(id: string, port: number): void {
    this.database.run('UPDATE connections SET port = ?, message = NULL WHERE id = ?', port, id)
  }

  /** The key that seals page tokens; made once, so that tokens outlive a restart. */
  tokenKey(): Buffer {
    return this.database.transaction('full', () => {
      const select = `SELECT value FROM connection_secrets WHERE name = 'page tokens'`
      const found = this.database.get(select)
      if (found) return Buffer.from(found.value as Uint8Array)
      const key = randomBytes(32)
      this.database.run(`INSERT INTO connection_secrets (name, value) VALUES ('page tokens', ?)`, key)
      return key
    })
  }

  private dropOld(): void {
    const isOver = (side: Direction) => `(${side}_state = 'HIDDEN' OR coalesce(${side}_deleted, $now) <= $old)`
    const sql = `DELETE FROM connections WHERE outbound_state = 'DELETED' AND ${isOver('outbound')} AND ${isOver('inbound')}`
    this.database.run(sql.replaceAll('$now', String(now())).replaceAll('$old', String(now() - keepDeletedMs)))
  }
}

function readRow(row: Row): ConnectionRecord {
  const text = (name: string): string | undefined => (row[name] === null ? undefined : String(row[name]))
  const domain = (side: 'local' | 'remote') => ({
    domainName: String(row[`${side}_domain`]),
    ownerId: text(`${side}_owner`),
    region: text(`${side}_region`),
  })
  return {
    id: String(row.id),
    number: Number(row.number),
    alias: String(row.alias),
    local: domain('local'),
    remote: domain('remote'),
    mode: row.mode as ConnectionRecord['mode'],
    skipUnavailable: row.skip_unavailable as ConnectionRecord['skipUnavailable'],
    outbound: row.outbound_state as OutboundState,
    inbound: row.inbound_state as InboundState,
    message: text('message'),
    port: row.port === null ? undefined : Number(row.port),
  }
}
