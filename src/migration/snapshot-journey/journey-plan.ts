// What a plan says: the values of a plan file, with every default filled in and every secret resolved.
import type { Connection } from '../../cluster/connection.ts'
import type { RepositoryDefinition } from '../../mechanism/snapshot/repository-settings.ts'
import type { JsonObject } from '../../model/json.ts'
import type { ObjectLocation } from '../../model/object-location.ts'
import type { StoreSettings, WriteSettings } from '../../objectstore/store-settings.ts'

export interface JourneyPlan {
  /** Tells this migration from others in the state folder. */
  readonly name: string
  /** Names, patterns and exclusions, with commas between them. */
  readonly indices: string
  readonly source: JourneySide
  readonly target: JourneySide
  readonly snapshot: SnapshotPlan
  readonly move: MovePlanned
  readonly restore: RestorePlanned
  readonly cycles: CyclePlan
  readonly cutOver: CutOverPlan
  readonly hooks: readonly JourneyHook[]
  /** Of the plan file: commands run there. */
  readonly folder: string
}

export interface JourneySide {
  readonly connection: Connection
  readonly repository: RepositoryPlan
  /** Where indexferry finds the objects of the repository. None on both sides: they share one place, and nothing is moved. */
  readonly store: StorePlan | undefined
}

export interface RepositoryPlan extends RepositoryDefinition {
  readonly name: string
  /** Other settings than those that are registered win. */
  readonly replace: boolean
}

export interface StorePlan {
  readonly location: ObjectLocation
  readonly settings: StoreSettings
  readonly writing: WriteSettings
}

export interface SnapshotPlan {
  /** `{cycle}` stands for 1, 2, …, and for `final`. */
  readonly name: string
  readonly globalState: boolean
  readonly partial: boolean
  /** For snapshots and restores: others may be under way where the version does one at a time. */
  readonly busyMsMax: number
}

export interface MovePlanned {
  readonly transfers: number
  readonly partSize: number
  readonly bytesPerSecond: number | undefined
  readonly rounds: number
}

export interface RestorePlanned {
  readonly renamePattern: string | undefined
  readonly renameReplacement: string | undefined
  readonly indexSettings: JsonObject
  readonly ignoreIndexSettings: readonly string[]
  /** Replace indexes of these names that this migration has not restored. */
  readonly overExisting: boolean
  readonly relax: boolean
  readonly stalledMsMax: number
}

export interface CyclePlan {
  /** From the start of one cycle to that of the next; undefined: by hand. */
  readonly everyMs: number | undefined
  /** The cut-over follows by itself after a cycle that took less. */
  readonly untilShorterThanMs: number | undefined
  readonly most: number
}

export interface CutOverPlan {
  readonly blockWrites: boolean
  readonly health: 'green' | 'yellow'
  /** How long the target may take to get there. */
  readonly healthWithinMs: number
  readonly spotCheck: number
  readonly alias: string | undefined
  readonly sourceAfterwards: 'read only' | 'released'
}

export const phases = [
  'register',
  'snapshot',
  'move',
  'restore',
  'block',
  'verify',
  'switch',
  'release',
  'abort',
] as const
export type Phase = (typeof phases)[number]

/** A command or an HTTP call, with the facts as JSON. */
export interface JourneyHook {
  readonly phase: Phase
  readonly when: 'before' | 'after'
  readonly command: readonly string[] | undefined
  readonly url: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly timeLimitMs: number
}
