// A journal of a reindex that is as durable as the test, and can forget what was noted last, as a crash does.
import type { ReindexJournal, ReindexPartition } from '../../src/mechanism/reindex/reindex-journal.ts'
import type { JsonObject } from '../../src/model/json.ts'
import type { ReindexStatus } from '../../src/model/reindex.ts'

interface State {
  partitions: ReindexPartition[]
  total: number
  status: ReindexStatus | undefined
}

export class ReindexMemoryJournal implements ReindexJournal {
  private state: State = { partitions: [], total: 0, status: undefined }
  private durable: State = this.state
  private kept: JsonObject = {}

  savePartitions(partitions: readonly ReindexPartition[], total: number): void {
    this.state = { ...this.state, partitions: [...partitions], total }
    this.durable = this.state
  }

  listPartitions(): readonly ReindexPartition[] {
    return this.state.partitions
  }

  lastStatus() {
    const { total, status } = this.state
    return status && { total, status }
  }

  note(noted: Parameters<ReindexJournal['note']>[0], status: ReindexStatus): void {
    const partitions = this.state.partitions.map((part) =>
      part.partition.id === noted.id ? { ...part, position: noted.position, isDone: noted.isDone } : part,
    )
    this.state = { ...this.state, partitions, status }
  }

  saveFacts(facts: JsonObject): void {
    this.kept = JSON.parse(JSON.stringify(facts)) as JsonObject
  }

  facts(): JsonObject {
    return this.kept
  }

  async flush(): Promise<void> {
    if (!this.isCrashing) this.durable = this.state
  }

  /** From now on nothing becomes durable any more. */
  isCrashing = false

  /** What the next process finds. */
  afterCrash(): ReindexMemoryJournal {
    const next = new ReindexMemoryJournal()
    next.state = this.durable
    next.durable = this.durable
    next.kept = this.kept
    return next
  }
}
