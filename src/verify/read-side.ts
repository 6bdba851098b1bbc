// Reads one side of a comparison: all partitions, several at once, through the transform.
import type { DocumentBatch } from '../model/document-batch.ts'
import type { Partition, Position } from '../model/partition.ts'
import type { DocumentSource } from '../source/source.ts'
import type { DocumentTransform } from '../transform/document-transform.ts'
import type { DocumentLookup } from './document-lookup.ts'

/** What a report says about a side. */
export interface SideDescription {
  /** Where it is, without credentials: the URL of the cluster or the name of the file. */
  readonly name: string
  /** Such as `OpenSearch 3.8.0`; absent for files. */
  readonly version?: string
  readonly index: string
}

export interface ComparedSide {
  readonly description: SideDescription
  readonly source: DocumentSource
  /**
   * Finds single documents by id. Left out for files, and where the transform changes ids, by which the source's documents
   * could then not be found: the side is read as a whole instead.
   */
  readonly lookup?: DocumentLookup | undefined
  /** Changes the documents of this side before they are compared: what the copy did to them on their way. */
  readonly transform?: DocumentTransform | undefined
}

export interface PartitionProgress {
  readonly partition: Partition
  position: Position | undefined
  isDone: boolean
}

/** Receives what is read. Called in the order of each partition's batches; partitions are mixed. */
export interface SideVisitor {
  /**
   * `batch` is after the transform. `progress.position` moves to the batch's once this has returned or resolved; one that returns
   * nothing is followed by that without anything happening in between.
   */
  visit(progress: PartitionProgress, batch: DocumentBatch): undefined | Promise<void>
  finish?(progress: PartitionProgress): void
}

export interface ReadSideOptions {
  readonly signal: AbortSignal
  /** Partitions that are read at once. */
  readonly readers: number
  readonly batchBytes: number
}

/** Reads every partition that is not done, each from its position. Stops all readers when one fails. */
export async function readSide(
  side: ComparedSide,
  partitions: readonly PartitionProgress[],
  visitor: SideVisitor,
  options: ReadSideOptions,
): Promise<void> {
  const waiting = partitions.filter(({ isDone }) => !isDone)
  await runTogether(options.signal, options.readers, async (signal) => {
    for (let progress = waiting.shift(); progress; progress = waiting.shift()) {
      await readPartition(side, progress, visitor, { ...options, signal })
    }
  })
}

async function readPartition(
  side: ComparedSide,
  progress: PartitionProgress,
  visitor: SideVisitor,
  { signal, batchBytes }: ReadSideOptions,
): Promise<void> {
  const reading = { signal, batchBytes: () => batchBytes }
  for await (const batch of side.source.readBatches(progress.partition, progress.position, reading)) {
    signal.throwIfAborted()
    const { position } = batch
    const visiting = visitor.visit(progress, await transformed(side, batch))
    if (visiting !== undefined) await visiting
    progress.position = position
  }
  // A reader that ends quietly when it is stopped must not be taken for one that came to the end.
  signal.throwIfAborted()
  visitor.finish?.(progress)
  progress.isDone = true
}

export async function transformed({ transform }: ComparedSide, batch: DocumentBatch): Promise<DocumentBatch> {
  return transform && transform.changes !== 'none' ? await transform.apply(batch) : batch
}

/** Runs `count` copies of `run` at once; the first failure stops the others and is thrown once all have ended. */
export async function runTogether(
  signal: AbortSignal,
  count: number,
  run: (signal: AbortSignal, number: number) => Promise<void>,
): Promise<void> {
  const stop = new AbortController()
  const combined = AbortSignal.any([signal, stop.signal])
  let failure: { readonly error: unknown } | undefined
  const runs = Array.from({ length: count }, async (_, number) => {
    try {
      await run(combined, number)
    } catch (error) {
      failure ??= { error }
      stop.abort(error)
    }
  })
  await Promise.all(runs)
  if (failure) throw failure.error
}

export const startPartitions = (partitions: readonly Partition[]): PartitionProgress[] =>
  partitions.map((partition) => ({ partition, position: undefined, isDone: false }))
