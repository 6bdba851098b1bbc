// The SQLite file under the catalog: how it is opened, made durable and kept sound, and its errors in our words.
import { join } from 'node:path'
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { asIndexferryError, IndexferryError } from '../foundation/errors.ts'
import { loadSqlite, PreparedStatements } from '../foundation/load-sqlite.ts'
import { makeFolder } from '../foundation/make-folder.ts'
import { type CatalogForm, copyCatalog } from './catalog-schema.ts'

/** A row as SQLite gives it. */
export type Row = Record<string, SQLInputValue>

const busyTimeoutMs = 5000

/**
 * One connection to the catalog's file.
 *
 * Durability: in WAL mode a committed transaction survives the death of the process however it comes, because the operating
 * system has the pages. What a power cut takes depends on `synchronous`: FULL flushes the log to the disk at each commit, NORMAL only
 * now and then; neither can leave a damaged file. So transactions are FULL (old settings of a target must be on the disk
 * before they are changed), and only checkpoints of progress, which come every second and whose loss repeats some work, are
 * NORMAL.
 */
export class CatalogDatabase {
  readonly file: string
  private readonly form: CatalogForm
  private readonly database: DatabaseSync
  private readonly statements: PreparedStatements
  private isClosed = false

  private constructor(file: string, form: CatalogForm, database: DatabaseSync) {
    this.file = file
    this.form = form
    this.database = database
    this.statements = new PreparedStatements(database)
  }

  /** Opens a catalog of a state folder and makes both when they are not there. Throws STATE_UNUSABLE. */
  static open(folder: string, form: CatalogForm = copyCatalog): CatalogDatabase {
    const file = join(folder, form.fileName)
    return translate(file, () => {
      makeFolder(folder)
      const { DatabaseSync } = loadSqlite()
      const opened = new CatalogDatabase(file, form, new DatabaseSync(file, { timeout: busyTimeoutMs }))
      try {
        opened.prepareFile()
      } catch (error) {
        opened.close()
        throw error
      }
      return opened
    })
  }

  /** Every matching row. Results are small: one copy's indexes and partitions at most. */
  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return translate(this.file, () => this.statements.get(sql).all(...values) as Row[])
  }

  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return translate(this.file, () => this.statements.get(sql).get(...values) as Row | undefined)
  }

  /** Runs one statement and says how many rows it changed. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return translate(this.file, () => Number(this.statements.get(sql).run(...values).changes))
  }

  /**
   * All of `work` or nothing of it. On return it is durable: against the death of the process, and when `full` against a power cut. Within
   * another transaction it is a part of that one, and durable with it.
   */
  transaction<Result>(durability: 'full' | 'process', work: () => Result): Result {
    if (this.database.isTransaction) return translate(this.file, work)
    return translate(this.file, () => {
      this.database.exec(`PRAGMA synchronous = ${durability === 'full' ? 'FULL' : 'NORMAL'}`)
      // IMMEDIATE takes the write lock at once: two processes that claim the same copy come one after the other.
      this.database.exec('BEGIN IMMEDIATE')
      try {
        const result = work()
        this.database.exec('COMMIT')
        return result
      } catch (error) {
        // SQLite ends the transaction by itself after some errors (disk full); then there is nothing to roll back.
        if (this.database.isTransaction) this.database.exec('ROLLBACK')
        throw error
      }
    })
  }

  /** A number that changes when another connection has committed something. */
  dataVersion(): number {
    return Number(this.get('PRAGMA data_version')?.data_version)
  }

  /**
   * Brings the log into the file and empties it, so that no former content is left in either (in forms with `erasesDeleted`). False when
   * another connection reads at this moment; then the next call does it.
   */
  emptyLog(): boolean {
    return translate(this.file, () => this.statements.get('PRAGMA wal_checkpoint(TRUNCATE)').get()?.busy === 0)
  }

  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.statements.clear()
    this.database.close()
  }

  private prepareFile(): void {
    this.switchToWal()
    this.database.exec('PRAGMA foreign_keys = ON')
    if (this.form.cacheKib !== undefined) this.database.exec(`PRAGMA cache_size = -${this.form.cacheKib}`)
    if (this.form.erasesDeleted) this.database.exec('PRAGMA secure_delete = ON')
    const findings = this.all('PRAGMA quick_check(1)')
    const finding = String(Object.values(findings[0] ?? {})[0] ?? '')
    if (finding !== 'ok') throw unusable(this.file, `is damaged (${finding})`)
    // An empty transaction finds out whether the file can be written, which opening does not.
    this.transaction('full', () => this.migrate())
  }

  /** Two processes that open a new file at once block each other in this statement without waiting, whatever the timeout. */
  private switchToWal(): void {
    for (let attempt = 1; ; attempt++) {
      try {
        this.database.exec('PRAGMA journal_mode = WAL')
        return
      } catch (error) {
        if (sqliteCode(error) !== BUSY || attempt === 100) throw error
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
      }
    }
  }

  private migrate(): void {
    const { applicationId, steps } = this.form
    const owner = Number(this.get('PRAGMA application_id')?.application_id)
    const version = Number(this.get('PRAGMA user_version')?.user_version)
    const tables = Number(this.get('SELECT count(*) AS tables FROM sqlite_schema')?.tables)
    if (owner !== applicationId && tables > 0) throw unusable(this.file, 'is not a catalog of indexferry')
    if (version > steps.length)
      throw unusable(
        this.file,
        `was written by a newer indexferry (its form is ${version}, this program knows ${steps.length})`,
      )
    if (version === steps.length) return
    for (const step of steps.slice(version)) this.database.exec(step)
    this.database.exec(`PRAGMA application_id = ${applicationId}`)
    this.database.exec(`PRAGMA user_version = ${steps.length}`)
  }
}

