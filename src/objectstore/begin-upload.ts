// Uploads in parts are begun and given up so that none is ever left behind at a store, where it would be paid for and seen by nobody:
// it is noted before that one is asked for, and what was asked for without an answer is looked for.
import { now } from '../foundation/clock.ts'
import type { MoveJournal } from './move-journal.ts'
import type { ObjectHeaders, ObjectStore, Upload } from './object-store.ts'
import { type RetryRules, retrying } from './retry.ts'

export interface UploadKeeping {
  readonly target: ObjectStore
  readonly journal: MoveJournal
  readonly retries: RetryRules
}

export interface WantedUpload {
  /** Relative to what is moved. */
  readonly key: string
  readonly targetKey: string
  /** Of the source. */
  readonly etag: string
  readonly size: number
  readonly partSize: number
  readonly headers: ObjectHeaders
}

/** Clocks of stores may be behind ours by so much, and still take our signatures. */
const clocksMs = 15 * 60_000

export async function beginUpload(keeping: UploadKeeping, wanted: WantedUpload): Promise<Upload> {
  const { target, journal, retries } = keeping
  const { key, targetKey, etag, size, partSize, headers } = wanted
  await giveUpUpload(keeping, key)
  journal.beginUpload(key, targetKey, now())
  let attempt = 0
  const upload = await retrying(retries, async () => {
    // An answer that was lost may have been that of an upload.
    if (attempt++ > 0) await giveUpBegun(keeping, key)
    journal.beginUpload(key, targetKey, now())
    return target.createUpload(targetKey, size, partSize, headers)
  })
  journal.addUpload(key, { upload, etag })
  return upload
}

export async function giveUpUpload(keeping: UploadKeeping, key: string): Promise<void> {
  const { target, journal, retries } = keeping
  const before = journal.readUpload(key)
  if (before) await retrying(retries, () => target.abortUpload(before.upload))
  journal.forgetUpload(key)
  await retrying(retries, () => giveUpBegun(keeping, key))
}

/** Everything that earlier runs have left, of objects too that are not moved any more. */
export async function giveUpAllUploads(keeping: UploadKeeping): Promise<void> {
  const { journal } = keeping
  const keys = [...journal.uploads(), ...journal.beginnings()].map(({ key }) => key)
  for (const key of new Set(keys)) await giveUpUpload(keeping, key)
}

async function giveUpBegun({ target, journal }: UploadKeeping, key: string): Promise<void> {
  for (const { targetKey, begunMs } of journal.beginnings(key)) {
    for (const upload of await target.findUploads(targetKey, begunMs - clocksMs)) await target.abortUpload(upload)
    journal.forgetBeginning(key)
  }
}
