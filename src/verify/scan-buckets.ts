// The first scan: every document of both sides once, into one table of buckets for each side.
import { monotonicMs, now } from '../foundation/clock.ts'
import type { DocumentBatch } from '../model/document-batch.ts'
import { BucketTable, chooseBucketBits } from './bucket-table.ts'
import { type DigestOptions, DocumentDigester } from './document-digest.ts'
import { PendingDigests } from './pending-digests.ts'
import {
  type ComparedSide,
  type PartitionProgress,
  type ReadSideOptions,
  readSide,
  runTogether,
  type SideVisitor,
  startPartitions,
} from './read-side.ts'
import { type SideName, type SideProgress, sideNames } from './verification-progress.ts'
import { type SideScan, saveVerificationState, type VerificationState } from './verification-state.ts'

export interface ScanOptions extends ReadSideOptions {
  readonly digest: DigestOptions
  readonly stateFolder: string | undefined
  readonly saveEveryMs: number
  readonly onProgress: (sides: Readonly<Record<SideName, SideProgress>>) => void
}

export type ComparedSides = Readonly<Record<SideName, ComparedSide>>

/** Lists what is to be read and makes empty tables for it. */
export async function startScan(sides: ComparedSides, fingerprint: string, bits?: number): Promise<VerificationState> {
  const [sourceCount, targetCount] = await Promise.all(sideNames.map((name) => sides[name].source.countDocuments()))
  const largest = Math.max(sourceCount ?? -1, targetCount ?? -1)
  const bucketBits = bits ?? chooseBucketBits(largest < 0 ? undefined : largest)
  const start = async (side: ComparedSide, documentsExpected: number | undefined): Promise<SideScan> => ({
    table: new BucketTable(bucketBits),
    partitions: startPartitions(await side.source.listPartitions()),
    documentsExpected,
  })
  const [source, target] = await Promise.all([start(sides.source, sourceCount), start(sides.target, targetCount)])
  return { fingerprint, begunAt: now(), source, target }
}

/** Reads what `state` has not read yet; afterwards its tables hold everything. Saves itself into the state folder as it goes. */
export async function scanBuckets(sides: ComparedSides, state: VerificationState, options: ScanOptions): Promise<void> {
  const progress = { source: progressOf(state.source), target: progressOf(state.target) }
  const saver = new StateSaver(state, options)
  const report = () => {
    options.onProgress(progress)
    saver.saveIfDue()
  }
  try {
    await runTogether(options.signal, sideNames.length, async (signal, number) => {
      const name = sideNames[number] as SideName
      const visitor = new BucketVisitor(sides[name], state[name], progress[name], options, report)
      await readSide(sides[name], state[name].partitions, visitor, { ...options, signal })
    })
  } catch (error) {
    // What was read need not be read again. Why the scan stopped says more than a state that cannot be written besides.
    await saver.saveLast().catch(() => undefined)
    throw error
  }
  await saver.saveLast()
}

const progressOf = ({ table, documentsExpected }: SideScan): SideProgress => ({
  documents: table.documents,
  bytes: table.bytes,
  documentsExpected,
})

class BucketVisitor implements SideVisitor {
  private readonly digester: DocumentDigester
  private readonly scan: SideScan
  private readonly progress: SideProgress
  private readonly isResumable: boolean
  private readonly pending = new Map<PartitionProgress, PendingDigests>()
  private readonly keepsPending: boolean
  private readonly report: () => void

  constructor(side: ComparedSide, scan: SideScan, progress: SideProgress, options: ScanOptions, report: () => void) {
    this.digester = new DocumentDigester(options.digest)
    this.scan = scan
    this.progress = progress
    this.isResumable = side.source.isResumable
    this.keepsPending = options.stateFolder !== undefined
    this.report = report
  }

  visit(progress: PartitionProgress, batch: DocumentBatch): undefined {
    const { count } = batch
    // Where each batch is a place to go on from, its digests and its position go into the state together.
    const isPassed = this.isResumable && batch.position > (progress.position ?? startOf(progress))
    if (isPassed) this.pending.get(progress)?.moveTo(this.scan.table)
    const receiver = isPassed ? this.scan.table : (this.pendingOf(progress) ?? this.scan.table)
    let bytes = 0
    for (let row = 0; row < count; row++) {
      this.digester.digest(batch, row)
      receiver.add(this.digester)
      if (this.digester.sourceLength > 0) bytes += this.digester.sourceLength
    }
    if (isPassed) progress.position = batch.position
    // Nothing of it is kept, and the next page can have its memory.
    batch.release()
    this.progress.documents += count
    this.progress.bytes += bytes
    this.report()
  }

  finish(progress: PartitionProgress): void {
    this.pending.get(progress)?.moveTo(this.scan.table)
    this.pending.delete(progress)
    progress.isDone = true
  }

  private pendingOf(progress: PartitionProgress): PendingDigests | undefined {
    if (!this.keepsPending) return undefined
    let pending = this.pending.get(progress)
    if (!pending) {
      // A partition that cannot be gone on from is read from its start, whatever position was saved.
      pending = new PendingDigests(this.scan.table.bits)
      this.pending.set(progress, pending)
    }
    return pending
  }
}

/** The position at which nothing was read: several batches may share one, and only a higher one says that they are behind it. */
const startOf = ({ partition }: PartitionProgress): number => (partition.kind === 'sequence' ? partition.from : 0)

class StateSaver {
  private readonly state: VerificationState
  private readonly options: ScanOptions
  private lastSave = monotonicMs()
  private saving: Promise<void> | undefined
  private failure: { readonly error: unknown } | undefined

  constructor(state: VerificationState, options: ScanOptions) {
    this.state = state
    this.options = options
  }

  saveIfDue(): void {
    const { stateFolder, saveEveryMs } = this.options
    if (this.failure) throw this.failure.error
    if (stateFolder === undefined || this.saving || monotonicMs() - this.lastSave < saveEveryMs) return
    this.saving = saveVerificationState(stateFolder, this.state)
      .catch((error: unknown) => {
        this.failure = { error }
      })
      .finally(() => {
        this.saving = undefined
        this.lastSave = monotonicMs()
      })
  }

  async saveLast(): Promise<void> {
    const { stateFolder } = this.options
    await this.saving
    if (stateFolder !== undefined) await saveVerificationState(stateFolder, this.state)
  }
}
