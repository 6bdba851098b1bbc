// Going into the bytes of a document, for the edits of fields.
import { MemberCursor, skipSpace, skipValue, UNFINISHED } from '../foundation/json-bytes.ts'
import type { FieldPath } from './field-path.ts'

const OPEN_BRACE = 0x7b
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const COMMA = 0x2c

/** Why an edit cannot be made in a document; whoever knows the document's id makes the error for the user. */
export class EditProblem extends Error {}

/** Nested arrays are followed no deeper; Jackson refuses documents of more than 1000 levels. */
const DEPTH_MAX = 1000

/** Calls `visit` with the place of each object that the value is or, through arrays, holds. Returns how many other values it met. */
export function forEachObject(bytes: Buffer, at: number, end: number, visit: (at: number) => void, depth = 0): number {
  if (bytes[at] === OPEN_BRACE) {
    visit(at)
    return 0
  }
  if (bytes[at] !== OPEN_BRACKET) return 1
  if (depth > DEPTH_MAX) throw new EditProblem('its arrays are nested too deeply')
  let others = 0
  let here = skipSpace(bytes, at + 1, end)
  while (here < end && bytes[here] !== CLOSE_BRACKET) {
    const valueEnd = skipValue(bytes, here, end)
    if (valueEnd === UNFINISHED) throw new EditProblem('its source is not valid JSON')
    others += forEachObject(bytes, here, valueEnd, visit, depth + 1)
    here = skipSpace(bytes, valueEnd, end)
    if (bytes[here] === COMMA) here = skipSpace(bytes, here + 1, end)
  }
  return others
}

export interface Member {
  readonly memberStart: number
  readonly commaAt: number
  readonly valueStart: number
  readonly valueEnd: number
  /** Where the next member of the same object begins; UNFINISHED for the last one. */
  nextStart: number
}

/** The members that spell out the whole path, found through objects (and keys with dots), not through arrays. */
export function findMembers(bytes: Buffer, at: number, end: number, path: FieldPath, from: number): Member[] {
  const found: Member[] = []
  const members = new MemberCursor()
  members.open(bytes, at, end)
  let previous: Member | undefined
  while (members.next()) {
    if (previous !== undefined) previous.nextStart = members.memberStart
    previous = undefined
    const covered = path.covers(bytes, members.keyStart, members.keyEnd, from)
    if (covered === 0) continue
    const { memberStart, commaAt, valueStart, valueEnd } = members
    if (from + covered === path.length) {
      previous = { memberStart, commaAt, valueStart, valueEnd, nextStart: UNFINISHED }
      found.push(previous)
    } else if (bytes[valueStart] === OPEN_BRACE) {
      found.push(...findMembers(bytes, valueStart, valueEnd, path, from + covered))
    }
  }
  requireEnd(members)
  return found
}

export function requireEnd(members: MemberCursor): void {
  if (members.objectEnd === UNFINISHED) throw new EditProblem('its source is not a valid JSON object')
}
