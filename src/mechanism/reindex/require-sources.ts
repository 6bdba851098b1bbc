// Documents that were stored without their source cannot be written anywhere.
import { IndexferryError } from '../../foundation/errors.ts'
import { ABSENT, type DocumentBatch } from '../../model/document-batch.ts'

/** As the servers do, which end the call at the first hit that has no `_source` (AbstractAsyncBulkByScrollAction). */
export function requireSources(batch: DocumentBatch, expression: string): void {
  const row = batch.sourceStart.subarray(0, batch.count).indexOf(ABSENT)
  if (row < 0) return
  const index = batch.text(batch.indexStart[row] as number, batch.indexEnd[row] as number) ?? expression
  const id = batch.id(row)
  throw new IndexferryError('SOURCE_NOT_STORED', `[${index}][${id}] didn't store _source`, {
    side: 'source',
    remedy: 'Move the index by snapshot.',
    fields: { index, id },
  })
}
