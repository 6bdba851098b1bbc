// Lets the store copy an object by itself, in parts when it is too large for one request.
import { beginUpload, giveUpUpload } from './begin-upload.ts'
import { compareContents } from './compare-contents.ts'
import type { UploadedPart } from './object-store.ts'
import { partRange, partSizeFor, partsOf } from './part-plan.ts'
import { retrying } from './retry.ts'
import { differs, type Moving, type Transfer } from './transfer.ts'

const partBytes = 512 * 1024 * 1024
const partsAtOnce = 8

export async function copyWithinStore(transfer: Transfer, moving: Moving): Promise<string> {
  const { source, target, retries, signal } = transfer
  const { entry, targetKey } = moving
  const isSmall = entry.size <= target.abilities.serverSideCopyMax
  const etag = await transfer.slots.use(0, () =>
    isSmall
      ? retrying(retries, () => target.copyWithin(source.addressOf(entry), targetKey))
      : copyParts(transfer, moving),
  )
  const head = await retrying(retries, () => target.head(targetKey, signal))
  if (head?.size !== entry.size) throw differs(target, targetKey, `has ${head?.size ?? 0} bytes, not ${entry.size}`)
  // The same ETag is the same content put in the same way; else only reading tells.
  if (head.etag !== entry.etag) {
    const isEqual = await transfer.slots.use(0, () =>
      retrying(retries, () => compareContents(source, entry, target, head, signal)),
    )
    if (!isEqual) throw differs(target, targetKey, 'has not the content of the source')
  }
  transfer.onBytes(entry.size)
  return etag || head.etag
}

async function copyParts(transfer: Transfer, { key, entry, targetKey }: Moving): Promise<string> {
  const { source, target, retries } = transfer
  const head = await retrying(retries, () => source.head(entry.key, transfer.signal))
  const partSize = partSizeFor(entry.size, partBytes, target.abilities)
  const { etag, size } = entry
  const upload = await beginUpload(transfer, { key, targetKey, etag, size, partSize, headers: head?.headers ?? {} })
  try {
    const count = partsOf(entry.size, partSize)
    const parts: UploadedPart[] = new Array(count)
    let next = 1
    const worker = async () => {
      for (let number = next++; number <= count; number = next++) {
        const range = partRange(entry.size, partSize, number)
        const at = number
        const etag = await retrying(retries, () => target.copyPartWithin(source.addressOf(entry), upload, at, range))
        parts[number - 1] = { number, size: range.length, etag }
      }
    }
    // All end before a failure is told: nobody copies into an upload that is given up.
    const ended = await Promise.allSettled(Array.from({ length: Math.min(partsAtOnce, count) }, worker))
    const failed = ended.find((each) => each.status === 'rejected')
    if (failed) throw failed.reason
    const completed = await retrying(retries, () => target.completeUpload(upload, parts))
    transfer.journal.forgetUpload(key)
    return completed
  } catch (error) {
    await giveUpUpload(transfer, key)
    throw error
  }
}
