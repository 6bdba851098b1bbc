// The third look: every document that seemed to differ is fetched from both sides by its id. On a side that is written to, most
// have become equal by then; what still differs, differs.
import { sleep } from '../foundation/clock.ts'
import type { DocumentBatch } from '../model/document-batch.ts'
import { type Candidate, candidateOf, classify, type Difference } from './difference.ts'
import { type DigestOptions, DocumentDigester } from './document-digest.ts'
import { groupIds, lookUp, lookupBytesMax } from './document-lookup.ts'
import { IdentityTable } from './identity-table.ts'
import { MovingDocuments } from './moving-documents.ts'
import { type ComparedSide, type ReadSideOptions, runTogether } from './read-side.ts'
import type { ComparedSides } from './scan-buckets.ts'
import { type SideName, type SideProgress, sideNames } from './verification-progress.ts'

export interface RecheckOptions extends ReadSideOptions {
  readonly digest: DigestOptions
  /** Waited before each look. */
  readonly recheckAfterMs: number
  /** Looks at most; each takes only what differed in the one before. */
  readonly roundsMax: number
  readonly knownRejected: ReadonlySet<string>
  readonly onProgress: (sides: Readonly<Record<SideName, SideProgress>>) => void
}

export interface Rechecked {
  /** Those of the candidates that differ. */
  readonly differing: readonly Difference[]
  /** Written on both sides so often that nothing can be said of them. */
  readonly moving: number
}

export async function recheckDifferences(
  sides: ComparedSides,
  candidates: readonly Candidate[],
  options: RecheckOptions,
): Promise<Rechecked> {
  let differing: readonly Difference[] = []
  const moving = new MovingDocuments()
  let left = candidates
  for (let round = 0; round < options.roundsMax && left.length > 0; round++) {
    await sleep(options.recheckAfterMs, options.signal)
    moving.begin(left.length)
    differing = moving.unproven(await compareNow(sides, left, options, moving))
    left = differing
  }
  const still = differing.filter((difference) => !moving.isMoving(difference))
  return { differing: still, moving: differing.length - still.length }
}

async function compareNow(
  sides: ComparedSides,
  candidates: readonly Candidate[],
  options: RecheckOptions,
  moving: MovingDocuments,
): Promise<Difference[]> {
  const seen = await fetchBoth(sides, candidates, options, moving)
  const differing: Difference[] = []
  for (let row = 0; row < seen.count; row++) {
    if (seen.isEqual(row)) continue
    const candidate = candidateOf(seen, row)
    differing.push({ ...candidate, class: classify(seen, row, candidate.key.id, options.knownRejected) })
  }
  return differing
}

/** A table of what both sides have of the candidates. */
async function fetchBoth(
  sides: ComparedSides,
  candidates: readonly Candidate[],
  options: RecheckOptions,
  moving: MovingDocuments,
): Promise<IdentityTable> {
  const identities = new Set(candidates.map(({ identity }) => identity))
  // No more rows than candidates, which are bounded already.
  const seen = new IdentityTable({ rowsMax: identities.size, identityBytesMax: Number.POSITIVE_INFINITY })
  const expected = { documents: 0, bytes: 0, documentsExpected: candidates.length }
  const progress: Record<SideName, SideProgress> = { source: { ...expected }, target: { ...expected } }
  await runTogether(options.signal, sideNames.length, async (signal, number) => {
    const name = sideNames[number] as SideName
    const digester = new DocumentDigester(options.digest)
    const visit = (batch: DocumentBatch): undefined => {
      for (let row = 0; row < batch.count; row++) {
        digester.identify(batch, row)
        const identity = digester.identity.toString('latin1', 0, digester.identityLength)
        if (!identities.has(identity)) continue
        digester.digest(batch, row)
        seen.add(name, digester)
        moving.add(name, identity, digester)
      }
      progress[name].documents += batch.count
      progress[name].bytes += batch.sourceBytes()
      options.onProgress(progress)
    }
    await visitCandidates(sides[name], candidates, { ...options, signal }, visit)
  })
  return seen
}

/** Reads the candidates' documents of one side, refreshed before, in calls of bounded size. */
export async function visitCandidates(
  side: ComparedSide,
  candidates: readonly Candidate[],
  options: ReadSideOptions,
  visit: (batch: DocumentBatch) => undefined | Promise<void>,
): Promise<void> {
  await side.lookup?.refresh(options.signal)
  const idsMax = side.lookup?.idsMax ?? Number.POSITIVE_INFINITY
  const bytesMax = side.lookup ? lookupBytesMax : Number.POSITIVE_INFINITY
  const keys = candidates.map(({ key }) => key)
  for (const ids of groupIds(keys, idsMax, bytesMax)) await lookUp(side, ids, options, visit)
}