// Primary result codes of SQLite; the extended ones carry them in their lowest byte.
const BUSY = 5
const READONLY = 8
const CORRUPT = 11
const FULL = 13
const CANTOPEN = 14
const NOTADB = 26

const sqliteCauses: Readonly<Record<number, string>> = {
  [BUSY]: `is held by another process for longer than ${busyTimeoutMs / 1000} seconds`,
  [READONLY]: 'cannot be written (permissions, or a file system that is mounted read-only)',
  [CORRUPT]: 'is damaged',
  [FULL]: 'cannot grow: the disk is full',
  [CANTOPEN]: 'cannot be opened (permissions, or a folder in its place)',
  [NOTADB]: 'is damaged or is not a catalog of indexferry',
}

const systemCauses: Readonly<Record<string, string>> = {
  EACCES: 'the folder cannot be written: permission denied',
  EPERM: 'the folder cannot be written: permission denied',
  EROFS: 'the folder cannot be written: its file system is mounted read-only',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of its path is a file',
  EEXIST: 'a file is in the place of the folder',
}

function sqliteCode(error: unknown): number | undefined {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown }
  return code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number' ? errcode & 0xff : undefined
}

function unusable(file: string, wrong: string, cause?: unknown): IndexferryError {
  return new IndexferryError('STATE_UNUSABLE', `the catalog ${file} ${wrong}`, cause === undefined ? {} : { cause })
}

/** Runs `work`; what SQLite or the file system throws becomes STATE_UNUSABLE with the cause in words. */
function translate<Result>(file: string, work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    if (error instanceof IndexferryError) throw error
    const code = sqliteCode(error)
    if (code !== undefined)
      throw unusable(file, sqliteCauses[code] ?? `cannot be used: ${(error as Error).message} (SQLite ${code})`, error)
    const system = systemCauses[(error as NodeJS.ErrnoException).code ?? '']
    if (system) throw unusable(file, `cannot be used, ${system}`, error)
    if ((error as NodeJS.ErrnoException).syscall)
      throw unusable(file, `cannot be used: ${(error as Error).message}`, error)
    throw asIndexferryError(error)
  }
}
