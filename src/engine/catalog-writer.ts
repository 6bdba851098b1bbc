// What the process that runs a copy may write about it.
import { assert } from '../foundation/assert.ts'
import { monotonicMs, now } from '../foundation/clock.ts'
import { IndexferryError, redact } from '../foundation/errors.ts'
import type { CarriedDefinition, FollowCursor, FollowStatus } from '../mechanism/follow-journal.ts'
import type { DocumentCounts } from '../model/counts.ts'
import type { JsonObject, JsonValue } from '../model/json.ts'
import type { Partition, Position } from '../model/partition.ts'
import type { CatalogDatabase } from './catalog-database.ts'
import {
  type Control,
  type CopyState,
  controlOf,
  cursorOf,
  encodeJson,
  type FileRecord,
  fileOf,
  type IndexRecord,
  type IndexState,
  indexOf,
  ownerOf,
  type PartitionRecord,
  partitionOf,
  selectCursors,
  selectIndexes,
} from './catalog-records.ts'

/** Where a partition stands. `counts` are its totals since its start, so that noting the same progress twice changes nothing. */
export interface NotedProgress {
  /** The name that `recordDefinition` was given, which may stand for a part of an index, and the id of the partition. */
  readonly index: string
  readonly id: string
  readonly position: Position | undefined
  readonly isDone: boolean
  readonly counts: DocumentCounts
}

/** Noted together or not at all: a file that is written and the partitions that went into it are never apart. */
export interface Checkpoint {
  readonly partitions: readonly NotedProgress[]
  readonly files?: readonly FileRecord[]
}

export interface CopyEnd {
  readonly result?: JsonValue
  /** `IndexferryError.toJSON()`. */
  readonly error?: Readonly<Record<string, unknown>>
}

const heartbeatEveryMs = 5000

/**
 * One claimed copy. Every write first makes sure that this process still owns the copy; when another one has taken it over
 * (this one was suspended for long) the write throws COPY_RUNNING and nothing is changed, so that two processes can never both note progress.
 * When a method returns, what it wrote survives the death of the process at any instant.
 */
export class CopyWriter {
  readonly id: string
  /** Whether this copy was begun before. */
  readonly isResumed: boolean
  /** The state in which it was found; `planned` when it is new. */
  readonly stateBefore: CopyState
  private readonly database: CatalogDatabase
  private readonly token: string
  private dataVersion = -1
  private control: Control | undefined
  private limitedBy: string | undefined
  private heartbeatAt = monotonicMs()

  constructor(
    database: CatalogDatabase,
    claim: { id: string; token: string; isResumed: boolean; stateBefore: CopyState },
  ) {
    this.database = database
    this.id = claim.id
    this.token = claim.token
    this.isResumed = claim.isResumed
    this.stateBefore = claim.stateBefore
  }

  setState(state: CopyState): void {
    this.write('full', () => this.database.run('UPDATE copies SET state = ? WHERE id = ?', state, this.id))
  }

  /** Notes all indexes of the copy with their plans, or none of them. */
  recordPlan(indexes: readonly { name: string; target: string; definition: JsonValue }[]): void {
    this.write('full', () => {
      for (const { name, target, definition } of indexes) this.upsertIndex(name, target, definition, undefined)
    })
  }

  /** Notes an index of the copy and the plan of its definition; a second call replaces the plan and keeps all else. */
  recordDefinition(
    name: string,
    { target, definition, documentsExpected }: { target: string; definition?: JsonValue; documentsExpected?: number },
  ): void {
    this.write('full', () => this.upsertIndex(name, target, definition, documentsExpected))
  }

  private upsertIndex(
    name: string,
    target: string,
    definition: JsonValue | undefined,
    documentsExpected: number | undefined,
  ): void {
    const plan = definition === undefined ? null : encodeJson(definition)
    this.database.run(
      `INSERT INTO indexes (copy, name, target, state, definition, documents_expected) VALUES (?, ?, ?, 'planned', ?, ?)
       ON CONFLICT (copy, name) DO UPDATE SET target = excluded.target, definition = excluded.definition,
         documents_expected = excluded.documents_expected`,
      ...[this.id, name, target, plan, documentsExpected ?? null],
    )
  }

  setIndexState(name: string, state: IndexState): void {
    this.write('full', () => this.updateIndex('state = ?', [state], name))
  }

  /**
   * Notes settings of the target index as they are before the copy changes them; to be called before they are changed.
   * Settings that were noted before and not restored since are kept: what the target has now are then the copy's own.
   */
  recordSavedSettings(name: string, settings: JsonObject): void {
    const saved = encodeJson(settings)
    this.write('full', () =>
      this.updateIndex(
        `saved_settings = CASE WHEN saved_settings IS NULL OR settings_restored = 1 THEN ? ELSE saved_settings END,
         settings_restored = 0`,
        [saved],
        name,
      ),
    )
  }

