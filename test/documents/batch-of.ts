// Batches for tests, written down as documents.

import { ByteSink } from '../../src/foundation/byte-sink.ts'
import { encodeJsonString } from '../../src/foundation/json-bytes.ts'
import { DocumentBatch } from '../../src/model/document-batch.ts'

export interface TestDocument {
  readonly id?: string
  readonly routing?: string
  readonly type?: string
  readonly parent?: string
  readonly index?: string
  readonly sequenceNumber?: number
  readonly version?: number
  /** As a server writes it, in place of `version`. */
  readonly versionDigits?: string
  readonly source: string
}

export function batchOf(documents: readonly TestDocument[], position = 7): DocumentBatch {
  const sink = new ByteSink(64)
  const batch = new DocumentBatch(sink.bytes, 1)
  for (const document of documents) {
    const row = batch.add()
    for (const column of ['id', 'routing', 'type', 'parent', 'index'] as const) {
      const text = document[column]
      if (text === undefined) continue
      batch[`${column}Start`][row] = sink.length
      sink.append(encodeJsonString(text).subarray(1, -1))
      batch[`${column}End`][row] = sink.length
    }
    batch.sourceStart[row] = sink.length
    sink.append(Buffer.from(document.source))
    batch.sourceEnd[row] = sink.length
    if (document.sequenceNumber !== undefined) batch.sequenceNumber[row] = document.sequenceNumber
    if (document.version !== undefined) batch.version[row] = document.version
    const { versionDigits } = document
    if (versionDigits !== undefined) {
      batch.version[row] = Number(versionDigits)
      batch.versionStart[row] = sink.length
      sink.append(Buffer.from(versionDigits))
      batch.versionEnd[row] = sink.length
    }
  }
  batch.bytes = sink.bytes
  batch.position = position
  return batch
}

/** The documents of a batch as they were given to `batchOf`. */
export function documentsOf(batch: DocumentBatch): TestDocument[] {
  const documents: TestDocument[] = []
  for (let row = 0; row < batch.count; row++) {
    const texts: Record<string, string> = {}
    for (const column of ['id', 'routing', 'type', 'parent', 'index'] as const) {
      const text = batch.text(batch[`${column}Start`][row] as number, batch[`${column}End`][row] as number)
      if (text !== undefined) texts[column] = text
    }
    documents.push({
      ...texts,
      ...(batch.sequenceNumber[row] === -1 ? {} : { sequenceNumber: batch.sequenceNumber[row] as number }),
      ...(batch.version[row] === -1 ? {} : { version: batch.version[row] as number }),
      source: batch.source(row).toString(),
    })
  }
  return documents
}
