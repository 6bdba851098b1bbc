// How far one partition has come: batches are read in order and written in any order, and only what is written without a gap counts.
import { assert } from '../foundation/assert.ts'
import { addCounts, type DocumentCounts, noCounts } from '../model/counts.ts'
import type { Partition, Position } from '../model/partition.ts'

/** What the engine makes durable. Everything before `position` is in the target; `counts` are of exactly that. */
export interface PartitionUpdate {
  readonly partition: Partition
  readonly position: Position | undefined
  readonly isDone: boolean
  readonly counts: DocumentCounts
}

interface BatchOnItsWay {
  readonly position: Position
  counts: DocumentCounts | undefined
}

export class PartitionProgress {
  readonly partition: Partition
  private position: Position | undefined
  private counts: DocumentCounts
  private isRead = false
  private readonly onTheWay: BatchOnItsWay[] = []

  constructor(partition: Partition, position: Position | undefined, counts: DocumentCounts = noCounts) {
    this.partition = partition
    this.position = position
    this.counts = counts
  }

  /** A batch was read; it must be `finish`ed once it is written. */
  start(position: Position): BatchOnItsWay {
    assert(!this.isRead, 'no batch is read behind the end of a partition')
    const batch: BatchOnItsWay = { position, counts: undefined }
    this.onTheWay.push(batch)
    return batch
  }

  /** A batch is durable in the target. Returns whether the checkpoint moved. */
  finish(batch: BatchOnItsWay, counts: DocumentCounts): boolean {
    batch.counts = counts
    let moved = false
    while (this.onTheWay[0]?.counts) {
      const first = this.onTheWay.shift()!
      this.position = first.position
      this.counts = addCounts(this.counts, first.counts!)
      moved = true
    }
    return moved
  }

  /** The source has no more of this partition. */
  end(): void {
    this.isRead = true
  }

  get isDone(): boolean {
    return this.isRead && this.onTheWay.length === 0
  }

  update(): PartitionUpdate {
    return { partition: this.partition, position: this.position, isDone: this.isDone, counts: this.counts }
  }
}
