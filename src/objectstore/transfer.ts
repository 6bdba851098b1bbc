// What the transfers of one move share.
import { createHash } from 'node:crypto'
import { IndexferryError } from '../foundation/errors.ts'
import type { MoveJournal } from './move-journal.ts'
import { isMd5, sameEtag } from './object-checksum.ts'
import type { ObjectEntry, ObjectRange, ObjectStore } from './object-store.ts'
import { type RetryRules, retrying } from './retry.ts'
import type { TransferSlots } from './transfer-slots.ts'

export interface Transfer {
  readonly source: ObjectStore
  readonly target: ObjectStore
  readonly sourcePrefix: string
  readonly targetPrefix: string
  readonly partSize: number
  readonly slots: TransferSlots
  readonly retries: RetryRules
  readonly journal: MoveJournal
  readonly signal: AbortSignal
  /** Bytes that have arrived; negative when they have to be moved again. */
  readonly onBytes: (bytes: number) => void
  readonly note: (text: string) => void
  /** Whether the store copies by itself; turned off when it refuses. */
  serverSide: boolean
  /** Whether the target takes nothing without its MD5, as buckets with Object Lock do; turned on when it says so. */
  wantsMd5: boolean
}

/** One object on its way. */
export interface Moving {
  /** Relative to what is moved. */
  readonly key: string
  readonly entry: ObjectEntry
  readonly targetKey: string
}

/** Hashes a range as it is stored. */
export async function hashRange(
  store: ObjectStore,
  key: string,
  range: ObjectRange,
  { etag, algorithm = 'md5', signal }: { etag?: string; algorithm?: 'md5' | 'sha256'; signal: AbortSignal },
): Promise<Buffer> {
  const hash = createHash(algorithm)
  const opened = await store.open(key, range, { ...(etag ? { etag } : {}), signal })
  if (opened.head.size < range.from + range.length) throw differs(store, key, 'is shorter than what was written')
  for await (const chunk of opened.body) hash.update(chunk)
  return hash.digest()
}

/**
 * Proves that what the target holds under this ETag is what was sent. The ETag is enough where it is the MD5; where it is
 * something else, or lies, the object is read again.
 */
export async function proveContent(
  transfer: Transfer,
  targetKey: string,
  range: ObjectRange,
  { etag, md5 }: { etag: string; md5: Buffer },
): Promise<void> {
  const { target, signal } = transfer
  if (target.abilities.etagIsMd5 && isMd5(etag) && sameEtag(etag, md5)) return
  const found = await retrying({ ...transfer.retries, signal }, () => hashRange(target, targetKey, range, { signal }))
  if (!found.equals(md5)) throw differs(target, targetKey, 'has not the content that was written')
}

/** Worth another try: the object is written once more. */
export const differs = (store: ObjectStore, key: string, what: string): IndexferryError =>
  new IndexferryError('OBJECT_BROKEN', `${store.side} ${store.name}: "${key}" ${what}`, { side: store.side })

/** What was read against what the source says of itself. */
export function checkSource(store: ObjectStore, key: string, etag: string, md5: Buffer): void {
  if (!store.abilities.etagIsMd5 || !isMd5(etag) || sameEtag(etag, md5)) return
  throw new IndexferryError(
    'OBJECT_BROKEN',
    `${store.side} ${store.name}: "${key}" was read with the MD5 ${md5.toString('hex')}, but its ETag is ${etag}`,
    { side: store.side },
  )
}
