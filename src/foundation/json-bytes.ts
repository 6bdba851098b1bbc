// Finds its way through JSON bytes without making values of them. Nothing is parsed, so nothing can be changed.
//
// What it must survive is what servers accept, store and hand out again byte for byte, which is looser than the standard. Tried by
// PUT, search and `_bulk` on Elasticsearch 1.7.6, 2.4.6, 5.6.16, 7.10.2 and 9.1.0 and OpenSearch 2.19.4:
//
//   accepted by all       comments (/* */ and //, the latter ending at CR or LF), line breaks between tokens, 1e400, a byte order
//                         mark before the object, spaces and comments behind it
//   unquoted field names  1.7.6 and 2.4.6        duplicate keys  1.7.6 to 5.6.16        a comment before the object  1.7.6
//   refused by all        raw control characters in strings, NaN and Infinity, # comments, single quotes, trailing commas
//   1.7.6 alone           anything at all behind the object, also `{"a":1}}`: then a search answer is no JSON any more
//
// A document with `// comment` behind its object makes every search answer of any version unreadable from there on. Raw control characters
// are followed all the same, since older indexes and files may hold them. So this follows strings, comments and
// brackets, and leaves the rest to whoever parses.

const QUOTE = 0x22
const BACKSLASH = 0x5c
const SLASH = 0x2f
const STAR = 0x2a
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

/** What the skip functions return when the bytes end before the value does, or when no value is there. */
export const UNFINISHED = -1

// A call of the native search costs as much as looking at some dozens of bytes, and most strings are shorter than that.
const LOOKED_AT_ONE_BY_ONE = 64

