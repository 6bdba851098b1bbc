// What a live migration must remember over its own death. One value of JSON: every change of it is durable before the next step.
import type { JsonObject } from '../../model/json.ts'
import type { SavedSettings } from '../../target/relaxed-settings.ts'
import type { Identities } from './cluster-identity.ts'
import type { MigrationSettings } from './migration-settings.ts'
import type { MigrationState, SwitchKind, SwitchStep } from './migration-states.ts'

export type SideName = 'source' | 'target'

export interface MigrationRecord {
  readonly state: MigrationState
  readonly startedMs: number
  /** When the state was entered. */
  readonly enteredMs: number
  /**
   * The stream that is followed. Streams are numbered: even ones go from source to target, odd ones back, and each switch
   * begins the next.
   */
  readonly stream: number
  /** Which cluster each side was at the start; null before it was asked for. */
  readonly clusters?: Identities | null
  /** Indexes whose writes are blocked, with what the setting was before; noted before the block is put. */
  readonly blocks: Readonly<Record<SideName, readonly NotedSetting[]>>
  /** Indexes that refuse documents of others than us (guard-side.ts), with what the setting was before. */
  readonly guards: Readonly<Record<SideName, readonly NotedSetting[]>>
  /** Why a side has no guard; null where it has one or needs none. */
  readonly unguarded: Readonly<Record<SideName, string | null>>
  /** What the last switch did to aliases, noted before it did. */
  readonly aliases: AliasMove | null
  readonly attempt: SwitchAttempt | null
  /** Those that ended, the latest last. */
  readonly attempts: readonly EndedAttempt[]
  /** Why the target cannot be followed back; null when it can. */
  readonly oneWay: string | null
  readonly versions: VersionScan | null
  /** What requests have said besides what the migration was begun with. */
  readonly overrides: Partial<MigrationSettings>
}

/** The highest version that the followed side gave, by unit, and up to where it was read, by unit and shard. */
export interface VersionScan {
  readonly stream: number
  readonly highest: Readonly<Record<string, number>>
  readonly upTo: Readonly<Record<string, Readonly<Record<string, number>>>>
}

export interface NotedSetting {
  readonly index: string
  readonly before: SavedSettings
}

/** Aliases by index, with filter and routing, as they were on each side before the switch. */
export interface AliasMove {
  readonly before: Readonly<Record<SideName, AliasesByIndex>>
  readonly after: Readonly<Record<SideName, AliasesByIndex>>
}

export type AliasesByIndex = Readonly<Record<string, Readonly<Record<string, JsonObject>>>>

/** A cut-over or a way back that is under way. */
export interface SwitchAttempt {
  readonly kind: SwitchKind
  readonly startedMs: number
  /** When writes were stopped; null before. */
  readonly fencedMs: number | null
  /** Writes are stopped for so long at most. */
  readonly limitMs: number
  readonly verifiesFully: boolean
  /** Documents that the target refused are known and accepted. */
  readonly isForced: boolean
  /** Whether the hook was called for this switch and has to be called again when it is given up. */
  readonly isHookCalled: boolean
  readonly steps: readonly StepTime[]
  /** Why it is given up. */
  readonly failure: { readonly code: string; readonly message: string } | null
}

export interface StepTime {
  readonly step: SwitchStep
  readonly tookMs: number
}

export interface EndedAttempt {
  readonly kind: SwitchKind
  readonly startedMs: number
  readonly endedMs: number
  /** How long no side took writes. */
  readonly fencedForMs: number | null
  readonly steps: readonly StepTime[]
  readonly failure: { readonly code: string; readonly message: string } | null
}

export interface VerificationNote {
  readonly startedMs: number
  readonly endedMs: number
  readonly verdict: 'equal' | 'different' | 'incomplete'
  readonly documents: number
  readonly differences: number
  /** Documents that were written too often to be compared. */
  readonly moving?: number | undefined
  /** The stream that was verified: an older one says nothing of the sides as they are now. */
  readonly stream: number
}

export const attemptsKept = 100

export const newMigration = (nowMs: number): MigrationRecord => ({
  state: 'preparing',
  startedMs: nowMs,
  enteredMs: nowMs,
  stream: 0,
  clusters: null,
  blocks: { source: [], target: [] },
  guards: { source: [], target: [] },
  unguarded: { source: null, target: null },
  aliases: null,
  attempt: null,
  attempts: [],
  oneWay: null,
  versions: null,
  overrides: {},
})

/** What another process may ask of a migration. */
export type MigrationWish = 'cutOver' | 'reverse' | 'complete' | 'abort' | 'pause'

export interface MigrationRequest {
  readonly id: string
  readonly wish: MigrationWish
  readonly limitMs: number
  readonly verifiesFully: boolean
  /** Conditions that are waived. */
  readonly force: boolean
  readonly settings: Partial<MigrationSettings>
}

/** What became of a request. */
export interface RequestOutcome {
  readonly id: string
  readonly error: JsonObject | null
}

/** The durable side of a migration. */
export interface MigrationJournal {
  readonly record: MigrationRecord
  /** Durable on return. Throws MIGRATION_RUNNING when another process has taken the migration over. */
  update(change: Partial<MigrationRecord>): void
  /** What is asked and not answered yet, in the order in which it was asked. */
  requests(): readonly MigrationRequest[]
  answer(outcome: RequestOutcome): void
}

/** The side that an even (0, 2, …) or odd stream reads, and the one that it writes. */
export const sidesOf = (stream: number): { readonly from: SideName; readonly to: SideName } =>
  stream % 2 === 0 ? { from: 'source', to: 'target' } : { from: 'target', to: 'source' }
