// Reads the keys of one hit of a search answer into a row of a batch: `_id`, `_routing`, `_source` and so on, as offsets.
import { IndexferryError } from '../foundation/errors.ts'
import { skipSpace } from '../foundation/json-bytes.ts'
import type { DocumentBatch } from '../model/document-batch.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_OBJECT = 0x7b
const OPEN_ARRAY = 0x5b
const CLOSE_OBJECT = 0x7d
const COMMA = 0x2c
const COLON = 0x3a
const SPACE = 0x20
const SLASH = 0x2f

const invalid = (what: string) =>
  new IndexferryError('ANSWER_INVALID', `a hit of the search answer ${what}`, { side: 'source' })

/**
 * Adds one hit, the object in `[start, end)`. `nested` holds start and end of each object or array that is a direct value of
 * the hit, in order, so that `_source` is never looked into.
 */
export function readHit(batch: DocumentBatch, bytes: Buffer, start: number, end: number, nested: number[]): void {
  const row = batch.add()
  if (bytes[start] !== OPEN_OBJECT || bytes[end - 1] !== CLOSE_OBJECT) throw invalid('is no object')
  // The closing brace. No token of the hit itself may reach it, whatever the bytes are.
  const last = end - 1
  let nextNested = 0
  let at = start + 1
  while (true) {
    at = skipBetween(bytes, at, last)
    if (at === last) break
    if (bytes[at] !== QUOTE) throw invalid('has no key where one should be')
    const keyStart = at + 1
    const keyEnd = endOfText(bytes, keyStart, last)
    at = skipBetween(bytes, keyEnd + 1, last)
    const first = bytes[at]
    if (first === QUOTE) {
      const textEnd = endOfText(bytes, at + 1, last)
      takeText(batch, row, keyStart, keyEnd, at + 1, textEnd)
      at = textEnd + 1
    } else if (first === OPEN_OBJECT || first === OPEN_ARRAY) {
      const valueEnd = nested[nextNested + 1]
      if (nested[nextNested] !== at || valueEnd === undefined) throw invalid('has a value that was not foreseen')
      nextNested += 2
      takeNested(batch, row, keyStart, keyEnd, at, valueEnd)
      at = valueEnd
    } else {
      const valueStart = at
      while (bytes[at] !== COMMA && bytes[at] !== CLOSE_OBJECT) at++
      if (at === valueStart) throw invalid('has a key without a value')
      takeNumber(batch, row, keyStart, keyEnd, valueStart, at)
    }
  }
  if ((batch.idStart[row] as number) < 0) throw invalid('has no _id')
}

/**
 * Passes over white space, commas and colons between the hit's own tokens, which the server writes itself, and over comments: what
 * a client once sent around the object of `_source` comes with it.
 */
function skipBetween(bytes: Buffer, from: number, last: number): number {
  for (let at = from; ; ) {
    // The closing brace at `last` ends this, so that it needs no bound.
    while ((bytes[at] as number) <= SPACE || bytes[at] === COMMA || bytes[at] === COLON) at++
    if (bytes[at] !== SLASH) return at
    const end = skipSpace(bytes, at, last)
    if (end === at) throw invalid('has a slash between its tokens')
    at = end
  }
}

function endOfText(bytes: Buffer, from: number, last: number): number {
  let at = from
  while (at < last && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  if (at >= last) throw invalid('has a string without an end')
  return at
}

/** Keys are told apart by length and one letter; the servers' own keys never have escapes. */
function takeText(
  batch: DocumentBatch,
  row: number,
  keyStart: number,
  keyEnd: number,
  start: number,
  end: number,
): void {
  const { bytes } = batch
  switch (keyEnd - keyStart) {
    case 3: // _id
      if (bytes[keyStart + 1] === 0x69) {
        batch.idStart[row] = start
        batch.idEnd[row] = end
      }
      break
    case 5: // _type
      if (bytes[keyStart + 1] === 0x74) {
        batch.typeStart[row] = start
        batch.typeEnd[row] = end
      }
      break
    case 6: // _index
      if (bytes[keyStart + 1] === 0x69) {
        batch.indexStart[row] = start
        batch.indexEnd[row] = end
      }
      break
    case 7: // _parent
      if (bytes[keyStart + 1] === 0x70) {
        batch.parentStart[row] = start
        batch.parentEnd[row] = end
      }
      break
    case 8: // _routing
      if (bytes[keyStart + 1] === 0x72) {
        batch.routingStart[row] = start
        batch.routingEnd[row] = end
      }
      break
  }
}

function takeNested(
  batch: DocumentBatch,
  row: number,
  keyStart: number,
  keyEnd: number,
  start: number,
  end: number,
): void {
  const { bytes } = batch
  const length = keyEnd - keyStart
  if (length === 7 && bytes[keyStart] === 0x5f && bytes[keyStart + 1] === 0x73 && bytes[start] === OPEN_OBJECT) {
    batch.sourceStart[row] = start // _source
    batch.sourceEnd[row] = end
  } else if (length === 4 && bytes[keyStart] === 0x73) {
    batch.sortStart = start // sort
    batch.sortEnd = end
  } else if (length === 6 && bytes[keyStart] === 0x66) {
    readFields(batch, row, start, end) // fields
  }
}

/** Elasticsearch 1.x hands `_routing` and `_parent` out only among `fields`. */
function readFields(batch: DocumentBatch, row: number, start: number, end: number): void {
  const { bytes } = batch
  let fields: Record<string, unknown>
  try {
    fields = JSON.parse(bytes.toString('utf8', start, end)) as Record<string, unknown>
  } catch (cause) {
    throw new IndexferryError('ANSWER_INVALID', 'the fields of a hit are not JSON', { side: 'source', cause })
  }
  for (const [key, column] of metadataFields) {
    if (typeof fields[key] !== 'string') continue
    const name = bytes.indexOf(`"${key}":"`, start)
    if (name < 0 || name >= end) throw invalid(`has its ${key} in an unknown form`)
    const text = name + key.length + 4
    batch[`${column}Start`][row] = text
    batch[`${column}End`][row] = endOfText(bytes, text, end)
  }
}

const metadataFields = [
  ['_routing', 'routing'],
  ['_parent', 'parent'],
] as const

function takeNumber(
  batch: DocumentBatch,
  row: number,
  keyStart: number,
  keyEnd: number,
  start: number,
  end: number,
): void {
  const { bytes } = batch
  const length = keyEnd - keyStart
  if (length === 7 && bytes[keyStart + 1] === 0x73) {
    batch.sequenceNumber[row] = parseInteger(bytes, start, end) // _seq_no
  } else if (length === 8 && bytes[keyStart + 1] === 0x76) {
    batch.version[row] = parseInteger(bytes, start, end) // _version
    batch.versionStart[row] = start
    batch.versionEnd[row] = end
  }
}

function parseInteger(bytes: Buffer, start: number, end: number): number {
  let value = 0
  let at = start
  const negative = bytes[at] === 0x2d
  if (negative) at++
  for (; at < end; at++) {
    const digit = (bytes[at] as number) - 0x30
    if (digit < 0 || digit > 9) break
    value = value * 10 + digit
  }
  return negative ? -value : value
}
