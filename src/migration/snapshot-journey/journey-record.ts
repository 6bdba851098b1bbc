// What a migration must remember over its own death. One value of JSON: every change of it is durable before the next step.
import type { JsonObject } from '../../model/json.ts'
import type { SavedSettings } from '../../target/relaxed-settings.ts'
import type { JourneyState } from './journey-states.ts'

export interface JourneyRecord {
  readonly state: JourneyState
  readonly startedMs: number
  /** When the state was entered. */
  readonly enteredMs: number
  /** What of the state is done: each hook before it, its work, each hook after it. */
  readonly passed: readonly StatePart[]
  readonly cycle: CycleRecord
  /** Those that ended, the latest last. */
  readonly cycles: readonly CycleRecord[]
  /** Names on the target that are this migration's to replace. */
  readonly targets: readonly string[]
  /** Indexes of the source whose writes are blocked, with what the setting was before. */
  readonly blocks: readonly BlockedIndex[]
  /** Where the alias pointed before the switch; null until then. */
  readonly alias: AliasNote | null
  readonly verification: readonly JourneyCheck[]
}

export type StatePart = 'work' | `${'before' | 'after'} ${string}`

export interface CycleRecord {
  readonly number: number
  readonly isLast: boolean
  readonly startedMs: number
  /** Null until the cycle is at its end. */
  readonly endedMs: number | null
  /** Noted before the snapshot is begun, when no other had the name. */
  readonly snapshot: string | null
  readonly uuid: string | null
  /** As the source says. */
  readonly snapshotStartMs: number | null
  readonly snapshotEndMs: number | null
  readonly moved: { readonly objects: number; readonly copied: number; readonly bytes: number } | null
  readonly restored: readonly RestoredRecord[]
}

export interface RestoredRecord {
  readonly from: string
  readonly name: string
  readonly documents: number
}

export interface BlockedIndex {
  readonly index: string
  readonly before: SavedSettings
}

export interface AliasNote {
  readonly alias: string
  /** By name, with the filter and routing of the alias. */
  readonly indexes: Readonly<Record<string, JsonObject>>
  /** The other aliases that the switch gives the restored indexes. */
  readonly added: readonly { readonly index: string; readonly alias: string }[]
}

/** One of the verifications, of one index. */
export interface JourneyCheck {
  readonly index: string
  readonly check: 'count' | 'health' | 'recovery' | 'spot check' | 'content'
  readonly isGood: boolean
  readonly found: string
}

export const cyclesKept = 100

export const newCycle = (number: number, isLast: boolean, startedMs: number): CycleRecord => ({
  number,
  isLast,
  startedMs,
  endedMs: null,
  snapshot: null,
  uuid: null,
  snapshotStartMs: null,
  snapshotEndMs: null,
  moved: null,
  restored: [],
})

export const newRecord = (nowMs: number): JourneyRecord => ({
  state: 'registering',
  startedMs: nowMs,
  enteredMs: nowMs,
  passed: [],
  cycle: newCycle(1, false, nowMs),
  cycles: [],
  targets: [],
  blocks: [],
  alias: null,
  verification: [],
})

/** What another process may ask of a migration. */
export interface JourneyRequests {
  readonly abort: boolean
  readonly cutOver: boolean
}

/** The durable side of a migration. */
export interface JourneyJournal {
  readonly record: JourneyRecord
  /** Durable on return. */
  update(change: Partial<JourneyRecord>): void
  requests(): JourneyRequests
}
