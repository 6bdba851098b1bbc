// Keeps what sweeps remember, in a file of its own for each follower: some hundred bytes for each document.
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { IndexferryError } from '../foundation/errors.ts'
import type { LiveNumbers } from '../source/change-source.ts'
import type {
  DocumentKey,
  NumberedKey,
  ReadDocument,
  SweepNotes,
  SweptDocument,
  SweptVersion,
} from '../source/sweep-notes.ts'
import { CatalogDatabase } from './catalog-database.ts'
import type { CatalogForm } from './catalog-schema.ts'

const firstForm = `
  CREATE TABLE units (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    next INTEGER NOT NULL,
    rows INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE documents (
    unit INTEGER NOT NULL,
    row INTEGER NOT NULL,
    key TEXT NOT NULL,
    version ANY,
    digest INTEGER,
    number INTEGER NOT NULL,
    PRIMARY KEY (unit, row)
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX documents_by_key ON documents (unit, key);
  CREATE INDEX documents_by_number ON documents (unit, number);
`

/** Its id is "IFSW". */
const formOf = (copy: string): CatalogForm => ({
  fileName: `${copy}.db`,
  applicationId: 0x49465357,
  steps: [firstForm],
  erasesDeleted: false,
})

const folderOf = (stateFolder: string): string => join(stateFolder, 'sweeps')

export function removeSweeps(stateFolder: string, copy: string): void {
  for (const ending of ['', '-wal', '-shm']) rmSync(join(folderOf(stateFolder), `${copy}.db${ending}`), { force: true })
}

/** The file is made when the first index needs it. */
export class SweepsFile implements Disposable {
  private readonly stateFolder: string
  private readonly copy: string
  /** Whether the follower may have written documents under numbers that are in the file. */
  private readonly mustExist: (unit: string) => boolean
  private database: CatalogDatabase | undefined

  constructor(stateFolder: string, copy: string, mustExist: (unit: string) => boolean) {
    this.stateFolder = stateFolder
    this.copy = copy
    this.mustExist = mustExist
  }

  /** Throws WRITTEN_IDS_LOST when numbers were given before and the file is not there: new ones would begin at 0. */
  ofUnit(unit: string): SweepNotes {
    const file = join(folderOf(this.stateFolder), `${this.copy}.db`)
    if (!this.database && !existsSync(file) && this.mustExist(unit)) throw lost(file, this.copy)
    this.database ??= CatalogDatabase.open(folderOf(this.stateFolder), formOf(this.copy))
    return new UnitSweeps(this.database, unit)
  }

  [Symbol.dispose](): void {
    this.database?.close()
  }
}

const lost = (file: string, copy: string): IndexferryError =>
  new IndexferryError('WRITTEN_IDS_LOST', `the file ${file}, which says what ${copy} has seen on the source, is gone`)

class UnitSweeps implements SweepNotes {
  private readonly database: CatalogDatabase
  private readonly unit: number

  constructor(database: CatalogDatabase, name: string) {
    this.database = database
    database.transaction('full', () =>
      database.run('INSERT INTO units (name, next, rows) VALUES (?, 0, 0) ON CONFLICT DO NOTHING', name),
    )
    this.unit = Number(database.get('SELECT id FROM units WHERE name = ?', name)?.id)
  }

  next(): number {
    return this.counters().next
  }

  rows(): number {
    return this.counters().rows
  }

  see(documents: readonly SweptDocument[]): readonly number[] {
    const known = documents.map(({ key }) => this.find(key))
    const isNews = (document: SweptDocument, at: number) => {
      const there = known[at]
      return (
        !there ||
        there.version !== document.version ||
        (document.digest !== undefined && there.digest !== null && there.digest !== document.digest)
      )
    }
    const rows = known.map((there) => there?.row ?? 0)
    if (!documents.some(isNews)) return rows
    this.database.transaction('full', () => {
      const counters = { ...this.counters() }
      for (const [at, document] of documents.entries()) {
        if (isNews(document, at)) rows[at] = this.renumber(document, counters)
      }
      this.saveCounters(counters)
    })
    return rows
  }

