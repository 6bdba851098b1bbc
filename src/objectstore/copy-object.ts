// Moves one object: within the store, in one piece, or in parts. On return the target has it, proven.
import { backoffMs } from '../foundation/backoff.ts'
import { sleep } from '../foundation/clock.ts'
import { asIndexferryError, IndexferryError, isErrorOf } from '../foundation/errors.ts'
import { copyInParts } from './copy-parts.ts'
import { copyWithinStore } from './copy-within-store.ts'
import { isMd5 } from './object-checksum.ts'
import type { ObjectEntry } from './object-store.ts'
import { retrying } from './retry.ts'
import { memoryFor, sendRange } from './send-range.ts'
import { checkSource, type Moving, proveContent, type Transfer } from './transfer.ts'

/** An object that is written over and over is given up. */
const versionsMax = 5

export type CopyOutcome =
  | { readonly kind: 'copied'; readonly entry: ObjectEntry; readonly targetEtag: string; readonly by: 'us' | 'store' }
  /** The source does not have it any more. */
  | { readonly kind: 'vanished' }
  /** The source has another version by now, and the caller wanted this one. */
  | { readonly kind: 'changed' }

/** `isPinned`: only the version that was listed will do. */
export async function copyObject(transfer: Transfer, listed: Moving, isPinned: boolean): Promise<CopyOutcome> {
  let moving = listed
  for (let version = 1; ; version++) {
    try {
      return await copyVersion(transfer, moving)
    } catch (error) {
      const known = asIndexferryError(error)
      if (known.side !== 'source' || !isErrorOf(known, 'OBJECT_CHANGED', 'OBJECT_MISSING')) throw known
      if (isPinned) return { kind: known.code === 'OBJECT_CHANGED' ? 'changed' : 'vanished' }
      const { key } = moving.entry
      const head = await retrying(transfer.retries, () => transfer.source.head(key, transfer.signal))
      if (head === undefined) return { kind: 'vanished' }
      if (version === versionsMax) throw known
      moving = { ...moving, entry: head }
    }
  }
}

async function copyVersion(transfer: Transfer, moving: Moving): Promise<CopyOutcome> {
  const { entry } = moving
  const byStore = transfer.serverSide ? await tryWithinStore(transfer, moving) : undefined
  const targetEtag =
    byStore ??
    (entry.size <= transfer.partSize ? await copyWhole(transfer, moving) : await copyInParts(transfer, moving))
  if (oddParts.test(moving.targetKey)) await proveName(transfer, moving.targetKey)
  return { kind: 'copied', entry, targetEtag, by: byStore === undefined ? 'us' : 'store' }
}

/** Empty parts, `.` and `..`: services that keep objects as files tidy such names up, in answers to all requests but lists. */
const oddParts = /(?:^|\/)\.{0,2}(?:\/|$)/

/** A store may list late; so often it is asked, for about three seconds. */
const nameLooks = { attempts: 5, firstMs: 200, maxMs: 2_000 }

async function proveName({ target, signal }: Transfer, key: string): Promise<void> {
  for (let look = 1; look <= nameLooks.attempts; look++) {
    for await (const [first] of target.list(key, signal)) {
      if (first?.key === key) return
      break
    }
    // A store that tidies names up has the object under another one at once.
    if (look < nameLooks.attempts) await sleep(backoffMs(look, nameLooks), signal)
  }
  throw new IndexferryError(
    'REQUEST_REFUSED',
    `target ${target.name}: "${key}" was taken, but is kept under another name`,
    {
      side: 'target',
      remedy: 'This store cannot hold such a name; rename the object at the source, or use another store.',
    },
  )
}

async function tryWithinStore(transfer: Transfer, moving: Moving): Promise<string | undefined> {
  try {
    return await copyWithinStore(transfer, moving)
  } catch (error) {
    // Whether the source is gone or another version by now is told by reading it.
    if (isErrorOf(error, 'OBJECT_MISSING', 'OBJECT_CHANGED')) return undefined
    // Where the store may not read the source for us, or has no such request, there is still the other way.
    if (!isErrorOf(error, 'REQUEST_REFUSED', 'PRIVILEGE_MISSING')) throw error
    if (transfer.serverSide)
      transfer.note(`the store does not copy by itself (${error.message}); objects are read and written instead`)
    transfer.serverSide = false
    return undefined
  }
}

async function copyWhole(transfer: Transfer, moving: Moving): Promise<string> {
  const { source, target, retries, signal } = transfer
  const { entry, targetKey } = moving
  const range = { from: 0, length: entry.size }
  const told = source.abilities.etagIsMd5 && isMd5(entry.etag) ? Buffer.from(entry.etag, 'hex') : undefined
  let attempt = 0
  let seen: Buffer | undefined
  return await transfer.slots.use(memoryFor(entry.size), () =>
    retrying(retries, async () => {
      // At first the source is believed, and the target proves it. Not every ETag that looks like an MD5 is one, and content may
      // break on its way: after any failure it is computed.
      const md5 = attempt++ === 0 ? told : undefined
      const { etag, ...sent } = await sendRange(transfer, {
        key: entry.key,
        range,
        etag: entry.etag,
        md5,
        send: (body, { head }) => {
          if (head.size !== entry.size) throw changed(transfer, entry.key)
          return target.put(targetKey, body, head.headers, signal)
        },
      })
      // Twice the same content from the source is believed, whatever its ETag.
      if (md5 === undefined && !sent.isEtagOpaque && !seen?.equals(sent.md5)) {
        seen = sent.md5
        checkSource(source, entry.key, entry.etag, sent.md5)
      }
      await proveContent(transfer, targetKey, range, { etag, md5: sent.md5 })
      transfer.onBytes(entry.size)
      return etag
    }),
  )
}

const changed = ({ source }: Transfer, key: string): IndexferryError =>
  new IndexferryError('OBJECT_CHANGED', `source ${source.name}: "${key}" has another size than was listed`, {
    side: 'source',
  })
