// Moves all objects below one prefix to another store. The story of a move; each chapter is a file of its own.
import { IndexferryError } from '../foundation/errors.ts'
import { giveUpAllUploads } from './begin-upload.ts'
import { carryRank, Listing, type RankTotals } from './carry-rank.ts'
import type { DecisionRules } from './decide-object.ts'
import { hasLateObjects, hasNewestIndex, newestOf } from './late-objects.ts'
import type { MoveJournal } from './move-journal.ts'
import { MoveProgress, type MoveSnapshot } from './move-progress.ts'
import type { ObjectEntry, ObjectStore } from './object-store.ts'
import { type MovePlan, planMove } from './plan-move.ts'
import { allRanks, generationOf, type Rank, rankOf, ranks } from './repository-order.ts'
import { patientRetries, type RetryRules, retrying } from './retry.ts'
import type { Transfer } from './transfer.ts'
import { TransferSlots } from './transfer-slots.ts'

/** For what is in memory of all transfers together. */
const buffersMax = 48 * 1024 * 1024

export interface MoveRequest {
  readonly source: ObjectStore
  readonly target: ObjectStore
  readonly sourcePrefix: string
  readonly targetPrefix: string
  readonly journal: MoveJournal
  readonly skip: DecisionRules['skip']
  readonly deleteExtra: boolean
  readonly sinceMs?: number | undefined
  readonly transfers: number
  readonly partSize: number
  readonly bytesPerSecond?: number | undefined
  readonly serverSide: 'auto' | 'on' | 'off'
  readonly rounds: number
  /** Forget what an earlier run has moved. */
  readonly restart: boolean
  readonly signal: AbortSignal
  readonly retries?: RetryRules
  readonly note?: (text: string) => void
  readonly onRetry?: (text: string) => void
  /** Called once, with what tells how far the move is. */
  readonly onStart?: (snapshot: () => MoveSnapshot) => void
}

export interface MoveResult {
  readonly isResumed: boolean
  /** Of the source, in the last round. */
  readonly objects: number
  readonly copied: number
  readonly copiedByStore: number
  readonly skipped: number
  readonly bytesCopied: number
  /** Only the target has them. */
  readonly extra: number
  readonly deleted: number
  readonly rounds: number
  /** Prefixes of the snapshot repositories that were found. */
  readonly repositories: readonly string[]
}

export async function moveObjects(request: MoveRequest): Promise<MoveResult> {
  const { journal } = request
  refuseOverlap(request)
  const isResumed = journal.isResumed && !request.restart
  const keeping = { ...request, retries: { ...(request.retries ?? patientRetries), signal: request.signal } }
  if (request.restart) await giveUpAllUploads(keeping)
  if (!isResumed && (request.skip === 'never' || request.restart)) journal.forgetMoved()
  const progress = new MoveProgress()
  request.onStart?.(() => progress.snapshot())
  const totals: RankTotals = { copied: 0, copiedByStore: 0, checkedEqual: 0, bytesCopied: 0, unsteady: 0 }
  const transfer = openTransfer(request, progress)
  for (let round = 1; ; round++) {
    // What this move has moved in an earlier round it need not move again.
    const plan = await moveRound(request, transfer, progress, totals, { isResumed: isResumed || round > 1 })
    if (plan !== undefined) {
      await giveUpAllUploads(keeping)
      return await finish(request, progress, totals, { plan, round, isResumed })
    }
    if (round === request.rounds) throw keepsChanging(request, round)
    request.note?.('the source has changed meanwhile; it is looked through again')
  }
}

function openTransfer(request: MoveRequest, progress: MoveProgress): Transfer {
  const { source, target, serverSide, signal, onRetry } = request
  const retries = { ...(request.retries ?? patientRetries), signal, ...(onRetry ? { onRetry } : {}) }
  const isOneStore = source.identity === target.identity && target.abilities.serverSideCopy
  if (serverSide === 'on' && !isOneStore)
    throw new IndexferryError(
      'USAGE',
      '--server-side on, but the two sides are not one store with the same credentials',
    )
  return {
    source,
    target,
    sourcePrefix: request.sourcePrefix,
    targetPrefix: request.targetPrefix,
    partSize: request.partSize,
    slots: new TransferSlots(request.transfers, buffersMax, request.bytesPerSecond),
    retries,
    journal: request.journal,
    signal,
    onBytes: (bytes) => {
      progress.bytesDone += bytes
    },
    note: request.note ?? (() => {}),
    serverSide: isOneStore && serverSide !== 'off',
    wantsMd5: false,
  }
}

