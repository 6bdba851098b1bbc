// Copies the documents of one unit: lists partitions, carries them, and reads on until nothing is left that was written meanwhile.
import type { DocumentCounts } from '../model/counts.ts'
import type { DocumentBatch } from '../model/document-batch.ts'
import type { Partition, Position } from '../model/partition.ts'
import { type CarryOptions, carryBatches } from '../pipeline/carry-batches.ts'
import type { PartitionUpdate } from '../pipeline/partition-progress.ts'
import type { Throttle } from '../pipeline/throttle.ts'
import type { DocumentSource } from '../source/source.ts'
import type { DocumentTarget, RejectedDocument } from '../target/target.ts'
import type { DocumentTransform } from '../transform/document-transform.ts'
import type { CopyUnit } from './copy-unit.ts'

/** Where a copy notes how far it is. The engine's catalog is one; whatever it has noted survives a crash. */
export interface CopyJournal {
  /** Durable on return. Round 0 is the backfill; a round that was noted before is left as it is. */
  savePartitions(unit: string, round: number, partitions: readonly Partition[]): void
  listPartitions(unit: string): readonly {
    readonly partition: Partition
    readonly round: number
    readonly position: Position | undefined
    readonly isDone: boolean
    readonly counts: DocumentCounts
  }[]
  /** Cheap; becomes durable within a second or so, and at the latest with `flush`. */
  note(unit: string, update: PartitionUpdate): void
  /** Everything noted is durable when it resolves. */
  flush(): Promise<void>
}

export interface DocumentCopyOptions {
  readonly unit: CopyUnit
  readonly source: DocumentSource
  readonly transform: DocumentTransform
  readonly target: DocumentTarget
  readonly journal: CopyJournal
  readonly readers: number
  readonly throttle: Throttle
  readonly documentsMax: number | undefined
  /** The target cannot take a document twice (a file). */
  readonly once: boolean
  /**
   * With `once`, of a source that can only be read again as a whole: all documents are in the target, and are noted as one. Before,
   * nothing of the unit is noted, so that a crash leaves nothing that would come again.
   */
  readonly onWhole?: () => void
  /** `CarryOptions.beforeWrite`. */
  readonly beforeWrite?: CarryOptions['beforeWrite'] | undefined
  /** Told once, when all but what was written meanwhile is read, and the rest of it on its way. */
  readonly onRead?: (() => void) | undefined
  /** Awaited when partitions were listed, before any of their documents is read. */
  readonly onListed?: (() => Promise<void>) | undefined
  readonly keepRejected: (batch: DocumentBatch, rejected: readonly RejectedDocument[]) => Promise<void>
  readonly onBatch: (counts: DocumentCounts) => void
  /** Told how many partitions there are more, and of each that is done. */
  readonly onPartitions?: (listed: number, done: number) => void
  readonly stop: AbortSignal
  readonly abort: AbortSignal
}

/**
 * A source that is written to without pause would never end. After so many later rounds the copy is as close as a copy can be; the
 * rest is for following.
 */
const laterRoundsMax = 4
/** What is read once more as a whole, because what was read before cannot be relied on, is no matter of being close. */
const againRoundsMax = 16
const isFromStart = (part: Partition): boolean => part.kind === 'sequence' && part.from === 0

/** Documents between source and target at most. With the bodies made of them about twice this is in memory. */
export const bytesOnTheWayMax = 16 * 1024 * 1024

export interface DocumentCopyResult {
  readonly isComplete: boolean
  /** Operations that the source had taken since the last round was listed; undefined when that cannot be told. */
  readonly operationsBehind: number | undefined
}

/** Resolves with `isComplete: false` when it was stopped; everything that was read by then is written and noted. */
export async function copyDocuments(options: DocumentCopyOptions): Promise<DocumentCopyResult> {
  const { unit, source, journal, stop } = options
  let partitions = journal.listPartitions(unit.name)
  if (partitions.length === 0) {
    const first = await source.listPartitions()
    await options.onListed?.()
    if (stop.aborted) return { isComplete: false, operationsBehind: undefined }
    journal.savePartitions(unit.name, 0, first)
    partitions = journal.listPartitions(unit.name)
  }
  for (let round = 1 + Math.max(0, ...partitions.map((partition) => partition.round)); ; round++) {
    try {
      await carryRound(round === 1 ? options : { ...options, onRead: undefined }, partitions)
    } finally {
      await journal.flush()
    }
    if (stop.aborted) return { isComplete: false, operationsBehind: undefined }
    if (options.documentsMax !== undefined) return { isComplete: true, operationsBehind: undefined }
    const later = await source.listLaterPartitions(partitions.map(({ partition }) => partition))
    if (later.length === 0) return { isComplete: true, operationsBehind: source.isResumable ? 0 : undefined }
    if (round > laterRoundsMax && !(round <= againRoundsMax && later.some(isFromStart)))
      return { isComplete: true, operationsBehind: operationsIn(later) }
    await options.onListed?.()
    if (stop.aborted) return { isComplete: false, operationsBehind: undefined }
    journal.savePartitions(unit.name, round, later)
    partitions = journal.listPartitions(unit.name)
  }
}

async function carryRound(
  options: DocumentCopyOptions,
  partitions: ReturnType<CopyJournal['listPartitions']>,
): Promise<void> {
  const { unit, source, journal, documentsMax, once } = options
  const open = partitions.filter((partition) => !partition.isDone)
  if (open.length === 0) return
  const taken = partitions.reduce((sum, { counts }) => sum + counts.read, 0)
  const held = once && !source.isResumable ? new Map<string, PartitionUpdate>() : undefined
  options.onPartitions?.(open.length, 0)
  await carryBatches({
    ...options,
    transform: once || source.kind === 'file' ? applyInOrder(options.transform) : options.transform,
    partitions: open.map(({ partition, position, counts }) =>
      // Where a position is no place to go on from, the partition is read again as a whole, and its counts begin again with it.
      source.isResumable ? { partition, after: position, counts } : { partition, after: undefined, counts: undefined },
    ),
    documentsMax: documentsMax === undefined ? undefined : documentsMax - taken,
    bytesOnTheWayMax,
    onProgress: (update, counts) => {
      if (held) held.set(update.partition.id, update)
      else journal.note(unit.name, update)
      options.onBatch(counts)
      if (update.isDone) options.onPartitions?.(0, 1)
    },
  })
  if (!held || options.stop.aborted) return
  options.onWhole?.()
  for (const update of held.values()) journal.note(unit.name, update)
}

/**
 * A file keeps the order in which it is given batches, and how long it is stands for all that were read before; and of several lines of a file with the same
 * id the last one counts. So a transform that takes
 * longer for one batch than for the next must not change their order.
 */
function applyInOrder(transform: DocumentTransform): DocumentTransform {
  let last: Promise<unknown> = Promise.resolve()
  return {
    changes: transform.changes,
    apply: (batch) => {
      const applied = last.catch(() => {}).then(() => transform.apply(batch))
      last = applied
      return applied
    },
  }
}

function operationsIn(partitions: readonly Partition[]): number {
  return partitions.reduce((sum, part) => (part.kind === 'sequence' ? sum + part.to - part.from : sum), 0)
}
