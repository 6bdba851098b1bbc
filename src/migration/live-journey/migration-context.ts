// What the steps of a live migration work with.
import type { Cluster } from '../../cluster/cluster.ts'
import type { CopyUnit } from '../../mechanism/copy-unit.ts'
import type { FollowCursor, FollowStatus } from '../../mechanism/follow-journal.ts'
import type { ReachedInstants } from '../../mechanism/follow-unit.ts'
import type { MigrationJournal, SideName, VerificationNote } from './migration-record.ts'
import type { MigrationSettings } from './migration-settings.ts'

/** One direction: source to target, or back. A stream that is not `real` writes nothing and notes what is there. */
export interface Stream {
  readonly number: number
  /** Why it ended by itself; undefined while it runs. */
  readonly ended: { readonly error: unknown } | undefined
  /** How far each unit is, on the monotonic clock of this process; empty at the start. */
  readonly reached: ReadonlyMap<string, ReachedUnit>
  /** Whether it looks and searches as often as possible, because somebody waits for it. */
  hurry(isHurried: boolean): void
  /** Sweeps that begin before this instant (monotonic) do not count and are given up; undefined: all of them count. */
  sweepFrom(fromMs: number | undefined): void
  /** Resolves when nothing of it is on its way any more. */
  stop(): Promise<void>
}

export interface ReachedUnit extends ReachedInstants {
  readonly status: FollowStatus
}

/** What is noted of an index that is swept. */
export interface SweptUnit {
  /** The number that the next change gets. */
  readonly next: number
  /** Of all versions that were seen. */
  readonly highestVersion: number
}

/** What the catalog knows of an index that a stream follows. */
export interface StreamIndex {
  readonly name: string
  readonly state: string
  readonly rejected: number
  readonly following: FollowStatus | undefined
}

export interface Streams {
  /** Begins it or goes on with it. The shadow of a stream is begun with these units. */
  start(stream: number, how: { readonly shadowOf?: readonly CopyUnit[] | undefined }): Stream
  indexes(stream: number): readonly StreamIndex[]
  unitsOf(stream: number): readonly CopyUnit[]
  cursors(stream: number, unit: string): readonly FollowCursor[]
  /** What the sweeps of a unit have found; undefined when they never began. */
  swept(stream: number, unit: string): SweptUnit | undefined
  /** Changes the units of a stream that does not run. Durable on return. */
  plan(stream: number, units: readonly CopyUnit[]): void
  /** Gives the written side the settings back that were changed for following, should a process have died before it did. */
  settle(stream: number): Promise<void>
  /** Removes what is noted of a stream that does not run. */
  forget(stream: number): void
  /** When none runs any more. */
  close(): void
}

export interface MigrationContext {
  /** The id of the migration. */
  readonly id: string
  readonly journal: MigrationJournal
  readonly clusters: Readonly<Record<SideName, Cluster>>
  /** What was named as SOURCE: names, patterns and aliases. */
  readonly expression: string
  readonly streams: Streams
  readonly settings: MigrationSettings
  /** Of what is put between both sides: a reason why it cannot be undone on the way back; undefined when there is none. */
  readonly changesDocuments: string | undefined
  /** Compares both sides of a stream in full. */
  readonly verify: (stream: number, how: VerifyHow) => Promise<VerificationNote>
  readonly lastVerification: () => VerificationNote | undefined
  readonly noteVerification: (note: VerificationNote) => void
  /** Hooks run here. */
  readonly folder: string
  /** The user wants to pause. */
  readonly stop: AbortSignal
  readonly note: (text: string) => void
}

export interface VerifyHow {
  readonly signal: AbortSignal
  /** Nothing is written meanwhile: what differs, differs. */
  readonly isStill: boolean
}
