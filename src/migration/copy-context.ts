// What a copy needs to run: both sides, what the user wants, and where progress is kept. The engine makes one.
import type { CopyUnit } from '../mechanism/copy-unit.ts'
import type { CopyJournal } from '../mechanism/document-copy.ts'
import type { ReadingOptions, SourceSide, TargetSide, WritingOptions } from '../mechanism/open-unit.ts'
import type { SettingsJournal } from '../mechanism/prepare-target.ts'
import type { DocumentCounts } from '../model/counts.ts'
import type { JsonObject, JsonValue } from '../model/json.ts'
import type { CarryOptions } from '../pipeline/carry-batches.ts'
import type { Progress } from '../pipeline/progress.ts'
import type { Throttle } from '../pipeline/throttle.ts'
import type { DocumentSource } from '../source/source.ts'
import type { RejectedDocuments } from '../target/rejected-documents.ts'
import type { RelaxOptions } from '../target/relaxed-settings.ts'
import type { FieldEdits } from '../transform/field-edits.ts'
import type { PlanOptions } from './copy-plan.ts'

export type UnitState = 'planned' | 'preparing' | 'copying' | 'finishing' | 'following' | 'completed'

/** What the catalog knows of a unit. */
export interface NotedUnit {
  readonly name: string
  readonly target: string
  readonly state: UnitState
  readonly definition: JsonValue | undefined
  readonly savedSettings: JsonObject | undefined
  readonly isRestored: boolean
  readonly counts: DocumentCounts
}

/** Durable notes; every method has made its note durable when it returns. */
export interface UnitJournal extends SettingsJournal {
  /** Notes all units, or none. */
  recordPlan(units: readonly { readonly name: string; readonly target: string; readonly definition: JsonValue }[]): void
  recordDefinition(
    name: string,
    note: { readonly target: string; readonly definition?: JsonValue; readonly documentsExpected?: number },
  ): void
  setIndexState(name: string, state: UnitState): void
  listIndexes(): readonly NotedUnit[]
  setState(state: 'preparing' | 'copying' | 'finishing' | 'following'): void
}

export interface CopyContext {
  readonly source: SourceSide
  readonly target: TargetSide
  readonly plan: PlanOptions
  readonly reading: ReadingOptions
  readonly writing: Omit<WritingOptions, 'resumeFrom'>
  readonly relax: RelaxOptions
  readonly edits: FieldEdits
  readonly transformModule: string | undefined
  readonly acceptDefinition: boolean
  readonly intoExisting: boolean
  readonly documentsMax: number | undefined
  readonly journal: CopyJournal & UnitJournal
  /** Of a unit that will be followed: told of each batch before it is written. */
  readonly beforeWrite?: ((unit: string) => CarryOptions['beforeWrite']) | undefined
  /** Opens what the documents of a unit are read from; `openUnitSource` when it is not given. */
  readonly openSource?: ((unit: CopyUnit) => Promise<DocumentSource>) | undefined
  /** Of a unit that will be followed: awaited when what is to be read next was listed. */
  readonly onListed?: ((unit: CopyUnit) => Promise<void>) | undefined
  /** What is hidden from the credentials of the source would count as deleted. */
  readonly carriesDeletes?: boolean | undefined
  /** The aliases of the source are not put onto the target. */
  readonly withholdAliases?: boolean | undefined
  readonly rejected: RejectedDocuments
  readonly throttle: Throttle
  readonly progress: Progress
  /** Told how far a file target is after each batch. */
  readonly onFileProgress: (resumeAt: JsonValue) => void
  /** What it was told last, in this run or an earlier one. */
  readonly fileProgress: () => JsonValue | undefined
  /** Told what holds writing back, for the progress line. */
  readonly onTarget: (target: { readonly limitedBy: string | undefined } | undefined) => void
  /** Told which file target is open, so that checkpoints can make it durable. */
  readonly onFlushable: (flush: (() => Promise<void>) | undefined) => void
  readonly stop: AbortSignal
  readonly abort: AbortSignal
}
