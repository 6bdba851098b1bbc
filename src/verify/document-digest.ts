// What two sides compare of a document: its identity (which document is it) and its digest (what does it hold).
// docs/decisions/003-verification-digest.md has the measurements and the argument for the width.
import { toOneLine } from '../foundation/json-bytes.ts'
import { murmurHash128, spread } from '../foundation/murmur-hash.ts'
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

/** Tells a document without `_source` from one with an empty one. */
const noSource = 0x5bd1e995

const identityBytesFirst = 2 * 1024

/**
 * Computes one document after the other without allocating per field: the results are in its properties until the next call.
 * The digest is MurmurHash3 in 128 bits of `_source`, bound to that of the identity (type, id and routing).
 */
export class DocumentDigester {
  /** 64 bits of identity: for buckets, tables and samples, where only the spread matters. */
  identityLow = 0
  identityHigh = 0
  /** The identity itself is `identity[0…identityLength)`. */
  identity: Buffer = Buffer.allocUnsafeSlow(identityBytesFirst)
  identityLength = 0
  private identityView = viewOf(this.identity)
  private readonly identityLanes = new Uint32Array(4)
  private viewed: Buffer | undefined
  private view = this.identityView
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
    if (needed > this.identity.length) {
      this.identity = Buffer.allocUnsafeSlow(2 * needed)
      this.identityView = viewOf(this.identity)
    }
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
    murmurHash128(this.identityView, 0, at, 0, this.identityLanes)
    this.identityLow = this.identityLanes[0] as number
    this.identityHigh = this.identityLanes[1] as number
    const sourceStart = batch.sourceStart[row] as number
    this.sourceLength = sourceStart === ABSENT ? ABSENT : (batch.sourceEnd[row] as number) - sourceStart
  }

  /** Identity and digest. */
  digest(batch: DocumentBatch, row: number): void {
    this.identify(batch, row)
    if (this.isSampled) this.hashSource(batch, row)
    else this.lanes.fill(0)
    for (let lane = 0; lane < 4; lane++) {
      // Not a sum: documents that swap their contents must not look the same.
      this.lanes[lane] = spread((this.lanes[lane] as number) ^ (this.identityLanes[lane] as number))
    }
  }

  /** Whether the content of the document that was identified last is among those compared: the same choice on both sides, always. */
  get isSampled(): boolean {
    return this.identityLow < this.sampleBelow
  }

  private hashSource(batch: DocumentBatch, row: number): void {
    const seed = this.identityLow
    const start = batch.sourceStart[row] as number
    const end = batch.sourceEnd[row] as number
    if (start === ABSENT) {
      murmurHash128(this.identityView, 0, 0, seed ^ noSource, this.lanes)
    } else if (this.options.comparison === 'bytes' && !this.hasLineFeed(batch.bytes, start, end)) {
      murmurHash128(this.viewOfBatch(batch.bytes), start, end, seed, this.lanes)
    } else {
      const source = batch.bytes.subarray(start, end)
      const compared = this.options.comparison === 'bytes' ? toOneLine(source) : canonicalContent(source)
      murmurHash128(viewOf(compared), 0, compared.length, seed, this.lanes)
    }
  }

  /** One view for all documents of a batch. */
  private viewOfBatch(bytes: Buffer): DataView {
    if (this.viewed !== bytes) {
      this.viewed = bytes
      this.view = viewOf(bytes)
    }
    return this.view
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
}

const viewOf = (bytes: Buffer): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)

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