  /** What is to be put back is no longer what was there. Nothing happens when it was put back meanwhile. */
  changeSavedSettings(name: string, settings: JsonObject): void {
    this.write('full', () => {
      this.database.run(
        'UPDATE indexes SET saved_settings = ? WHERE copy = ? AND name = ? AND settings_restored = 0',
        ...[encodeJson(settings), this.id, name],
      )
    })
  }

  /** To be called after the target has its own settings again. */
  recordSettingsRestored(name: string): void {
    this.write('full', () => this.updateIndex('settings_restored = 1', [], name))
  }

  /**
   * Notes all partitions of one round of an index: 0 those of the backfill, 1 and on the later ones. All are there afterwards or none;
   * a round that was noted before is left as it is, so that its positions are kept.
   */
  savePartitions(name: string, round: number, partitions: readonly Partition[]): void {
    this.write('full', () => {
      const row = this.database.get('SELECT rounds FROM indexes WHERE copy = ? AND name = ?', this.id, name)
      assert(row, `the index ${name} was recorded before its partitions`)
      const rounds = Number(row.rounds)
      if (round < rounds) return
      assert(round === rounds, `round ${round} of partitions follows round ${rounds - 1}`)
      for (const [place, partition] of partitions.entries()) {
        this.database.run(
          'INSERT INTO partitions (copy, name, id, round, place, partition) VALUES (?, ?, ?, ?, ?, ?)',
          ...[this.id, name, partition.id, round, place, encodeJson(partition)],
        )
      }
      this.updateIndex('rounds = ?', [round + 1], name)
    })
  }

  /** Notes the progress of several partitions and files in one transaction. A power cut may take the last seconds of it, nothing else does. */
  checkpoint({ partitions, files = [] }: Checkpoint): void {
    this.write('process', () => {
      for (const { index, id, position, isDone, counts } of partitions) {
        const changed = this.database.run(
          `UPDATE partitions SET position = ?, done = ?, read = ?, written = ?, rejected = ?, skipped = ?, bytes = ?
           WHERE copy = ? AND name = ? AND id = ?`,
          ...[position ?? null, isDone ? 1 : 0, counts.read, counts.written, counts.rejected, counts.skipped],
          ...[counts.bytes, this.id, index, id],
        )
        assert(changed === 1, `partition ${id} of ${index} was saved before its progress`)
      }
      for (const { path, role, progress } of files) {
        this.database.run(
          `INSERT INTO files (copy, path, role, progress) VALUES (?, ?, ?, ?)
           ON CONFLICT (copy, path) DO UPDATE SET role = excluded.role, progress = excluded.progress`,
          ...[this.id, redact(path), role, encodeJson(progress)],
        )
      }
    })
  }

  readCursors(name: string): FollowCursor[] {
    return this.database.all(selectCursors, this.id, name).map(cursorOf)
  }

  saveCursors(name: string, cursors: readonly FollowCursor[]): void {
    this.write('full', () => this.putCursors(name, cursors))
  }

  /** Cursors, what was carried to get there, and the status, all or nothing; a power cut may take the last seconds of it. */
  noteFollowing(
    name: string,
    { cursors, carried, status }: { cursors: readonly FollowCursor[]; carried: DocumentCounts; status: FollowStatus },
  ): void {
    const { read, written, rejected, skipped, bytes } = carried
    this.write('process', () => {
      this.putCursors(name, cursors)
      this.updateIndex(
        'following = ?, read = read + ?, written = written + ?, rejected = rejected + ?, skipped = skipped + ?, bytes = bytes + ?',
        [encodeJson(status), read, written, rejected, skipped, bytes],
        name,
      )
    })
  }

  private putCursors(name: string, cursors: readonly FollowCursor[]): void {
    for (const { shard, history, position } of cursors) {
      this.database.run(
        `INSERT INTO cursors (copy, name, shard, history, position) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (copy, name, shard) DO UPDATE SET position = excluded.position`,
        ...[this.id, name, shard, history, position],
      )
    }
  }

  readCarried(name: string): CarriedDefinition | undefined {
    const sql = 'SELECT carried_definition FROM indexes WHERE copy = ? AND name = ?'
    const noted = this.database.get(sql, this.id, name)?.carried_definition
    return typeof noted === 'string' ? (JSON.parse(noted) as CarriedDefinition) : undefined
  }

  saveCarried(name: string, carried: CarriedDefinition): void {
    this.write('full', () => this.updateIndex('carried_definition = ?', [encodeJson(carried)], name))
  }

