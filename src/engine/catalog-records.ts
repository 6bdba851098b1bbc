// What the catalog holds, as values, and how rows become these values.
import { redact } from '../foundation/errors.ts'
import type { FollowCursor, FollowStatus } from '../mechanism/follow-journal.ts'
import type { DocumentCounts } from '../model/counts.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts'
import type { Partition, Position } from '../model/partition.ts'
import type { Row } from './catalog-database.ts'
import { type CopyOwner, isOwnerAlive } from './catalog-owner.ts'

/** `paused` and `failed` copies go on when the same command is started again, as do those that were killed in any other state. */
export type CopyState =
  | 'planned'
  | 'preparing'
  | 'copying'
  | 'finishing'
  | 'following'
  | 'completed'
  | 'paused'
  | 'failed'

export type IndexState = 'planned' | 'preparing' | 'copying' | 'finishing' | 'following' | 'completed'

/** What another process may change while a copy runs. Undefined limits are none. */
export interface Control {
  readonly documentsPerSecond: number | undefined
  readonly bytesPerSecond: number | undefined
  readonly sourceLoadMax: number | undefined
  readonly heapMax: number | undefined
  readonly writeQueueMax: number | undefined
  /** URL of the user's own check. */
  readonly throttleCheck: string | undefined
  readonly isPauseRequested: boolean
}

export interface CopyRecord {
  readonly id: string
  readonly key: string
  /** The command line for people, without secrets. */
  readonly command: string
  readonly source: string
  readonly target: string
  readonly state: CopyState
  /** Whether its process lives. A copy in `copying` that does not run was killed. */
  readonly isRunning: boolean
  readonly owner: CopyOwner | undefined
  readonly created: number
  readonly updated: number
  readonly ended: number | undefined
  readonly counts: DocumentCounts
  /** The sum over its indexes, as far as it is known. */
  readonly documentsExpected: number
  /** Target indexes that still have the settings of the copy and not their own. */
  readonly settingsToRestore: number
  readonly control: Control
  /** What held reading or writing back when that was last noted; undefined when it does not run. */
  readonly limitedBy: string | undefined
  readonly result: JsonValue | undefined
  readonly error: JsonObject | undefined
}

/** A replication of the gateway: changed by its API, not by the commands for copies. */
export const replicationWord = 'replication of'

export const isReplication = ({ command }: Pick<CopyRecord, 'command'>): boolean =>
  command.startsWith(`${replicationWord} `)

export interface IndexRecord {
  readonly name: string
  readonly target: string
  readonly state: IndexState
  /** The plan of its definition: what was created and what was changed for it. */
  readonly definition: JsonValue | undefined
  readonly documentsExpected: number | undefined
  /** The target's settings from before the copy changed them. */
  readonly savedSettings: JsonObject | undefined
  readonly isRestored: boolean
  /** How many rounds of partitions were saved: 0 none, 1 those of the backfill, more with later partitions. */
  readonly rounds: number
  readonly counts: DocumentCounts
  readonly partitions: number
  readonly partitionsDone: number
  /** How following goes; undefined for what is copied once. */
  readonly following: FollowStatus | undefined
}

export interface PartitionRecord {
  readonly partition: Partition
  readonly round: number
  /** Undefined: nothing of it has been carried. */
  readonly position: Position | undefined
  readonly isDone: boolean
  readonly counts: DocumentCounts
}

export interface FileRecord {
  readonly path: string
  readonly role: 'target' | 'rejected'
  /** How much of the file is durable; its form is the business of who writes the file. */
  readonly progress: JsonObject
}

/** JSON for the catalog. Secrets are taken out of every text in it before it is escaped, where they could no longer be found. */
export const encodeJson = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === 'string') return redact(inner)
    if (!isJsonObject(inner)) return inner
    return Object.fromEntries(Object.entries(inner).map(([name, child]) => [redact(name), child]))
  })

const decodeJson = <Value>(text: unknown): Value | undefined =>
  typeof text === 'string' ? (JSON.parse(text) as Value) : undefined

const numberOrUndefined = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)

const countsOf = (row: Row): DocumentCounts => ({
  read: Number(row.read),
  written: Number(row.written),
  rejected: Number(row.rejected),
  skipped: Number(row.skipped),
  bytes: Number(row.bytes),
})

export const ownerOf = (row: Row): CopyOwner | undefined => {
  const owner = decodeJson<Omit<CopyOwner, 'heartbeat'>>(row.owner)
  return owner && { ...owner, heartbeat: Number(row.heartbeat) }
}

