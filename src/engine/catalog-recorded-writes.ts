// The file in which a gateway notes which documents may have changed by writes that pass through it: `recorded-writes.db`.
//
//   log       one row: which log this is, of which names, and the numbers up to which some were given
//   writes    one row for a part of a call: the name that was written to and the ids. Without ids: the whole index has to be swept
//   aliases   names that lead to recorded indexes, as readers saw them
//   readers   how far each reader is
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { CatalogDatabase, type Row } from './catalog-database.ts'
import type { CatalogForm } from './catalog-schema.ts'

const firstForm = `
  CREATE TABLE log (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    id TEXT NOT NULL,
    names TEXT NOT NULL,
    reserved INTEGER NOT NULL,
    begins INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE writes (
    row INTEGER PRIMARY KEY,
    number INTEGER,
    bytes INTEGER NOT NULL,
    again INTEGER,
    at INTEGER NOT NULL,
    name TEXT NOT NULL,
    ids TEXT
  ) STRICT;
  CREATE INDEX writes_by_number ON writes (number);
  CREATE INDEX writes_by_name ON writes (name, number);
  CREATE INDEX writes_again ON writes (again) WHERE again IS NOT NULL;
  CREATE TABLE aliases (
    alias TEXT NOT NULL,
    index_name TEXT NOT NULL,
    PRIMARY KEY (alias, index_name)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE readers (
    index_name TEXT NOT NULL,
    reader TEXT NOT NULL,
    position INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    PRIMARY KEY (index_name, reader)
  ) STRICT, WITHOUT ROWID;
`

/** Its id is "IFRW". */
const form: CatalogForm = {
  fileName: 'recorded-writes.db',
  applicationId: 0x49465257,
  steps: [firstForm],
  erasesDeleted: false,
}

/** Under this name stands what may concern every index; the ids are patterns. */
export const patternMark = '*'

/** What a call may change. Without ids it is the whole index. */
export interface WriteNote {
  /** As the call has it: an index, an alias, or a pattern. */
  readonly name: string
  readonly ids: readonly string[] | undefined
}

/** As it stands in the file. */
export interface WrittenRow {
  readonly name: string
  /** JSON; null for the whole index. */
  readonly ids: string | null
}

export const rowOfNote = ({ name, ids }: WriteNote): WrittenRow => ({
  name,
  ids: ids === undefined ? null : JSON.stringify(ids),
})

/** About what it takes. */
export const bytesOfRow = ({ name, ids }: WrittenRow): number => rowBytes + name.length + (ids?.length ?? 0)

export interface StoredWrite extends WriteNote {
  readonly number: number
}

/** Numbers are set aside so many at a time, so that none is given twice though they are written down later. */
const numbersAtOnce = 100_000

/** A log that nobody goes on with must not be taken up later as if it had seen everything. */
export function removeRecordedWrites(folder: string): void {
  for (const ending of ['', '-wal', '-shm']) rmSync(join(folder, form.fileName + ending), { force: true })
}

export class RecordedWritesFile implements Disposable {
  readonly id: string
  /** Numbers up to and with this one are no longer in the log. */
  begins: number
  bytes: number
  private readonly database: CatalogDatabase
  private nextNumber: number
  private reserved: number
  private nextRow: number

  /** Recorded under other names than now, the log lacks writes: it begins anew, under another id. */
  constructor(folder: string, names: readonly string[]) {
    this.database = CatalogDatabase.open(folder, form)
    const { database } = this
    const named = JSON.stringify([...names].sort())
    if (database.get('SELECT names FROM log')?.names !== named) this.beginAnew(named)
    const log = database.get('SELECT id, reserved, begins FROM log') as Row
    this.id = String(log.id)
    this.begins = Number(log.begins)
    this.reserved = Number(log.reserved)
    this.nextNumber = this.reserved + 1
    const sums = database.get(
      'SELECT coalesce(max(row), 0) AS row, coalesce(sum(bytes), 0) AS bytes FROM writes',
    ) as Row
    this.nextRow = Number(sums.row) + 1
    this.bytes = Number(sums.bytes)
  }

  /** The highest that was given. */
  get lastNumber(): number {
    return this.nextNumber - 1
  }

  /** Durable, also against a power cut, when it returns. Answers with their rows. */
  insert(written: readonly WrittenRow[], atMs: number): number[] {
    const rows: number[] = []
    let added = 0
    const sql = 'INSERT INTO writes (row, number, name, ids, bytes, again, at) VALUES (?, NULL, ?, ?, ?, NULL, ?)'
    this.database.transaction('full', () => {
      for (const each of written) {
        const row = this.nextRow++
        const bytes = bytesOfRow(each)
        this.database.run(sql, row, each.name, each.ids, bytes, atMs)
        added += bytes
        rows.push(row)
      }
    })
    this.bytes += added
    return rows
  }

  /**
   * Gives each the next number. `againMs`: it is to get another one then, as what it stands for may still happen; null: that was the last. By
   * the monotonic clock of this process: one that begins sets all of them anew.
   */
  number(rows: readonly (readonly [row: number, againMs: number | null])[]): void {
    if (rows.length === 0) return
    this.reserve(rows.length)
    this.database.transaction('process', () => {
      for (const [row, againMs] of rows)
        this.database.run('UPDATE writes SET number = ?, again = ? WHERE row = ?', this.nextNumber++, againMs, row)
    })
  }

  /** Of an earlier process, with or without a number. `isWide`: it names no documents. */
  listUnsettled(): { readonly row: number; readonly isWide: boolean }[] {
    const sql = `SELECT row, ids IS NULL OR name = '*' AS wide FROM writes WHERE number IS NULL OR again IS NOT NULL ORDER BY row`
    return this.database.all(sql).map(({ row, wide }) => ({ row: Number(row), isWide: wide === 1 }))
  }

