// Lets the store copy an object by itself, in parts when it is too large for one request.
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

async function copyParts(transfer: Transfer, { entry, targetKey }: Moving): Promise<string> {
  const { source, target, retries } = transfer
  const head = await retrying(retries, () => source.head(entry.key, transfer.signal))
  const partSize = partSizeFor(entry.size, partBytes, target.abilities)
  const upload = await retrying(retries, () =>
    target.createUpload(targetKey, entry.size, partSize, head?.headers ?? {}),
  )
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
    await Promise.all(Array.from({ length: Math.min(partsAtOnce, count) }, worker))
    return await retrying(retries, () => target.completeUpload(upload, parts))
  } catch (error) {
    await target.abortUpload(upload)
    throw error
  }
}
