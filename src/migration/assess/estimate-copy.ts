// A guess at what a copy amounts to. Nothing is written to find out, so the speed is an assumption, and is told as one.
import type { AssessedIndex, Estimate } from './assessment.ts'

/** What a small cluster takes with some bulk requests in flight; large ones take several times as much. */
const documentsPerSecond = 20_000
const bytesPerSecond = 20_000_000

export function estimateCopy(indexes: readonly AssessedIndex[]): Estimate | null {
  const counted = indexes.filter(({ documents }) => documents !== null)
  if (counted.length === 0) return null
  const documents = counted.reduce((sum, index) => sum + (index.documents ?? 0), 0)
  const bytes = counted.reduce((sum, index) => sum + (index.bytes ?? 0), 0)
  const isSampled = counted.every((index) => index.documents === 0 || index.documentBytes !== null)
  const documentBytes = isSampled
    ? Math.round(counted.reduce((sum, index) => sum + (index.documents ?? 0) * (index.documentBytes ?? 0), 0))
    : null
  const seconds =
    documentBytes === null ? null : Math.ceil(Math.max(documents / documentsPerSecond, documentBytes / bytesPerSecond))
  return {
    documents,
    bytes,
    documentBytes,
    seconds,
    basis:
      'an estimate from the sizes of a few documents of each index, for a target that takes 20,000 documents and 20 MB a second',
  }
}
