// Sets a field of a document, and moves a field to another object of it.
import { MemberCursor, UNFINISHED } from '../foundation/json-bytes.ts'
import { EditProblem, findMembers, forEachObject, requireEnd } from './document-walk.ts'
import type { FieldPath } from './field-path.ts'
import type { Splices } from './splices.ts'

const OPEN_BRACE = 0x7b
const OPEN_BRACKET = 0x5b

export interface SetField {
  readonly path: FieldPath
  readonly value: Buffer
}

/** Replaces the field wherever it is, or appends it to the innermost object of its path that is there. Through arrays: in each of their objects. */
export function setField(bytes: Buffer, at: number, end: number, { path, value }: SetField, splices: Splices): void {
  if (replaceField(bytes, at, end, path, 0, value, splices) === 0) appendField(bytes, at, end, path, 0, value, splices)
}

/** Returns how many places have been dealt with. */
function replaceField(
  bytes: Buffer,
  at: number,
  end: number,
  path: FieldPath,
  from: number,
  value: Buffer,
  splices: Splices,
): number {
  let places = 0
  const members = new MemberCursor()
  members.open(bytes, at, end)
  while (members.next()) {
    const covered = path.covers(bytes, members.keyStart, members.keyEnd, from)
    if (covered === 0) continue
    const { valueStart, valueEnd } = members
    const next = from + covered
    if (next === path.length) {
      splices.replace(valueStart, valueEnd, value)
      places++
    } else if (bytes[valueStart] === OPEN_BRACE) {
      places += replaceField(bytes, valueStart, valueEnd, path, next, value, splices)
    } else if (bytes[valueStart] === OPEN_BRACKET) {
      const others = forEachObject(bytes, valueStart, valueEnd, (object) => {
        if (replaceField(bytes, object, valueEnd, path, next, value, splices) > 0) return
        appendField(bytes, object, valueEnd, path, next, value, splices)
      })
      if (others > 0) throw notAnObject(path, next)
      places++
    }
  }
  requireEnd(members)
  return places
}

const notAnObject = (path: FieldPath, length: number) =>
  new EditProblem(`its field "${path.segments.slice(0, length).join('.')}" is not an object`)

/** `without` is the start of a member that is being taken out of the document at the same time. */
function appendField(
  bytes: Buffer,
  at: number,
  end: number,
  path: FieldPath,
  from: number,
  value: Buffer,
  splices: Splices,
  without = UNFINISHED,
): void {
  const members = new MemberCursor()
  members.open(bytes, at, end)
  let last = UNFINISHED
  let inner: { start: number; end: number; from: number } | undefined
  while (members.next()) {
    if (members.memberStart === without) continue
    last = members.valueEnd
    const covered = path.covers(bytes, members.keyStart, members.keyEnd, from)
    if (covered > 0) inner = { start: members.valueStart, end: members.valueEnd, from: from + covered }
  }
  requireEnd(members)
  if (inner === undefined) {
    const member = path.nest(value, from)
    if (last === UNFINISHED) splices.insert(at + 1, member)
    else splices.insert(last, Buffer.concat([COMMA, member]))
  } else if (bytes[inner.start] === OPEN_BRACE) {
    appendField(bytes, inner.start, inner.end, path, inner.from, value, splices, without)
  } else if (bytes.toString('latin1', inner.start, inner.end) === 'null') {
    // For a server, null is the same as no field.
    splices.replace(inner.start, inner.end, Buffer.concat([OPEN, path.nest(value, inner.from), CLOSE]))
  } else throw notAnObject(path, inner.from)
}

const COMMA = Buffer.from(',')
const OPEN = Buffer.from('{')
const CLOSE = Buffer.from('}')

/** A rename into another object: `shared` leads to the innermost object that both names have in common. */
export class MoveField {
  private readonly from: FieldPath
  private readonly to: FieldPath
  private readonly shared: number

  constructor(from: FieldPath, to: FieldPath) {
    this.from = from
    this.to = to
    let shared = 0
    while (shared < Math.min(from.length, to.length) - 1 && from.segments[shared] === to.segments[shared]) shared++
    this.shared = shared
  }

  /** Notes what must change. Where the shared part leads through arrays, the field moves within each of their objects. */
  collect(bytes: Buffer, at: number, end: number, splices: Splices): void {
    this.descend(bytes, at, end, 0, splices)
  }

  private descend(bytes: Buffer, at: number, end: number, depth: number, splices: Splices): void {
    if (depth >= this.shared) {
      this.moveWithin(bytes, at, end, depth, splices)
      return
    }
    const members = new MemberCursor()
    members.open(bytes, at, end)
    while (members.next()) {
      const covered = this.from.covers(bytes, members.keyStart, members.keyEnd, depth)
      if (covered === 0) continue
      const { valueStart, valueEnd } = members
      const next = depth + covered
      if (next <= this.shared) {
        forEachObject(bytes, valueStart, valueEnd, (object) => this.descend(bytes, object, valueEnd, next, splices))
      } else {
        // The key spells out more than what both names share, so the new name starts in this object as well.
        this.moveWithin(bytes, at, end, depth, splices)
        return
      }
    }
    requireEnd(members)
  }

  private moveWithin(bytes: Buffer, at: number, end: number, depth: number, splices: Splices): void {
    const found = findMembers(bytes, at, end, this.from, depth)
    const [member] = found
    if (member === undefined) {
      this.refuseArrays(bytes, at, end, depth)
      return
    }
    if (found.length > 1) throw new EditProblem(`it has the field "${this.from.text}" more than once`)
    if (findMembers(bytes, at, end, this.to, depth).length > 0) {
      throw new EditProblem(`it has a field "${this.to.text}" already`)
    }
    if (member.commaAt !== UNFINISHED) splices.remove(member.commaAt, member.valueEnd)
    else splices.remove(member.memberStart, member.nextStart === UNFINISHED ? member.valueEnd : member.nextStart)
    const value = bytes.subarray(member.valueStart, member.valueEnd)
    appendField(bytes, at, end, this.to, depth, value, splices, member.memberStart)
  }

  /** Several values cannot move to one place, and it must not look as if the field had not been there. */
  private refuseArrays(bytes: Buffer, at: number, end: number, depth: number): void {
    const members = new MemberCursor()
    members.open(bytes, at, end)
    while (members.next()) {
      const covered = this.from.covers(bytes, members.keyStart, members.keyEnd, depth)
      if (covered === 0 || depth + covered >= this.from.length) continue
      const { valueStart, valueEnd } = members
      forEachObject(bytes, valueStart, valueEnd, (object) => {
        const isThere = findMembers(bytes, object, valueEnd, this.from, depth + covered).length > 0
        if (isThere) {
          const reason = 'lies in an array of objects and can only be renamed within these objects'
          throw new EditProblem(`its field "${this.from.text}" ${reason}`)
        }
        this.refuseArrays(bytes, object, valueEnd, depth + covered)
      })
    }
  }
}
