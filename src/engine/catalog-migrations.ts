// The live migrations of a state folder: where each is, who runs it, and what others ask of it.
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { now } from '../foundation/clock.ts'
import { IndexferryError, redact } from '../foundation/errors.ts'
import { currentProcess } from '../foundation/process-identity.ts'
import {
  type MigrationJournal,
  type MigrationRecord,
  type MigrationRequest,
  newMigration,
  type RequestOutcome,
  type VerificationNote,
} from '../migration/live-journey/migration-record.ts'
import { isEnd } from '../migration/live-journey/migration-states.ts'
import type { JsonObject } from '../model/json.ts'
import { CatalogDatabase, type Row } from './catalog-database.ts'
import { type CopyOwner, describeOwner, isOwnerAlive } from './catalog-owner.ts'
import { encodeJson, ownerOf } from './catalog-records.ts'
import type { CatalogForm } from './catalog-schema.ts'
import { freeShortId } from './short-id.ts'

/** Its id is "IFRL". */
const migrationCatalog: CatalogForm = {
  fileName: 'live-migrations.db',
  applicationId: 0x4946524c,
  erasesDeleted: false,
  steps: [
    `CREATE TABLE migrations (
      id TEXT PRIMARY KEY,
      key TEXT NOT NULL,
      command TEXT NOT NULL,
      source TEXT NOT NULL,
      target TEXT NOT NULL,
      options TEXT NOT NULL,
      record TEXT NOT NULL,
      verification TEXT,
      updated INTEGER NOT NULL,
      token TEXT,
      owner TEXT,
      heartbeat INTEGER,
      error TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE requests (
      number INTEGER PRIMARY KEY,
      migration TEXT NOT NULL REFERENCES migrations (id) ON DELETE CASCADE,
      request TEXT NOT NULL,
      outcome TEXT
    ) STRICT;`,
  ],
}

export interface MigrationIdentity {
  /** Of what it moves from where to where. */
  readonly key: string
  /** The command line for people. */
  readonly command: string
  readonly source: string
  readonly target: string
  /** What another process needs to go on with it, without secrets. */
  readonly options: JsonObject
}

export interface MigrationListing extends MigrationIdentity {
  readonly id: string
  readonly record: MigrationRecord
  readonly verification: VerificationNote | null
  readonly updated: number
  readonly owner: CopyOwner | null
  readonly isRunning: boolean
  readonly requests: readonly MigrationRequest[]
  readonly error: { readonly code: string; readonly message: string } | null
}

/** Answered requests that are kept, for askers that are slow to look. */
const answersKept = 50

export class MigrationCatalog implements Disposable {
  private readonly database: CatalogDatabase

  private constructor(database: CatalogDatabase) {
    this.database = database
  }

  static open(stateFolder: string): MigrationCatalog {
    return new MigrationCatalog(CatalogDatabase.open(stateFolder, migrationCatalog))
  }

  /** All migrations of a state folder, which is left as it is. */
  static listOf(stateFolder: string): readonly MigrationListing[] {
    if (!existsSync(join(stateFolder, migrationCatalog.fileName))) return []
    using catalog = MigrationCatalog.open(stateFolder)
    return catalog.list()
  }

  list(): readonly MigrationListing[] {
    return this.database.all('SELECT * FROM migrations ORDER BY updated DESC, id').map((row) => this.listing(row))
  }

  /** By the id or the beginning of it. Throws MIGRATION_UNKNOWN. */
  find(name: string): MigrationListing {
    const prefix = name.toLowerCase()
    const found = this.list().filter(({ id }) => id === prefix || id.startsWith(prefix))
    const exact = found.find(({ id }) => id === prefix)
    const [only, another] = found
    if (exact) return exact
    if (only && !another) return only
    const what = another ? `"${name}" is the beginning of several migrations` : `no migration has the id "${name}"`
    throw new IndexferryError('MIGRATION_UNKNOWN', what)
  }

  /** The migration of these words that is not at its end. */
  findOpen(key: string): MigrationListing | undefined {
    return this.list().find((each) => each.key === key && !isEnd(each.record.state))
  }