  /** Looked up once more: a document may be there twice in one page. */
  private renumber({ key, version }: SweptDocument, counters: { next: number; rows: number }): number {
    const there = this.find(key)
    if (there?.version === version && there.number >= this.counters().next) return there.row
    const number = counters.next++
    if (there) {
      const sql = 'UPDATE documents SET version = ?, digest = NULL, number = ? WHERE unit = ? AND row = ?'
      this.database.run(sql, version, number, this.unit, there.row)
      return there.row
    }
    const row = ++counters.rows
    const sql = 'INSERT INTO documents (unit, row, key, version, digest, number) VALUES (?, ?, ?, ?, NULL, ?)'
    this.database.run(sql, this.unit, row, key, version, number)
    return row
  }

  listRows(after: number, upTo: number, max: number): readonly number[] {
    const sql = 'SELECT row FROM documents WHERE unit = ? AND row > ? AND row <= ? ORDER BY row LIMIT ?'
    return this.database.all(sql, this.unit, after, upTo, max).map(({ row }) => Number(row))
  }

  takeOut(rows: readonly number[]): void {
    if (rows.length === 0) return
    this.database.transaction('full', () => {
      const counters = this.counters()
      for (const row of rows) this.database.run('DELETE FROM documents WHERE unit = ? AND row = ?', this.unit, row)
      this.saveCounters({ ...counters, next: counters.next + rows.length })
    })
  }

  listNumbers(from: number, to: number, max: number): readonly NumberedKey[] {
    const sql = `SELECT number, key, digest FROM documents WHERE unit = ? AND number >= ? AND number < ?
      ORDER BY number LIMIT ?`
    return this.database.all(sql, this.unit, from, to, max).map(({ number, key, digest }) => ({
      number: Number(number),
      key: String(key),
      digest: digest === null ? undefined : Number(digest),
    }))
  }

  noteRead(documents: readonly ReadDocument[]): void {
    if (documents.length === 0) return
    this.database.transaction('full', () => {
      for (const { key, number, version, digest } of documents) {
        this.database.run(
          'UPDATE documents SET version = ?, digest = ? WHERE unit = ? AND key = ? AND number = ?',
          ...[version ?? null, digest ?? null, this.unit, key, number],
        )
      }
    })
  }

  sumLive(from: number, to: number, width: number): ReadonlyMap<number, LiveNumbers> {
    const sql = `SELECT number / ? AS block, count(*) AS count, sum(number) AS sum FROM documents
      WHERE unit = ? AND number >= ? AND number < ? GROUP BY block`
    return new Map(
      this.database
        .all(sql, BigInt(width), this.unit, from, to)
        .map(({ block, count, sum }) => [Number(block), { count: Number(count), sum: Number(sum) }]),
    )
  }

  listLive(from: number, to: number): readonly number[] {
    const sql = 'SELECT number FROM documents WHERE unit = ? AND number >= ? AND number < ?'
    return this.database.all(sql, this.unit, from, to).map(({ number }) => Number(number))
  }

  private find(key: DocumentKey) {
    const sql = 'SELECT row, version, digest, number FROM documents WHERE unit = ? AND key = ?'
    const row = this.database.get(sql, this.unit, key)
    return row as
      | {
          readonly row: number
          readonly version: SweptVersion | null
          readonly digest: number | null
          readonly number: number
        }
      | undefined
  }

  private counters(): { readonly next: number; readonly rows: number } {
    const row = this.database.get('SELECT next, rows FROM units WHERE id = ?', this.unit)
    return { next: Number(row?.next), rows: Number(row?.rows) }
  }

  private saveCounters({ next, rows }: { readonly next: number; readonly rows: number }): void {
    this.database.run('UPDATE units SET next = ?, rows = ? WHERE id = ?', next, rows, this.unit)
  }
}
