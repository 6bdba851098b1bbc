import { DocumentBatch } from './document-batch.ts'

const ranges = ['id', 'source', 'routing', 'type', 'parent', 'index', 'version'] as const

/** A batch of only these rows. It shares the bytes of the batch that they came from. */
export function selectRows(batch: DocumentBatch, rows: readonly number[]): DocumentBatch {
  const selected = new DocumentBatch(batch.bytes, Math.max(1, rows.length))
  selected.position = batch.position
  for (const row of rows) {
    const to = selected.add()
    for (const column of ranges) {
      selected[`${column}Start`][to] = batch[`${column}Start`][row] as number
      selected[`${column}End`][to] = batch[`${column}End`][row] as number
    }
    selected.sequenceNumber[to] = batch.sequenceNumber[row] as number
    selected.version[to] = batch.version[row] as number
  }
  return selected
}
