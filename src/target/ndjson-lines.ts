// Prints the documents of a batch as lines of NDJSON, in the form that indexferry (and elasticdump) reads:
//
//   {"_index":"products","_id":"1","_routing":"r","_type":"t","_parent":"p","_version":3,"_seq_no":12,"_source":{…}}
//
// Members that a document does not have are left out. `_source` is copied byte for byte, except that line feeds in it give way
// (see toOneLine).
import { ByteSink } from '../foundation/byte-sink.ts'
import { toOneLine } from '../foundation/json-bytes.ts'
import { ABSENT, type DocumentBatch } from '../model/document-batch.ts'

const LINE_FEED = 0x0a
const text = (ascii: string) => Buffer.from(ascii)
const INDEX = text('"_index":"')
const ID = text('"_id":"')
const ROUTING = text('"_routing":"')
const TYPE = text('"_type":"')
const PARENT = text('"_parent":"')
const VERSION = text('"_version":')
const SEQUENCE_NUMBER = text('"_seq_no":')
const SOURCE = text('"_source":')
const OPEN = text('{')
const END_OF_TEXT = text('",')
const COMMA = text(',')
const EMPTY_OBJECT = text('{}')
const END_OF_LINE = text('}\n')

/** About what a line has beside its source. */
const FRAME_BYTES = 120

/** `index` is the content of a JSON string (without quotes) for documents that do not say where they are from; undefined leaves it out. */
export function encodeLines(batch: DocumentBatch, index: Buffer | undefined): Buffer {
  const { bytes } = batch
  const sink = new ByteSink(batch.sourceBytes() + batch.count * FRAME_BYTES)
  const lineFeeds = new LineFeeds(bytes)
  for (let row = 0; row < batch.count; row++) {
    sink.append(OPEN)
    if (batch.indexStart[row] !== ABSENT) {
      putText(sink, INDEX, bytes, batch.indexStart[row] as number, batch.indexEnd[row] as number)
    } else if (index !== undefined) putText(sink, INDEX, index, 0, index.length)
    putText(sink, ID, bytes, batch.idStart[row] as number, batch.idEnd[row] as number)
    putText(sink, ROUTING, bytes, batch.routingStart[row] as number, batch.routingEnd[row] as number)
    putText(sink, TYPE, bytes, batch.typeStart[row] as number, batch.typeEnd[row] as number)
    putText(sink, PARENT, bytes, batch.parentStart[row] as number, batch.parentEnd[row] as number)
    putNumber(sink, VERSION, batch.version[row] as number)
    putNumber(sink, SEQUENCE_NUMBER, batch.sequenceNumber[row] as number)
    sink.append(SOURCE)
    const start = batch.sourceStart[row] as number
    const end = batch.sourceEnd[row] as number
    if (start === ABSENT) sink.append(EMPTY_OBJECT)
    else if (lineFeeds.areIn(start, end)) sink.append(toOneLine(bytes.subarray(start, end)))
    else sink.copy(bytes, start, end)
    sink.append(END_OF_LINE)
  }
  return sink.bytes.subarray(0, sink.length)
}

function putText(sink: ByteSink, name: Buffer, bytes: Buffer, start: number, end: number): void {
  if (start === ABSENT) return
  sink.append(name)
  sink.copy(bytes, start, end)
  sink.append(END_OF_TEXT)
}

function putNumber(sink: ByteSink, name: Buffer, value: number): void {
  if (value === ABSENT) return
  sink.append(name)
  sink.append(text(String(value)))
  sink.append(COMMA)
}

/** Answers for many ranges of one buffer, mostly growing, without a native search for each. */
class LineFeeds {
  private readonly bytes: Buffer
  private searchedFrom = 0
  private next: number

  constructor(bytes: Buffer) {
    this.bytes = bytes
    this.next = this.find(0)
  }

  areIn(start: number, end: number): boolean {
    if (start < this.searchedFrom || start > this.next) {
      this.searchedFrom = start
      this.next = this.find(start)
    }
    return this.next < end
  }

  private find(from: number): number {
    const found = this.bytes.indexOf(LINE_FEED, from)
    return found < 0 ? Number.POSITIVE_INFINITY : found
  }
}
