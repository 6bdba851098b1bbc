// Cuts the hits out of a search answer while it arrives. The answer is scanned, not parsed: one pass over the bytes finds where
// each hit ends and where its nested values lie, a second looks only at the keys of the hit itself (read-hit.ts).
//
// What a scanner of JSON needs to know here: Elasticsearch hands `_source` out as the bytes that were indexed, and its parser
// (Jackson) let through more than the standard allows: comments between tokens and raw control characters inside strings.
import { IndexferryError } from '../foundation/errors.ts'
import { DocumentBatch } from '../model/document-batch.ts'
import { readHit } from './read-hit.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const SLASH = 0x2f
const STAR = 0x2a
const NEWLINE = 0x0a
const RETURN = 0x0d

/** Classes of bytes outside strings; everything that is 0 is passed over. */
const OPEN = 1
const CLOSE = 2
const STRING = 3
const COMMENT = 4
const classes = new Uint8Array(256)
for (const byte of '{[') classes[byte.charCodeAt(0)] = OPEN
for (const byte of '}]') classes[byte.charCodeAt(0)] = CLOSE
classes[QUOTE] = STRING
classes[SLASH] = COMMENT

/** Where the scanner is inside a token that the last chunk cut in two. */
type Inside = 'nothing' | 'string' | 'slash' | 'lineComment' | 'blockComment'

/** Room for so many documents at first; a page of small ones has thousands. */
const firstRows = 4_000

/** A string longer than this is searched for its end natively; below it, the loop is faster than the call. */
const LONG_STRING_BYTES = 48

/**
 * Takes the bytes of the array of hits (from behind its `[`) and fills batches. Not reusable: one scanner, one answer.
 * The window holds complete hits plus at most one incomplete one, so memory is a batch or the largest document.
 */
export class HitScanner {
  private window: Buffer
  private length = 0
  private at = 0
  private depth = 0
  private inside: Inside = 'nothing'
  private stringStart = 0
  private hitStart = 0
  private lastHitEnd = 0
  private readonly nested: number[] = []
  private batch: DocumentBatch
  private readonly windowBytes: number
  private readonly hitBytesMax: number
  /** Set when the array's `]` was read; the bytes behind it are `rest()`. */
  isComplete = false

  constructor(windowBytes: number, hitBytesMax: number) {
    this.windowBytes = windowBytes
    this.hitBytesMax = hitBytesMax
    this.batch = DocumentBatch.pooled(windowBytes, firstRows)
    this.window = this.batch.bytes
  }

  /** Complete hits that wait to be taken. */
  get count(): number {
    return this.batch.count
  }

  /** Bytes of complete hits that wait to be taken. */
  get bytes(): number {
    return this.lastHitEnd
  }

  push(chunk: Uint8Array): void {
    const needed = this.length + chunk.length
    if (needed > this.window.length) this.widen(needed)
    this.window.set(chunk, this.length)
    this.length = needed
    if (!this.isComplete) this.scan()
  }

  /** The complete hits as a batch of their own; what is incomplete moves to a new window. */
  take(): DocumentBatch {
    const taken = this.batch
    const moved = this.lastHitEnd
    const tail = this.length - moved
    this.batch = DocumentBatch.pooled(Math.max(this.windowBytes, tail), Math.max(firstRows, taken.count))
    this.window.copy(this.batch.bytes, 0, moved, this.length)
    this.window = this.batch.bytes
    this.at -= moved
    this.hitStart -= moved
    this.stringStart -= moved
    for (let i = 0; i < this.nested.length; i++) this.nested[i] = (this.nested[i] as number) - moved
    this.length = tail
    this.lastHitEnd = 0
    return taken
  }

  /** The hits of an answer that has ended. The scanner is of no more use afterwards. */
  takeLast(): DocumentBatch {
    return this.batch
  }

  /** What came behind the array of hits. */
  rest(): Buffer {
    return this.window.subarray(this.at, this.length)
  }

