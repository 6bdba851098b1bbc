// Moves a large object in parts, several at once. Each part that the target has is in the journal, so that another run goes on with
// the parts that are missing.
import { IndexferryError, isErrorOf } from '../foundation/errors.ts'
import { beginUpload, giveUpUpload } from './begin-upload.ts'
import type { JournaledUpload } from './move-journal.ts'
import { isMd5, multipartEtag, sameEtag } from './object-checksum.ts'
import type { ObjectRange, Upload, UploadedPart } from './object-store.ts'
import { partRange, partSizeFor, partsOf } from './part-plan.ts'
import { retrying } from './retry.ts'
import { memoryFor, sendRange } from './send-range.ts'
import { differs, hashRange, type Moving, type Transfer } from './transfer.ts'

/** The target may lose an upload, or hold something else in the end. */
const uploadsMax = 3
/** Parts begun ahead of the slots, per object. */
const aheadMax = 32

interface MovedPart extends UploadedPart {
  readonly md5: Buffer
}

export async function copyInParts(transfer: Transfer, moving: Moving): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await copyOnce(transfer, moving)
    } catch (error) {
      const isLost = isErrorOf(error, 'OBJECT_MISSING') && error.side === 'target'
      if ((!isLost && !isErrorOf(error, 'OBJECT_BROKEN')) || attempt === uploadsMax) throw error
      await giveUpUpload(transfer, moving.key)
    }
  }
}

async function copyOnce(transfer: Transfer, moving: Moving): Promise<string> {
  const { journaled, known } = await openUpload(transfer, moving)
  const { upload } = journaled
  const parts = await moveParts(transfer, moving, upload, known)
  const { target, retries, journal } = transfer
  const expected = multipartEtag(parts.map(({ md5 }) => md5))
  let etag: string
  try {
    etag = await retrying(retries, () => target.completeUpload(upload, parts))
  } catch (error) {
    // The answer to a completion that was carried out may have been lost; then the upload is gone and the object is there.
    if (!isErrorOf(error, 'OBJECT_MISSING')) throw error
    const head = await retrying(retries, () => target.head(upload.key, transfer.signal))
    if (head?.size !== upload.size || head.etag.toLowerCase() !== expected) throw error
    etag = head.etag
  }
  // Other services make the ETag of the whole in another way, but tell the MD5 of each part.
  const isProven =
    etag.toLowerCase() === expected || parts.every((part) => isMd5(part.etag) && sameEtag(part.etag, part.md5))
  const found = await proveParts(transfer, upload, parts, isProven)
  journal.forgetUpload(moving.key)
  return found
}

async function openUpload(
  transfer: Transfer,
  { key, entry, targetKey }: Moving,
): Promise<{ journaled: JournaledUpload; known: ReadonlyMap<number, MovedPart> }> {
  const { source, target, journal, retries } = transfer
  const before = journal.readUpload(key)
  if (before?.etag === entry.etag && before.upload.size === entry.size && before.upload.key === targetKey) {
    const listed = await retrying(retries, () => target.listParts(before.upload))
    if (listed !== undefined) return { journaled: before, known: knownParts(transfer, key, listed) }
  }
  const head = await retrying(retries, () => source.head(entry.key, transfer.signal))
  if (head === undefined || (entry.etag !== '' && head.etag !== entry.etag))
    throw new IndexferryError(
      head ? 'OBJECT_CHANGED' : 'OBJECT_MISSING',
      `source ${source.name}: "${entry.key}" is ${head ? 'another version by now' : 'not there any more'}`,
      { side: 'source' },
    )
  const partSize = partSizeFor(entry.size, transfer.partSize, target.abilities)
  const { etag, size } = entry
  const upload = await beginUpload(transfer, { key, targetKey, etag, size, partSize, headers: head.headers })
  return { journaled: { upload, etag }, known: new Map() }
}

/** Parts that both the target and the journal know, and know the same. */
function knownParts({ journal }: Transfer, key: string, listed: readonly UploadedPart[]): Map<number, MovedPart> {
  const noted = journal.parts(key)
  const known = new Map<number, MovedPart>()
  for (const part of listed) {
    const note = noted.get(part.number)
    if (note?.etag === part.etag) known.set(part.number, { ...part, md5: note.md5 })
  }
  return known
}

async function moveParts(
  transfer: Transfer,
  moving: Moving,
  upload: Upload,
  known: ReadonlyMap<number, MovedPart>,
): Promise<MovedPart[]> {
  const count = partsOf(upload.size, upload.partSize)
  const parts: MovedPart[] = new Array(count)
  let next = 1
  let failure: unknown
  const worker = async () => {
    while (next <= count && failure === undefined) {
      const number = next++
      const range = partRange(upload.size, upload.partSize, number)
      const before = known.get(number)
      try {
        const isKnown = before?.size === range.length
        parts[number - 1] = isKnown ? (before as MovedPart) : await movePart(transfer, moving, upload, number, range)
        transfer.onBytes(range.length)
      } catch (error) {
        failure ??= error
      }
    }
  }
  // All end before the first failure is told: nobody writes behind the back of the one who tries again.
  await Promise.all(Array.from({ length: Math.min(aheadMax, count) }, worker))
  if (failure === undefined) return parts
  for (const [place, part] of parts.entries())
    if (part) transfer.onBytes(-partRange(upload.size, upload.partSize, place + 1).length)
  throw failure
}

function movePart(
  transfer: Transfer,
  { key, entry }: Moving,
  upload: Upload,
  number: number,
  range: ObjectRange,
): Promise<MovedPart> {
  const { target, signal } = transfer
  return transfer.slots.use(memoryFor(range.length), () =>
    retrying(transfer.retries, async () => {
      const { etag, md5 } = await sendRange(transfer, {
        key: entry.key,
        range,
        etag: entry.etag,
        send: (body) => target.putPart(upload, number, body, signal),
      })
      // A part cannot be read back before the whole is there; where its ETag is an MD5 it tells now.
      if (isMd5(etag) && target.abilities.etagIsMd5 && !sameEtag(etag, md5))
        transfer.note(
          `the ETag of part ${number} of "${upload.key}" is not its MD5; the object is read again in the end`,
        )
      transfer.journal.addPart(key, number, etag, md5)
      return { number, size: range.length, etag, md5 }
    }),
  )
}

/** Returns the ETag by which the target knows the whole. */
async function proveParts(
  transfer: Transfer,
  upload: Upload,
  parts: readonly MovedPart[],
  isProven: boolean,
): Promise<string> {
  const { target, retries, signal, slots } = transfer
  const head = await retrying(retries, () => target.head(upload.key, signal))
  if (head?.size !== upload.size) throw differs(target, upload.key, `has ${head?.size ?? 0} bytes, not ${upload.size}`)
  if (isProven && target.abilities.etagIsMd5) return head.etag
  let next = 0
  const worker = async () => {
    for (let part = parts[next++]; part; part = parts[next++]) {
      const { number, md5 } = part
      const range = partRange(upload.size, upload.partSize, number)
      const found = await slots.use(0, () => retrying(retries, () => hashRange(target, upload.key, range, { signal })))
      if (!found.equals(md5))
        throw differs(target, upload.key, `has not the content that was written, in part ${number}`)
    }
  }
  await Promise.all(Array.from({ length: Math.min(8, parts.length) }, worker))
  return head.etag
}
