// Puts together what the passes found.
import { now } from '../foundation/clock.ts'
import { fits } from './compare-definitions.ts'
import { type Candidate, type Difference, type DifferenceCounts, noDifferences, sumOf } from './difference.ts'
import type { LocatedDifferences, WrittenMeanwhile } from './locate-differences.ts'
import type { ComparedSide } from './read-side.ts'
import type { RepairOutcome } from './repair.ts'
import { type DifferenceReport, listByClass, type SideReport, type Verdict, type VerificationReport } from './report.ts'
import type { ComparedSides } from './scan-buckets.ts'
import { isTransformed, type VerificationOptions, type VerificationSettings } from './verification-options.ts'
import type { SideScan, VerificationState } from './verification-state.ts'

export interface Findings {
  readonly sides: ComparedSides
  readonly options: VerificationOptions
  readonly settings: VerificationSettings
  readonly state: VerificationState
  readonly startedAt: number
  readonly isResumed: boolean
  readonly located: LocatedDifferences
  readonly meanwhile: WrittenMeanwhile
  /** What differed when it was looked at again. */
  readonly found: readonly Difference[]
  /** Written too often to be compared. */
  readonly moving: number
  readonly repair: RepairOutcome | undefined
}

export function buildReport(findings: Findings): VerificationReport {
  const { sides, options, settings, state, located, found, repair } = findings
  const endedAt = now()
  const differences = reportDifferences(findings)
  const definitions = options.definitionDifferences ?? []
  return {
    format: 'indexferry-verification',
    formatVersion: 1,
    verdict: judge(differences, fits(definitions)),
    begun: new Date(state.begunAt).toISOString(),
    ended: new Date(endedAt).toISOString(),
    durationMs: endedAt - findings.startedAt,
    isResumed: findings.isResumed,
    compared: {
      by: settings.digest.comparison,
      types: settings.digest.types,
      sampleShare: settings.digest.sampleShare,
      isTransformed: isTransformed(sides),
    },
    source: reportSide(sides.source, state.source),
    target: reportSide(sides.target, state.target),
    buckets: { total: state.source.table.size, differing: located.bucketsDiffering },
    differences,
    definitions,
    repair: repair
      ? {
          before: countByClass(found, located.unnamed),
          written: repair.written,
          deleted: repair.deleted,
          rejected: repair.rejected,
        }
      : null,
  }
}

function reportDifferences({ options, located, meanwhile, found, moving, repair }: Findings): DifferenceReport {
  const differences = repair?.remaining ?? found
  const counts = countByClass(differences, located.unnamed)
  const listed = listByClass(differences, options.differencesMax ?? 1000)
  const listedCount = Object.values(listed).reduce((sum, documents) => sum + documents.length, 0)
  const notCompared = located.documentsSkipped + meanwhile.documentsSkipped
  return {
    total: sumOf(counts),
    counts,
    isExact: notCompared === 0,
    truncated: notCompared > 0 || listedCount < sumOf(counts),
    listed,
    settled: Math.max(0, located.candidates.length - countAmong(located.candidates, found) - moving),
    writtenMeanwhile: meanwhile.candidates.length + meanwhile.documentsSkipped,
    notCompared,
    ...(moving > 0 ? { moving } : {}),
  }
}

const judge = ({ total, notCompared }: DifferenceReport, definitionsFit: boolean): Verdict =>
  total > 0 || !definitionsFit ? 'different' : notCompared > 0 ? 'incomplete' : 'equal'

const reportSide = ({ description, source }: ComparedSide, { table }: SideScan): SideReport => ({
  ...description,
  readBy: source.kind,
  documents: table.documents,
  bytes: table.bytes,
  withoutSource: table.withoutSource,
  digest: table.digest(),
})

function countByClass(differences: readonly Difference[], unnamed: Readonly<DifferenceCounts>): DifferenceCounts {
  const counts = noDifferences()
  for (const { class: name } of differences) counts[name]++
  for (const name of Object.keys(counts) as (keyof DifferenceCounts)[]) counts[name] += unnamed[name]
  return counts
}

function countAmong(candidates: readonly Candidate[], found: readonly Difference[]): number {
  const identities = new Set(found.map(({ identity }) => identity))
  return candidates.filter(({ identity }) => identities.has(identity)).length
}
