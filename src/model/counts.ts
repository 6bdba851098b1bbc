/** What became of the documents of a copy. Always: read = written + rejected + skipped. */
export interface DocumentCounts {
  /** Documents taken from the source. */
  readonly read: number
  /** Documents that the target took (created or replaced). */
  readonly written: number
  /** Documents that the target refused for good; they are in the rejected-documents file. */
  readonly rejected: number
  /** Documents that needed no write: the target already holds this or a newer copy, or the transform dropped them. */
  readonly skipped: number
  /** Bytes of `_source` read. */
  readonly bytes: number
}

export const noCounts: DocumentCounts = { read: 0, written: 0, rejected: 0, skipped: 0, bytes: 0 }

export const addCounts = (a: DocumentCounts, b: DocumentCounts): DocumentCounts => ({
  read: a.read + b.read,
  written: a.written + b.written,
  rejected: a.rejected + b.rejected,
  skipped: a.skipped + b.skipped,
  bytes: a.bytes + b.bytes,
})
