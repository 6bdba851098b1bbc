// Where following notes how far it is.
import type { DocumentCounts } from '../model/counts.ts'
import type { SweepFigures } from '../source/change-source.ts'
import type { CarriedParts } from '../transform/definition-delta.ts'

/** How far one shard was followed. */
export interface FollowCursor {
  readonly shard: number
  /** The shard's history when following began (`ShardMark.history`); null where that cannot be told. */
  readonly history: string | null
  /** Every change below this number is on the target. */
  readonly position: number
}

/** Where one shard stood at the last look. */
export interface FollowedShard {
  readonly shard: number
  /** `ShardMark.safe` of the source; undefined before the first look. */
  readonly safe: number | undefined
  /** Every change below this number is on the target. */
  readonly position: number
}

/** What `status` shows of a followed index. Times are those of this machine's clock. */
export interface FollowStatus {
  /** `waiting`: a side does not answer for now, and is asked again and again. */
  readonly state: 'following' | 'waiting' | 'stopped'
  /** Changes that the source had and the target had not when it was looked at last. */
  readonly operationsBehind: number
  /** Every write of before this instant is on the target; undefined until that was so for the first time in this run. */
  readonly writesUpTo: number | undefined
  /** … and every delete. */
  readonly deletesUpTo: number | undefined
  /** Documents deleted from the target so far. */
  readonly deleted: number
  /** Why it waits or has stopped. */
  readonly error: Readonly<Record<string, unknown>> | undefined
  /** What of the source's settings and aliases the target does not have, and why; documents are carried all the same. */
  readonly definitionRefused?: readonly string[] | undefined
  /** Where changes are found by sweeps, once one has ended. */
  readonly sweep?: SweepFigures | undefined
}

/** What of the source's definition the target was told, in the target's words. */
export interface CarriedDefinition extends CarriedParts {
  /** Setting or alias (`settings.NAME`, `aliases.NAME`) → why the target did not take it. */
  readonly refused: Readonly<Record<string, string>>
}

export interface DefinitionJournal {
  /** Undefined while nothing was carried: the index has what it was created with. */
  readCarried(unit: string): CarriedDefinition | undefined
  /** Durable on return. */
  saveCarried(unit: string, carried: CarriedDefinition): void
}

export interface FollowJournal {
  readCursors(unit: string): readonly FollowCursor[]
  readStatus(unit: string): FollowStatus | undefined
  /** Durable on return, also against a power cut: the histories that later looks are compared with. */
  saveCursors(unit: string, cursors: readonly FollowCursor[]): void
  /** Together or not at all: the cursors, the documents that were carried since the last call, and what `status` shows. */
  noteFollowing(
    unit: string,
    note: {
      readonly cursors: readonly FollowCursor[]
      readonly carried: DocumentCounts
      readonly status: FollowStatus
    },
  ): void
}