export const controlOf = (row: Row): Control => ({
  documentsPerSecond: numberOrUndefined(row.documents_per_second),
  bytesPerSecond: numberOrUndefined(row.bytes_per_second),
  sourceLoadMax: numberOrUndefined(row.source_load_max),
  heapMax: numberOrUndefined(row.heap_max),
  writeQueueMax: numberOrUndefined(row.write_queue_max),
  throttleCheck: typeof row.throttle_check === 'string' ? row.throttle_check : undefined,
  isPauseRequested: row.pause_requested === 1,
})

const total = (column: string) =>
  `coalesce((SELECT sum(${column}) FROM indexes WHERE copy = copies.id), 0)
   + coalesce((SELECT sum(${column}) FROM partitions WHERE copy = copies.id), 0) AS ${column}`

/** Every column of a CopyRecord; to be followed by WHERE or ORDER. */
export const selectCopies = `
  SELECT copies.*, controls.*, ${['read', 'written', 'rejected', 'skipped', 'bytes'].map(total).join(', ')},
    (SELECT sum(documents_expected) FROM indexes WHERE copy = copies.id) AS documents_expected,
    (SELECT count(*) FROM indexes WHERE copy = copies.id AND saved_settings IS NOT NULL AND settings_restored = 0)
      AS settings_to_restore
  FROM copies JOIN controls ON controls.copy = copies.id`

export function copyOf(row: Row): CopyRecord {
  const owner = ownerOf(row)
  const isRunning = owner !== undefined && isOwnerAlive(owner)
  return {
    id: String(row.id),
    key: String(row.key),
    command: String(row.command),
    source: String(row.source),
    target: String(row.target),
    state: row.state as CopyState,
    isRunning,
    owner,
    created: Number(row.created),
    updated: Number(row.updated),
    ended: numberOrUndefined(row.ended),
    counts: countsOf(row),
    documentsExpected: Number(row.documents_expected ?? 0),
    settingsToRestore: Number(row.settings_to_restore),
    control: controlOf(row),
    limitedBy: isRunning && typeof row.limited_by === 'string' ? row.limited_by : undefined,
    result: decodeJson<JsonValue>(row.result),
    error: decodeJson<JsonObject>(row.error),
  }
}

const indexTotal = (column: string) =>
  `indexes.${column} + coalesce((SELECT sum(${column}) FROM partitions
    WHERE copy = indexes.copy AND name = indexes.name), 0) AS ${column}`

export const selectIndexes = `
  SELECT name, target, state, definition, documents_expected, saved_settings, settings_restored, rounds, following,
    ${['read', 'written', 'rejected', 'skipped', 'bytes'].map(indexTotal).join(', ')},
    (SELECT count(*) FROM partitions WHERE copy = indexes.copy AND name = indexes.name) AS partitions,
    (SELECT count(*) FROM partitions WHERE copy = indexes.copy AND name = indexes.name AND done = 1) AS partitions_done
  FROM indexes WHERE copy = ? ORDER BY name`

export const indexOf = (row: Row): IndexRecord => ({
  name: String(row.name),
  target: String(row.target),
  state: row.state as IndexState,
  definition: decodeJson<JsonValue>(row.definition),
  documentsExpected: numberOrUndefined(row.documents_expected),
  savedSettings: decodeJson<JsonObject>(row.saved_settings),
  isRestored: row.settings_restored === 1,
  rounds: Number(row.rounds),
  counts: countsOf(row),
  partitions: Number(row.partitions),
  partitionsDone: Number(row.partitions_done),
  following: decodeJson<FollowStatus>(row.following),
})

export const partitionOf = (row: Row): PartitionRecord => ({
  partition: decodeJson<Partition>(row.partition) as Partition,
  round: Number(row.round),
  position: numberOrUndefined(row.position),
  isDone: row.done === 1,
  counts: countsOf(row),
})

export const fileOf = (row: Row): FileRecord => ({
  path: String(row.path),
  role: row.role as FileRecord['role'],
  progress: decodeJson<JsonObject>(row.progress) ?? {},
})

export const selectCursors = 'SELECT shard, history, position FROM cursors WHERE copy = ? AND name = ? ORDER BY shard'

export const cursorOf = ({ shard, history, position }: Row): FollowCursor => ({
  shard: Number(shard),
  history: typeof history === 'string' ? history : null,
  position: Number(position),
})
