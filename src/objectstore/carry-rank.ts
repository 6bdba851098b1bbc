// Carries what the journal has planned for one rank, many objects at once.
import { asIndexferryError, IndexferryError } from '../foundation/errors.ts'
import { compareContents } from './compare-contents.ts'
import { copyObject } from './copy-object.ts'
import type { PlannedObject } from './move-journal.ts'
import type { MoveProgress } from './move-progress.ts'
import type { ObjectEntry } from './object-store.ts'
import { type Rank, ranks } from './repository-order.ts'
import { retrying } from './retry.ts'
import type { Moving, Transfer } from './transfer.ts'

export interface RankTotals {
  copied: number
  copiedByStore: number
  /** Same content as the target, found by reading both. */
  checkedEqual: number
  bytesCopied: number
  /** Objects that the source does not have any more, or has in another version than belongs to the rest. */
  unsteady: number
}

const pageSize = 256
/** An object that cannot be moved does not keep the others from being moved; so many tell that something else is wrong. */
const failuresMax = 20

/** Whether more may come into the journal. */
export class Listing {
  isDone = false
  hasFailed = false
  changed: Promise<void>
  private wake = () => {}

  constructor() {
    this.changed = this.next()
  }

  private next(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve
    })
  }

  announce(): void {
    this.wake()
    this.changed = this.next()
  }

  end(): void {
    this.isDone = true
    this.announce()
  }

  fail(): void {
    this.hasFailed = true
    this.announce()
  }
}

export async function carryRank(
  transfer: Transfer,
  rank: Rank,
  transfers: number,
  totals: RankTotals,
  progress: MoveProgress,
  listing: Listing,
): Promise<void> {
  const failures: IndexferryError[] = []
  const carried = new Set<Promise<void>>()
  const start = (planned: PlannedObject) => {
    const one: Promise<void> = carryObject(transfer, planned, totals, progress)
      .catch((error: unknown) => {
        failures.push(asIndexferryError(error))
      })
      .finally(() => carried.delete(one))
    carried.add(one)
  }
  const mayGoOn = () =>
    !listing.hasFailed && !transfer.signal.aborted && failures.length < failuresMax && !failures.some(isGeneral)
  let after: string | undefined
  while (mayGoOn()) {
    const { isDone, changed } = listing
    const page = transfer.journal.planned(rank, after, pageSize)
    if (page.length === 0 && isDone) break
    if (page.length === 0) await changed
    for (const planned of page) {
      while (carried.size >= transfers) await Promise.race(carried)
      if (!mayGoOn()) break
      start(planned)
      after = planned.key
    }
  }
  await Promise.all(carried)
  transfer.signal.throwIfAborted()
  if (failures.length > 0) throw tell(failures)
}

/** What is wrong with one object is not wrong with all. */
const isGeneral = ({ code }: IndexferryError): boolean =>
  !['REQUEST_REFUSED', 'FILE_UNREADABLE', 'OBJECT_CHANGED', 'OBJECT_BROKEN', 'PRIVILEGE_MISSING'].includes(code)

function tell(failures: readonly IndexferryError[]): IndexferryError {
  const first = failures.find(isGeneral) ?? (failures[0] as IndexferryError)
  if (failures.length === 1) return first
  return new IndexferryError(first.code, `${first.message} (and ${failures.length - 1} more)`, {
    side: first.side,
    remedy: first.remedy,
    fields: { ...first.fields, failed: failures.length },
    cause: first,
  })
}

async function carryObject(
  transfer: Transfer,
  planned: PlannedObject,
  totals: RankTotals,
  progress: MoveProgress,
): Promise<void> {
  const { journal, sourcePrefix, targetPrefix } = transfer
  const { key, size } = planned
  const moving: Moving = {
    key,
    entry: { key: sourcePrefix + key, size, modifiedMs: planned.modifiedMs, etag: planned.etag },
    targetKey: targetPrefix + key,
  }
  const equal = planned.isCheck ? await targetEtagIfEqual(transfer, moving) : undefined
  if (equal !== undefined) {
    totals.checkedEqual++
    progress.bytesDone += size
    progress.objectsDone++
    journal.addMoved({ ...moving.entry, key }, equal)
    return
  }
  const outcome = await copyObject(transfer, moving, planned.rank >= ranks.index)
  progress.objectsDone++
  if (outcome.kind !== 'copied') {
    totals.unsteady++
    progress.bytesDone += size
    return
  }
  totals.copied++
  if (outcome.by === 'store') totals.copiedByStore++
  totals.bytesCopied += outcome.entry.size
  journal.addMoved({ ...versionForJournal(planned, outcome.entry), key }, outcome.targetEtag)
}

/** Some services tell another ETag in lists than in answers; the next list is compared with this one. */
function versionForJournal(listed: ObjectEntry, copied: ObjectEntry): ObjectEntry {
  return listed.size === copied.size && listed.modifiedMs === copied.modifiedMs ? listed : copied
}

async function targetEtagIfEqual(transfer: Transfer, { entry, targetKey }: Moving): Promise<string | undefined> {
  const { source, target, retries, signal } = transfer
  const head = await retrying(retries, () => target.head(targetKey, signal))
  if (head?.size !== entry.size) return undefined
  try {
    const isEqual = await transfer.slots.use(0, () =>
      retrying(retries, () => compareContents(source, entry, target, head, signal)),
    )
    return isEqual ? head.etag : undefined
  } catch (error) {
    // Whoever copies it finds out which side has changed.
    const { code } = asIndexferryError(error)
    if (code === 'OBJECT_CHANGED' || code === 'OBJECT_MISSING') return undefined
    throw error
  }
}
