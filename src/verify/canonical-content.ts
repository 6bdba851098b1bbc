// One form for all texts of the same JSON value, for comparing copies that another tool has printed anew.
//
// What does not count: white space and comments between tokens, how a string is escaped, the order of an object's keys.
// What counts: the text of every number (1.0 and 1 differ, as do 1e400 and Infinity), the order of arrays, and among keys that stand
// twice their order.
import { MemberCursor, skipSpace, skipValue, toOneLine, UNFINISHED } from '../foundation/json-bytes.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c

/** Deeper documents are compared byte for byte. Elasticsearch refuses more than 1000 levels since 8.6. */
const depthMax = 1000

class NotCanonical extends Error {}

/** The canonical form; the bytes on one line when they are not JSON that can be followed to its end. */
export function canonicalContent(bytes: Buffer): Buffer {
  try {
    const start = skipSpace(bytes, 0)
    const { text, end } = canonicalValue(bytes, start, 0)
    if (skipSpace(bytes, end) !== bytes.length) return toOneLine(bytes)
    return Buffer.from(text, 'latin1')
  } catch (error) {
    if (error instanceof NotCanonical) return toOneLine(bytes)
    throw error
  }
}

interface Canonical {
  /** One character per byte, so that no byte is lost and texts sort as bytes do. */
  readonly text: string
  readonly end: number
}

function canonicalValue(bytes: Buffer, at: number, depth: number): Canonical {
  if (depth > depthMax) throw new NotCanonical()
  const first = bytes[at]
  if (first === OPEN_BRACE) return canonicalObject(bytes, at, depth)
  if (first === OPEN_BRACKET) return canonicalArray(bytes, at, depth)
  const end = skipValue(bytes, at)
  if (end === UNFINISHED) throw new NotCanonical()
  if (first === QUOTE) return { text: `"${canonicalText(bytes, at + 1, end - 1)}"`, end }
  return { text: bytes.toString('latin1', at, end), end }
}

function canonicalObject(bytes: Buffer, at: number, depth: number): Canonical {
  const members: { key: string; value: string }[] = []
  const cursor = new MemberCursor()
  cursor.open(bytes, at)
  while (cursor.next()) {
    const key = canonicalText(bytes, cursor.keyStart, cursor.keyEnd)
    members.push({ key, value: canonicalValue(bytes, cursor.valueStart, depth + 1).text })
  }
  if (cursor.objectEnd === UNFINISHED) throw new NotCanonical()
  members.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return { text: `{${members.map(({ key, value }) => `"${key}":${value}`).join(',')}}`, end: cursor.objectEnd }
}

function canonicalArray(bytes: Buffer, start: number, depth: number): Canonical {
  const values: string[] = []
  let at = skipSpace(bytes, start + 1)
  while (bytes[at] !== CLOSE_BRACKET) {
    if (values.length > 0) {
      if (bytes[at] !== COMMA) throw new NotCanonical()
      at = skipSpace(bytes, at + 1)
    }
    const { text, end } = canonicalValue(bytes, at, depth + 1)
    values.push(text)
    at = skipSpace(bytes, end)
  }
  return { text: `[${values.join(',')}]`, end: at + 1 }
}

/** A string's content with its escapes in one form; raw control characters, which servers let through, become escapes too. */
function canonicalText(bytes: Buffer, start: number, end: number): string {
  let isPlain = true
  for (let at = start; at < end && isPlain; at++) isPlain = (bytes[at] as number) >= 0x20 && bytes[at] !== BACKSLASH
  if (isPlain) return bytes.toString('latin1', start, end)
  const escaped = bytes
    .toString('utf8', start, end)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must be escaped before JSON.parse takes them
    .replace(/[\u0000-\u001f]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
  try {
    const printed = JSON.stringify(JSON.parse(`"${escaped}"`))
    return Buffer.from(printed).toString('latin1', 1, Buffer.byteLength(printed) - 1)
  } catch {
    throw new NotCanonical()
  }
}
