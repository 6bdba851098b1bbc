// The journal of each task, in the gateway's catalog. Notes of all tasks are written together, about every second.
import { assert } from '../../foundation/assert.ts'
import { parseExactJson } from '../../foundation/exact-json.ts'
import type { ReindexJournal, ReindexPartition } from '../../mechanism/reindex/reindex-journal.ts'
import type { JsonObject } from '../../model/json.ts'
import type { Partition, Position } from '../../model/partition.ts'
import type { ReindexStatus } from '../../model/reindex.ts'
import { BatchedNotes } from '../batched-notes.ts'
import type { Row } from '../catalog-database.ts'
import type { GatewayDatabase } from '../gateway-database.ts'
import { parseStatus, printStatus } from './task-text.ts'

interface PartitionNote {
  readonly task: number
  readonly partition: { readonly id: string; readonly position: Position | undefined; readonly isDone: boolean }
  /** Of the whole task: the one of the task's last note holds. */
  readonly status: ReindexStatus
}

export class TaskJournals {
  private readonly database: GatewayDatabase
  private readonly notes: BatchedNotes<PartitionNote>

  constructor(database: GatewayDatabase) {
    this.database = database
    this.notes = new BatchedNotes({
      write: (notes) => this.write(notes),
      onFailure: (error) => database.giveUp(error),
    })
  }

  /** To be closed when the task has ended: what a straggler of it says then is no progress. */
  open(task: number): TaskJournal {
    return new TaskJournal(task, this.database, this.notes)
  }

  flush(): Promise<void> {
    return this.notes.flush()
  }

  stop(): void {
    this.notes.stop()
  }

  /** Positions and the counters that belong to them, in one transaction. */
  private write(notes: readonly PartitionNote[]): void {
    const statuses = new Map(notes.map(({ task, status }) => [task, status]))
    this.database.transaction('process', () => {
      for (const { task, partition } of notes) {
        const changed = this.database.run(
          'UPDATE task_partitions SET position = ?, done = ? WHERE task = ? AND id = ?',
          ...[partition.position ?? null, partition.isDone ? 1 : 0, task, partition.id],
        )
        assert(changed === 1, `partition ${partition.id} of task ${task} was saved before its progress`)
      }
      for (const [task, status] of statuses)
        this.database.run('UPDATE tasks SET status = ? WHERE number = ?', printStatus(status), task)
    })
  }
}

export class TaskJournal implements ReindexJournal {
  private readonly task: number
  private readonly database: GatewayDatabase
  private readonly notes: BatchedNotes<PartitionNote>
  private isClosed = false

  constructor(task: number, database: GatewayDatabase, notes: BatchedNotes<PartitionNote>) {
    this.task = task
    this.database = database
    this.notes = notes
  }

  savePartitions(partitions: readonly ReindexPartition[], total: number): void {
    this.write(() => {
      const row = this.database.get('SELECT count(*) AS count FROM task_partitions WHERE task = ?', this.task)
      const before = Number(row?.count)
      for (const [place, { partition, slice, position, isDone }] of partitions.entries()) {
        // One that was saved before keeps its position.
        this.database.run(
          `INSERT INTO task_partitions (task, id, place, slice, partition, position, done) VALUES (?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT DO NOTHING`,
          ...[this.task, partition.id, before + place, slice, JSON.stringify(partition)],
          ...[position ?? null, isDone ? 1 : 0],
        )
      }
      const status = printStatus({ ...this.status(), total })
      this.database.run('UPDATE tasks SET total = ?, status = ? WHERE number = ?', total, status, this.task)
    })
  }

  listPartitions(): readonly ReindexPartition[] {
    return this.database.all('SELECT * FROM task_partitions WHERE task = ? ORDER BY place', this.task).map(partitionOf)
  }

  lastStatus(): { readonly total: number; readonly status: ReindexStatus } | undefined {
    const total = this.database.get('SELECT total FROM tasks WHERE number = ?', this.task)?.total
    return typeof total === 'number' ? { total, status: this.status() } : undefined
  }

  note(partition: PartitionNote['partition'], status: ReindexStatus): void {
    if (this.isClosed) return
    this.notes.note(`${this.task}\n${partition.id}`, { task: this.task, partition, status })
  }

  saveFacts(facts: JsonObject): void {
    this.write(() => this.database.run('UPDATE tasks SET facts = ? WHERE number = ?', JSON.stringify(facts), this.task))
  }

  facts(): JsonObject {
    const row = this.database.get('SELECT facts FROM tasks WHERE number = ?', this.task)
    return parseExactJson(String(row?.facts ?? '{}')) as JsonObject
  }

  flush(): Promise<void> {
    return this.notes.flush()
  }

  close(): void {
    this.isClosed = true
  }

  private status(): ReindexStatus {
    return parseStatus(String(this.database.get('SELECT status FROM tasks WHERE number = ?', this.task)?.status))
  }

  private write(work: () => unknown): void {
    assert(!this.isClosed, 'a task notes nothing after its end')
    this.database.transaction('full', work)
  }
}

const partitionOf = (row: Row): ReindexPartition => ({
  partition: JSON.parse(String(row.partition)) as Partition,
  slice: Number(row.slice),
  position: typeof row.position === 'number' ? row.position : undefined,
  isDone: row.done === 1,
})
