// Proves that two indexes hold the same documents, or names what differs; with `repair`, mends that and nothing else.
//
//     scan       both sides once, side by side, into a fixed number of buckets (scan-buckets.ts): equal tables, equal indexes
//     locate     only if buckets differ: both sides again, keeping what lies in those buckets (locate-differences.ts)
//     recheck    each difference by id on both sides, after a pause (recheck-differences.ts): what is equal now was on its way
//     repair     if asked for: write, delete, look again (repair.ts)
//
// It reads through the sources' own contract and knows no versions. Memory: two tables of at most 20 MiB, while locating one table of
// identities of about `memoryBytes`, and `readers` batches for each side.
import { createHash } from 'node:crypto'
import { now } from '../foundation/clock.ts'
import { buildReport } from './build-report.ts'
import type { Candidate, Difference } from './difference.ts'
import { listWrittenMeanwhile, locateDifferences } from './locate-differences.ts'
import { recheckDifferences } from './recheck-differences.ts'
import { type RepairOutcome, repairDifferences } from './repair.ts'
import type { VerificationReport } from './report.ts'
import { type ComparedSides, scanBuckets, startScan } from './scan-buckets.ts'
import { during, settleOptions, type VerificationOptions, type VerificationSettings } from './verification-options.ts'
import { sideNames } from './verification-progress.ts'
import { loadVerificationState, removeVerificationState, type VerificationState } from './verification-state.ts'

export interface VerificationResult {
  readonly report: VerificationReport
  /** All that differ and were looked at again, not only the listed ones. */
  readonly differences: readonly Difference[]
}

/**
 * Compares both sides and resolves whatever they hold; only what keeps it from comparing is thrown. Changes nothing without `repair`.
 * On abort it throws the signal's reason; with a state folder, what was read is kept.
 */
export async function verifyIndexes(sides: ComparedSides, options: VerificationOptions): Promise<VerificationResult> {
  const startedAt = now()
  const settings = settleOptions(sides, options)
  const { state, isResumed } = await openState(sides, settings, options)
  await scanBuckets(sides, state, during('scanning', settings, options))
  const locating = during('locating', settings, options)
  const located = await locateDifferences(sides, state, locating)
  const meanwhile = await listWrittenMeanwhile(sides, state, locating)
  const candidates = joinCandidates(located.candidates, meanwhile.candidates)
  const { differing: found, moving } = await recheckDifferences(
    sides,
    candidates,
    during('rechecking', settings, options),
  )
  let repair: RepairOutcome | undefined
  if (options.repair && found.length > 0) {
    repair = await repairDifferences(sides, found, options.repair, during('repairing', settings, options))
  }
  if (options.stateFolder !== undefined) await removeVerificationState(options.stateFolder)
  const report = buildReport({
    sides,
    options,
    settings,
    state,
    startedAt,
    isResumed,
    located,
    meanwhile,
    found,
    moving,
    repair,
  })
  return { report, differences: repair?.remaining ?? found }
}

/** The scan that was interrupted, if the state folder holds one of the same comparison; else a new one. */
async function openState(
  sides: ComparedSides,
  settings: VerificationSettings,
  options: VerificationOptions,
): Promise<{ state: VerificationState; isResumed: boolean }> {
  const fingerprint = fingerprintOf(sides, settings, options)
  const { stateFolder } = options
  const saved = stateFolder === undefined ? undefined : await loadVerificationState(stateFolder, fingerprint)
  if (!saved) {
    // A document that no search can see yet would be missing from the scan without being missing. Where an interval of -1 is set,
    // only this shows it.
    await Promise.all(sideNames.map((name) => sides[name].lookup?.refresh(options.signal)))
    return { state: await startScan(sides, fingerprint), isResumed: false }
  }
  for (const name of sideNames) {
    if (sides[name].source.isResumable) continue
    // Such a position is no place to go on from; the saved table holds nothing of a partition that was not finished.
    for (const progress of saved[name].partitions) if (!progress.isDone) progress.position = undefined
  }
  return { state: saved, isResumed: true }
}

function fingerprintOf(sides: ComparedSides, { digest }: VerificationSettings, { fingerprint }: VerificationOptions) {
  const { source, target } = sides
  const compared = [source, target].map((side) => [side.description, side.source.kind])
  return createHash('sha256')
    .update(JSON.stringify([compared, digest, fingerprint ?? null]))
    .digest('hex')
}

function joinCandidates(located: readonly Candidate[], meanwhile: readonly Candidate[]): readonly Candidate[] {
  const joined = new Map<string, Candidate>()
  for (const candidate of located) joined.set(candidate.identity, candidate)
  for (const candidate of meanwhile) if (!joined.has(candidate.identity)) joined.set(candidate.identity, candidate)
  return [...joined.values()]
}
