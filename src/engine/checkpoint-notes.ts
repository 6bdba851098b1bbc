// Collects progress and makes it durable about every second, so that a crash repeats at most seconds of work and the catalog costs nothing.
import type { CopyJournal } from '../mechanism/document-copy.ts'
import type { Partition } from '../model/partition.ts'
import type { PartitionUpdate } from '../pipeline/partition-progress.ts'
import type { FileRecord } from './catalog-records.ts'
import type { CopyWriter } from './catalog-writer.ts'

const intervalMs = 1_000

export interface CheckpointNotesOptions {
  readonly writer: CopyWriter
  /** How far the files are that hold what has been noted; asked at the instant at which the notes are taken. */
  readonly files: () => readonly FileRecord[]
  /** Makes these files durable. */
  readonly flushFiles: () => Promise<void>
  /** The catalog could not be written: nothing may go on. */
  readonly onFailure: (error: unknown) => void
}

export class CheckpointNotes implements CopyJournal {
  private readonly options: CheckpointNotesOptions
  private notes = new Map<string, { unit: string; update: PartitionUpdate }>()
  private readonly timer: NodeJS.Timeout
  private flushing: Promise<void> = Promise.resolve()

  constructor(options: CheckpointNotesOptions) {
    this.options = options
    this.timer = setInterval(() => this.flush().catch(options.onFailure), intervalMs)
    this.timer.unref()
  }

  savePartitions(unit: string, round: number, partitions: readonly Partition[]): void {
    this.options.writer.savePartitions(unit, round, partitions)
  }

  listPartitions(unit: string): ReturnType<CopyJournal['listPartitions']> {
    return this.options.writer.listPartitions(unit)
  }

  note(unit: string, update: PartitionUpdate): void {
    this.notes.set(`${unit}\n${update.partition.id}`, { unit, update })
  }

  /** One at a time, in order: an older state must never be written over a newer one. */
  flush(): Promise<void> {
    this.flushing = this.flushing.catch(() => {}).then(() => this.write())
    return this.flushing
  }

  private async write(): Promise<void> {
    if (this.notes.size === 0) return
    const notes = this.notes
    this.notes = new Map()
    const files = this.options.files()
    await this.options.flushFiles()
    this.options.writer.checkpoint({
      partitions: [...notes.values()].map(({ unit, update }) => ({
        index: unit,
        id: update.partition.id,
        position: update.position,
        isDone: update.isDone,
        counts: update.counts,
      })),
      files,
    })
  }

  /** Stops the timer; what is not flushed is lost, so flush first. */
  stop(): void {
    clearInterval(this.timer)
  }
}
