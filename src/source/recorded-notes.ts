// What a follower that reads a gateway's log remembers besides what sweeps do. The contract; the engine keeps it on disk, in the same file.
import type { DocumentKey, SweepNotes } from './sweep-notes.ts'

/** How far it is in the log. */
export interface RecordedPlace {
  readonly log: string
  readonly position: number
  /** Its name at the gateway. */
  readonly reader: string
  /** Whether all documents were looked at since the log was last read with a gap, or for the first time. */
  readonly isSwept: boolean
  /** By the clock of the wall; undefined before the first sweep. */
  readonly sweptAtMs: number | undefined
}

export interface NotedRow {
  readonly row: number
  readonly number: number
  readonly key: DocumentKey
}

export interface RecordedNotes extends SweepNotes {
  readPlace(): RecordedPlace | undefined
  /** Durable against the death of the process; a position that is lost in a power cut is only read again. */
  savePlace(place: RecordedPlace): void
  /** Documents of these ids, of any type and routing. */
  rowsOfIds(ids: readonly string[]): readonly NotedRow[]
  keysOfRows(rows: readonly number[]): readonly DocumentKey[]
}
