// What a move must remember over its own death: what is moved, what is half moved, what is still to be done. On disk, so that
// memory does not grow with the number of objects. One file per pair of places; the process that has it open owns it.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { IndexferryError } from '../foundation/errors.ts'
import { loadSqlite, PreparedStatements } from '../foundation/load-sqlite.ts'
import { makeFolder } from '../foundation/make-folder.ts'
import type { ObjectEntry, Upload } from './object-store.ts'
import type { Rank } from './repository-order.ts'

/** Keys are relative to what is moved. */
export interface PlannedObject extends ObjectEntry {
  readonly rank: Rank
  /** The target has an object of the same size, whose content decides. */
  readonly isCheck: boolean
}

export interface MovedObject {
  readonly size: number
  readonly modifiedMs: number
  readonly etag: string
  readonly targetEtag: string
}

export interface JournaledUpload {
  readonly upload: Upload
  /** Of the source. */
  readonly etag: string
}

const form = `
  CREATE TABLE IF NOT EXISTS move (id INTEGER PRIMARY KEY, source TEXT NOT NULL, target TEXT NOT NULL, state TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS moved (
    key TEXT PRIMARY KEY, size INTEGER NOT NULL, modified INTEGER NOT NULL, etag TEXT NOT NULL, target_etag TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS uploads (
    key TEXT PRIMARY KEY, target_key TEXT NOT NULL, id TEXT NOT NULL, size INTEGER NOT NULL, part_size INTEGER NOT NULL, etag TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS beginnings (key TEXT PRIMARY KEY, target_key TEXT NOT NULL, begun INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS parts (
    key TEXT NOT NULL, number INTEGER NOT NULL, etag TEXT NOT NULL, md5 BLOB NOT NULL, PRIMARY KEY (key, number)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS todo (
    rank INTEGER NOT NULL, key TEXT NOT NULL, size INTEGER NOT NULL, modified INTEGER NOT NULL, etag TEXT NOT NULL,
    is_check INTEGER NOT NULL, PRIMARY KEY (rank, key)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS extra (rank INTEGER NOT NULL, key TEXT NOT NULL, PRIMARY KEY (rank, key)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS roots (
    root TEXT NOT NULL, key TEXT NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL, PRIMARY KEY (root, key)
  ) STRICT, WITHOUT ROWID;
`
const BUSY = 5

export class MoveJournal implements Disposable {
  private readonly database: DatabaseSync
  private readonly statements: PreparedStatements
  private readonly file: string
  /** An earlier run of the same move did not come to its end. */
  readonly isResumed: boolean

  private constructor(file: string, database: DatabaseSync, source: string, target: string) {
    this.file = file
    this.database = database
    this.statements = new PreparedStatements(database)
    // Checkpoints of progress: they survive the death of the process; a power cut may cost the last ones, which are then repeated.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
    database.exec(form)
    const before = this.get('SELECT state FROM move')
    this.isResumed = before?.state === 'running'
    this.run("INSERT OR REPLACE INTO move VALUES (1, ?, ?, 'running')", source, target)
  }

  static open(stateFolder: string, source: string, target: string): MoveJournal {
    const folder = join(stateFolder, 'objects')
    const name = createHash('sha256').update(`${source}\n${target}`).digest('hex').slice(0, 16)
    const file = join(folder, `${name}.db`)
    let database: DatabaseSync | undefined
    try {
      makeFolder(folder)
      database = new (loadSqlite().DatabaseSync)(file, { timeout: 500 })
      return new MoveJournal(file, database, source, target)
    } catch (error) {
      database?.close()
      throw unusable(file, error)
    }
  }

  private run(sql: string, ...values: SQLInputValue[]): void {
    this.guarded(() => this.statements.get(sql).run(...values))
  }

  private get(sql: string, ...values: SQLInputValue[]): Record<string, SQLInputValue> | undefined {
    return this.guarded(() => this.statements.get(sql).get(...values)) as Record<string, SQLInputValue> | undefined
  }

  private all(sql: string, ...values: SQLInputValue[]): Record<string, SQLInputValue>[] {
    return this.guarded(() => this.statements.get(sql).all(...values)) as Record<string, SQLInputValue>[]
  }

  private guarded<Result>(work: () => Result): Result {
    try {
      return work()
    } catch (error) {
      throw unusable(this.file, error)
    }
  }

  /** All of `work` or nothing of it, and much faster than one by one. */
  transaction(work: () => void): void {
    this.run('BEGIN')
    try {
      work()
      this.run('COMMIT')
    } catch (error) {
      if (this.database.isTransaction) this.run('ROLLBACK')
      throw error
    }
  }

  /** Forgets what was moved: everything is moved again. */
  forgetMoved(): void {
    this.run('DELETE FROM moved')
  }

  finish(): void {
    this.clearPlan()
    this.run("UPDATE move SET state = 'completed'")
  }

  clearPlan(): void {
    for (const table of ['todo', 'extra', 'roots']) this.run(`DELETE FROM ${table}`)
  }

  plan({ rank, key, size, modifiedMs, etag, isCheck }: PlannedObject): void {
    this.run(
      'INSERT OR REPLACE INTO todo VALUES (?, ?, ?, ?, ?, ?)',
      rank,
      key,
      size,
      Math.trunc(modifiedMs),
      etag,
      Number(isCheck),
    )
  }

