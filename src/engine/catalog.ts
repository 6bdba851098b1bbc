// The catalog: what must survive a crash, in one SQLite file of the state folder. Which copies there are, who runs them, how far each
// partition has come, and the settings of targets that have to be restored. It never holds a secret.
//
// It is on a disk of this machine: SQLite's locks and its shared log do not work on network shares.
import { createHash, randomUUID } from 'node:crypto'
import { dirname, resolve } from 'node:path'
import { now } from '../foundation/clock.ts'
import { IndexferryError, redact } from '../foundation/errors.ts'
import { currentProcess } from '../foundation/process-identity.ts'
import type { FollowCursor } from '../mechanism/follow-journal.ts'
import type { JsonObject, JsonValue } from '../model/json.ts'
import { formatLocation, type Location } from '../model/location.ts'
import { CatalogDatabase, type Row } from './catalog-database.ts'
import { describeOwner, isOwnerAlive } from './catalog-owner.ts'
import {
  type Control,
  type CopyRecord,
  type CopyState,
  copyOf,
  cursorOf,
  encodeJson,
  type FileRecord,
  fileOf,
  type IndexRecord,
  indexOf,
  ownerOf,
  selectCopies,
  selectCursors,
  selectIndexes,
} from './catalog-records.ts'
import { removeSweeps } from './catalog-sweeps.ts'
import { CopyWriter } from './catalog-writer.ts'
import { removeWrittenIds } from './catalog-written-ids.ts'
import { freeShortId } from './short-id.ts'

const completedCopiesMax = 100

export interface ClaimRequest {
  /** From `copyKey`. */
  readonly key: string
  readonly command: string
  readonly source: string
  readonly target: string
  /** Limits given on the command line; those not named stay as they were. */
  readonly throttle?: Partial<Throttle>
  /**
   * `continue` (the default) goes on with an unfinished copy of this key or begins one; `restart` begins it again from its start;
   * `reopen` takes the latest one even when it is completed (to send rejected documents again), COPY_UNKNOWN when there is none.
   */
  readonly how?: 'continue' | 'restart' | 'reopen'
}

export type Throttle = Omit<Control, 'isPauseRequested'>

/** One copy with its indexes and files, as `indexferry status ID` shows it. */
export interface CopyDetails extends CopyRecord {
  readonly indexes: readonly IndexRecord[]
  readonly files: readonly FileRecord[]
}

/**
 * What makes two commands the same copy: both locations without credentials, and the options that change what arrives. The order of nodes
 * and of options does not matter; a relative path means the file that it names now.
 */
export function copyKey(source: Location, target: Location, contentOptions: JsonObject): string {
  const text = JSON.stringify([locationKey(source), locationKey(target), sortKeys(contentOptions)])
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}

function locationKey(location: Location): string {
  if (location.kind === 'file') return resolve(location.path)
  if (location.kind === 'stdio') return '-'
  return formatLocation({ ...location, nodes: [...location.nodes].sort() })
}

function sortKeys(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value as JsonObject).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([name, child]) => [name, sortKeys(child)]))
}

/** Opens the catalog in a state folder (`stateFolder`) and makes it when it is not there. Throws STATE_UNUSABLE. */
export const openCatalog = (folder: string): Catalog => new Catalog(CatalogDatabase.open(folder))

export class Catalog implements Disposable {
  private readonly database: CatalogDatabase

  constructor(database: CatalogDatabase) {
    this.database = database
  }