  begin({ key, command, source, target, options }: MigrationIdentity): string {
    return this.database.transaction('full', () => {
      const id = freeShortId(
        'm-',
        (taken) => this.database.get('SELECT id FROM migrations WHERE id = ?', taken) !== undefined,
      )
      this.database.run(
        `INSERT INTO migrations (id, key, command, source, target, options, record, updated) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        ...[id, key, redact(command), redact(source), redact(target), encodeJson(options)],
        ...[JSON.stringify(newMigration(now())), now()],
      )
      return id
    })
  }

  /** Makes this process the one that runs it. Throws MIGRATION_RUNNING. */
  claim(id: string, options?: JsonObject): MigrationWriter {
    const token = randomUUID()
    const owner = JSON.stringify({ ...currentProcess(), since: now() })
    const listing = this.database.transaction('full', () => {
      const found = this.find(id)
      if (found.isRunning) throw running(found)
      this.database.run(
        'UPDATE migrations SET token = ?, owner = ?, heartbeat = ?, updated = ?, error = NULL, options = ? WHERE id = ?',
        ...[token, owner, now(), now(), encodeJson(options ?? found.options), found.id],
      )
      return found
    })
    return new MigrationWriter(this.database, listing, token)
  }

  request(id: string, request: Omit<MigrationRequest, 'id'>): string {
    const asked: MigrationRequest = { ...request, id: randomUUID() }
    this.database.transaction('full', () => {
      this.database.run('INSERT INTO requests (migration, request) VALUES (?, ?)', id, JSON.stringify(asked))
      const old = 'SELECT max(number) FROM requests WHERE migration = ?'
      this.database.run(`DELETE FROM requests WHERE migration = ? AND number <= (${old}) - ?`, ...[id, id, answersKept])
    })
    return asked.id
  }

  /** Undefined while it is open. */
  outcomeOf(id: string, request: string): RequestOutcome | undefined {
    const rows = this.database.all('SELECT outcome FROM requests WHERE migration = ? AND outcome IS NOT NULL', id)
    const outcomes = rows.map(({ outcome }) => JSON.parse(String(outcome)) as RequestOutcome)
    return outcomes.find((outcome) => outcome.id === request)
  }

  /** May be called by any process: what was found is true whoever runs the migration. */
  noteVerification(id: string, note: VerificationNote): void {
    this.database.transaction('full', () =>
      this.database.run('UPDATE migrations SET verification = ? WHERE id = ?', JSON.stringify(note), id),
    )
  }

  /** Nothing of it was done yet, or nothing is left of it. */
  forget(id: string): void {
    this.database.transaction('full', () => this.database.run('DELETE FROM migrations WHERE id = ?', id))
  }

  [Symbol.dispose](): void {
    this.database.close()
  }

  private listing(row: Row): MigrationListing {
    const owner = ownerOf(row) ?? null
    return {
      id: String(row.id),
      key: String(row.key),
      command: String(row.command),
      source: String(row.source),
      target: String(row.target),
      options: JSON.parse(String(row.options)) as JsonObject,
      record: JSON.parse(String(row.record)) as MigrationRecord,
      verification: row.verification === null ? null : (JSON.parse(String(row.verification)) as VerificationNote),
      updated: Number(row.updated),
      owner,
      isRunning: owner !== null && isOwnerAlive(owner),
      requests: openRequests(this.database, String(row.id)),
      error: row.error === null ? null : (JSON.parse(String(row.error)) as MigrationListing['error']),
    }
  }
}

const openRequests = (database: CatalogDatabase, id: string): MigrationRequest[] =>
  database
    .all('SELECT request FROM requests WHERE migration = ? AND outcome IS NULL ORDER BY number', id)
    .map(({ request }) => JSON.parse(String(request)) as MigrationRequest)

/** The one process that runs a migration; every write is refused once another has taken it. */
export class MigrationWriter implements MigrationJournal {
  readonly id: string
  private readonly database: CatalogDatabase
  private readonly token: string
  #record: MigrationRecord

  constructor(database: CatalogDatabase, { id, record }: MigrationListing, token: string) {
    this.database = database
    this.id = id
    this.token = token
    this.#record = record
  }

  get record(): MigrationRecord {
    return this.#record
  }

  update(change: Partial<MigrationRecord>): void {
    const record = { ...this.#record, ...change }
    this.write('record = ?, updated = ?, heartbeat = ?', JSON.stringify(record), now(), now())
    this.#record = record
  }

  requests(): readonly MigrationRequest[] {
    return openRequests(this.database, this.id)
  }

  answer(outcome: RequestOutcome): void {
    this.database.transaction('full', () => {
      const rows = this.database.all('SELECT number, request FROM requests WHERE migration = ?', this.id)
      const row = rows.find(({ request }) => (JSON.parse(String(request)) as MigrationRequest).id === outcome.id)
      if (row)
        this.database.run('UPDATE requests SET outcome = ? WHERE number = ?', encodeJson(outcome), row.number as number)
    })
  }

  verification(): VerificationNote | undefined {
    const row = this.database.get('SELECT verification FROM migrations WHERE id = ?', this.id)
    const noted = row?.verification
    return typeof noted === 'string' ? (JSON.parse(noted) as VerificationNote) : undefined
  }

  beat(): void {
    this.write('heartbeat = ?', now())
  }

  release(error: object | null): void {
    this.write('token = NULL, owner = NULL, error = ?, updated = ?', error && encodeJson(error), now())
  }

  private write(set: string, ...values: (string | number | null)[]): void {
    const changes = this.database.transaction('full', () =>
      this.database.run(`UPDATE migrations SET ${set} WHERE id = ? AND token = ?`, ...values, this.id, this.token),
    )
    if (changes > 0) return
    throw new IndexferryError('MIGRATION_RUNNING', `another process has taken over the migration ${this.id}`)
  }
}

const running = ({ id, owner }: MigrationListing): IndexferryError =>
  new IndexferryError(
    'MIGRATION_RUNNING',
    `the migration ${id} is already run by ${owner ? describeOwner(owner) : 'another process'}`,
  )
