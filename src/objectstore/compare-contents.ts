import type { ObjectEntry, ObjectStore } from './object-store.ts'
import { hashRange } from './transfer.ts'

/** Reads both objects whole. Both are held to the version that was listed. */
export async function compareContents(
  source: ObjectStore,
  left: ObjectEntry,
  target: ObjectStore,
  right: ObjectEntry,
  signal: AbortSignal,
): Promise<boolean> {
  if (left.size !== right.size) return false
  const range = { from: 0, length: left.size }
  const [one, other] = await Promise.all([
    hashRange(source, left.key, range, { etag: left.etag, algorithm: 'sha256', signal }),
    hashRange(target, right.key, range, { etag: right.etag, algorithm: 'sha256', signal }),
  ])
  return one.equals(other)
}
