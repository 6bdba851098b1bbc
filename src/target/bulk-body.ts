// Builds the bodies of `_bulk` requests: action line, source line, in one buffer, by copying bytes.
import { BufferPool } from '../foundation/buffer-pool.ts'
import { toOneLine } from '../foundation/json-bytes.ts'
import { ABSENT, type DocumentBatch } from '../model/document-batch.ts'

export interface BulkForm {
  /** `create` where the target takes nothing else (data streams): there the id makes a replay harmless. */
  readonly operation: 'index' | 'create'
  /** Added to sequence numbers and versions, so that they lie above all versions that the target has; undefined: no versions are sent. */
  readonly versionBase: number | undefined
  /** Sends each document's own `_version` with this type of versioning; `versionBase` then counts for nothing. */
  readonly ownVersions?: 'external' | 'external_gte' | undefined
  /** Instead of each document's own routing: none, or this one for all. Default: each its own. */
  readonly routing?: 'discard' | { readonly value: string } | undefined
  /** The key under which a parent's id is sent (before 6.0); elsewhere parents are not sent. */
  readonly sendsParent: boolean
  /** Whether the mapping type goes into each action; the path names it when all documents have the same. */
  readonly sendsType: boolean
  /** Whether each action names its index: for batches of several indexes (files). */
  readonly sendsIndex: boolean
}

/** Room for one action line besides its id, routing, type, parent and index. */
const actionBytesMax = 160

const text = {
  index: Buffer.from('{"index":{"_id":"'),
  create: Buffer.from('{"create":{"_id":"'),
  routing: Buffer.from('","routing":"'),
  parent: Buffer.from('","parent":"'),
  type: Buffer.from('","_type":"'),
  indexName: Buffer.from('","_index":"'),
  version: Buffer.from('","version_type":"external","version":'),
  versionGte: Buffer.from('","version_type":"external_gte","version":'),
  end: Buffer.from('}}\n'),
  endQuoted: Buffer.from('"}}\n'),
}

const NEWLINE = 0x0a

const pool = new BufferPool(24 * 1024 * 1024)

/** Makes the memory of a body free for the next ones. Only for bodies that were sent to the end, which an answer to all documents proves. */
export function releaseBulkBody(body: Buffer): void {
  pool.give(body)
}

/** The version that a row is written with: made from its sequence number where it has one, else its own; ABSENT when it has neither. */
export function externalVersion(batch: DocumentBatch, row: number, base: number): number {
  const sequenceNumber = batch.sequenceNumber[row] as number
  if (sequenceNumber !== ABSENT) return base + sequenceNumber + 1
  const version = batch.version[row] as number
  return version === ABSENT ? ABSENT : base + version
}

/** The longest run of rows from `from` whose lines stay within `bytesMax`; at least one row. Returns the row behind it. */
export function rowsWithin(batch: DocumentBatch, rows: Int32Array, from: number, bytesMax: number): number {
  let bytes = 0
  let at = from
  while (at < rows.length) {
    bytes += rowBytesMax(batch, rows[at] as number)
    if (bytes > bytesMax && at > from) break
    at++
  }
  return at
}

function rowBytesMax(batch: DocumentBatch, row: number): number {
  const span = (start: Int32Array, end: Int32Array) => (end[row] as number) - (start[row] as number)
  return (
    actionBytesMax +
    span(batch.sourceStart, batch.sourceEnd) +
    span(batch.idStart, batch.idEnd) +
    span(batch.routingStart, batch.routingEnd) +
    span(batch.parentStart, batch.parentEnd) +
    span(batch.typeStart, batch.typeEnd) +
    span(batch.indexStart, batch.indexEnd)
  )
}

/** The body for `rows[from…to)`, which may be given back by `releaseBulkBody`. A source that holds line breaks takes one line nevertheless (`toOneLine`). */
export function encodeBulkBody(
  batch: DocumentBatch,
  rows: Int32Array,
  from: number,
  to: number,
  form: BulkForm,
): Buffer {
  let room = (to - from) * (fixedRouting(form)?.length ?? 0)
  for (let at = from; at < to; at++) room += rowBytesMax(batch, rows[at] as number)
  const encoder = new BulkEncoder(batch, form, room)
  for (let at = from; at < to; at++) encoder.add(rows[at] as number)
  return encoder.body()
}

/** As it stands in each action: JSON without its quotes. */
const fixedRouting = ({ routing }: BulkForm): Buffer | undefined =>
  typeof routing === 'object' ? Buffer.from(JSON.stringify(routing.value).slice(1, -1)) : undefined

