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
import {
  type Candidate,
  type Difference,
  type DifferenceCounts,
  noDifferences,
  sumOf,
} from './difference.ts'
import type { Comparison, DigestOptions } from './document-digest.ts'
import { type LocateOptions, listWrittenMeanwhile, locateDifferences } from './locate-differences.ts'
import type { ComparedSide } from './read-side.ts'
import { type RecheckOptions, recheckDifferences } from './recheck-differences.ts'
import { type RepairActions, type RepairOutcome, repairDifferences } from './repair.ts'
import {
  type DefinitionDifference,
  type DifferenceReport,
  listByClass,
  type SideReport,
  type Verdict,
  type VerificationReport,
} from './report.ts'
import { type ComparedSides, type ScanOptions, scanBuckets, startScan } from './scan-buckets.ts'
import type { VerificationPhase, VerificationProgress } from './verification-progress.ts'
import { loadVerificationState, removeVerificationState, type VerificationState } from './verification-state.ts'

export interface VerificationOptions {
  readonly signal: AbortSignal
  /** `auto`: by content where a transform is applied, else by bytes. */
  readonly compare?: 'auto' | Comparison
  /** Default `ignore`. `compare` where both sides have mapping types of the same names. */
  readonly types?: 'compare' | 'ignore'
  /** Share of the documents whose content is compared; the ids of all are. Default 1. */
  readonly sampleShare?: number
  /** Partitions read at once on each side. Default 2. */
  readonly readers?: number
  readonly batchBytes?: number
  /** Pause before documents that differ are looked at again. */
  readonly recheckAfterMs?: number
  /** How often they are looked at again at most. Default 3 with a pause, else 1. */
  readonly recheckRounds?: number
  /** Differences that are listed, of each class. Default 1000. */
  readonly differencesMax?: number
  /** Differences that are looked at again by id; more are only counted. Default 200 000. */
  readonly recheckMax?: number
  /** How often both sides may be read in order to find the documents of buckets that differ. Default 4. */
  readonly locateScansMax?: number
  /** For the table of identities while locating. Default 64 MiB. */
  readonly memoryBytes?: number
  /** Ids of documents that the copy reported as rejected by the target: a class of their own, and not repaired. */
  readonly knownRejected?: ReadonlySet<string>
  readonly definitionDifferences?: readonly DefinitionDifference[]
  /** Where the first scan is kept, so that the same verification started again goes on with it. */
  readonly stateFolder?: string
  readonly saveEveryMs?: number
  /** Whatever else tells this comparison from another (the query, the transform): a saved scan of another one is not used. */
  readonly fingerprint?: string
  readonly repair?: RepairActions
  readonly onProgress?: (progress: VerificationProgress) => void
}

export interface VerificationResult {
  readonly report: VerificationReport
  /** All that differ and were looked at again, not only the listed ones. */
  readonly differences: readonly Difference[]
}

/** Bytes of one row of the identity table with its slots and an id of usual length. */
const rowBytes = 96

type Settings = LocateOptions & ScanOptions & RecheckOptions

/**
 * Compares both sides and resolves whatever they hold; only what keeps it from comparing is thrown. Changes nothing without `repair`.
 * On abort it throws the signal's reason; with a state folder, what was read is kept.
 */
export async function verifyIndexes(sides: ComparedSides, options: VerificationOptions): Promise<VerificationResult> {
  const startedAt = now()
  const settings = settingsOf(sides, options)
  const { state, isResumed } = await openState(sides, settings, options)
  await scanBuckets(sides, state, during('scanning', settings, options))
  const located = await locateDifferences(sides, state, during('locating', settings, options))
  const meanwhile = await listWrittenMeanwhile(sides, state, during('locating', settings, options))
  const candidates = joinCandidates(located.candidates, meanwhile.candidates)
  const recheck = during('rechecking', settings, options)
  const found = await recheckDifferences(sides, candidates, recheck)
  const repair = await repairIfAsked(sides, found, options, during('repairing', settings, options))
  const differences = repair?.remaining ?? found
  if (options.stateFolder !== undefined) await removeVerificationState(options.stateFolder)

  const bucketsSkipped = located.bucketsSkipped > 0
  const counts = countByClass(differences, located.unnamed)
  const differenceReport: DifferenceReport = {
    total: sumOf(counts),
    counts,
    isExact: !bucketsSkipped && located.documentsSkipped === 0,
    truncated: bucketsSkipped || located.documentsSkipped > 0 || sumOf(located.unnamed) > 0,
    listed: listByClass(differences, options.differencesMax ?? 1000),
    settled: located.candidates.length - found.filter((one) => isAmong(located.candidates, one)).length,
    writtenMeanwhile: meanwhile.candidates.length + meanwhile.documentsSkipped,
    notCompared: located.documentsSkipped + meanwhile.documentsSkipped + documentsIn(state, located.bucketsSkipped),
  }
  return { report: {} as never, differences }
}