  listDue(nowMs: number): number[] {
    return this.rows('SELECT row FROM writes WHERE again <= ? ORDER BY row LIMIT 10000', nowMs)
  }

  /** Behind `after`, in order: at most `rows`, and `bytes`, but one at least. `isWhole`: there are no more. */
  list(
    name: string,
    after: number,
    most: { readonly rows: number; readonly bytes: number },
  ): { readonly writes: StoredWrite[]; readonly isWhole: boolean } {
    const which = 'FROM writes WHERE name = ? AND number > ?'
    const sizes = this.database.all(`SELECT number, bytes ${which} ORDER BY number LIMIT ?`, name, after, most.rows)
    let [count, bytes] = [0, 0]
    for (const size of sizes) {
      bytes += Number(size.bytes)
      if (count > 0 && bytes > most.bytes) break
      count++
    }
    const upTo = sizes[count - 1]?.number
    if (upTo === undefined) return { writes: [], isWhole: true }
    const sql = `SELECT number, name, ids ${which} AND number <= ? ORDER BY number`
    const writes = this.database.all(sql, name, after, upTo).map((row) => ({
      number: Number(row.number),
      name: String(row.name),
      ids: row.ids === null ? undefined : (JSON.parse(String(row.ids)) as string[]),
    }))
    return { writes, isWhole: count === sizes.length && count < most.rows }
  }

  listAliases(): { readonly alias: string; readonly index: string }[] {
    return this.database
      .all('SELECT alias, index_name FROM aliases')
      .map(({ alias, index_name }) => ({ alias: String(alias), index: String(index_name) }))
  }

  /** What was written under them before is nowhere: so all of the index may have changed. Answers with the row that says so. */
  addAliases(aliases: readonly string[], index: string, atMs: number): number[] {
    return this.database.transaction('full', () => {
      const sql = 'INSERT OR IGNORE INTO aliases (alias, index_name) VALUES (?, ?)'
      for (const alias of aliases) this.database.run(sql, alias, index)
      return this.insert([{ name: index, ids: null }], atMs)
    })
  }

  noteReader(index: string, reader: string, position: number, atMs: number): void {
    const sql = 'INSERT OR REPLACE INTO readers (index_name, reader, position, seen) VALUES (?, ?, ?, ?)'
    this.database.transaction('process', () => this.database.run(sql, index, reader, position, atMs))
  }

  /** Takes out what every reader has passed, and readers that were not seen since `seenMs`: one of those that comes back finds a gap. */
  removeRead(seenMs: number): void {
    const { begins, bytes } = this.database.transaction('process', () => {
      this.database.run('DELETE FROM readers WHERE seen < ?', seenMs)
      const least = Number(this.database.get('SELECT min(position) AS least FROM readers')?.least ?? 0)
      if (least <= this.begins) return { begins: this.begins, bytes: 0 }
      return { begins: least, bytes: this.removeUpTo(least) }
    })
    this.begins = begins
    this.bytes -= bytes
  }

  /** Of what is too old, or too much, the oldest goes, read or not; whoever has not read it finds that out by `begins`. */
  limit(bytesMax: number, oldestMs: number): void {
    const tooOld = Number(
      this.database.get('SELECT coalesce(max(number), 0) AS number FROM writes WHERE at < ?', oldestMs)?.number,
    )
    let upTo = tooOld
    if (this.bytes > bytesMax) {
      let left = this.bytes - (bytesMax * 3) / 4
      const sql = 'SELECT number, bytes FROM writes WHERE number > ? ORDER BY number LIMIT 1000'
      for (let at = 0; left > 0; ) {
        const page = this.database.all(sql, at)
        for (const { number, bytes } of page) {
          if (left <= 0) break
          at = Number(number)
          left -= Number(bytes)
        }
        upTo = Math.max(upTo, at)
        if (page.length === 0) break
      }
    }
    if (upTo <= this.begins) return
    this.bytes -= this.database.transaction('full', () => this.removeUpTo(upTo))
    this.begins = upTo
  }

  [Symbol.dispose](): void {
    this.database.close()
  }

  /** What is to get another number stays. Answers with the bytes of the others. */
  private removeUpTo(number: number): number {
    this.database.run('UPDATE log SET begins = ?', number)
    const which = 'FROM writes WHERE number <= ? AND again IS NULL'
    const { bytes } = this.database.get(`SELECT coalesce(sum(bytes), 0) AS bytes ${which}`, number) as Row
    this.database.run(`DELETE ${which}`, number)
    return Number(bytes)
  }

  private reserve(count: number): void {
    if (this.nextNumber + count - 1 <= this.reserved) return
    const reserved = this.nextNumber + count + numbersAtOnce
    this.database.transaction('full', () => this.database.run('UPDATE log SET reserved = ?', reserved))
    this.reserved = reserved
  }

  private rows(sql: string, ...values: number[]): number[] {
    return this.database.all(sql, ...values).map(({ row }) => Number(row))
  }

  private beginAnew(names: string): void {
    this.database.transaction('full', () => {
      for (const table of ['log', 'writes', 'aliases', 'readers']) this.database.run(`DELETE FROM ${table}`)
      const sql = 'INSERT INTO log (only, id, names, reserved, begins) VALUES (1, ?, ?, 0, 0)'
      this.database.run(sql, randomUUID(), names)
    })
  }
}

/** About what a row takes besides its texts. */
const rowBytes = 100
