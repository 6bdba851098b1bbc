// Turns the bytes of an NDJSON file into batches: whole lines in one buffer, what is behind the last of them goes to the next one.
import { IndexferryError } from '../foundation/errors.ts'
import { equalsBytes, MemberCursor, skipSpace } from '../foundation/json-bytes.ts'
import { ABSENT, DocumentBatch } from '../model/document-batch.ts'
import type { FileBytes } from './file-bytes.ts'
import { MadeIds } from './made-ids.ts'
import { NdjsonLine } from './ndjson-line.ts'

const LINE_FEED = 0x0a
const QUOTE = 0x22
const BYTE_ORDER_MARK = Buffer.from('\ufeff')

export interface BrokenLines {
  count: number
  /** What was wrong with the first of them. */
  readonly first: string[]
}

export interface NdjsonReaderOptions {
  /** For messages. */
  readonly name: string
  readonly lineBytesMax: number
  /** Where broken lines are counted; undefined: the first one is an error. */
  readonly brokenLines: BrokenLines | undefined
  /** The field whose value is the id of documents that bring none: a path of names. */
  readonly idField: readonly string[] | undefined
}

const BROKEN_LINES_KEPT = 20

export class NdjsonReader {
  private readonly input: FileBytes
  private readonly options: NdjsonReaderOptions
  private readonly line = new NdjsonLine()
  private readonly madeIds = new MadeIds()
  private readonly members = new MemberCursor()
  private window: Buffer
  private length = 0
  private at = 0
  private isAtEnd = false
  private rowsExpected = 64
  private failure: unknown
  /** Lines that are behind. */
  linesRead = 0

  constructor(input: FileBytes, options: NdjsonReaderOptions, windowBytes: number) {
    this.input = input
    this.options = options
    this.window = Buffer.allocUnsafeSlow(windowBytes)
  }

  /** Passes over this many lines without looking into them. */
  async skipLines(count: number): Promise<void> {
    while (this.linesRead < count) {
      await this.fill()
      let from = this.at
      while (this.linesRead < count) {
        const end = this.window.indexOf(LINE_FEED, from)
        if (end < 0 || end >= this.length) break
        this.linesRead++
        from = end + 1
      }
      const isStuck = from === this.at
      if (this.linesRead < count && this.isAtEnd) {
        this.linesRead = count
        from = this.length
      }
      this.moveOn(from, isStuck)
    }
  }

  /** The documents of the next `batchBytes` or so; undefined at the end. What is wrong with a line is thrown after the documents before it were handed out. */
  async nextBatch(batchBytes: number): Promise<DocumentBatch | undefined> {
    if (this.failure !== undefined) throw this.failure
    for (;;) {
      try {
        await this.fill()
      } catch (cause) {
        // The lines that came before the stream broke are whole; what is behind the last line feed is not.
        this.failure = cause
      }
      const batch = new DocumentBatch(this.window, this.rowsExpected)
      const start = this.at
      try {
        this.readLines(batch)
      } catch (cause) {
        this.failure ??= cause
      }
      const isStuck = this.at === start
      if (batch.count > 0) {
        this.rowsExpected = Math.max(64, batch.count)
        this.madeIds.finish(batch, this.at)
        batch.position = this.linesRead
        this.moveOn(this.at, false, batchBytes)
        return batch
      }
      if (this.failure !== undefined) throw this.failure
      if (this.isAtEnd && this.at === this.length) return undefined
      this.moveOn(this.at, isStuck, batchBytes)
    }
  }

  private async fill(): Promise<void> {
    while (!this.isAtEnd && this.length < this.window.length) {
      const read = await this.input.read(this.window, this.length)
      if (read === 0) this.isAtEnd = true
      this.length += read
    }
  }

  /** Begins a new window with what is left behind `from`; a larger one when the last held no whole line. */
  private moveOn(from: number, isStuck: boolean, windowBytes = this.window.length): void {
    const left = this.length - from
    if (left > this.options.lineBytesMax) throw this.tooLong()
    const window = Buffer.allocUnsafeSlow(Math.max(windowBytes, isStuck ? left * 2 : left + 1))
    this.window.copy(window, 0, from, this.length)
    this.window = window
    this.length = left
    this.at = 0
  }

  private tooLong(): IndexferryError {
    const { name, lineBytesMax } = this.options
    const sentence = `line ${this.linesRead + 1} of ${name} is longer than ${lineBytesMax} bytes`
    return new IndexferryError('DOCUMENT_TOO_LARGE', sentence, {
      side: 'file',
      remedy: 'Each document must have a line of its own. If it has, raise --document-bytes-max.',
    })
  }

