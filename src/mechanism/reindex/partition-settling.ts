// How far one partition of a `_reindex` call is settled: batches are read in order and written in any order, and only what is written
// without a gap counts in the journal.
import type { Position } from '../../model/partition.ts'
import { addTally, noTally, type SliceCounts, subtractTally, type Tally } from './reindex-counts.ts'
import type { ReindexJournal } from './reindex-journal.ts'

interface OnItsWay {
  readonly position: Position
  tally: Tally | undefined
}

export class PartitionSettling {
  private readonly id: string
  private readonly slice: SliceCounts
  /** Where positions are no places to go on from, the partition is settled as a whole. */
  private readonly isResumable: boolean
  private readonly note: (noted: Parameters<ReindexJournal['note']>[0]) => void
  private position: Position | undefined
  private held: Tally = noTally
  private live: Tally = noTally
  private isRead = false
  private onTheWay: OnItsWay[] = []

  constructor(
    options: {
      readonly id: string
      readonly slice: SliceCounts
      readonly isResumable: boolean
      readonly position: Position | undefined
    },
    note: (noted: Parameters<ReindexJournal['note']>[0]) => void,
  ) {
    this.id = options.id
    this.slice = options.slice
    this.isResumable = options.isResumable
    this.position = options.position
    this.note = note
  }

  /** A batch was read; its counts are to be given to `finish` once it is written. */
  start(position: Position): OnItsWay {
    const batch: OnItsWay = { position, tally: undefined }
    this.onTheWay.push(batch)
    return batch
  }

  finish(batch: OnItsWay, tally: Tally): void {
    batch.tally = tally
    this.live = addTally(this.live, tally)
    this.slice.live = addTally(this.slice.live, tally)
    let moved = false
    for (let first = this.onTheWay[0]; first?.tally; first = this.onTheWay[0]) {
      this.onTheWay.shift()
      this.position = first.position
      this.held = addTally(this.held, first.tally)
      moved = true
    }
    if (moved || this.isDone) this.settle()
  }

  /** Everything of the partition was read. */
  end(): void {
    this.isRead = true
    if (this.isDone) this.settle()
  }

  /** The partition is read again from its start: what was counted of it is counted anew. Only when nothing is on its way. */
  restart(): void {
    this.slice.live = subtractTally(this.slice.live, this.live)
    this.live = noTally
    this.held = noTally
    this.onTheWay = []
  }

  get isEmptyWay(): boolean {
    return this.onTheWay.length === 0
  }

  private get isDone(): boolean {
    return this.isRead && this.onTheWay.length === 0
  }

  private settle(): void {
    if (!this.isResumable && !this.isDone) return
    this.slice.settled = addTally(this.slice.settled, this.held)
    this.held = noTally
    this.note({ id: this.id, position: this.isResumable ? this.position : undefined, isDone: this.isDone })
  }
}
