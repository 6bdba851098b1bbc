// Renames, drops and sets fields of documents on their bytes: everything that no edit names stays as it is, to the byte.

import { ByteSink } from '../foundation/byte-sink.ts'
import { IndexferryError } from '../foundation/errors.ts'
import { skipSpace, toOneLine } from '../foundation/json-bytes.ts'
import { ABSENT, type DocumentBatch } from '../model/document-batch.ts'
import { BatchRewriter } from './batch-rewriter.ts'
import type { DocumentTransform } from './document-transform.ts'
import { EditProblem } from './document-walk.ts'
import { type DropOrRename, dropAndRename } from './drop-and-rename.ts'
import { FieldPath, overlap } from './field-path.ts'
import { MoveField, setField } from './place-field.ts'
import { Splices } from './splices.ts'

export interface FieldEdits {
  /** Old and new name, both as whole paths. */
  readonly rename: readonly (readonly [from: string, to: string])[]
  readonly drop: readonly string[]
  /** Path and JSON text of the value. */
  readonly set: readonly (readonly [path: string, json: string])[]
}

/** One walk over a document that notes what must change in the object that opens at `at`. */
type Step = (bytes: Buffer, at: number, end: number, splices: Splices) => void

/**
 * First everything is dropped and renamed, by the names that the documents came with, then set. A rename within an object leaves
 * the field where it stands; one into another object appends it there, and makes the object when it is missing.
 * Paths also lead through arrays of objects. A document to which the edits do not apply is an error.
 */
export function createFieldEdits(edits: FieldEdits): DocumentTransform {
  const steps = planSteps(edits)
  if (steps.length === 0) return { changes: 'none', apply: (batch) => batch }
  const splices = new Splices()
  return {
    changes: 'bytes',
    apply: (batch) => editBatch(batch, steps, splices),
  }
}

function planSteps({ rename, drop, set }: FieldEdits): Step[] {
  const renames = rename.map(([from, to]) => ({ path: new FieldPath(from), to: new FieldPath(to) }))
  refuseOverlaps(renames)
  const inPlace = renames.filter(({ path, to }) => isSameObject(path, to))
  const together: DropOrRename[] = [...drop.map((path) => ({ path: new FieldPath(path) })), ...inPlace]
  const moves = renames.filter(({ path, to }) => !isSameObject(path, to)).map(({ path, to }) => new MoveField(path, to))
  const sets = set.map(([path, json]) => ({ path: new FieldPath(path), value: encodeValue(path, json) }))
  const steps: Step[] = []
  if (together.length > 0) steps.push((bytes, at, end, splices) => dropAndRename(bytes, at, end, together, splices))
  for (const move of moves) steps.push((bytes, at, end, splices) => move.collect(bytes, at, end, splices))
  for (const each of sets) steps.push((bytes, at, end, splices) => setField(bytes, at, end, each, splices))
  return steps
}

const isSameObject = (a: FieldPath, b: FieldPath): boolean =>
  a.length === b.length && a.segments.slice(0, -1).join('.') === b.segments.slice(0, -1).join('.')

function encodeValue(path: string, json: string): Buffer {
  try {
    JSON.parse(json)
  } catch (cause) {
    throw new IndexferryError('USAGE', `the value for the field "${path}" is not JSON: ${json}`, {
      remedy: 'Write it as JSON, a text with its quotes.',
      cause,
    })
  }
  return toOneLine(Buffer.from(json.trim()))
}

/** Renames that depend on each other would depend on their order, and a swap has none that works. */
function refuseOverlaps(renames: readonly { path: FieldPath; to: FieldPath }[]): void {
  const refuse = (a: FieldPath, b: FieldPath) => {
    throw new IndexferryError('USAGE', `the renames of "${a.text}" and "${b.text}" get into each other's way`, {
      remedy: 'Rename them with a transform module (--transform).',
    })
  }
  for (const [i, { path, to }] of renames.entries()) {
    if (overlap(path, to)) refuse(path, to)
    for (const other of renames.slice(i + 1)) {
      for (const mine of [path, to]) {
        for (const theirs of [other.path, other.to]) {
          if (overlap(mine, theirs)) refuse(path, other.path)
        }
      }
    }
  }
}

function editBatch(batch: DocumentBatch, steps: readonly Step[], splices: Splices): DocumentBatch {
  const rewriter = new BatchRewriter(batch, 64)
  const scratches = [new ByteSink(1024), new ByteSink(1024)]
  let isChanged = false
  for (let row = 0; row < batch.count; row++) {
    const carried = rewriter.carry(row)
    if (batch.sourceStart[row] === ABSENT) continue
    let bytes = batch.bytes
    let start = batch.sourceStart[row] as number
    let end = batch.sourceEnd[row] as number
    for (const step of steps) {
      runStep(batch, row, step, bytes, start, end, splices)
      if (splices.isEmpty) continue
      // The bytes may lie in one of the two already.
      const scratch = (bytes === scratches[0]?.bytes ? scratches[1] : scratches[0]) as ByteSink
      scratch.length = 0
      splices.apply(bytes, start, end, scratch)
      bytes = scratch.bytes
      start = 0
      end = scratch.length
    }
    if (bytes !== batch.bytes) isChanged = true
    const written = rewriter.sink.length
    rewriter.sink.copy(bytes, start, end)
    rewriter.set('source', carried, written)
  }
  return isChanged ? rewriter.finish() : batch
}

function runStep(
  batch: DocumentBatch,
  row: number,
  step: Step,
  bytes: Buffer,
  start: number,
  end: number,
  splices: Splices,
): void {
  try {
    step(bytes, skipSpace(bytes, start, end), end, splices)
  } catch (problem) {
    splices.clear()
    if (!(problem instanceof EditProblem)) throw problem
    const id = batch.id(row)
    throw new IndexferryError('TRANSFORM_FAILED', `document ${id} cannot be edited: ${problem.message}`, {
      remedy: 'Use other edits (--rename-field, --drop-field, --set-field), or a module (--transform).',
      fields: { id },
    })
  }
}
