// What one line of an NDJSON file is, found on its bytes. Four forms, told apart line by line:
//
//   ours, elasticdump   {"_index":"i","_id":"1","_routing":"r","_version":3,"_source":{…}}     the member `_source` makes it one
//   bulk action         {"index":{"_id":"1"}}  or  {"create":{…}}, with the document in the next line
//   plain document      {…}                      anything else that is an object: the line is the source
//
// `_source` is cut out and not looked into, except for where it ends. Names of members are compared as they stand, without
// looking through escapes: no tool writes `_source` with any.
import { equalsBytes, MemberCursor, skipSpace, UNFINISHED } from '../foundation/json-bytes.ts'
import { ABSENT, type DocumentBatch } from '../model/document-batch.ts'

export type LineKind = 'empty' | 'document' | 'action' | 'broken'

const UNDERSCORE = 0x5f
const QUOTE = 0x22
const OPEN_BRACE = 0x7b
const OPEN_BRACKET = 0x5b

type Column = 'id' | 'index' | 'type' | 'routing' | 'parent'
type Meaning = Column | 'source' | 'version' | 'sequenceNumber' | 'fields'

const named = (meanings: Readonly<Record<string, Meaning | 'ignored'>>) =>
  Object.entries(meanings).map(([name, meaning]) => ({ name: Buffer.from(name), meaning }))

const envelopeMembers = named({
  _id: 'id',
  _source: 'source',
  _index: 'index',
  _type: 'type',
  _routing: 'routing',
  _version: 'version',
  _seq_no: 'sequenceNumber',
  _parent: 'parent',
  // Elasticsearch 1.x gives routing and parent of a hit in here.
  fields: 'fields',
})

const fieldMembers = named({ _routing: 'routing', _parent: 'parent' })

/** All that an action may say; one that says anything else is a plain document with a single field. */
const actionMembers = named({
  _id: 'id',
  _index: 'index',
  _type: 'type',
  routing: 'routing',
  _routing: 'routing',
  parent: 'parent',
  _parent: 'parent',
  version: 'version',
  _version: 'version',
  version_type: 'ignored',
  _version_type: 'ignored',
  op_type: 'ignored',
  pipeline: 'ignored',
  require_alias: 'ignored',
  require_data_stream: 'ignored',
  dynamic_templates: 'ignored',
  list_executed_pipelines: 'ignored',
  if_seq_no: 'ignored',
  if_primary_term: 'ignored',
  retry_on_conflict: 'ignored',
  _retry_on_conflict: 'ignored',
  refresh: 'ignored',
  timestamp: 'ignored',
  _timestamp: 'ignored',
  ttl: 'ignored',
  _ttl: 'ignored',
})

const writingActions = ['index', 'create'].map((name) => Buffer.from(name))
const otherActions = ['delete', 'update'].map((name) => Buffer.from(name))

const inner = new MemberCursor()

/** Reads lines into the rows of a batch. One for each file; it keeps what was wrong with the last line. */
export class NdjsonLine {
  private readonly members = new MemberCursor()
  /** Why the last line was broken. */
  problem = ''
  /** Whether the last line was broken because it ends too early, and not because something in it is wrong. */
  isCutOff = false

  /** Reads `bytes[start…end)`; adds a row for a document (complete) and for an action (its source is in the next line). */
  read(bytes: Buffer, start: number, end: number, batch: DocumentBatch): LineKind {
    const at = skipSpace(bytes, start, end)
    if (at === end) return 'empty'
    if (bytes[at] !== OPEN_BRACE) return this.broken(bytes, at, end, describeStart(bytes[at] as number))
    const row = batch.add()
    const { members } = this
    members.open(bytes, at, end)
    let count = 0
    let firstIsObject = false
    let firstStart = 0
    let firstEnd = 0
    while (members.next()) {
      if (count++ === 0) {
        firstStart = members.keyStart
        firstEnd = members.keyEnd
        firstIsObject = bytes[members.valueStart] === OPEN_BRACE
      }
      const first = bytes[members.keyStart]
      if (first !== UNDERSCORE && first !== 0x66) continue
      if (!this.takeMember(bytes, batch, row)) return this.drop(batch)
    }
    const isWhole = members.objectEnd !== UNFINISHED
    if (!isWhole) {
      this.broken(bytes, members.brokenAt, end, 'the object is not valid JSON')
      return this.drop(batch)
    }
    if (skipSpace(bytes, members.objectEnd, end) !== end) {
      this.broken(bytes, members.objectEnd, end, 'something stands behind the document')
      return this.drop(batch)
    }
    if (batch.sourceStart[row] !== ABSENT) return 'document'
    if (count === 1 && firstIsObject) {
      const kind = this.readAction(bytes, firstStart, firstEnd, batch, row)
      if (kind !== 'document') return kind
    }
    return this.takePlain(at, batch, row)
  }

  /** Reads the line behind an action: all of it is the source. */
  readSource(bytes: Buffer, start: number, end: number, batch: DocumentBatch): LineKind {
    const { members } = this
    const at = skipSpace(bytes, start, end)
    if (at === end || bytes[at] !== OPEN_BRACE) {
      this.broken(bytes, at, end, 'the line behind a bulk action is no document')
      return this.drop(batch)
    }
    members.open(bytes, at, end)
    while (members.next());
    if (members.objectEnd === UNFINISHED || skipSpace(bytes, members.objectEnd, end) !== end) {
      const where = members.objectEnd === UNFINISHED ? members.brokenAt : members.objectEnd
      this.broken(bytes, where, end, 'the document is not valid JSON')
      return this.drop(batch)
    }
    batch.sourceStart[batch.count - 1] = at
    batch.sourceEnd[batch.count - 1] = members.objectEnd
    return 'document'
  }

