// Looks both sides through and notes in the journal what has to be done.
import { IndexferryError } from '../foundation/errors.ts'
import { type DecisionRules, decideObject } from './decide-object.ts'
import { mergeListings, type Pair } from './merge-listings.ts'
import type { MoveJournal } from './move-journal.ts'
import type { MoveProgress } from './move-progress.ts'
import type { ObjectStore } from './object-store.ts'
import { generationOf, rankOf, ranks, rootOf } from './repository-order.ts'

export interface PlanRequest {
  readonly source: ObjectStore
  readonly target: ObjectStore
  readonly sourcePrefix: string
  readonly targetPrefix: string
  readonly journal: MoveJournal
  readonly progress: MoveProgress
  readonly rules: DecisionRules
  readonly sinceMs: number | undefined
  readonly deleteExtra: boolean
  readonly signal: AbortSignal
  /** Something new is in the journal. */
  readonly onPlanned: () => void
}

export interface MovePlan {
  readonly sourceObjects: number
  readonly skipped: number
  readonly extra: number
}

export async function planMove(request: PlanRequest): Promise<MovePlan> {
  const { source, target, sourcePrefix, targetPrefix, journal, progress, signal } = request
  journal.clearPlan()
  const totals = { sourceObjects: 0, skipped: 0, extra: 0 }
  const pairs = mergeListings(
    { pages: source.list(sourcePrefix, signal), prefix: sourcePrefix },
    { pages: target.list(targetPrefix, signal), prefix: targetPrefix },
  )
  for await (const page of pairs) {
    signal.throwIfAborted()
    journal.transaction(() => {
      for (const pair of page) planPair(request, pair, totals)
    })
    progress.listed += page.length
    request.onPlanned()
  }
  if (!request.deleteExtra) refuseHidden(request)
  else refuseEmptying(request, totals)
  progress.isListed = true
  return totals
}

function planPair(
  { journal, progress, rules, sinceMs }: PlanRequest,
  { key, source, target }: Pair,
  totals: { sourceObjects: number; skipped: number; extra: number },
): void {
  const rank = rankOf(key)
  if (source === undefined) {
    totals.extra++
    journal.addExtra(rank, key)
    return
  }
  totals.sourceObjects++
  if (rank >= ranks.index) journal.addRootFile(rootOf(key), { ...source, key })
  const isTooOld = sinceMs !== undefined && source.modifiedMs < sinceMs
  const decision = isTooOld ? 'skip' : decideObject(source, target, () => journal.readMoved(key), rank, rules)
  if (decision === 'skip') {
    totals.skipped++
    return
  }
  journal.plan({ ...source, key, rank, isCheck: decision === 'check' })
  progress.objectsPlanned++
  progress.bytesPlanned += source.size
}

/** A base path that is misspelt has no objects either. */
function refuseEmptying({ source, target, sourcePrefix }: PlanRequest, totals: MovePlan): void {
  if (totals.sourceObjects > 0 || totals.extra === 0) return
  throw new IndexferryError(
    'USAGE',
    `source ${source.name} has no objects below "${sourcePrefix}", and --delete-extra would delete all ${totals.extra} of the target ${target.name}`,
    {
      side: 'source',
      remedy: 'Check the bucket and the base path of the source; leave out --delete-extra where it is empty.',
    },
  )
}

const extrasPage = 256

/**
 * A cluster opens a repository at its highest `index-N`. Where the target has a higher one than the source, what is moved would
 * not be seen.
 */
function refuseHidden({ journal, target }: PlanRequest): void {
  let after: string | undefined
  for (;;) {
    const keys = journal.extras(ranks.index, after, extrasPage)
    if (keys.length === 0) return
    for (const key of keys) {
      const newest = Math.max(-1, ...journal.rootFiles(rootOf(key)).map((file) => generationOf(file.key)))
      if (newest < 0 || generationOf(key) <= newest) continue
      throw new IndexferryError(
        'TARGET_REPOSITORY_NEWER',
        `target ${target.name}: the repository there has ${key}, newer than index-${newest} of the source, and clusters would go on reading the newer one`,
        { side: 'target' },
      )
    }
    after = keys.at(-1)
  }
}
