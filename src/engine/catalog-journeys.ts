// The migrations of a state folder: where each is, who runs it, and what others ask of it. A file of its own beside the catalog of copies.
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { now } from '../foundation/clock.ts'
import { IndexferryError } from '../foundation/errors.ts'
import { currentProcess } from '../foundation/process-identity.ts'
import {
  type JourneyJournal,
  type JourneyRecord,
  type JourneyRequests,
  newRecord,
} from '../migration/snapshot-journey/journey-record.ts'
import { isEnd } from '../migration/snapshot-journey/journey-states.ts'
import { CatalogDatabase, type Row } from './catalog-database.ts'
import { type CopyOwner, describeOwner, isOwnerAlive } from './catalog-owner.ts'
import { ownerOf } from './catalog-records.ts'
import type { CatalogForm } from './catalog-schema.ts'

/** Its id is "IFRJ". */
const journeyCatalog: CatalogForm = {
  fileName: 'migrations.db',
  applicationId: 0x4946524a,
  erasesDeleted: false,
  steps: [
    `CREATE TABLE migrations (
      name TEXT PRIMARY KEY,
      key TEXT NOT NULL,
      plan TEXT NOT NULL,
      source TEXT NOT NULL,
      target TEXT NOT NULL,
      record TEXT NOT NULL,
      updated INTEGER NOT NULL,
      token TEXT,
      owner TEXT,
      heartbeat INTEGER,
      error TEXT,
      abort_requested INTEGER NOT NULL DEFAULT 0,
      cut_over_requested INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID`,
  ],
}

/** What a migration is, to tell it from others. */
export interface JourneyIdentity {
  readonly name: string
  /** Of what it moves from where to where. */
  readonly key: string
  /** The file. */
  readonly plan: string
  readonly source: string
  readonly target: string
}

export interface JourneyListing extends JourneyIdentity {
  readonly record: JourneyRecord
  readonly updated: number
  readonly owner: CopyOwner | null
  readonly isRunning: boolean
  readonly requests: JourneyRequests
  readonly error: { readonly code: string; readonly message: string } | null
}

export class JourneyCatalog implements Disposable {
  private readonly database: CatalogDatabase

  private constructor(database: CatalogDatabase) {
    this.database = database
  }

  static open(stateFolder: string): JourneyCatalog {
    return new JourneyCatalog(CatalogDatabase.open(stateFolder, journeyCatalog))
  }

  /** All migrations of a state folder, which is left as it is. */
  static listOf(stateFolder: string): readonly JourneyListing[] {
    if (!existsSync(join(stateFolder, journeyCatalog.fileName))) return []
    using catalog = JourneyCatalog.open(stateFolder)
    return catalog.list()
  }

  list(): readonly JourneyListing[] {
    return this.database.all('SELECT * FROM migrations ORDER BY name').map(listingOf)
  }

  find(name: string): JourneyListing | undefined {
    const row = this.database.get('SELECT * FROM migrations WHERE name = ?', name)
    return row && listingOf(row)
  }

  /** Makes this process the one that runs it. Throws MIGRATION_RUNNING, MIGRATION_CHANGED. */
  claim(identity: JourneyIdentity, { restart }: { readonly restart: boolean }): JourneyWriter {
    const { name, key, plan, source, target } = identity
    const token = randomUUID()
    const owner = JSON.stringify({ ...currentProcess(), since: now() })
    const record = this.database.transaction('full', () => {
      const before = this.find(name)
      if (before?.isRunning) throw running(before)
      const isOver = before !== undefined && isEnd(before.record.state)
      // A plan that was refused at the very first step may be corrected.
      const isOther = before !== undefined && before.key !== key && isUntouched(before)
      const isAnew = before === undefined || before.record.state === 'aborted' || (restart && isOver) || isOther
      if (restart && before && !isOver) throw unfinished(name)
      if (!isAnew && before.key !== key) throw changed(before)
      const kept = isAnew ? newRecord(now()) : before.record
      const requests = isAnew ? { abort: false, cutOver: false } : before.requests
      this.database.run(
        `INSERT OR REPLACE INTO migrations
           (name, key, plan, source, target, record, updated, token, owner, heartbeat, error, abort_requested, cut_over_requested)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?)`,
        ...[name, key, plan, source, target, JSON.stringify(kept), now(), token, owner, now()],
        ...[Number(requests.abort), Number(requests.cutOver)],
      )
      return kept
    })
    return new JourneyWriter(this.database, name, token, record)
  }