  /**
   * Makes this process the owner of a copy until it calls `release` or dies. Throws COPY_RUNNING while the owner lives that it
   * has already; a dead one is followed, with all the progress that it noted.
   */
  claimCopy(request: ClaimRequest): CopyWriter {
    const token = randomUUID()
    return this.database.transaction('full', () => {
      const found = this.findClaimable(request)
      if (found) this.refuseWhileRunning(found)
      const id = found ? String(found.id) : this.insertCopy(request)
      if (found && request.how === 'restart') this.resetCopy(id)
      const owner = encodeJson({ ...currentProcess(), since: now() })
      this.database.run(
        `UPDATE copies SET token = ?, owner = ?, heartbeat = ?, updated = ?, ended = NULL, error = NULL, command = ? WHERE id = ?`,
        ...[token, owner, now(), now(), redact(request.command), id],
      )
      this.database.run('UPDATE controls SET pause_requested = 0 WHERE copy = ?', id)
      if (request.throttle) this.updateThrottle(id, request.throttle)
      const stateBefore = (found?.state as CopyState | undefined) ?? 'planned'
      return new CopyWriter(this.database, {
        id,
        token,
        isResumed: found !== undefined && request.how !== 'restart',
        stateBefore,
      })
    })
  }

  /** Everything that `work` writes, through this catalog and the writers that it gave, as one: cheaper than one after the other. */
  together<Result>(durability: 'full' | 'process', work: () => Result): Result {
    return this.database.transaction(durability, work)
  }

  /** All copies, the latest first. */
  listCopies(): CopyRecord[] {
    return this.database.all(`${selectCopies} ORDER BY created DESC, id`).map(copyOf)
  }

  /** One copy by its id or the beginning of it. Throws COPY_UNKNOWN. */
  readCopy(idPrefix: string): CopyDetails {
    const id = this.resolveId(idPrefix)
    const copy = copyOf(this.database.get(`${selectCopies} WHERE copies.id = ?`, id) as Row)
    const indexes = this.database.all(selectIndexes, id).map(indexOf)
    const files = this.database.all('SELECT * FROM files WHERE copy = ? ORDER BY path', id).map(fileOf)
    return { ...copy, indexes, files }
  }

  /** How far the shards of a followed index are. */
  readCursors(id: string, name: string): FollowCursor[] {
    return this.database.all(selectCursors, id, name).map(cursorOf)
  }

  /** Changes limits of a copy that is not completed; a running one takes them within a second. Undefined lifts a limit. */
  setThrottle(idPrefix: string, throttle: Partial<Throttle>): CopyRecord {
    const id = this.resolveId(idPrefix)
    this.database.transaction('full', () => {
      const state = this.database.get('SELECT state FROM copies WHERE id = ?', id)?.state
      if (state === 'completed')
        throw new IndexferryError('USAGE', `copy ${id} is completed; there is no rate left to change`, {
          remedy: 'The same command begins a new copy, which takes --rate itself.',
        })
      this.updateThrottle(id, throttle)
    })
    return this.readCopy(id)
  }

  /** Asks the process that runs a copy to pause it. Throws USAGE when nobody does. */
  requestPause(idPrefix: string): CopyRecord {
    const copy = this.readCopy(idPrefix)
    if (!copy.isRunning)
      throw new IndexferryError('USAGE', `copy ${copy.id} is not running`, {
        remedy: '`indexferry status` shows which copies run.',
      })
    this.database.transaction('full', () =>
      this.database.run('UPDATE controls SET pause_requested = 1 WHERE copy = ?', copy.id),
    )
    return copy
  }

  /**
   * Removes a copy that does not run, with its progress. The answer is what it was; its indexes that are not restored have to be mended by
   * hand from then on. Throws COPY_RUNNING, COPY_UNKNOWN.
   */
  forgetCopy(idPrefix: string): CopyDetails {
    const details = this.readCopy(idPrefix)
    this.database.transaction('full', () => {
      const row = this.database.get('SELECT * FROM copies WHERE id = ?', details.id)
      if (row) this.refuseWhileRunning(row)
      this.database.run('DELETE FROM copies WHERE id = ?', details.id)
    })
    removeWrittenIds(dirname(this.database.file), details.id)
    removeSweeps(dirname(this.database.file), details.id)
    return details
  }

