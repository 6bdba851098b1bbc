// The unit of the data path: some documents in one buffer, with offsets. There is no object per document, and `_source` is
// never parsed: it is cut out of an answer (or a line) here and copied into a bulk body there.
import { assert } from '../foundation/assert.ts'

/** A column value for "this document has none". */
export const ABSENT = -1

/**
 * Documents `0 … count-1`. Every `…Start`/`…End` pair is a range of `bytes`. Ids, routings, types, parents and index names are
 * the raw JSON string content between the quotes, escapes included, as the server wrote them: they can be copied into
 * other JSON as they are. `source…` is the JSON object itself and may hold line breaks between its tokens.
 */
export class DocumentBatch {
  bytes: Buffer
  count = 0
  idStart: Int32Array
  idEnd: Int32Array
  sourceStart: Int32Array
  sourceEnd: Int32Array
  routingStart: Int32Array
  routingEnd: Int32Array
  typeStart: Int32Array
  typeEnd: Int32Array
  parentStart: Int32Array
  parentEnd: Int32Array
  indexStart: Int32Array
  indexEnd: Int32Array
  /** `_seq_no`, or ABSENT. */
  sequenceNumber: Float64Array
  /** `_version`, or ABSENT. */
  version: Float64Array
  /** The `sort` values of the last document, where the answer has them: the JSON array, for `search_after`. */
  sortStart = ABSENT
  sortEnd = ABSENT
  /** The position of the partition once all documents of this batch are in the target. */
  position = 0

  constructor(bytes: Buffer, capacity = 64) {
    this.bytes = bytes
    this.idStart = new Int32Array(capacity)
    this.idEnd = new Int32Array(capacity)
    this.sourceStart = new Int32Array(capacity)
    this.sourceEnd = new Int32Array(capacity)
    this.routingStart = new Int32Array(capacity)
    this.routingEnd = new Int32Array(capacity)
    this.typeStart = new Int32Array(capacity)
    this.typeEnd = new Int32Array(capacity)
    this.parentStart = new Int32Array(capacity)
    this.parentEnd = new Int32Array(capacity)
    this.indexStart = new Int32Array(capacity)
    this.indexEnd = new Int32Array(capacity)
    this.sequenceNumber = new Float64Array(capacity)
    this.version = new Float64Array(capacity)
  }

  /** Opens the columns of one more document, all ABSENT, and returns its number. */
  add(): number {
    if (this.count === this.idStart.length) this.grow()
    const row = this.count++
    this.idStart[row] = ABSENT
    this.idEnd[row] = ABSENT
    this.sourceStart[row] = ABSENT
    this.sourceEnd[row] = ABSENT
    this.routingStart[row] = ABSENT
    this.routingEnd[row] = ABSENT
    this.typeStart[row] = ABSENT
    this.typeEnd[row] = ABSENT
    this.parentStart[row] = ABSENT
    this.parentEnd[row] = ABSENT
    this.indexStart[row] = ABSENT
    this.indexEnd[row] = ABSENT
    this.sequenceNumber[row] = ABSENT
    this.version[row] = ABSENT
    return row
  }

  private grow(): void {
    const wider = new DocumentBatch(this.bytes, this.idStart.length * 2)
    for (const column of columns) wider[column].set(this[column] as Int32Array & Float64Array)
    for (const column of columns) this[column] = wider[column] as Int32Array<ArrayBuffer> & Float64Array<ArrayBuffer>
  }

  /** The bytes of `_source` of one document; a view, not a copy. Empty when the source has none. */
  source(row: number): Buffer {
    assert(row >= 0 && row < this.count, 'the row is one of the batch')
    if (this.sourceStart[row] === ABSENT) return this.bytes.subarray(0, 0)
    return this.bytes.subarray(this.sourceStart[row], this.sourceEnd[row])
  }

  /** The id of one document as text, unescaped. For messages and files, not for the data path. */
  id(row: number): string {
    return this.text(this.idStart[row] as number, this.idEnd[row] as number) ?? ''
  }

  /** A raw JSON string content as text, unescaped; undefined when ABSENT. */
  text(start: number, end: number): string | undefined {
    if (start === ABSENT) return undefined
    return JSON.parse(`"${this.bytes.toString('utf8', start, end)}"`) as string
  }

  /** Bytes of `_source` in all. */
  sourceBytes(): number {
    let sum = 0
    for (let row = 0; row < this.count; row++)
      sum += (this.sourceEnd[row] as number) - (this.sourceStart[row] as number)
    return sum
  }
}

const columns = [
  'idStart',
  'idEnd',
  'sourceStart',
  'sourceEnd',
  'routingStart',
  'routingEnd',
  'typeStart',
  'typeEnd',
  'parentStart',
  'parentEnd',
  'indexStart',
  'indexEnd',
  'sequenceNumber',
  'version',
] as const
