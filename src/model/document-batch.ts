// The unit of the data path: some documents in one buffer, with offsets. There is no object per document, and `_source` is
// never parsed: it is cut out of an answer (or a line) here and copied into a bulk body there.
import { assert } from '../foundation/assert.ts'
import { BufferPool } from '../foundation/buffer-pool.ts'

/** A column value for "this document has none". */
export const ABSENT = -1

const wholeColumns = ['sequenceNumber', 'version'] as const
const offsetColumns = [
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
  'versionStart',
  'versionEnd',
] as const

const rowBytes = wholeColumns.length * 8 + offsetColumns.length * 4

/** Windows and columns of batches that were released. */
const pool = new BufferPool(24 * 1024 * 1024)
const nothing = Buffer.alloc(0)

/**
 * Documents `0 … count-1`. Every `…Start`/`…End` pair is a range of `bytes`. Ids, routings, types, parents and index names are
 * the raw JSON string content between the quotes, escapes included, as the server wrote them: they can be copied into
 * other JSON as they are. `source…` is the JSON object itself and may hold line breaks between its tokens.
 */
export class DocumentBatch {
  bytes: Buffer
  count = 0
  idStart!: Int32Array
  idEnd!: Int32Array
  sourceStart!: Int32Array
  sourceEnd!: Int32Array
  routingStart!: Int32Array
  routingEnd!: Int32Array
  typeStart!: Int32Array
  typeEnd!: Int32Array
  parentStart!: Int32Array
  parentEnd!: Int32Array
  indexStart!: Int32Array
  indexEnd!: Int32Array
  /** `_seq_no`, or ABSENT. */
  sequenceNumber!: Float64Array
  /** `_version`, or ABSENT. Not exact above 2^53: there the digits count. */
  version!: Float64Array
  /** The digits of `_version` as the server wrote them, where they are in `bytes`. */
  versionStart!: Int32Array
  versionEnd!: Int32Array
  /** The position of the partition once all documents of this batch are in the target. */
  position = 0
  /** The JSON array of sort values of the last document, as it stands in its hit; ABSENT when there is none. */
  sortStart = ABSENT
  sortEnd = ABSENT
  private columns: Buffer
  private readonly isPooled: boolean

  constructor(bytes: Buffer, capacity = 64, isPooled = false) {
    this.bytes = bytes
    this.isPooled = isPooled
    this.columns = isPooled ? pool.take(capacity * rowBytes) : Buffer.allocUnsafeSlow(capacity * rowBytes)
    this.layOut()
  }

  /** A batch over a buffer of at least `bytes` that `release` makes free for others. */
  static pooled(bytes: number, capacity: number): DocumentBatch {
    return new DocumentBatch(pool.take(bytes), capacity, true)
  }

  /**
   * Says that nobody will look at this batch again, nor at views of its bytes. It is empty from then on, so that who looks all the same
   * finds nothing instead of the documents of another batch. Never needed: what is not released is collected like everything else.
   */
  release(): void {
    if (!this.isPooled || this.bytes === nothing) return
    pool.give(this.bytes)
    pool.give(this.columns)
    this.count = 0
    this.bytes = nothing
    this.columns = nothing
    this.layOut()
  }

  /** Moves to a larger buffer, which holds the first `used` bytes of the old one. */
  widen(bytes: number, used: number): void {
    const wider = this.isPooled ? pool.take(bytes) : Buffer.allocUnsafeSlow(bytes)
    this.bytes.copy(wider, 0, 0, used)
    if (this.isPooled) pool.give(this.bytes)
    this.bytes = wider
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
    this.versionStart[row] = ABSENT
    this.versionEnd[row] = ABSENT
    return row
  }

  /** Divides the one buffer of all columns among them. */
  private layOut(): void {
    const { buffer, byteOffset, length } = this.columns
    const capacity = Math.floor(length / rowBytes)
    let at = byteOffset
    for (const column of wholeColumns) {
      this[column] = new Float64Array(buffer, at, capacity)
      at += capacity * 8
    }
    for (const column of offsetColumns) {
      this[column] = new Int32Array(buffer, at, capacity)
      at += capacity * 4
    }
  }

  private grow(): void {
    const wider = new DocumentBatch(this.bytes, this.idStart.length * 2, this.isPooled)
    for (const column of wholeColumns) wider[column].set(this[column].subarray(0, this.count))
    for (const column of offsetColumns) wider[column].set(this[column].subarray(0, this.count))
    if (this.isPooled) pool.give(this.columns)
    this.columns = wider.columns
    this.layOut()
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
