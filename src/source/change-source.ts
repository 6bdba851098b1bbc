// A way of seeing what changes in one index, after all of it was read once. The contract; the ways are in the files beside.
//
// Changes are numbered, shard by shard, in the order in which they happened, and every document that is there has the number of its last
// change. Sequence numbers are such numbers. Where a source has none, whoever records changes (a gateway) or finds them (a reader
// of snapshots) numbers them itself.
import type { DocumentSource } from './source.ts'

export interface ShardMark {
  readonly shard: number
  /** Another value means that the numbers below mean other changes than before; undefined where that cannot be told. */
  readonly history: string | undefined
  /** Tells apart who answers for the shard; after a change of it, what was visible before and not safe may be undone. */
  readonly holder?: string | undefined
  /** Changes up to and with this one are safe to take: nothing takes them back. -1 when there are none. */
  readonly safe: number
  /** Changes up to and with this one were on the disk with the last flush; undefined where that cannot be told. */
  readonly committed?: number | undefined
  /** The highest number that was given; the changes behind `safe` will be safe soon. */
  readonly highest: number
}

export interface IndexMark {
  /** Tells the index from another that later has the same name. */
  readonly uuid: string
  /** Every shard of the index, in order. */
  readonly shards: readonly ShardMark[]
  /** Changes of before this instant (monotonic) have their numbers; the instant of the question when it is not given. */
  readonly upToMs?: number | undefined
}

/** The numbers of the documents of one block, without naming them. */
export interface LiveNumbers {
  readonly count: number
  readonly sum: number
}

/** Numbers from `from` to below `to`. */
export interface NumberRange {
  readonly from: number
  readonly to: number
}

/** Of a source that looks at all documents again and again. */
export interface SweepFigures {
  /** The last sweep, without what it waited for others. */
  readonly tookMs: number
  /** From the start of one to the start of the next, while nobody waits; undefined where changes are seen in between, too. */
  readonly everyMs: number | undefined
  /** How often a document that a sweep had seen was gone or older when it was read by its id, since following began in this process. */
  readonly staleReads: number
}

export interface ChangeSource extends AsyncDisposable {
  /** How it sees changes, for reports. */
  readonly kind: 'sequence' | 'sweep' | 'recorded'
  /** Only of sweeps, once one has ended. */
  readonly sweepFigures?: SweepFigures | undefined
  /** Reads documents by the numbers of their last change: partitions of one shard and a range of numbers. */
  readonly documents: DocumentSource
  /** What the first copy is read from, where that is no ordinary source. */
  readonly firstCopy?: DocumentSource | undefined
  /** Most numbers that `listLive` answers in one call. */
  readonly listMax: number
  /** Where the index stands now. Cheap. Throws SHARD_FAILED while not all of it is there. */
  look(signal: AbortSignal): Promise<IndexMark>
  /** Makes every change of before this call visible to the reads below and to those of `documents`. */
  show(signal: AbortSignal): Promise<void>
  /** How many documents have their number in each block of `width` numbers, by the number of the block; only blocks that touch a range and have any. */
  countLive(
    shard: number,
    ranges: readonly NumberRange[],
    width: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<number, number>>
  /** The same, with the sum of the numbers in each block: of a block that lacks one number, the sum tells which. */
  sumLive(
    shard: number,
    ranges: readonly NumberRange[],
    width: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<number, LiveNumbers>>
  /** The numbers within the ranges that are those of a document. The ranges hold at most `listMax` numbers. */
  listLive(shard: number, ranges: readonly NumberRange[], signal: AbortSignal): Promise<ReadonlySet<number>>
}
