// Keeps the documents of some mapping types: an index with several types becomes one index of each.
import { encodeJsonString, equalsBytes } from '../foundation/json-bytes.ts'
import { ABSENT, DocumentBatch } from '../model/document-batch.ts'
import type { DocumentTransform } from './document-transform.ts'

const BACKSLASH = 0x5c

/** Keeps only documents of these mapping types; a document without a type is dropped. The bytes are shared with the batch it came from. */
export function createTypeFilter(types: readonly string[]): DocumentTransform {
  const contents = types.map((type) => encodeJsonString(type).subarray(1, -1))
  const names = new Set(types)
  const isKept = (batch: DocumentBatch, row: number): boolean => {
    const start = batch.typeStart[row] as number
    const end = batch.typeEnd[row] as number
    if (start === ABSENT) return false
    if (contents.some((content) => equalsBytes(batch.bytes, start, end, content))) return true
    // The same name may be escaped in another way than ours.
    return batch.bytes.subarray(start, end).includes(BACKSLASH) && names.has(batch.text(start, end) as string)
  }
  return {
    changes: 'bytes',
    apply(batch) {
      let kept: DocumentBatch | undefined
      for (let row = 0; row < batch.count; row++) {
        const keeps = isKept(batch, row)
        if (!keeps && kept === undefined) {
          kept = new DocumentBatch(batch.bytes, batch.count)
          kept.position = batch.position
          for (let before = 0; before < row; before++) carryRow(batch, before, kept)
        } else if (keeps && kept !== undefined) carryRow(batch, row, kept)
      }
      return kept ?? batch
    },
  }
}

function carryRow(from: DocumentBatch, row: number, to: DocumentBatch): void {
  const carried = to.add()
  for (const column of ['id', 'source', 'routing', 'type', 'parent', 'index'] as const) {
    to[`${column}Start`][carried] = from[`${column}Start`][row] as number
    to[`${column}End`][carried] = from[`${column}End`][row] as number
  }
  to.sequenceNumber[carried] = from.sequenceNumber[row] as number
  to.version[carried] = from.version[row] as number
}
