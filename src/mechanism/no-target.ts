// A target that takes everything and writes nothing: for reading with notes of what was read.
import type { DocumentBatch } from '../model/document-batch.ts'
import type { DocumentTarget, WriteResult } from '../target/target.ts'

export class NoTarget implements DocumentTarget {
  readonly limitedBy = undefined
  readonly bodyBytes = 1024 * 1024

  async writeBatch(batch: DocumentBatch): Promise<WriteResult> {
    return { written: 0, unchanged: batch.count, rejected: [] }
  }

  async ready(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}
}