/** One look at both sides and what follows from it; undefined when the source was not steady and has to be looked at again. */
async function moveRound(
  request: MoveRequest,
  transfer: Transfer,
  progress: MoveProgress,
  totals: RankTotals,
  { isResumed }: { isResumed: boolean },
): Promise<MovePlan | undefined> {
  const { source, target, journal } = request
  const etagsAreMd5 = source.abilities.etagIsMd5 && target.abilities.etagIsMd5
  const rules: DecisionRules = { skip: request.skip, isResumed, etagsAreMd5 }
  Object.assign(progress, { isListed: false, listed: 0, phase: 'copying' })
  const before = totals.copied
  const listing = new Listing()
  const stop = new AbortController()
  const planning = planMove({
    ...request,
    signal: AbortSignal.any([request.signal, stop.signal]),
    sinceMs: request.sinceMs,
    progress,
    rules,
    onPlanned: () => listing.announce(),
  }).then(
    (plan) => {
      listing.end()
      return plan
    },
    (error: unknown) => {
      listing.fail()
      throw error
    },
  )
  // Blobs are carried while the lists are still read. Should either fail, the other is stopped and both have ended before it is told.
  const carrying = carryRank(transfer, ranks.blob, request.transfers, totals, progress, listing).catch(
    (error: unknown) => {
      stop.abort(error)
      throw error
    },
  )
  const [planned, carried] = await Promise.allSettled([planning, carrying])
  if (carried.status === 'rejected') throw carried.reason
  if (planned.status === 'rejected') throw planned.reason
  const plan = planned.value
  const carry = (rank: Rank) => carryRank(transfer, rank, request.transfers, totals, progress, listing)
  progress.phase = 'copying metadata'
  for (const rank of [ranks.shard, ranks.snapshot]) await carry(rank)
  // Until here nothing at the target refers to what was moved. What follows makes it seen, so it must be one state of the source.
  const isRepository = journal.roots().length > 0
  if (isRepository && (totals.unsteady > 0 || !(await areRootsSteady(request, transfer, totals.copied > before))))
    return again(totals)
  totals.unsteady = 0
  for (const rank of [ranks.index, ranks.latest]) {
    await carry(rank)
    if (totals.unsteady > 0) return again(totals)
  }
  return plan
}

function again(totals: RankTotals): undefined {
  totals.unsteady = 0
  return undefined
}

/** Whether every repository still says of itself what it said when it was listed, and the lists had all that it says. */
async function areRootsSteady(request: MoveRequest, transfer: Transfer, hasCopied: boolean): Promise<boolean> {
  const { source, sourcePrefix, journal, signal } = request
  const look = { ...request, retries: transfer.retries }
  const times = new Map<string, number>()
  for (const root of journal.roots()) {
    const before = journal.rootFiles(root)
    const now: ObjectEntry[] = []
    for await (const page of source.list(`${sourcePrefix}${root}index`, signal))
      for (const entry of page) {
        const key = entry.key.slice(sourcePrefix.length)
        if (!key.slice(root.length).includes('/') && rankOf(key) >= ranks.index) now.push({ ...entry, key })
      }
    const texts = (files: readonly { key: string; size: number; etag: string }[]) =>
      files.map(({ key, size, etag }) => JSON.stringify([key, size, etag])).join()
    if (texts(before) !== texts(now) || !(await hasNewestIndex(look, root, now))) return false
    times.set(root, newestOf(now))
  }
  return !hasCopied || !(await hasLateObjects(look, times))
}

function keepsChanging({ source }: MoveRequest, rounds: number): IndexferryError {
  return new IndexferryError(
    'REPOSITORY_CHANGING',
    `source ${source.name}: the snapshot repository changed in each of ${rounds} rounds; the target still shows its former state`,
    { side: 'source' },
  )
}

async function finish(
  request: MoveRequest,
  progress: MoveProgress,
  totals: RankTotals,
  { plan, round, isResumed }: { plan: MovePlan; round: number; isResumed: boolean },
): Promise<MoveResult> {
  const { journal } = request
  progress.phase = 'deleting'
  const repositories = journal.roots()
  const deleted = request.deleteExtra ? await deleteExtras(request) : 0
  journal.finish()
  return {
    isResumed,
    objects: plan.sourceObjects,
    copied: totals.copied,
    copiedByStore: totals.copiedByStore,
    skipped: plan.skipped + totals.checkedEqual,
    bytesCopied: totals.bytesCopied,
    extra: plan.extra,
    deleted,
    rounds: round,
    repositories,
  }
}

const extrasPage = 256

/** Those that others refer to last: first what a cluster reads first. The highest index-N goes before its predecessors. */
async function deleteExtras(request: MoveRequest): Promise<number> {
  const { source, target, sourcePrefix, targetPrefix, journal, transfers, retries, signal } = request
  const rules = { ...(retries ?? patientRetries), signal }
  let deleted = 0
  let kept = 0
  const isAtSource = async (key: string): Promise<boolean> =>
    (await retrying(rules, () => source.head(sourcePrefix + key, signal))) !== undefined
  const deleteExtra = async (key: string, rank: Rank) => {
    // A source may list late: what only its list does not have must not go. An index-N that it has by now says nothing of what was moved.
    if (rank < ranks.index && (await isAtSource(key))) {
      kept++
      return
    }
    await retrying(rules, () => target.delete(targetPrefix + key))
    deleted++
  }
  for (const rank of [...allRanks].reverse()) {
    let after: string | undefined
    for (;;) {
      const keys = journal.extras(rank, after, extrasPage)
      if (keys.length === 0) break
      after = keys.at(-1)
      if (rank === ranks.index) keys.sort((left, right) => generationOf(right) - generationOf(left))
      for (let from = 0; from < keys.length; from += transfers) {
        await Promise.all(keys.slice(from, from + transfers).map((key) => deleteExtra(key, rank)))
      }
    }
  }
  if (kept > 0) request.note?.(`${kept} objects stay at the target: the source has them, too, and lists them late`)
  return deleted
}

/** Copying a place into itself would never end. */
function refuseOverlap({ source, target, sourcePrefix, targetPrefix }: MoveRequest): void {
  const [from, to] = [source.placeOf(sourcePrefix), target.placeOf(targetPrefix)]
  if (!from.startsWith(to) && !to.startsWith(from)) return
  throw new IndexferryError('USAGE', 'source and target are the same place, or one lies within the other', {
    remedy: 'Name another bucket, base path or folder.',
  })
}