  /** The next of a rank behind a key, in their order. */
  planned(rank: Rank, after: string | undefined, limit: number): PlannedObject[] {
    const rows =
      after === undefined
        ? this.all('SELECT * FROM todo WHERE rank = ? ORDER BY key LIMIT ?', rank, limit)
        : this.all('SELECT * FROM todo WHERE rank = ? AND key > ? ORDER BY key LIMIT ?', rank, after, limit)
    return rows.map((row) => ({
      rank,
      key: String(row.key),
      size: Number(row.size),
      modifiedMs: Number(row.modified),
      etag: String(row.etag),
      isCheck: row.is_check === 1,
    }))
  }

  addExtra(rank: Rank, key: string): void {
    this.run('INSERT OR REPLACE INTO extra VALUES (?, ?)', rank, key)
  }

  extras(rank: Rank, after: string | undefined, limit: number): string[] {
    const rows =
      after === undefined
        ? this.all('SELECT key FROM extra WHERE rank = ? ORDER BY key LIMIT ?', rank, limit)
        : this.all('SELECT key FROM extra WHERE rank = ? AND key > ? ORDER BY key LIMIT ?', rank, after, limit)
    return rows.map((row) => String(row.key))
  }

  /** A file by which a repository says what it holds. */
  addRootFile(root: string, { key, size, etag }: ObjectEntry): void {
    this.run('INSERT OR REPLACE INTO roots VALUES (?, ?, ?, ?)', root, key, size, etag)
  }

  roots(): string[] {
    return this.all('SELECT DISTINCT root FROM roots ORDER BY root').map((row) => String(row.root))
  }

  rootFiles(root: string): { key: string; size: number; etag: string }[] {
    return this.all('SELECT key, size, etag FROM roots WHERE root = ? ORDER BY key', root).map((row) => ({
      key: String(row.key),
      size: Number(row.size),
      etag: String(row.etag),
    }))
  }

  readMoved(key: string): MovedObject | undefined {
    const row = this.get('SELECT * FROM moved WHERE key = ?', key)
    if (!row) return undefined
    return {
      size: Number(row.size),
      modifiedMs: Number(row.modified),
      etag: String(row.etag),
      targetEtag: String(row.target_etag),
    }
  }

  addMoved({ key, size, modifiedMs, etag }: ObjectEntry, targetEtag: string): void {
    this.run('INSERT OR REPLACE INTO moved VALUES (?, ?, ?, ?, ?)', key, size, Math.trunc(modifiedMs), etag, targetEtag)
  }

  readUpload(key: string): JournaledUpload | undefined {
    const row = this.get('SELECT * FROM uploads WHERE key = ?', key)
    if (!row) return undefined
    const upload = {
      key: String(row.target_key),
      id: String(row.id),
      size: Number(row.size),
      partSize: Number(row.part_size),
    }
    return { upload, etag: String(row.etag) }
  }

  uploads(): { key: string; journaled: JournaledUpload }[] {
    return this.all('SELECT key FROM uploads').map(({ key }) => ({
      key: String(key),
      journaled: this.readUpload(String(key)) as JournaledUpload,
    }))
  }

  /** Before the store is asked for an upload: whoever dies before its answer leaves one behind that nobody knows. */
  beginUpload(key: string, targetKey: string, begunMs: number): void {
    this.run('INSERT OR REPLACE INTO beginnings VALUES (?, ?, ?)', key, targetKey, Math.trunc(begunMs))
  }

  /** Uploads that were asked for and may be at the store. */
  beginnings(key?: string): { key: string; targetKey: string; begunMs: number }[] {
    const rows =
      key === undefined
        ? this.all('SELECT * FROM beginnings ORDER BY key')
        : this.all('SELECT * FROM beginnings WHERE key = ?', key)
    return rows.map((row) => ({ key: String(row.key), targetKey: String(row.target_key), begunMs: Number(row.begun) }))
  }

  addUpload(key: string, { upload, etag }: JournaledUpload): void {
    this.run('DELETE FROM parts WHERE key = ?', key)
    const { id, size, partSize } = upload
    this.run('INSERT OR REPLACE INTO uploads VALUES (?, ?, ?, ?, ?, ?)', key, upload.key, id, size, partSize, etag)
    this.run('DELETE FROM beginnings WHERE key = ?', key)
  }

  forgetBeginning(key: string): void {
    this.run('DELETE FROM beginnings WHERE key = ?', key)
  }

  forgetUpload(key: string): void {
    this.run('DELETE FROM parts WHERE key = ?', key)
    this.run('DELETE FROM uploads WHERE key = ?', key)
  }

  addPart(key: string, number: number, etag: string, md5: Buffer): void {
    this.run('INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?)', key, number, etag, md5)
  }

  parts(key: string): Map<number, { etag: string; md5: Buffer }> {
    const rows = this.all('SELECT number, etag, md5 FROM parts WHERE key = ?', key)
    return new Map(
      rows.map(({ number, etag, md5 }) => [
        Number(number),
        { etag: String(etag), md5: Buffer.from(md5 as Uint8Array) },
      ]),
    )
  }

  [Symbol.dispose](): void {
    this.statements.clear()
    this.database.close()
  }
}

function unusable(file: string, error: unknown): IndexferryError {
  if (error instanceof IndexferryError) return error
  const { errcode, message } = error as { errcode?: number; message: string }
  if (((errcode ?? 0) & 0xff) === BUSY)
    return new IndexferryError('COPY_RUNNING', 'the same move is already running', {
      remedy: 'Wait for it or stop it; started again, it goes on where it stopped.',
      cause: error,
    })
  return new IndexferryError('STATE_UNUSABLE', `the journal ${file} cannot be used: ${message}`, { cause: error })
}
