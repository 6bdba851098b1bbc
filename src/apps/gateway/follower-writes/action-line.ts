// One action line of a bulk body: what it does, to which document of which index. Takes what the servers' parser takes, comments and (before
// Elasticsearch 5.0) names without quotes included.
import { MemberCursor, skipSpace, UNFINISHED } from '../../../foundation/json-bytes.ts'

export type BulkAction = 'index' | 'create' | 'update' | 'delete'

export interface ActionLine {
  readonly action: BulkAction
  readonly index: string | undefined
  readonly type: string | undefined
  readonly id: string | undefined
}

export interface FullActionLine extends ActionLine {
  /** The ingest pipeline that it names. */
  readonly pipeline: string | undefined
  /** Where an `_id` can be put: behind the brace of what the action is about, or in the place of one that is null. */
  readonly idPlace: { readonly from: number; readonly to: number; readonly isNull: boolean; readonly isOnly: boolean }
}

const actions: ReadonlySet<string> = new Set(['index', 'create', 'update', 'delete'])

/** Every action but `delete` has a line of its own for the document. */
export const hasDocument = ({ action }: ActionLine): boolean => action !== 'delete'

/** `blank`: nothing, which the servers pass over. Undefined: no action. */
export function readActionLine(line: Buffer): ActionLine | 'blank' | undefined {
  const read = readFullLine(line)
  if (read === 'blank' || read === undefined) return read
  const { action, index, type, id } = read
  return { action, index, type, id }
}

export function readFullLine(line: Buffer): FullActionLine | 'blank' | undefined {
  const start = skipSpace(line, 0)
  if (start === UNFINISHED || start >= line.length) return 'blank'
  const outer = new MemberCursor()
  outer.open(line, start)
  if (!outer.next()) return undefined
  const action = keyOf(line, outer)
  if (action === undefined || !actions.has(action)) return undefined
  const inner = new MemberCursor()
  inner.open(line, outer.valueStart, outer.valueEnd)
  const facts: { index?: string | undefined; type?: string | undefined; id?: string | undefined } = {}
  const behindBrace = outer.valueStart + 1
  let pipeline: string | undefined
  const idPlace = { from: behindBrace, to: behindBrace, isNull: false, isOnly: true }
  while (inner.next()) {
    const key = keyOf(line, inner)
    idPlace.isOnly = false
    if (key === '_index') facts.index = textOf(line, inner)
    else if (key === '_type') facts.type = textOf(line, inner)
    else if (key === 'pipeline') pipeline = textOf(line, inner)
    else if (key === '_id') {
      facts.id = textOf(line, inner)
      if (facts.id === undefined) {
        idPlace.from = inner.valueStart
        idPlace.to = inner.valueEnd
        idPlace.isNull = true
      }
    }
  }
  if (inner.objectEnd === UNFINISHED) return undefined
  return { action: action as BulkAction, index: facts.index, type: facts.type, id: facts.id, pipeline, idPlace }
}

function keyOf(line: Buffer, cursor: MemberCursor): string | undefined {
  const raw = line.toString('utf8', cursor.keyStart, cursor.keyEnd)
  return raw.includes('\\') ? unquoted(`"${raw}"`) : raw
}

/** Numbers and booleans count as their text; null as nothing. */
function textOf(line: Buffer, { valueStart, valueEnd }: MemberCursor): string | undefined {
  const raw = line.toString('utf8', valueStart, valueEnd)
  if (raw.startsWith('"')) return unquoted(raw)
  return raw === 'null' ? undefined : raw
}

function unquoted(text: string): string | undefined {
  try {
    return JSON.parse(text) as string
  } catch {
    return undefined
  }
}
