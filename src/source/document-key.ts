// What tells a document of an index from every other: its mapping type, its id and where it is routed to.
import { createHash } from 'node:crypto'
import type { DocumentBatch } from '../model/document-batch.ts'
import type { DocumentKey, SweptVersion } from './sweep-notes.ts'

/** Raw JSON string contents hold no control characters. */
const separator = '\u0000'

export function keyOf(batch: DocumentBatch, row: number): DocumentKey {
  const raw = (start: number, end: number) => (start < 0 ? '' : batch.bytes.toString('utf8', start, end))
  return [
    raw(batch.typeStart[row] as number, batch.typeEnd[row] as number),
    raw(batch.idStart[row] as number, batch.idEnd[row] as number),
    raw(batch.routingStart[row] as number, batch.routingEnd[row] as number),
  ].join(separator)
}

/** The id as text. */
export const idOfKey = (key: DocumentKey): string => JSON.parse(`"${key.split(separator)[1] as string}"`) as string

export function versionOf(batch: DocumentBatch, row: number): SweptVersion {
  const version = batch.version[row] as number
  return Number.isSafeInteger(version)
    ? version
    : batch.bytes.toString('latin1', batch.versionStart[row] as number, batch.versionEnd[row] as number)
}

/** 52 bits of the hash of what was read of the document. */
export function digestOf(batch: DocumentBatch, row: number): number {
  const hash = createHash('sha1').update(batch.source(row)).digest()
  return hash.readUIntBE(0, 6) * 16 + ((hash[6] as number) >> 4)
}
