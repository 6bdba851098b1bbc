// What the steps of a migration work with.
import type { Cluster } from '../../cluster/cluster.ts'
import type { RestoreJournal } from '../../mechanism/snapshot/restore-notes.ts'
import type { SnapshotProgress } from '../../mechanism/snapshot/snapshot-progress.ts'
import type { RecoveryProgress } from '../../mechanism/snapshot/watch-recovery.ts'
import type { MoveSnapshot } from '../../objectstore/move-progress.ts'
import type { ObjectStore } from '../../objectstore/object-store.ts'
import type { JourneyPlan } from './journey-plan.ts'
import type { CycleRecord, JourneyJournal } from './journey-record.ts'

export type JourneyProgress =
  | { readonly kind: 'snapshot'; readonly progress: SnapshotProgress }
  | { readonly kind: 'move'; readonly read: () => MoveSnapshot }
  | { readonly kind: 'restore'; readonly progress: RecoveryProgress }
  | { readonly kind: 'verify'; readonly index: string; readonly documents: number }
  | { readonly kind: 'wait'; readonly untilMs: number }

export interface JourneyStores {
  readonly source: ObjectStore
  readonly target: ObjectStore
}

export interface JourneyContext {
  readonly plan: JourneyPlan
  readonly journal: JourneyJournal
  readonly source: Cluster
  readonly target: Cluster
  /** Undefined where both sides share one place. */
  readonly stores: JourneyStores | undefined
  readonly restoreNotes: RestoreJournal
  readonly stateFolder: string
  /** When the cycle ended behind which this process found the migration waiting: by hand, one command is one cycle. */
  readonly foundWaitingSince: number | null
  readonly signal: AbortSignal
  readonly note: (text: string) => void
  readonly onProgress: (progress: JourneyProgress | undefined) => void
}

export function updateCycle({ journal }: Pick<JourneyContext, 'journal'>, change: Partial<CycleRecord>): void {
  journal.update({ cycle: { ...journal.record.cycle, ...change } })
}
