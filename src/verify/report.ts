// What a verification found, in a shape that scripts and people can keep. `formatVersion` grows when a field changes its meaning or goes.
import { IndexferryError } from '../foundation/errors.ts'
import type { Partition } from '../model/partition.ts'
import type { DefinitionDifference } from './compare-definitions.ts'
import type { Difference, DifferenceClass, DifferenceCounts } from './difference.ts'
import { differenceClasses } from './difference.ts'
import type { Comparison } from './document-digest.ts'
import type { SideDescription } from './read-side.ts'
import { formatReport } from './report-text.ts'
import { replaceFile } from './verification-state.ts'

/**
 * `equal`: nothing differs. `different`: something does. `incomplete`: nothing was found to differ, but some of what had to be
 * looked at lay beyond a limit.
 */
export type Verdict = 'equal' | 'different' | 'incomplete'

export interface SideReport extends SideDescription {
  readonly readBy: Partition['kind']
  readonly documents: number
  /** Bytes of `_source`, after the transform. */
  readonly bytes: number
  /** Documents that have no `_source`: compared by id only. */
  readonly withoutSource: number
  /** The sum of the digests of all documents, which does not depend on their order: equal content, equal digest. */
  readonly digest: string
}

export interface ListedDocument {
  readonly id: string
  readonly routing?: string
}

export interface DifferenceReport {
  readonly total: number
  readonly counts: Readonly<DifferenceCounts>
  /** False when a limit kept some differing documents from being looked at: the counts are then at least what is said. */
  readonly isExact: boolean
  /** True when not every difference is listed, or was not looked at a second time. */
  readonly truncated: boolean
  /** The first of each class. */
  readonly listed: Readonly<Record<DifferenceClass, readonly ListedDocument[]>>
  /** Documents that differed in the scan and were equal when they were looked at again. */
  readonly settled: number
  /** Documents that were written while the scan ran and were therefore compared one by one. */
  readonly writtenMeanwhile: number
  /** Documents of which it is known that they should have been compared and were not, for reasons of limits. */
  readonly notCompared: number
  /** Documents that both sides got again and again, faster than they could be looked at; not there when there were none. */
  readonly moving?: number
}

export interface RepairReport {
  readonly before: Readonly<DifferenceCounts>
  readonly written: number
  readonly deleted: number
  readonly rejected: readonly { readonly id: string; readonly reason: string }[]
}

export interface VerificationReport {
  readonly format: 'indexferry-verification'
  readonly formatVersion: 1
  readonly verdict: Verdict
  /** ISO 8601, in UTC. */
  readonly begun: string
  readonly ended: string
  readonly durationMs: number
  /** Whether it went on from a run that was interrupted; `begun` is that run's. */
  readonly isResumed: boolean
  readonly compared: {
    readonly by: Comparison
    readonly types: 'compare' | 'ignore'
    /** 1: the content of every document. */
    readonly sampleShare: number
    /** Whether documents were compared as a transform left them. */
    readonly isTransformed: boolean
  }
  readonly source: SideReport
  readonly target: SideReport
  readonly buckets: { readonly total: number; readonly differing: number }
  readonly differences: DifferenceReport
  /** The target's definition against what the source's should be there. Only those of the kind `differs` make the verdict `different`. */
  readonly definitions: readonly DefinitionDifference[]
  /** Null when nothing was repaired. */
  readonly repair: RepairReport | null
}

export function listByClass(differences: readonly Difference[], listedMax: number): DifferenceReport['listed'] {
  const listed: Record<DifferenceClass, ListedDocument[]> = {
    missing: [],
    extra: [],
    changed: [],
    doubled: [],
    rejected: [],
  }
  for (const { class: name, key } of differences) {
    if (listed[name].length >= listedMax) continue
    listed[name].push(key.routing === undefined ? { id: key.id } : { id: key.id, routing: key.routing })
  }
  // Sorted, so that two reports of the same differences are the same.
  for (const name of differenceClasses) listed[name].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
  return listed
}

/** Writes the report: readable text when the name ends in `.md` or `.txt`, else JSON. The file appears whole or not at all. */
export async function writeReport(path: string, report: VerificationReport): Promise<void> {
  const text = /\.(md|txt)$/i.test(path) ? formatReport(report) : `${JSON.stringify(report, null, 2)}\n`
  try {
    await replaceFile(path, [Buffer.from(text)])
  } catch (cause) {
    throw new IndexferryError('FILE_UNREADABLE', `the report cannot be written to ${path}`, { side: 'file', cause })
  }
}
