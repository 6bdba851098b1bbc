// Keeps what sweeps remember, in a file of its own for each follower: some hundred bytes for each document.
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { IndexferryError } from '../foundation/errors.ts'
import type { LiveNumbers } from '../source/change-source.ts'
import type { NotedRow, RecordedNotes, RecordedPlace } from '../source/recorded-notes.ts'
import type { DocumentKey, NumberedKey, ReadDocument, SweptDocument, SweptVersion } from '../source/sweep-notes.ts'
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

/** Versions that are texts are too large to be exact as numbers. */
const highestVersions = `
  ALTER TABLE units ADD COLUMN highest REAL NOT NULL DEFAULT 0;
  UPDATE units SET highest =
    coalesce((SELECT max(CAST(version AS REAL)) FROM documents WHERE documents.unit = units.id), 0);
`

/** How far followers of gateways are in their logs. */
const recordedPlaces = 'ALTER TABLE units ADD COLUMN place TEXT;'

/** Its id is "IFSW". */
const formOf = (copy: string): CatalogForm => ({
  fileName: `${copy}.db`,
  applicationId: 0x49465357,
  steps: [firstForm, highestVersions, recordedPlaces],
  erasesDeleted: false,
  cacheKib: 512,
})

const folderOf = (stateFolder: string): string => join(stateFolder, 'sweeps')

export const hasSweeps = (stateFolder: string, copy: string): boolean =>
  existsSync(join(folderOf(stateFolder), `${copy}.db`))

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
  ofUnit(unit: string): RecordedNotes {
    if (!this.database && !hasSweeps(this.stateFolder, this.copy) && this.mustExist(unit)) {
      throw lost(join(folderOf(this.stateFolder), `${this.copy}.db`), this.copy)
    }
    this.database ??= CatalogDatabase.open(folderOf(this.stateFolder), formOf(this.copy))
    return new UnitSweeps(this.database, unit)
  }

  [Symbol.dispose](): void {
    this.database?.close()
  }
}

const lost = (file: string, copy: string): IndexferryError =>
  new IndexferryError('WRITTEN_IDS_LOST', `the file ${file}, which says what ${copy} has seen on the source, is gone`)

class UnitSweeps implements RecordedNotes {
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

  highestVersion(): number {
    return this.counters().highest
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
  private renumber({ key, version }: SweptDocument, counters: Writable<Counters>): number {
    counters.highest = Math.max(counters.highest, Number(version))
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
    const sql = `SELECT number, key, digest, version FROM documents WHERE unit = ? AND number >= ? AND number < ?
      ORDER BY number LIMIT ?`
    return this.database.all(sql, this.unit, from, to, max).map(({ number, key, digest, version }) => ({
      version: (version ?? undefined) as SweptVersion | undefined,
      number: Number(number),
      key: String(key),
      digest: digest === null ? undefined : Number(digest),
    }))
  }

  noteRead(documents: readonly ReadDocument[]): void {
    if (documents.length === 0) return
    this.database.transaction('full', () => {
      const counters = { ...this.counters() }
      for (const { key, number, version, digest } of documents) {
        counters.highest = Math.max(counters.highest, Number(version ?? 0))
        this.database.run(
          'UPDATE documents SET version = ?, digest = ? WHERE unit = ? AND key = ? AND number = ?',
          ...[version ?? null, digest ?? null, this.unit, key, number],
        )
      }
      this.saveCounters(counters)
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

  readPlace(): RecordedPlace | undefined {
    const text = this.database.get('SELECT place FROM units WHERE id = ?', this.unit)?.place
    return typeof text === 'string' ? (JSON.parse(text) as RecordedPlace) : undefined
  }

  savePlace(place: RecordedPlace): void {
    const sql = 'UPDATE units SET place = ? WHERE id = ?'
    this.database.transaction('process', () => this.database.run(sql, JSON.stringify(place), this.unit))
  }

  rowsOfIds(ids: readonly string[]): readonly NotedRow[] {
    const sql = 'SELECT row, number, key FROM documents WHERE unit = ? AND key >= ? AND key < ?'
    const types = this.types()
    return ids.flatMap((id) =>
      writtenForms(id).flatMap((raw) =>
        types.flatMap((type) => {
          const start = `${type}\u0000${raw}`
          return this.database
            .all(sql, this.unit, `${start}\u0000`, `${start}\u0001`)
            .map(({ row, number, key }) => ({ row: Number(row), number: Number(number), key: String(key) }))
        }),
      ),
    )
  }

  keysOfRows(rows: readonly number[]): readonly DocumentKey[] {
    const sql = 'SELECT key FROM documents WHERE unit = ? AND row = ?'
    return rows.flatMap((row) => this.database.all(sql, this.unit, row).map(({ key }) => String(key)))
  }

  /** An index has few; each is found by one look into the order of the keys. */
  private types(): string[] {
    const sql = 'SELECT min(key) AS key FROM documents WHERE unit = ? AND key >= ?'
    const types: string[] = []
    for (let from = ''; types.length < typesMax; ) {
      const key = this.database.get(sql, this.unit, from)?.key
      if (typeof key !== 'string') break
      const type = key.slice(0, key.indexOf('\u0000'))
      types.push(type)
      from = `${type}\u0001`
    }
    return types
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

  private counters(): Counters {
    const row = this.database.get('SELECT next, rows, highest FROM units WHERE id = ?', this.unit)
    return { next: Number(row?.next), rows: Number(row?.rows), highest: Number(row?.highest) }
  }

  private saveCounters({ next, rows, highest }: Counters): void {
    const sql = 'UPDATE units SET next = ?, rows = ?, highest = ? WHERE id = ?'
    this.database.run(sql, next, rows, highest, this.unit)
  }
}

interface Counters {
  readonly next: number
  readonly rows: number
  readonly highest: number
}

type Writable<Of> = { -readonly [Key in keyof Of]: Of[Key] }

const typesMax = 10_000

/** As servers print an id between quotes; control characters are written with small letters by some. */
function writtenForms(id: string): string[] {
  const raw = JSON.stringify(id).slice(1, -1)
  const upper = raw.replace(/\\u[0-9a-f]{4}/g, (short) => `\\u${short.slice(2).toUpperCase()}`)
  return raw === upper ? [raw] : [raw, upper]
}
