// Changes documents on their way. The contract; pure functions over batches, no input or output.
import type { DocumentBatch } from '../model/document-batch.ts'

/**
 * Applied to every batch between source and target, and by the verification to the source's documents before they are
 * compared, so it must be deterministic: the same document always gives the same bytes.
 */
export interface DocumentTransform {
  /** Which documents' bytes it may change; `none` lets the pipeline pass batches on untouched. */
  readonly changes: 'none' | 'bytes'
  /**
   * Returns the batch to write instead: the same object when nothing changed, else a new one with the same `position`.
   * It may hold fewer documents (dropped ones are counted as skipped) or more (never in this version: one in, at most one out).
   * Throws TRANSFORM_FAILED naming the document.
   */
  apply(batch: DocumentBatch): DocumentBatch | Promise<DocumentBatch>
}
