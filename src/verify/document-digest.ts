// What two sides compare of a document: its identity (which document is it) and its digest (what does it hold).
// docs/decisions/003-verification-digest.md has the measurements and the argument for the width.
import { createHash, hash } from 'node:crypto'
import { toOneLine } from '../foundation/json-bytes.ts'
import { ABSENT, type DocumentBatch } from '../model/document-batch.ts'
import { canonicalContent } from './canonical-content.ts'

/**
 * `bytes`: `_source` byte for byte; only line feeds, which a bulk body cannot hold, count as the space that a copy makes of them.
 * `content`: the same JSON value; white space, escapes and the order of keys do not count, numbers are compared by their text.
 */
export type Comparison = 'bytes' | 'content'

export interface DigestOptions {
  readonly comparison: Comparison
  /** `compare` where both sides have mapping types and kept them: the type is then part of a document's identity. */
  readonly types: 'compare' | 'ignore'
  /** Share of the documents whose content is compared, 0 to 1; of the others only the identity is. */
  readonly sampleShare: number
}

const LINE_FEED = 0x0a
const BACKSLASH = 0x5c
/** Bytes that UTF-8 never has, so that no id can look like two. */
const FIELD_ENDS = 0xff
const NO_SOURCE = 0xfe

/** Up to this size a document is copied behind its identity and hashed in one call; above, a hash object takes both parts. */
const joinedBytesMax = 16 * 1024

/**
 * Computes one document after the other without allocating per field: the results are in its properties until the next call.
 * The digest is the first 128 bits of SHA-256 over type, id, routing and `_source`.
 */
export class DocumentDigester {
  /** 64 bits of identity: for buckets, tables and samples, where only the spread matters. */
  identityLow = 0
  identityHigh = 0
  /** The identity itself is `identity[0…identityLength)`. */
  identity: Buffer = Buffer.allocUnsafeSlow(joinedBytesMax + 1024)
  identityLength = 0
  /** The digest. */
  readonly lanes = new Uint32Array(4)
  /** Bytes of `_source` as it stands in the batch; ABSENT when the document has none. */
  sourceLength = 0
  private readonly options: DigestOptions
  private readonly sampleBelow: number
  private searched: Buffer | undefined
  private searchedFrom = 0
  private nextLineFeed = 0

  constructor(options: DigestOptions) {
    this.options = options
    this.sampleBelow = options.sampleShare * 2 ** 32
  }

  /** The document's identity alone. */
  identify(batch: DocumentBatch, row: number): void {
    const needed = columnLength(batch, row)
    if (needed + joinedBytesMax > this.identity.length) this.identity = Buffer.allocUnsafeSlow(needed + joinedBytesMax)
    let at = 0
    if (this.options.types === 'compare') {
      at = this.append(batch.bytes, batch.typeStart[row] as number, batch.typeEnd[row] as number, at)
    }
    at = this.append(batch.bytes, batch.idStart[row] as number, batch.idEnd[row] as number, at)
    // A child document without a routing of its own is routed by its parent (before 6.0), and is copied that way.
    const isRouted = batch.routingStart[row] !== ABSENT
    const start = isRouted ? batch.routingStart[row] : batch.parentStart[row]
    const end = isRouted ? batch.routingEnd[row] : batch.parentEnd[row]
    at = this.append(batch.bytes, start as number, end as number, at)
    this.identityLength = at
    this.hashIdentity(at)
    const sourceStart = batch.sourceStart[row] as number
    this.sourceLength = sourceStart === ABSENT ? ABSENT : (batch.sourceEnd[row] as number) - sourceStart
  }

  /** Identity and digest. */
  digest(batch: DocumentBatch, row: number): void {
    this.identify(batch, row)
    const text = this.isSampled ? this.hashDocument(batch, row) : this.hashJoined(this.identityLength)
    for (let lane = 0; lane < 4; lane++) {
      const at = lane * 4
      this.lanes[lane] =
        text.charCodeAt(at) |
        (text.charCodeAt(at + 1) << 8) |
        (text.charCodeAt(at + 2) << 16) |
        (text.charCodeAt(at + 3) << 24)
    }
  }

  /** Whether the content of the document that was identified last is among those compared: the same choice on both sides, always. */
  get isSampled(): boolean {
    return this.identityLow < this.sampleBelow
  }

  private hashDocument(batch: DocumentBatch, row: number): string {
    const { identity, identityLength } = this
    const start = batch.sourceStart[row] as number
    if (start === ABSENT) {
      identity[identityLength] = NO_SOURCE
      return this.hashJoined(identityLength + 1)
    }
    const end = batch.sourceEnd[row] as number
    const isVerbatim = this.options.comparison === 'bytes' && !this.hasLineFeed(batch.bytes, start, end)
    if (isVerbatim && end - start <= joinedBytesMax) {
      batch.bytes.copy(identity, identityLength, start, end)
      return this.hashJoined(identityLength + end - start)
    }
    const source = batch.bytes.subarray(start, end)
    const compared = isVerbatim
      ? source
      : this.options.comparison === 'bytes'
        ? toOneLine(source)
        : canonicalContent(source)
    return createHash('sha256').update(identity.subarray(0, identityLength)).update(compared).digest('binary')
  }

  // As text: a Buffer for each result costs twice the time of hashing a small document.
  private hashJoined(length: number): string {
    return hash('sha256', this.identity.subarray(0, length), 'binary')
  }

  /** One native search serves all documents up to the line feed that it finds. */
  private hasLineFeed(bytes: Buffer, start: number, end: number): boolean {
    if (this.searched !== bytes || start < this.searchedFrom || this.nextLineFeed < start) {
      this.searched = bytes
      this.searchedFrom = start
      const found = bytes.indexOf(LINE_FEED, start)
      this.nextLineFeed = found < 0 ? Number.POSITIVE_INFINITY : found
    }
    return this.nextLineFeed < end
  }

  /** Appends a raw JSON string content and the end mark. Sides may write the same text with different escapes, so those are resolved. */
  private append(bytes: Buffer, start: number, end: number, to: number): number {
    const { identity } = this
    let at = to
    if (start !== ABSENT) {
      for (let from = start; from < end; from++) {
        const byte = bytes[from] as number
        if (byte === BACKSLASH) {
          at = to + identity.write(JSON.parse(`"${bytes.toString('utf8', start, end)}"`) as string, to)
          break
        }
        identity[at++] = byte
      }
    }
    identity[at++] = FIELD_ENDS
    return at
  }

  private hashIdentity(length: number): void {
    const { identity } = this
    let low = 0x6c8e9cf5 ^ length
    let high = 0x1b873593 ^ length
    for (let at = 0; at < length; at++) {
      const byte = identity[at] as number
      low = Math.imul(low ^ byte, 0x9e3779b1)
      low ^= low >>> 15
      high = Math.imul((high ^ byte) + low, 0x85ebca77)
      high = (high << 13) | (high >>> 19)
    }
    this.identityLow = spread(low ^ (high >>> 7))
    this.identityHigh = spread(high + Math.imul(low, 0xc2b2ae3d))
  }
}

/** Every bit of the input reaches every bit of the result (the last step of MurmurHash3). */
function spread(value: number): number {
  let mixed = value
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

function columnLength(batch: DocumentBatch, row: number): number {
  const length = (start: Int32Array, end: Int32Array) => (end[row] as number) - (start[row] as number)
  return (
    length(batch.idStart, batch.idEnd) +
    length(batch.routingStart, batch.routingEnd) +
    length(batch.typeStart, batch.typeEnd) +
    length(batch.parentStart, batch.parentEnd) +
    8
  )
}