  private takePlain(at: number, batch: DocumentBatch, row: number): LineKind {
    if (batch.idStart[row] !== ABSENT && batch.indexStart[row] !== ABSENT) {
      this.problem = 'it has _index and _id, but no _source'
      this.isCutOff = false
      return this.drop(batch)
    }
    // What looked like metadata are fields of the document.
    batch.count--
    batch.add()
    batch.sourceStart[row] = at
    batch.sourceEnd[row] = this.members.objectEnd
    return 'document'
  }

  private takeMember(bytes: Buffer, batch: DocumentBatch, row: number): boolean {
    const { members } = this
    const meaning = findMeaning(bytes, members, envelopeMembers)
    if (meaning === undefined || meaning === 'ignored') return true
    if (meaning === 'source') {
      if (bytes[members.valueStart] !== OPEN_BRACE) {
        this.broken(bytes, members.valueStart, members.valueEnd, '_source is not an object')
        return false
      }
      batch.sourceStart[row] = members.valueStart
      batch.sourceEnd[row] = members.valueEnd
    } else if (meaning === 'fields') {
      inner.open(bytes, members.valueStart, members.valueEnd)
      while (inner.next()) {
        const innerMeaning = findMeaning(bytes, inner, fieldMembers)
        if (innerMeaning !== undefined) takeValue(bytes, inner, innerMeaning as Column, batch, row)
      }
    } else takeValue(bytes, members, meaning, batch, row)
    return true
  }

  /** Whether the only member of the line is a bulk action; `document` when it is a field. */
  private readAction(bytes: Buffer, start: number, end: number, batch: DocumentBatch, row: number): LineKind {
    const isWriting = writingActions.some((name) => equalsBytes(bytes, start, end, name))
    const isOther = otherActions.some((name) => equalsBytes(bytes, start, end, name))
    if (!isWriting && !isOther) return 'document'
    const { members } = this
    // The cursor has passed the value; it lies between the key and the closing brace of the line.
    inner.open(bytes, members.valueStart, members.valueEnd)
    batch.count--
    batch.add()
    while (inner.next()) {
      const meaning = findMeaning(bytes, inner, actionMembers)
      if (meaning === undefined) return 'document'
      if (meaning !== 'ignored') takeValue(bytes, inner, meaning as Column, batch, row)
    }
    if (isWriting) return 'action'
    this.problem = `it is a bulk action that writes no whole document (${bytes.toString('latin1', start, end)})`
    this.isCutOff = false
    return this.drop(batch)
  }

  private broken(bytes: Buffer, at: number, end: number, problem: string): LineKind {
    this.isCutOff = at >= end
    const found =
      at >= end ? 'the line ends there' : `found ${JSON.stringify(bytes.toString('utf8', at, Math.min(end, at + 20)))}`
    this.problem = `${problem}: ${found}`
    return 'broken'
  }

  private drop(batch: DocumentBatch): LineKind {
    batch.count--
    return 'broken'
  }
}

function findMeaning(
  bytes: Buffer,
  members: MemberCursor,
  names: readonly { name: Buffer; meaning: Meaning | 'ignored' }[],
): Meaning | 'ignored' | undefined {
  for (const { name, meaning } of names) {
    if (equalsBytes(bytes, members.keyStart, members.keyEnd, name)) return meaning
  }
  return undefined
}

/** Takes a text or a number for a column; null is the same as not being there. */
function takeValue(
  bytes: Buffer,
  members: MemberCursor,
  meaning: Exclude<Meaning, 'source' | 'fields'>,
  batch: DocumentBatch,
  row: number,
): void {
  const { valueStart, valueEnd } = members
  const first = bytes[valueStart]
  if (meaning === 'version' || meaning === 'sequenceNumber') {
    const quotes = first === QUOTE ? 1 : 0
    const value = readWholeNumber(bytes, valueStart + quotes, valueEnd - quotes)
    if (value !== ABSENT) batch[meaning][row] = value
    return
  }
  const isText = first === QUOTE
  if (first === OPEN_BRACE || first === OPEN_BRACKET || (!isText && isNull(bytes, valueStart, valueEnd))) return
  const start = isText ? valueStart + 1 : valueStart
  const end = isText ? valueEnd - 1 : valueEnd
  // Written out: names of columns put together from parts make this the slowest function of all.
  if (meaning === 'id') {
    batch.idStart[row] = start
    batch.idEnd[row] = end
  } else if (meaning === 'index') {
    batch.indexStart[row] = start
    batch.indexEnd[row] = end
  } else if (meaning === 'type') {
    batch.typeStart[row] = start
    batch.typeEnd[row] = end
  } else if (meaning === 'routing') {
    batch.routingStart[row] = start
    batch.routingEnd[row] = end
  } else {
    batch.parentStart[row] = start
    batch.parentEnd[row] = end
  }
}

/** ABSENT for anything else, also for a number that is too large for JavaScript: it would be another version. */
function readWholeNumber(bytes: Buffer, start: number, end: number): number {
  let value = 0
  for (let at = start; at < end; at++) {
    const digit = (bytes[at] as number) - 0x30
    if (digit < 0 || digit > 9) return ABSENT
    value = value * 10 + digit
  }
  return end > start && value <= Number.MAX_SAFE_INTEGER ? value : ABSENT
}

const NULL = Buffer.from('null')
const isNull = (bytes: Buffer, start: number, end: number) => equalsBytes(bytes, start, end, NULL)

function describeStart(byte: number): string {
  if (byte === OPEN_BRACKET) return 'it is a JSON array, and each document must have a line of its own'
  if (byte === 0xff || byte === 0xfe || byte === 0) return 'it is not UTF-8'
  return 'it is not a JSON object'
}