class BulkEncoder {
  private readonly batch: DocumentBatch
  private readonly form: BulkForm
  private readonly first: Buffer
  private readonly versionText: Buffer
  private readonly routing: Buffer | undefined
  private out: Buffer
  private at = 0
  /** The next line break in the batch's bytes at or behind `searchedFrom`, so that each byte is looked at once. */
  private nextBreak = -2
  private searchedFrom = 0

  constructor(batch: DocumentBatch, form: BulkForm, room: number) {
    this.batch = batch
    this.form = form
    this.first = text[form.operation]
    this.versionText = form.ownVersions === 'external_gte' ? text.versionGte : text.version
    this.routing = fixedRouting(form)
    this.out = pool.take(room)
  }

  add(row: number): void {
    const { batch, form } = this
    this.put(this.first)
    this.copy(batch.idStart[row] as number, batch.idEnd[row] as number)
    if (form.routing === undefined)
      this.putNamed(text.routing, batch.routingStart[row] as number, batch.routingEnd[row] as number)
    else if (this.routing) {
      this.put(text.routing)
      this.put(this.routing)
    }
    if (form.sendsParent) this.putNamed(text.parent, batch.parentStart[row] as number, batch.parentEnd[row] as number)
    if (form.sendsType) this.putNamed(text.type, batch.typeStart[row] as number, batch.typeEnd[row] as number)
    if (form.sendsIndex) this.putNamed(text.indexName, batch.indexStart[row] as number, batch.indexEnd[row] as number)
    const version = this.versionOf(row)
    if (version === ABSENT) {
      this.put(text.endQuoted)
    } else {
      this.put(this.versionText)
      this.putVersion(row, version)
      this.put(text.end)
    }
    this.putSource(batch.sourceStart[row] as number, batch.sourceEnd[row] as number)
    this.out[this.at++] = NEWLINE
  }

  private versionOf(row: number): number {
    const { ownVersions, versionBase } = this.form
    if (ownVersions !== undefined) return this.batch.version[row] as number
    return versionBase === undefined ? ABSENT : externalVersion(this.batch, row, versionBase)
  }

  /** Versions that are sent as they are, are up to 2^63. */
  private putVersion(row: number, version: number): void {
    const { ownVersions, versionBase } = this.form
    const isOwn = ownVersions !== undefined || (versionBase === 0 && this.batch.sequenceNumber[row] === ABSENT)
    const start = this.batch.versionStart[row] as number
    if (!isOwn || start === ABSENT) this.putInteger(version)
    else this.copy(start, this.batch.versionEnd[row] as number)
  }

  body(): Buffer {
    return this.out.subarray(0, this.at)
  }

  private put(bytes: Buffer): void {
    this.out.set(bytes, this.at)
    this.at += bytes.length
  }

  private putNamed(name: Buffer, start: number, end: number): void {
    if (start === ABSENT) return
    this.put(name)
    this.copy(start, end)
  }

  private copy(start: number, end: number): void {
    const { bytes } = this.batch
    if (end - start > 24) {
      bytes.copy(this.out, this.at, start, end)
      this.at += end - start
      return
    }
    for (let i = start; i < end; i++) this.out[this.at++] = bytes[i] as number
  }

  private putInteger(value: number): void {
    const digits = String(value)
    for (let i = 0; i < digits.length; i++) this.out[this.at++] = digits.charCodeAt(i)
  }

  private putSource(start: number, end: number): void {
    const { bytes } = this.batch
    if (start === ABSENT) {
      this.out[this.at++] = 0x7b
      this.out[this.at++] = 0x7d
      return
    }
    // A transform may leave documents in another order than their bytes: then the search begins anew.
    const isSearched = start >= this.searchedFrom && (this.nextBreak === -1 || this.nextBreak >= start)
    if (!isSearched) {
      this.nextBreak = bytes.indexOf(NEWLINE, start)
      this.searchedFrom = start
    }
    if (this.nextBreak === -1 || this.nextBreak >= end) {
      bytes.copy(this.out, this.at, start, end)
      this.at += end - start
      return
    }
    const line = toOneLine(bytes.subarray(start, end))
    const excess = line.length - (end - start)
    if (excess > 0)
      this.out = Buffer.concat([this.out.subarray(0, this.at), Buffer.allocUnsafe(this.out.length - this.at + excess)])
    this.put(line)
  }
}
