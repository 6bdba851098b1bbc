// Where a reindex notes how far it is, so that it goes on after a crash. The gateway's catalog is one.
import type { JsonObject } from '../../model/json.ts'
import type { Partition, Position } from '../../model/partition.ts'
import type { ReindexStatus } from '../../model/reindex.ts'

export interface ReindexPartition {
  readonly partition: Partition
  /** 0 for calls without slices. */
  readonly slice: number
  readonly position: Position | undefined
  readonly isDone: boolean
}

export interface ReindexJournal {
  /** Durable on return; called once, before the first document is written. `total` is what the answer will say. */
  savePartitions(partitions: readonly ReindexPartition[], total: number): void
  listPartitions(): readonly ReindexPartition[]
  /** What was counted by the last note; undefined before. */
  lastStatus(): { readonly total: number; readonly status: ReindexStatus } | undefined
  /** Cheap; durable within a second or so and with `flush`. Position and counters belong together. */
  note(
    partition: { readonly id: string; readonly position: Position | undefined; readonly isDone: boolean },
    status: ReindexStatus,
  ): void
  /** Facts that must survive, all of them each time: settings to restore, names of staging indexes and of the cluster's own task. Durable on return. */
  saveFacts(facts: JsonObject): void
  facts(): JsonObject
  flush(): Promise<void>
}
