// Reads documents of one index: by search, or from a file. The contract; the kinds are in the files beside.
//
// A source knows nothing of where documents go. It never delivers part of an answer as the whole: a failed shard, a cut-off body
// or a lost context is an error or is read again.
import type { DocumentBatch } from '../model/document-batch.ts'
import type { Partition, Position } from '../model/partition.ts'

export interface ReadOptions {
  readonly signal: AbortSignal
  /** About how many bytes of documents a batch should hold right now; asked before each page. One document may be larger than this. */
  readonly batchBytes: () => number
  /** No document may come twice in one call, whatever has to be read again: for targets that cannot take it (files). Default false. */
  readonly once?: boolean | undefined
}

export interface DocumentSource extends AsyncDisposable {
  /** How it reads, for reports: `sequence`, `scroll`, `pointInTime`, `file`. */
  readonly kind: Partition['kind']
  /** Whether a position is a place to go on from; if not, a partition is read again from its start after a crash. */
  readonly isResumable: boolean
  /** Parts that together hold every document that is in the index now. Safe to read in any order and in parallel. */
  listPartitions(): Promise<readonly Partition[]>
  /**
   * Parts that hold what was written since `earlier` were listed (a copy ends with these), or none where the source cannot tell.
   * A document that was written again while the earlier partitions were read is in one of these in its later form.
   */
  listLaterPartitions(earlier: readonly Partition[]): Promise<readonly Partition[]>
  /**
   * Yields the documents of one partition that lie at or after `after` (from the start when undefined), in batches whose
   * `position` grows. Reading again from a position may repeat documents and misses none. A batch's bytes belong to the
   * consumer. On abort it throws the signal's reason; contexts on the server are closed on every way out.
   * Takes care itself of passing faults (lost connection, lost context, overload) by reading on from where it was.
   */
  readBatches(partition: Partition, after: Position | undefined, options: ReadOptions): AsyncIterable<DocumentBatch>
  /** Only of files that are read with broken lines passed over: how many there were so far, and what was wrong with the first. */
  readonly brokenLines?: { readonly count: number; readonly first: readonly string[] }
  /** Documents in the index now (live, without nested ones), for progress; undefined when that is not known in advance. */
  countDocuments(): Promise<number | undefined>
}