  close(): void {
    this.database.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  private findClaimable({ key, how }: ClaimRequest): Row | undefined {
    const unfinished = how === 'reopen' ? '' : "AND state <> 'completed'"
    const sql = `SELECT * FROM copies WHERE key = ? ${unfinished} ORDER BY created DESC, rowid DESC LIMIT 1`
    const found = this.database.get(sql, key)
    if (!found && how === 'reopen')
      throw new IndexferryError('COPY_UNKNOWN', 'this copy has not run before, so there is nothing to send again', {
        remedy: 'Give the same SOURCE, TARGET and options as the copy that rejected documents, and the same --state.',
      })
    return found
  }

  private refuseWhileRunning(row: Row): void {
    const owner = ownerOf(row)
    if (!owner || !isOwnerAlive(owner)) return
    throw new IndexferryError('COPY_RUNNING', `this copy (${row.id}) is already running: ${describeOwner(owner)}`, {
      fields: { copy: String(row.id), pid: owner.pid, host: owner.host, since: owner.since },
    })
  }

  private insertCopy({ key, command, source, target }: ClaimRequest): string {
    const id = freeShortId('c', (id) => this.database.get('SELECT 1 FROM copies WHERE id = ?', id) !== undefined)
    const time = now()
    this.database.run(
      "INSERT INTO copies (id, key, command, source, target, state, created, updated) VALUES (?, ?, ?, ?, ?, 'planned', ?, ?)",
      ...[id, key, redact(command), redact(source), redact(target), time, time],
    )
    this.database.run('INSERT INTO controls (copy) VALUES (?)', id)
    this.database.run(
      `DELETE FROM copies WHERE id IN (SELECT id FROM copies WHERE state = 'completed' AND token IS NULL
         ORDER BY ended DESC, rowid DESC LIMIT -1 OFFSET ?)`,
      completedCopiesMax,
    )
    return id
  }

  /**
   * Takes all progress and the plan back. Settings of targets that are not restored stay noted, whatever happens next; without a plan,
   * or else these indexes would be taken for all that are to be copied.
   */
  private resetCopy(id: string): void {
    this.database.run('DELETE FROM partitions WHERE copy = ?', id)
    this.database.run('DELETE FROM files WHERE copy = ?', id)
    this.database.run('DELETE FROM cursors WHERE copy = ?', id)
    this.database.run('DELETE FROM indexes WHERE copy = ? AND (saved_settings IS NULL OR settings_restored = 1)', id)
    this.database.run(
      `UPDATE indexes SET state = 'planned', definition = NULL, rounds = 0, following = NULL, read = 0, written = 0, rejected = 0, skipped = 0, bytes = 0 WHERE copy = ?`,
      id,
    )
    this.database.run("UPDATE copies SET state = 'planned', result = NULL WHERE id = ?", id)
  }

  private updateThrottle(id: string, throttle: Partial<Throttle>): void {
    const columns = {
      documentsPerSecond: 'documents_per_second',
      bytesPerSecond: 'bytes_per_second',
      sourceLoadMax: 'source_load_max',
      heapMax: 'heap_max',
      writeQueueMax: 'write_queue_max',
      throttleCheck: 'throttle_check',
    } as const
    for (const [name, column] of Object.entries(columns)) {
      if (!Object.hasOwn(throttle, name)) continue
      const value = throttle[name as keyof Throttle]
      this.database.run(`UPDATE controls SET ${column} = ? WHERE copy = ?`, value ?? null, id)
    }
  }

  private resolveId(prefix: string): string {
    const rows = this.database.all(
      'SELECT id FROM copies WHERE substr(id, 1, length(?1)) = ?1 ORDER BY id LIMIT 4',
      prefix.toLowerCase(),
    )
    const ids = rows.map((row) => String(row.id))
    const exact = ids.find((id) => id === prefix.toLowerCase())
    if (exact) return exact
    if (ids.length === 1 && prefix !== '') return ids[0] as string
    if (ids.length === 0 || prefix === '') throw new IndexferryError('COPY_UNKNOWN', `no copy has the id "${prefix}"`)
    throw new IndexferryError('COPY_UNKNOWN', `"${prefix}" begins the ids of several copies: ${ids.join(', ')}`)
  }
}
