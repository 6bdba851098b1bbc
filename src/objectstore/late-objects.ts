// Stores that list late: an object is there and can be read, but a list does not have it yet. Of a snapshot repository such an object
// may be part of the very snapshot that is moved, so before the target shows it, both sides are looked through once more.
import { mergeListings } from './merge-listings.ts'
import type { MoveJournal } from './move-journal.ts'
import type { ObjectEntry, ObjectStore } from './object-store.ts'
import { generationOf, rankOf, ranks, rootOf } from './repository-order.ts'
import { type RetryRules, retrying } from './retry.ts'

export interface LookAgain {
  readonly source: ObjectStore
  readonly target: ObjectStore
  readonly sourcePrefix: string
  readonly targetPrefix: string
  readonly journal: MoveJournal
  readonly sinceMs?: number | undefined
  readonly retries: RetryRules
  readonly signal: AbortSignal
}

/** `index.latest` holds N of the newest `index-N`, in 8 bytes. */
const latestBytes = 8

/**
 * Whether the list of a repository has its newest `index-N`. Contents are read as they are now everywhere, lists are not: `index.latest` tells
 * of an `index-N` that no list has.
 */
export async function hasNewestIndex(
  { source, sourcePrefix, retries, signal }: LookAgain,
  root: string,
  listed: readonly { readonly key: string; readonly size: number }[],
): Promise<boolean> {
  const latest = listed.find(({ key }) => key === `${root}index.latest`)
  if (latest?.size !== latestBytes) return true
  const bytes = await retrying(retries, async () => {
    const { body } = await source.open(sourcePrefix + latest.key, { from: 0, length: latestBytes }, { signal })
    const chunks: Buffer[] = []
    for await (const chunk of body) chunks.push(Buffer.from(chunk))
    return Buffer.concat(chunks)
  })
  // A lower one was left behind by a cluster that does not write it any more (`support_url_repo`).
  return bytes.readBigInt64BE(0) <= BigInt(Math.max(...listed.map(({ key }) => generationOf(key))))
}

/** The newest of the files by which each repository says what it holds. */
export type RootTimes = ReadonlyMap<string, number>

/**
 * Whether the source now lists what it did not list before and what is older than the state that is to be shown. What is newer belongs
 * to a snapshot that is being made.
 */
export async function hasLateObjects(look: LookAgain, times: RootTimes): Promise<boolean> {
  const { source, target, sourcePrefix, targetPrefix, journal, sinceMs, retries, signal } = look
  const pairs = mergeListings(
    { pages: source.list(sourcePrefix, signal), prefix: sourcePrefix },
    { pages: target.list(targetPrefix, signal), prefix: targetPrefix },
  )
  for await (const page of pairs)
    for (const { key, source: entry, target: other } of page) {
      if (!entry || other || rankOf(key) >= ranks.index) continue
      if (sinceMs !== undefined && entry.modifiedMs < sinceMs) continue
      if (entry.modifiedMs > shownAt(key, times) || journal.readMoved(key) !== undefined) continue
      // The target may be the one that lists late.
      if ((await retrying(retries, () => target.head(targetPrefix + key, signal))) === undefined) return true
    }
  return false
}

/** Of the repository that the object lies in. */
function shownAt(key: string, times: RootTimes): number {
  for (let root = rootOf(key); ; root = rootOf(root.slice(0, -1))) {
    const at = times.get(root)
    if (at !== undefined) return at
    if (root === '') return Number.NEGATIVE_INFINITY
  }
}

export const newestOf = (entries: readonly ObjectEntry[]): number =>
  Math.max(...entries.map(({ modifiedMs }) => modifiedMs))
