import type { DocumentSet } from './data-sets.ts'

export interface BulkBody {
  readonly body: Buffer
  readonly documents: number
}

/** The documents of a set as bulk bodies of about `bytes` bytes. */
export function* bulkBodies(set: DocumentSet, bytes: number): Generator<BulkBody> {
  let lines = ''
  let documents = 0
  for (let row = 0; row < set.count; row++) {
    lines += `{"index":{"_id":"${set.id(row)}"}}\n${set.source(row)}\n`
    documents++
    if (lines.length < bytes && row + 1 < set.count) continue
    yield { body: Buffer.from(lines), documents }
    lines = ''
    documents = 0
  }
}
