// Keeps which documents a follower wrote, in a file of its own for each follower: it may grow to some tens of bytes for each document, and
// the catalog is read as a whole whenever it is opened.
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { IndexferryError } from '../foundation/errors.ts'
import type { NotedBlock, WrittenIds } from '../mechanism/written-ids.ts'
import { CatalogDatabase } from './catalog-database.ts'
import type { CatalogForm } from './catalog-schema.ts'

const firstForm = `
  CREATE TABLE blocks (
    row INTEGER PRIMARY KEY,
    unit TEXT NOT NULL,
    shard INTEGER NOT NULL,
    block INTEGER NOT NULL,
    count INTEGER NOT NULL,
    ids BLOB NOT NULL
  ) STRICT;
  CREATE INDEX blocks_by_number ON blocks (unit, shard, block, count);
`

/** Its id is "IFWI". */
const formOf = (copy: string): CatalogForm => ({
  fileName: `${copy}.db`,
  applicationId: 0x49465749,
  steps: [firstForm],
  erasesDeleted: false,
})

const folderOf = (stateFolder: string): string => join(stateFolder, 'written')

export function removeWrittenIds(stateFolder: string, copy: string): void {
  for (const ending of ['', '-wal', '-shm']) rmSync(join(folderOf(stateFolder), `${copy}.db${ending}`), { force: true })
}

export const hasWrittenIds = (stateFolder: string, copy: string): boolean =>
  existsSync(join(folderOf(stateFolder), `${copy}.db`))

/** Throws WRITTEN_IDS_LOST when the follower has written before (`mustExist`) and the file is not there. */
export function openWrittenIds(stateFolder: string, copy: string, mustExist: boolean): WrittenIdsFile {
  const file = join(folderOf(stateFolder), `${copy}.db`)
  if (mustExist && !existsSync(file)) {
    throw new IndexferryError('WRITTEN_IDS_LOST', `the file ${file}, which says what ${copy} has written, is gone`)
  }
  return new WrittenIdsFile(CatalogDatabase.open(folderOf(stateFolder), formOf(copy)))
}

export class WrittenIdsFile implements Disposable {
  private readonly database: CatalogDatabase
  private readonly notes: GroupedNotes

  constructor(database: CatalogDatabase) {
    this.database = database
    this.notes = new GroupedNotes(database)
  }

  ofUnit(unit: string): WrittenIds {
    return new UnitIds(this.database, this.notes, unit)
  }

  /** In parts, for it may be much. */
  removeUnit(unit: string): void {
    const sql = 'DELETE FROM blocks WHERE row IN (SELECT row FROM blocks WHERE unit = ? LIMIT 2000)'
    while (this.database.transaction('process', () => this.database.run(sql, unit)) > 0);
  }

  [Symbol.dispose](): void {
    this.notes.flush()
    this.database.close()
  }
}

interface PendingNote {
  readonly write: () => void
  readonly done: PromiseWithResolvers<void>
}

/** A disk makes some hundred notes durable each second, one by one, and the process stands still meanwhile: so what comes within some milliseconds goes together. */
const groupMs = 3

class GroupedNotes {
  private readonly database: CatalogDatabase
  private pending: PendingNote[] = []

  constructor(database: CatalogDatabase) {
    this.database = database
  }

  /** Resolves when what `write` wrote is durable, also against a power cut. */
  add(write: () => void): Promise<void> {
    const done = Promise.withResolvers<void>()
    this.pending.push({ write, done })
    if (this.pending.length === 1) setTimeout(() => this.flush(), groupMs)
    return done.promise
  }

  flush(): void {
    const group = this.pending
    if (group.length === 0) return
    this.pending = []
    try {
      this.database.transaction('full', () => {
        for (const { write } of group) write()
      })
    } catch (error) {
      for (const { done } of group) done.reject(error)
      return
    }
    for (const { done } of group) done.resolve()
  }
}

class UnitIds implements WrittenIds {
  private readonly database: CatalogDatabase
  private readonly notes: GroupedNotes
  private readonly unit: string

  constructor(database: CatalogDatabase, notes: GroupedNotes, unit: string) {
    this.database = database
    this.notes = notes
    this.unit = unit
  }

  note(shard: number, blocks: readonly NotedBlock[]): Promise<void> {
    return this.notes.add(() => {
      for (const note of blocks) this.insert(shard, note)
    })
  }

  forget(shard: number, blocks: readonly NotedBlock[]): void {
    this.database.transaction('process', () => {
      for (const note of blocks) this.insert(shard, note)
    })
  }

  listBlocks(shard: number, from: number, max: number) {
    const sql = `SELECT block, sum(count) AS count FROM blocks WHERE unit = ? AND shard = ? AND block >= ?
      GROUP BY block ORDER BY block LIMIT ?`
    return this.database
      .all(sql, this.unit, shard, from, max)
      .map(({ block, count }) => ({ block: Number(block), count: Number(count) }))
  }

  sizeOfBlock(shard: number, block: number) {
    const sql = 'SELECT count(*) AS notes, sum(count) AS count FROM blocks WHERE unit = ? AND shard = ? AND block = ?'
    const row = this.database.get(sql, this.unit, shard, block)
    return { notes: Number(row?.notes), count: Number(row?.count ?? 0) }
  }

  readBlock(shard: number, block: number): readonly Buffer[] {
    const sql = 'SELECT ids FROM blocks WHERE unit = ? AND shard = ? AND block = ? ORDER BY row'
    return this.database.all(sql, this.unit, shard, block).map(({ ids }) => Buffer.from(ids as Uint8Array))
  }

  replaceBlock(shard: number, block: number, note: NotedBlock | undefined): void {
    this.database.transaction('process', () => {
      this.database.run('DELETE FROM blocks WHERE unit = ? AND shard = ? AND block = ?', this.unit, shard, block)
      if (note) this.insert(shard, note)
    })
  }

  private insert(shard: number, { block, count, bytes }: NotedBlock): void {
    this.database.run(
      'INSERT INTO blocks (unit, shard, block, count, ids) VALUES (?, ?, ?, ?, ?)',
      ...[this.unit, shard, block, count, bytes],
    )
  }
}