  /** Kept until the migration has done it. Throws MIGRATION_UNKNOWN. */
  request(name: string, what: keyof JourneyRequests): void {
    const column = what === 'abort' ? 'abort_requested' : 'cut_over_requested'
    const changes = this.database.transaction('full', () =>
      this.database.run(`UPDATE migrations SET ${column} = 1 WHERE name = ?`, name),
    )
    if (changes === 0) throw new IndexferryError('MIGRATION_UNKNOWN', `no migration has the name "${name}"`)
  }

  [Symbol.dispose](): void {
    this.database.close()
  }
}

/** The one process that runs a migration; every write is refused once another has taken it. */
export class JourneyWriter implements JourneyJournal {
  private readonly database: CatalogDatabase
  private readonly name: string
  private readonly token: string
  #record: JourneyRecord

  constructor(database: CatalogDatabase, name: string, token: string, record: JourneyRecord) {
    this.database = database
    this.name = name
    this.token = token
    this.#record = record
  }

  get record(): JourneyRecord {
    return this.#record
  }

  update(change: Partial<JourneyRecord>): void {
    const record = { ...this.#record, ...change }
    this.write('record = ?, updated = ?, heartbeat = ?', JSON.stringify(record), now(), now())
    this.#record = record
  }

  requests(): JourneyRequests {
    const row = this.database.get('SELECT * FROM migrations WHERE name = ?', this.name)
    return row ? requestsOf(row) : { abort: false, cutOver: false }
  }

  beat(): void {
    this.write('heartbeat = ?', now())
  }

  release(error: object | null): void {
    this.write('token = NULL, owner = NULL, error = ?, updated = ?', error && JSON.stringify(error), now())
  }

  private write(set: string, ...values: (string | number | null)[]): void {
    const changes = this.database.transaction('full', () =>
      this.database.run(`UPDATE migrations SET ${set} WHERE name = ? AND token = ?`, ...values, this.name, this.token),
    )
    if (changes > 0) return
    throw new IndexferryError('MIGRATION_RUNNING', `another process has taken over the migration ${this.name}`)
  }
}

function listingOf(row: Row): JourneyListing {
  const owner = ownerOf(row) ?? null
  return {
    name: String(row.name),
    key: String(row.key),
    plan: String(row.plan),
    source: String(row.source),
    target: String(row.target),
    record: JSON.parse(String(row.record)) as JourneyRecord,
    updated: Number(row.updated),
    owner,
    isRunning: owner !== null && isOwnerAlive(owner),
    requests: requestsOf(row),
    error: row.error === null ? null : (JSON.parse(String(row.error)) as JourneyListing['error']),
  }
}

const isUntouched = ({ record: { state, passed } }: JourneyListing): boolean =>
  state === 'registering' && passed.length === 0

const requestsOf = (row: Row): JourneyRequests => ({
  abort: row.abort_requested === 1,
  cutOver: row.cut_over_requested === 1,
})

const running = ({ name, owner }: JourneyListing): IndexferryError =>
  new IndexferryError(
    'MIGRATION_RUNNING',
    `the migration ${name} is already run by ${owner ? describeOwner(owner) : 'another process'}`,
  )

const changed = ({ name, source, target }: JourneyListing): IndexferryError =>
  new IndexferryError(
    'MIGRATION_CHANGED',
    `the migration ${name} began between ${source} and ${target} with other repositories, indexes or clusters than the plan has now`,
  )

const unfinished = (name: string): IndexferryError =>
  new IndexferryError('USAGE', `the migration ${name} is not at its end, so that it cannot begin anew`, {
    remedy: 'Go on with it, or take it back first: indexferry migrate PLAN --abort.',
  })
