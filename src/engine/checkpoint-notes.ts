// The journal of a copy: its progress becomes durable about every second, together with that of its files.
import type { CopyJournal } from '../mechanism/document-copy.ts'
import type { Partition } from '../model/partition.ts'
import type { PartitionUpdate } from '../pipeline/partition-progress.ts'
import { BatchedNotes } from './batched-notes.ts'
import type { FileRecord } from './catalog-records.ts'
import type { CopyWriter } from './catalog-writer.ts'

export interface CheckpointNotesOptions {
  readonly writer: CopyWriter
  /** How far the files are that hold what has been noted; asked at the instant at which the notes are taken. */
  readonly files: () => readonly FileRecord[]
  /** Makes these files durable. */
  readonly flushFiles: () => Promise<void>
  /** The catalog could not be written: nothing may go on. */
  readonly onFailure: (error: unknown) => void
}

interface UnitNote {
  readonly unit: string
  readonly update: PartitionUpdate
}

export class CheckpointNotes implements CopyJournal {
  private readonly options: CheckpointNotesOptions
  private readonly notes: BatchedNotes<UnitNote>

  constructor(options: CheckpointNotesOptions) {
    this.options = options
    this.notes = new BatchedNotes({ write: (notes) => this.write(notes), onFailure: options.onFailure })
  }

  savePartitions(unit: string, round: number, partitions: readonly Partition[]): void {
    this.options.writer.savePartitions(unit, round, partitions)
  }

  listPartitions(unit: string): ReturnType<CopyJournal['listPartitions']> {
    return this.options.writer.listPartitions(unit)
  }

  note(unit: string, update: PartitionUpdate): void {
    this.notes.note(`${unit}\n${update.partition.id}`, { unit, update })
  }

  flush(): Promise<void> {
    return this.notes.flush()
  }

  /** Stops the timer; what is not flushed is lost, so flush first. */
  stop(): void {
    this.notes.stop()
  }

  private async write(notes: readonly UnitNote[]): Promise<void> {
    const files = this.options.files()
    await this.options.flushFiles()
    this.options.writer.checkpoint({
      partitions: notes.map(({ unit, update }) => ({
        index: unit,
        id: update.partition.id,
        position: update.position,
        isDone: update.isDone,
        counts: update.counts,
      })),
      files,
    })
  }
}