/** The end of the string whose opening quote is at `at`: the place after its closing quote; UNFINISHED when there is none before `end`. */
export function skipString(bytes: Buffer, at: number, end = bytes.length): number {
  let here = at + 1
  while (here < end) {
    const near = Math.min(end, here + LOOKED_AT_ONE_BY_ONE)
    while (here < near) {
      const byte = bytes[here]
      if (byte === QUOTE) return here + 1
      here += byte === BACKSLASH ? 2 : 1
    }
    if (here >= end) return UNFINISHED
    const quote = bytes.indexOf(QUOTE, here)
    if (quote < 0 || quote >= end) return UNFINISHED
    // `here` stands at the start of a character or an escape, so only backslashes from there on count.
    let backslashes = 0
    while (quote - 1 - backslashes >= here && bytes[quote - 1 - backslashes] === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return quote + 1
    here = quote + 1
  }
  return UNFINISHED
}

/** The end of the comment whose slash is at `at`, UNFINISHED when it is none or does not end. A line comment ends before its line break. */
function skipComment(bytes: Buffer, at: number, end: number): number {
  const second = at + 1 < end ? bytes[at + 1] : 0
  if (second === STAR) {
    for (let star = bytes.indexOf(STAR, at + 2); star >= 0 && star + 1 < end; star = bytes.indexOf(STAR, star + 1)) {
      if (bytes[star + 1] === SLASH) return star + 2
    }
    return UNFINISHED
  }
  if (second !== SLASH) return UNFINISHED
  let here = at + 2
  while (here < end && bytes[here] !== LINE_FEED && bytes[here] !== CARRIAGE_RETURN) here++
  return here
}

/** The first place from `at` on that is neither space nor comment; `end` when there is none. A comment that does not end counts as no comment. */
export function skipSpace(bytes: Buffer, at: number, end = bytes.length): number {
  let here = at
  while (here < end) {
    const byte = bytes[here] as number
    if (byte === 0x20 || byte === LINE_FEED || byte === CARRIAGE_RETURN || byte === 0x09) here++
    else if (byte === SLASH) {
      const after = skipComment(bytes, here, end)
      if (after === UNFINISHED) return here
      here = after
    } else return here
  }
  return end
}

// What an object or array must be looked at for; every other byte is passed over.
const PASSED = 0
const OPENS = 1
const CLOSES = 2
const QUOTES = 3
const COMMENTS = 4
const kinds = new Uint8Array(256)
kinds[OPEN_BRACE] = OPENS
kinds[OPEN_BRACKET] = OPENS
kinds[CLOSE_BRACE] = CLOSES
kinds[CLOSE_BRACKET] = CLOSES
kinds[QUOTE] = QUOTES
kinds[SLASH] = COMMENTS

/** The end of the object or array that opens at `at`. Brackets are counted, their kinds are not compared. */
function skipNested(bytes: Buffer, at: number, end: number): number {
  let depth = 1
  let here = at + 1
  while (here < end) {
    const kind = kinds[bytes[here] as number]
    if (kind === PASSED) {
      here++
    } else if (kind === QUOTES) {
      // Short strings without escapes, which are most, are passed over here; the call costs more than they do.
      let inner = here + 1
      const near = Math.min(end, inner + 32)
      while (inner < near && bytes[inner] !== QUOTE && bytes[inner] !== BACKSLASH) inner++
      if (inner < near && bytes[inner] === QUOTE) here = inner + 1
      else {
        here = skipString(bytes, here, end)
        if (here === UNFINISHED) return UNFINISHED
      }
    } else if (kind === OPENS) {
      depth++
      here++
    } else if (kind === CLOSES) {
      here++
      if (--depth === 0) return here
    } else {
      here = skipComment(bytes, here, end)
      if (here === UNFINISHED) return UNFINISHED
    }
  }
  return UNFINISHED
}

/**
 * The end of the JSON value that starts exactly at `at`: the place after its last byte. UNFINISHED when it does not end before
 * `end` or when nothing that could be a value is there. A number or word at the very end counts as ended.
 */
export function skipValue(bytes: Buffer, at: number, end = bytes.length): number {
  if (at >= end) return UNFINISHED
  const first = bytes[at] as number
  if (first === QUOTE) return skipString(bytes, at, end)
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return skipNested(bytes, at, end)
  let here = at
  while (here < end && !endsWord(bytes[here] as number)) here++
  return here === at ? UNFINISHED : here
}

const endsWord = (byte: number): boolean =>
  byte <= 0x20 ||
  byte === COMMA ||
  byte === COLON ||
  byte === CLOSE_BRACE ||
  byte === CLOSE_BRACKET ||
  byte === SLASH ||
  byte === QUOTE ||
  byte === OPEN_BRACE ||
  byte === OPEN_BRACKET

/**
 * Walks the members of one object. Make one and use it for many objects: it allocates nothing while it walks.
 *
 *     const members = new MemberCursor()
 *     members.open(bytes, at)
 *     while (members.next()) … members.keyStart, members.valueEnd …
 *     if (members.objectEnd === UNFINISHED) … the object is cut off or broken …
 */
export class MemberCursor {
  private bytes: Buffer = Buffer.alloc(0)
  private end = 0
  private here = UNFINISHED
  private isFirst = true
  /** Where the member begins: at the opening quote of its key (at the key itself when that is not quoted). */
  memberStart = UNFINISHED
  /** The key without its quotes, escapes as they stand. */
  keyStart = UNFINISHED
  keyEnd = UNFINISHED
  valueStart = UNFINISHED
  valueEnd = UNFINISHED
  /** The comma before this member, or UNFINISHED for the first one. */
  commaAt = UNFINISHED
  /** After the closing brace, once `next` returned false; UNFINISHED when the object is cut off or is none. */
  objectEnd = UNFINISHED
  /** Where it could not go on, once `next` returned false with `objectEnd` UNFINISHED. */
  brokenAt = UNFINISHED

  /** Stands before the first member of the object whose brace is at `at`. */
  open(bytes: Buffer, at: number, end = bytes.length): void {
    this.bytes = bytes
    this.end = end
    this.isFirst = true
    this.commaAt = UNFINISHED
    this.objectEnd = UNFINISHED
    this.brokenAt = UNFINISHED
    this.here = at < end && bytes[at] === OPEN_BRACE ? at + 1 : UNFINISHED
    if (this.here === UNFINISHED) this.brokenAt = at
  }

  /** Goes to the next member; false at the end of the object, and when it is broken or cut off. */
  next(): boolean {
    if (this.here === UNFINISHED) return false
    const { bytes, end } = this
    let here = skipSpace(bytes, this.here, end)
    if (here < end && bytes[here] === CLOSE_BRACE) {
      this.here = UNFINISHED
      this.objectEnd = here + 1
      return false
    }
    if (this.isFirst) this.isFirst = false
    else {
      if (here >= end || bytes[here] !== COMMA) return this.stop(here)
      this.commaAt = here
      here = skipSpace(bytes, here + 1, end)
    }
    return this.readMember(here)
  }

  private readMember(at: number): boolean {
    const { bytes, end } = this
    this.memberStart = at
    const isQuoted = at < end && bytes[at] === QUOTE
    const keyEnd = isQuoted ? skipString(bytes, at, end) : skipName(bytes, at, end)
    if (keyEnd === UNFINISHED) return this.stop(at >= end || isQuoted ? end : at)
    this.keyStart = isQuoted ? at + 1 : at
    this.keyEnd = isQuoted ? keyEnd - 1 : keyEnd
    let here = skipSpace(bytes, keyEnd, end)
    if (here >= end || bytes[here] !== COLON) return this.stop(here)
    here = skipSpace(bytes, here + 1, end)
    this.valueStart = here
    this.valueEnd = skipValue(bytes, here, end)
    if (this.valueEnd === UNFINISHED) {
      const first = bytes[here]
      const hasBegun = first === QUOTE || first === OPEN_BRACE || first === OPEN_BRACKET
      return this.stop(hasBegun ? end : here)
    }
    this.here = this.valueEnd
    return true
  }

  private stop(at: number): false {
    this.here = UNFINISHED
    this.brokenAt = at
    return false
  }
}

/** An unquoted field name; Elasticsearch before 5.0 takes them. */
function skipName(bytes: Buffer, at: number, end: number): number {
  let here = at
  while (here < end && !endsWord(bytes[here] as number)) here++
  return here === at ? UNFINISHED : here
}

/** Whether `bytes[start…end)` are exactly the bytes of `text`. */
export function equalsBytes(bytes: Buffer, start: number, end: number, text: Buffer): boolean {
  const length = end - start
  if (length !== text.length) return false
  for (let i = 0; i < length; i++) if (bytes[start + i] !== text[i]) return false
  return true
}

/** A text as a JSON string with its quotes, in the form that needs the fewest escapes. */
export const encodeJsonString = (text: string): Buffer => Buffer.from(JSON.stringify(text))

/**
 * Brings a JSON value onto one line, as bulk bodies and NDJSON files need it: the same buffer when it holds no line feed, else a
 * copy. A line feed between tokens or in a block comment becomes a space. Inside a string it becomes `\n`, which is the
 * same value. One that ends a line comment becomes a carriage return: Jackson, which parses for all servers, ends a line
 * comment there as well, and bulk bodies are split at line feeds only.
 */
export function toOneLine(bytes: Buffer): Buffer {
  const first = bytes.indexOf(LINE_FEED)
  if (first < 0) return bytes
  let lineFeeds = 0
  for (let at = first; at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) lineFeeds++
  // A line feed inside a string takes two bytes afterwards.
  const line = Buffer.allocUnsafe(bytes.length + lineFeeds)
  let written = 0
  let at = 0
  while (at < bytes.length) {
    const byte = bytes[at] as number
    if (byte === QUOTE) {
      const end = skipString(bytes, at)
      const stringEnd = end === UNFINISHED ? bytes.length : end
      written = copyString(bytes, at, stringEnd, line, written)
      at = stringEnd
    } else if (byte === SLASH) {
      const end = skipComment(bytes, at, bytes.length)
      const commentEnd = end === UNFINISHED ? at + 1 : end
      const isLineComment = end !== UNFINISHED && bytes[at + 1] === SLASH
      for (; at < commentEnd; at++) line[written++] = bytes[at] === LINE_FEED ? 0x20 : (bytes[at] as number)
      if (isLineComment && bytes[at] === LINE_FEED) {
        line[written++] = CARRIAGE_RETURN
        at++
      }
    } else {
      line[written++] = byte === LINE_FEED ? 0x20 : byte
      at++
    }
  }
  return line.subarray(0, written)
}

function copyString(bytes: Buffer, start: number, end: number, line: Buffer, at: number): number {
  let written = at
  let from = start
  for (let next = bytes.indexOf(LINE_FEED, from); next >= 0 && next < end; next = bytes.indexOf(LINE_FEED, from)) {
    written += bytes.copy(line, written, from, next)
    line[written++] = BACKSLASH
    line[written++] = 0x6e
    from = next + 1
  }
  return written + bytes.copy(line, written, from, end)
}