  private widen(needed: number): void {
    if (needed - this.lastHitEnd > this.hitBytesMax) throw this.tooLarge()
    this.batch.widen(Math.max(needed, this.window.length * 2), this.length)
    this.window = this.batch.bytes
  }

  /** The hot loop. Everything it needs is in locals; it returns when the bytes are used up or the array is closed. */
  private scan(): void {
    const { window, length } = this
    let at = this.continueToken()
    let { depth } = this
    while (at < length) {
      const kind = classes[window[at] as number] as number
      if (kind === 0) {
        at++
      } else if (kind === STRING) {
        const end = endOfString(window, at + 1, length, at + 1)
        if (end < 0) {
          this.inside = 'string'
          this.stringStart = at + 1
          at = length
          break
        }
        at = end
      } else if (kind === OPEN) {
        if (depth === 0) this.hitStart = at
        else if (depth === 1) this.nested.push(at)
        depth++
        at++
      } else if (kind === CLOSE) {
        at++
        depth--
        if (depth === 1) this.nested.push(at)
        else if (depth === 0) this.finishHit(at)
        else if (depth < 0) {
          this.isComplete = true
          break
        }
      } else {
        this.inside = 'slash'
        this.at = at + 1
        at = this.continueToken()
      }
    }
    this.depth = depth
    this.at = at
  }

  private tooLarge(): IndexferryError {
    return new IndexferryError('DOCUMENT_TOO_LARGE', `a document is larger than ${this.hitBytesMax} bytes`, {
      side: 'source',
      remedy: 'Raise --document-bytes-max.',
    })
  }

  private finishHit(end: number): void {
    // The window may have had room for it.
    if (end - this.hitStart > this.hitBytesMax) throw this.tooLarge()
    readHit(this.batch, this.window, this.hitStart, end, this.nested)
    this.nested.length = 0
    this.lastHitEnd = end
  }

  /** Goes to the end of the token that the last chunk (or the main loop) stopped in; returns where to scan on. */
  private continueToken(): number {
    const { window, length } = this
    if (this.inside === 'nothing') return this.at
    if (this.inside === 'string') {
      const end = endOfString(window, this.at, length, this.stringStart)
      if (end < 0) return length
      this.inside = 'nothing'
      return end
    }
    if (this.inside === 'slash') {
      if (this.at >= length) return length
      const next = window[this.at]
      this.inside = next === STAR ? 'blockComment' : next === SLASH ? 'lineComment' : 'nothing'
      this.at++
      if (this.inside === 'nothing') return this.at - 1
      this.stringStart = this.at
    }
    return this.inside === 'blockComment' ? this.endOfBlockComment() : this.endOfLineComment()
  }

  private endOfBlockComment(): number {
    for (let at = this.at; at < this.length; at++) {
      if (this.window[at] === SLASH && at > this.stringStart && this.window[at - 1] === STAR) {
        this.inside = 'nothing'
        return at + 1
      }
    }
    return this.length
  }

  private endOfLineComment(): number {
    for (let at = this.at; at < this.length; at++) {
      const byte = this.window[at]
      if (byte === NEWLINE || byte === RETURN) {
        this.inside = 'nothing'
        return at + 1
      }
    }
    return this.length
  }
}

/** The place behind the closing quote of a string whose content begins at `start`; -1 when it is not among the bytes yet. */
function endOfString(bytes: Buffer, from: number, length: number, start: number): number {
  let at = from
  const near = Math.min(length, from + LONG_STRING_BYTES)
  while (at < near) {
    if (bytes[at] === QUOTE && !isEscaped(bytes, at, start)) return at + 1
    at++
  }
  while (at < length) {
    at = bytes.indexOf(QUOTE, at)
    if (at < 0 || at >= length) return -1
    if (!isEscaped(bytes, at, start)) return at + 1
    at++
  }
  return -1
}

/** Whether the byte at `at` has an odd number of backslashes before it, counted back to where the string's content starts. */
function isEscaped(bytes: Buffer, at: number, start: number): boolean {
  let first = at
  while (first > start && bytes[first - 1] === BACKSLASH) first--
  return (at - first) % 2 === 1
}
