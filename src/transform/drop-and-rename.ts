// Drops fields, and renames fields within their object, in one walk over a document.
import { encodeJsonString, MemberCursor, UNFINISHED } from '../foundation/json-bytes.ts'
import { EditProblem, findMembers, forEachObject, requireEnd } from './document-walk.ts'
import { FieldPath } from './field-path.ts'
import type { Splices } from './splices.ts'

const QUOTE = 0x22

export interface DropOrRename {
  readonly path: FieldPath
  /** Undefined: drop. Else the new path, which differs in the last segment only. */
  readonly to?: FieldPath
}

/** An edit, and how many segments of its path lie behind. */
interface Pending {
  readonly edit: DropOrRename
  readonly from: number
}

/** Notes what must change in the document whose object opens at `at`. */
export function dropAndRename(
  bytes: Buffer,
  at: number,
  end: number,
  edits: readonly DropOrRename[],
  splices: Splices,
): void {
  const pending = edits.map((edit) => ({ edit, from: 0 }))
  walkObject(bytes, at, end, pending, splices, (to) => {
    // The same field may stand at the root with dots in its key.
    if (findMembers(bytes, at, end, to, 0).length > 0) throw taken(to)
  })
}

const taken = (to: FieldPath) => new EditProblem(`it has a field "${to.text}" already`)

function walkObject(
  bytes: Buffer,
  at: number,
  end: number,
  pending: readonly Pending[],
  splices: Splices,
  requireFree: (to: FieldPath) => void,
): void {
  const members = new MemberCursor()
  members.open(bytes, at, end)
  let isAfterKept = false
  let droppedFrom = UNFINISHED
  let droppedTo = UNFINISHED
  while (members.next()) {
    // A dropped member takes the comma before it along; the first ones of an object take the one behind.
    if (droppedFrom !== UNFINISHED) splices.remove(droppedFrom, members.memberStart)
    droppedFrom = UNFINISHED
    const { edit, deeper } = selectEdits(bytes, members, pending)
    const { valueStart, valueEnd } = members
    if (edit !== undefined && edit.edit.to === undefined) {
      if (isAfterKept) splices.remove(members.commaAt, valueEnd)
      else droppedFrom = members.memberStart
      droppedTo = valueEnd
      continue
    }
    isAfterKept = true
    if (edit?.edit.to) renameMember(bytes, at, end, members, edit.from, edit.edit.to, splices, requireFree)
    if (deeper === undefined) continue
    forEachObject(bytes, valueStart, valueEnd, (object) =>
      walkObject(bytes, object, valueEnd, deeper, splices, requireFree),
    )
  }
  requireEnd(members)
  if (droppedFrom !== UNFINISHED) splices.remove(droppedFrom, droppedTo)
}

function selectEdits(
  bytes: Buffer,
  members: MemberCursor,
  pending: readonly Pending[],
): { edit?: Pending; deeper?: Pending[] } {
  let edit: Pending | undefined
  let deeper: Pending[] | undefined
  for (const each of pending) {
    const { path } = each.edit
    const covered = path.covers(bytes, members.keyStart, members.keyEnd, each.from)
    if (covered === 0) continue
    const from = each.from + covered
    if (from < path.length) {
      deeper ??= []
      deeper.push({ edit: each.edit, from })
    } else if (edit === undefined || each.edit.to === undefined) edit = each
  }
  return { ...(edit ? { edit } : {}), ...(deeper ? { deeper } : {}) }
}

function renameMember(
  bytes: Buffer,
  object: number,
  objectEnd: number,
  members: MemberCursor,
  from: number,
  to: FieldPath,
  splices: Splices,
  requireFree: (to: FieldPath) => void,
): void {
  // A key that spells out several segments keeps all but the last.
  const name = to.segments.slice(from).join('.')
  if (findMembers(bytes, object, objectEnd, new FieldPath(name), 0).length > 0) throw taken(to)
  requireFree(to)
  const isQuoted = bytes[members.memberStart] === QUOTE
  splices.replace(members.memberStart, members.keyEnd + (isQuoted ? 1 : 0), encodeJsonString(name))
}
