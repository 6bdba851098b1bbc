// Keeps the documents of some mapping types: an index with several types becomes one index of each.
import { encodeJsonString, equalsBytes } from '../foundation/json-bytes.ts'
import { ABSENT, type DocumentBatch } from '../model/document-batch.ts'
import { selectRows } from '../model/select-rows.ts'
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
      const kept: number[] = []
      for (let row = 0; row < batch.count; row++) if (isKept(batch, row)) kept.push(row)
      return kept.length === batch.count ? batch : selectRows(batch, kept)
    },
  }
}
