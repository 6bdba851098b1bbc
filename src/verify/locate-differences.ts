// The second scan: names the documents of the buckets in which the sides differ.
import type { DocumentBatch } from '../model/document-batch.ts'
import { type BucketTable, bucketOf, listDifferingBuckets } from './bucket-table.ts'
import { type Candidate, candidateOf, classify, type DifferenceCounts, noDifferences } from './difference.ts'
import { type DigestOptions, DocumentDigester } from './document-digest.ts'
import { IdentityTable, type TableLimits } from './identity-table.ts'
import { type ReadSideOptions, readSide, runTogether, startPartitions } from './read-side.ts'
import type { ComparedSides } from './scan-buckets.ts'
import { type SideName, type SideProgress, sideNames } from './verification-progress.ts'
import type { VerificationState } from './verification-state.ts'

export interface LocateOptions extends ReadSideOptions {
  readonly digest: DigestOptions
  readonly tableLimits: TableLimits
  /** How often both sides may be read for this at most. */
  readonly scansMax: number
  /** Differences that are kept by name at most, to be looked at again; the others are counted. */
  readonly candidatesMax: number
  readonly knownRejected: ReadonlySet<string>
  readonly onProgress: (sides: Readonly<Record<SideName, SideProgress>>) => void
}

export interface LocatedDifferences {
  /** At most `candidatesMax`, to be looked at again. */
  readonly candidates: readonly Candidate[]
  /** Those that are not among the candidates, by class. */
  readonly unnamed: DifferenceCounts
  readonly bucketsDiffering: number
  /** Documents of buckets that differ and could not be looked into within the limits; most of them may be equal. */
  readonly documentsSkipped: number
}

export interface WrittenMeanwhile {
  readonly candidates: readonly Candidate[]
  readonly documentsSkipped: number
}

export async function locateDifferences(
  sides: ComparedSides,
  state: VerificationState,
  options: LocateOptions,
): Promise<LocatedDifferences> {
  const { source, target } = state
  const differing = listDifferingBuckets(source.table, target.table)
  const groups = groupBuckets(differing, source.table, target.table, options.tableLimits.rowsMax)
  const candidates: Candidate[] = []
  const unnamed = noDifferences()
  let documentsSkipped = 0
  for (const group of groups.slice(0, options.scansMax)) {
    const table = await readGroup(sides, state, group, options)
    documentsSkipped += table.refused
    for (let row = 0; row < table.count; row++) {
      if (table.isEqual(row)) continue
      const candidate = candidateOf(table, row)
      if (candidates.length < options.candidatesMax) candidates.push(candidate)
      else unnamed[classify(table, row, candidate.key.id, options.knownRejected)]++
    }
  }
  for (const bucket of groups.slice(options.scansMax).flat()) {
    documentsSkipped += Math.max(source.table.counts[bucket] as number, target.table.counts[bucket] as number)
  }
  return { candidates, unnamed, bucketsDiffering: differing.length, documentsSkipped }
}

/** Divides the buckets so that the documents of a group have room even when the sides have none in common. */
function groupBuckets(buckets: readonly number[], a: BucketTable, b: BucketTable, rowsMax: number): number[][] {
  const groups: number[][] = []
  let group: number[] = []
  let rows = 0
  for (const bucket of buckets) {
    const more = (a.counts[bucket] as number) + (b.counts[bucket] as number)
    if (group.length > 0 && rows + more > rowsMax) {
      groups.push(group)
      group = []
      rows = 0
    }
    group.push(bucket)
    rows += more
  }
  if (group.length > 0) groups.push(group)
  return groups
}

async function readGroup(
  sides: ComparedSides,
  state: VerificationState,
  buckets: readonly number[],
  options: LocateOptions,
): Promise<IdentityTable> {
  const { bits, size } = state.source.table
  const isWanted = new Uint8Array(size)
  for (const bucket of buckets) isWanted[bucket] = 1
  const table = new IdentityTable(options.tableLimits)
  const progress: Record<SideName, SideProgress> = {
    source: { documents: 0, bytes: 0, documentsExpected: state.source.table.documents },
    target: { documents: 0, bytes: 0, documentsExpected: state.target.table.documents },
  }
  await runTogether(options.signal, sideNames.length, async (signal, number) => {
    const name = sideNames[number] as SideName
    const digester = new DocumentDigester(options.digest)
    const partitions = startPartitions(await sides[name].source.listPartitions())
    const visit = (_: unknown, batch: DocumentBatch): undefined => {
      for (let row = 0; row < batch.count; row++) {
        digester.identify(batch, row)
        if (isWanted[bucketOf(digester.identityHigh, bits)] === 0) continue
        digester.digest(batch, row)
        table.add(name, digester)
      }
      progress[name].documents += batch.count
      progress[name].bytes += batch.sourceBytes()
      options.onProgress(progress)
    }
    await readSide(sides[name], partitions, { visit }, { ...options, signal })
  })
  return table
}

/**
 * Documents that were written while the first scan ran may have moved out of the part that was still to be read, on both sides at once,
 * and would then have been compared by nobody. This names them; on an index at rest there are none.
 */
export async function listWrittenMeanwhile(
  sides: ComparedSides,
  state: VerificationState,
  options: LocateOptions,
): Promise<WrittenMeanwhile> {
  const rowsMax = Math.min(options.candidatesMax, options.tableLimits.rowsMax)
  const table = new IdentityTable({ ...options.tableLimits, rowsMax })
  await runTogether(options.signal, sideNames.length, async (signal, number) => {
    const name = sideNames[number] as SideName
    const digester = new DocumentDigester(options.digest)
    const read = state[name].partitions.map(({ partition }) => partition)
    const later = startPartitions(await sides[name].source.listLaterPartitions(read))
    const visit = (_: unknown, batch: DocumentBatch): undefined => {
      for (let row = 0; row < batch.count; row++) {
        digester.identify(batch, row)
        table.note(digester)
      }
    }
    await readSide(sides[name], later, { visit }, { ...options, signal })
  })
  const candidates = Array.from({ length: table.count }, (_, row) => candidateOf(table, row))
  return { candidates, documentsSkipped: table.refused }
}