  /** Reads all whole lines of the window, up to a broken one. A bulk action is whole with the line behind it only. */
  private readLines(batch: DocumentBatch): void {
    while (this.at < this.length) {
      const end = this.endOfLine(this.at)
      if (end < 0) return
      const start = this.linesRead === 0 ? skipMark(this.window, this.at, end) : this.at
      const kind = this.line.read(this.window, start, end, batch)
      if (kind === 'document') {
        this.nameDocument(batch)
        this.pass(end, 1)
      } else if (kind === 'action') {
        if (!this.readActionSource(end + 1, batch)) return
      } else {
        if (kind === 'broken') this.reportBroken(end, 0)
        this.pass(end, 1)
      }
    }
  }

  private endOfLine(from: number): number {
    const end = this.window.indexOf(LINE_FEED, from)
    if (end >= 0 && end < this.length) return end
    return this.isAtEnd && this.failure === undefined ? this.length : -1
  }

  private pass(lineEnd: number, lines: number): void {
    this.linesRead += lines
    this.at = Math.min(lineEnd + 1, this.length)
  }

  /** False when the line is not there yet; then the action is read again with it. */
  private readActionSource(start: number, batch: DocumentBatch): boolean {
    const end = start < this.length ? this.endOfLine(start) : -1
    if (end < 0) {
      batch.count--
      if (!this.isAtEnd || this.failure !== undefined) return false
      throw this.brokenError(`ends behind the bulk action in line ${this.linesRead + 1}: it is cut off`)
    }
    const kind = this.line.readSource(this.window, start, end, batch)
    if (kind === 'document') this.nameDocument(batch)
    else this.reportBroken(end, 1)
    this.pass(end, 2)
    return true
  }

  private reportBroken(lineEnd: number, linesBefore: number): void {
    const { brokenLines, name } = this.options
    const number = this.linesRead + linesBefore + 1
    const isLast = this.isAtEnd && lineEnd === this.length
    const problem = `line ${number} of ${name} is not a document: ${this.line.problem}`
    if (brokenLines === undefined) {
      if (isLast && this.line.isCutOff) throw this.brokenError(`ends in the middle of line ${number}: it is cut off`)
      throw new IndexferryError('FILE_BROKEN', problem, { side: 'file', fields: { line: number } })
    }
    brokenLines.count++
    if (brokenLines.first.length < BROKEN_LINES_KEPT) brokenLines.first.push(problem)
  }

  private brokenError(what: string): IndexferryError {
    return new IndexferryError('FILE_BROKEN', `${this.options.name} ${what}`, {
      side: 'file',
      remedy: 'Write the file again, or fetch it again whole; --skip-broken-lines leaves the rest of it out.',
      fields: { line: this.linesRead + 1 },
    })
  }

  private nameDocument(batch: DocumentBatch): void {
    const row = batch.count - 1
    if (batch.idStart[row] !== ABSENT) return
    const { idField } = this.options
    if (idField === undefined) {
      this.madeIds.make(batch, row, this.linesRead + 1)
      return
    }
    const isFound = this.takeIdField(batch, row, idField)
    if (isFound) return
    batch.count--
    this.line.problem = `it has no field "${idField.join('.')}" with a text or number for its id`
    this.line.isCutOff = false
    this.reportBroken(-1, 0)
  }

  private takeIdField(batch: DocumentBatch, row: number, path: readonly string[]): boolean {
    const { members } = this
    let at = batch.sourceStart[row] as number
    for (const [depth, name] of path.entries()) {
      members.open(batch.bytes, skipSpace(batch.bytes, at), batch.sourceEnd[row] as number)
      const key = Buffer.from(name)
      let isThere = false
      while (!isThere && members.next()) isThere = equalsBytes(batch.bytes, members.keyStart, members.keyEnd, key)
      if (!isThere) return false
      at = members.valueStart
      if (depth < path.length - 1) continue
      const text = batch.bytes.toString('latin1', at, members.valueEnd)
      if (!/^(".+"|-?\d+)$/s.test(text)) return false
      const quotes = batch.bytes[at] === QUOTE ? 1 : 0
      batch.idStart[row] = at + quotes
      batch.idEnd[row] = members.valueEnd - quotes
    }
    return true
  }
}

function skipMark(bytes: Buffer, at: number, end: number): number {
  const behind = at + BYTE_ORDER_MARK.length
  return behind <= end && equalsBytes(bytes, at, behind, BYTE_ORDER_MARK) ? behind : at
}
