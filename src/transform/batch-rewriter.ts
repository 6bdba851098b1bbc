// Builds the batch that a transform returns: every column of a document carried over, its source (and, where asked, its id or
// routing) replaced, all in one buffer.

import { ByteSink } from '../foundation/byte-sink.ts'
import { ABSENT, DocumentBatch } from '../model/document-batch.ts'

type TextColumn = 'id' | 'routing' | 'type' | 'parent' | 'index'

const textColumns: readonly TextColumn[] = ['id', 'routing', 'type', 'parent', 'index']

export class BatchRewriter {
  private readonly from: DocumentBatch
  private readonly to: DocumentBatch
  /** Where the caller writes what replaces something; a place in it is a place in the new batch. */
  readonly sink: ByteSink

  constructor(from: DocumentBatch, extraBytesPerDocument: number) {
    this.from = from
    this.sink = new ByteSink(from.bytes.length + from.count * extraBytesPerDocument)
    this.to = new DocumentBatch(this.sink.bytes, Math.max(from.count, 1))
  }

  /** Opens the next document with everything of `row` except its source, and returns its number in the new batch. */
  carry(row: number): number {
    const { from, to, sink } = this
    const carried = to.add()
    for (const column of textColumns) {
      const start = from[`${column}Start`][row] as number
      if (start === ABSENT) continue
      const end = from[`${column}End`][row] as number
      to[`${column}Start`][carried] = sink.length
      sink.copy(from.bytes, start, end)
      to[`${column}End`][carried] = sink.length
    }
    to.sequenceNumber[carried] = from.sequenceNumber[row] as number
    to.version[carried] = from.version[row] as number
    return carried
  }

  /** Says that the bytes from `start` to the end of the sink are this column of the document. */
  set(column: TextColumn | 'source', carried: number, start: number): void {
    this.to[`${column}Start`][carried] = start
    this.to[`${column}End`][carried] = this.sink.length
  }

  /** Takes a column away. */
  clear(column: TextColumn, carried: number): void {
    this.to[`${column}Start`][carried] = ABSENT
    this.to[`${column}End`][carried] = ABSENT
  }

  finish(): DocumentBatch {
    this.to.bytes = this.sink.bytes.subarray(0, this.sink.length)
    this.to.position = this.from.position
    return this.to
  }
}
