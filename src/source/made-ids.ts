// Ids for documents of a file that have none. They must be the same each time the file is read, or else a copy that
// is repeated or resumed would double them, and must differ between documents that are equal.
//
// So an id is made of the line's number and a digest of its source, such as `v1-9ke3v0-1m2kq8c`. The number keeps documents of one file apart for
// certain; the digest keeps files apart that are copied into one index. The name of the file plays no part.
import { ByteSink } from '../foundation/byte-sink.ts'
import type { DocumentBatch } from '../model/document-batch.ts'

export class MadeIds {
  private readonly rows: number[] = []
  private readonly sink = new ByteSink(0)

  /** Makes the id of the document in `row`; it is in the batch after `finish`. */
  make(batch: DocumentBatch, row: number, line: number): void {
    const start = this.sink.length
    const { bytes } = batch
    writeId(this.sink, bytes, batch.sourceStart[row] as number, batch.sourceEnd[row] as number, line)
    batch.idStart[row] = start
    batch.idEnd[row] = this.sink.length
    this.rows.push(row)
  }

  /** Puts the ids behind the first `used` bytes of the batch. */
  finish(batch: DocumentBatch, used: number): void {
    if (this.rows.length === 0) return
    const room = Buffer.allocUnsafeSlow(used + this.sink.length)
    batch.bytes.copy(room, 0, 0, used)
    this.sink.bytes.copy(room, used, 0, this.sink.length)
    for (const row of this.rows) {
      if (row >= batch.count) continue
      batch.idStart[row] = (batch.idStart[row] as number) + used
      batch.idEnd[row] = (batch.idEnd[row] as number) + used
    }
    batch.bytes = room
    this.rows.length = 0
    this.sink.length = 0
  }
}

/** Two digests of 32 bits, multiplied and shifted in different ways; no secret hangs on them. Four bytes at a time. */
function writeId(sink: ByteSink, bytes: Buffer, start: number, end: number, line: number): void {
  let a = 0x811c9dc5
  let b = end - start
  let at = start
  for (const last = end - 3; at < last; at += 4) {
    const word = fourBytes(bytes, at)
    a = Math.imul(a ^ word, 0x9e3779b1)
    a ^= a >>> 15
    b = (Math.imul(b, 0x85ebca6b) + word) | 0
    b ^= b >>> 13
  }
  for (; at < end; at++) {
    a = Math.imul(a ^ (bytes[at] as number), 0x01000193)
    b = (Math.imul(b, 0x85ebca6b) + (bytes[at] as number)) | 0
  }
  a = Math.imul(a ^ (a >>> 16), 0xc2b2ae35)
  b = Math.imul(b ^ (b >>> 16), 0xc2b2ae35)
  sink.reserve(ID_BYTES_MAX)
  writeDigits(sink, line)
  sink.bytes[sink.length++] = DASH
  writeDigits(sink, (a ^ (a >>> 13)) >>> 0)
  sink.bytes[sink.length++] = DASH
  writeDigits(sink, (b ^ (b >>> 13)) >>> 0)
}

const ID_BYTES_MAX = 64
const DASH = 0x2d
const digits = Buffer.from('0123456789abcdefghijklmnopqrstuv')

/** Without making a text of it, which takes longer than the digest. The last digit comes first, which does not matter to an id. */
function writeDigits(sink: ByteSink, value: number): void {
  let left = value
  // Bitwise operators take 32 bits only, line numbers may be larger.
  for (; left > 0xffffffff; left = Math.floor(left / 32)) sink.bytes[sink.length++] = digits[left % 32] as number
  do {
    sink.bytes[sink.length++] = digits[left & 31] as number
    left = left >>> 5
  } while (left > 0)
}

const fourBytes = (bytes: Buffer, at: number): number =>
  (bytes[at] as number) |
  ((bytes[at + 1] as number) << 8) |
  ((bytes[at + 2] as number) << 16) |
  ((bytes[at + 3] as number) << 24)