  /** Adds to the counts of an index outside its partitions, as when rejected documents are sent again; numbers may be negative. */
  correctCounts(name: string, change: Partial<DocumentCounts>): void {
    const { read = 0, written = 0, rejected = 0, skipped = 0, bytes = 0 } = change
    this.write('full', () =>
      this.updateIndex(
        'read = read + ?, written = written + ?, rejected = rejected + ?, skipped = skipped + ?, bytes = bytes + ?',
        [read, written, rejected, skipped, bytes],
        name,
      ),
    )
  }

  listIndexes(): IndexRecord[] {
    return this.database.all(selectIndexes, this.id).map(indexOf)
  }

  /** The partitions of an index in the order in which they were listed, round by round. */
  listPartitions(name: string): PartitionRecord[] {
    const sql = 'SELECT * FROM partitions WHERE copy = ? AND name = ? ORDER BY round, place'
    return this.database.all(sql, this.id, name).map(partitionOf)
  }

  listFiles(): FileRecord[] {
    return this.database.all('SELECT * FROM files WHERE copy = ? ORDER BY path', this.id).map(fileOf)
  }

  /**
   * What others want of this copy now; to be called about every second. It costs one pragma unless another process has written. It also
   * says every few seconds that this process lives, and throws COPY_RUNNING when the copy was taken over.
   */
  pollControl(): Control {
    if (monotonicMs() - this.heartbeatAt >= heartbeatEveryMs) this.write('process', () => {})
    const dataVersion = this.database.dataVersion()
    if (!this.control || dataVersion !== this.dataVersion) {
      const row = this.database.get('SELECT * FROM controls WHERE copy = ?', this.id)
      if (!row) throw this.lost()
      this.control = controlOf(row)
      this.dataVersion = dataVersion
    }
    return this.control
  }

  /** What holds it back now, for `status`. Nothing depends on it. */
  noteLimit(limitedBy: string | undefined): void {
    if (limitedBy === this.limitedBy) return
    this.limitedBy = limitedBy
    this.write('process', () => {
      this.database.run('UPDATE copies SET limited_by = ? WHERE id = ?', limitedBy ?? null, this.id)
    })
  }

  /**
   * Gives the copy up in its last state: `completed` ends it, anything else can go on later. The partitions of a completed copy
   * are folded into the counts of its indexes, so that the history stays small.
   */
  release(state: CopyState, { result, error }: CopyEnd = {}): void {
    this.write('full', () => {
      if (state === 'completed') this.foldPartitions()
      this.database.run(
        'UPDATE copies SET state = ?, ended = ?, result = ?, error = ?, token = NULL, owner = NULL, heartbeat = NULL WHERE id = ?',
        ...[state, now(), result === undefined ? null : encodeJson(result), error ? encodeJson(error) : null, this.id],
      )
      this.database.run('UPDATE controls SET pause_requested = 0 WHERE copy = ?', this.id)
    })
  }

  private foldPartitions(): void {
    const sums = ['read', 'written', 'rejected', 'skipped', 'bytes'].map(
      (column) =>
        `${column} = ${column} + coalesce((SELECT sum(p.${column}) FROM partitions p
          WHERE p.copy = indexes.copy AND p.name = indexes.name), 0)`,
    )
    this.database.run(`UPDATE indexes SET ${sums.join(', ')} WHERE copy = ?`, this.id)
    this.database.run('DELETE FROM partitions WHERE copy = ?', this.id)
  }

  private updateIndex(assignments: string, values: readonly (string | number)[], name: string): void {
    const changed = this.database.run(
      `UPDATE indexes SET ${assignments} WHERE copy = ? AND name = ?`,
      ...values,
      ...[this.id, name],
    )
    assert(changed === 1, `the index ${name} was recorded with recordDefinition`)
  }

  private write(durability: 'full' | 'process', work: () => unknown): void {
    this.database.transaction(durability, () => {
      const time = now()
      const owned = this.database.run(
        'UPDATE copies SET heartbeat = ?, updated = ? WHERE id = ? AND token = ?',
        ...[time, time, this.id, this.token],
      )
      if (owned === 0) throw this.lost()
      work()
    })
    this.heartbeatAt = monotonicMs()
  }

  private lost(): IndexferryError {
    const row = this.database.get('SELECT owner, heartbeat FROM copies WHERE id = ?', this.id)
    const owner = row && ownerOf(row)
    if (!row) return new IndexferryError('COPY_UNKNOWN', `copy ${this.id} was removed from the catalog while it ran`)
    const by = owner ? ` by process ${owner.pid} on ${owner.host}` : ''
    return new IndexferryError(
      'COPY_RUNNING',
      `copy ${this.id} is no longer this process's: it was taken over or ended${by}`,
    )
  }
}
