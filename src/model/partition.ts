// Partition, position and checkpoint: what makes a copy resumable.
//
// A *partition* is a part of an index that can be read independently of all others, in any order.
// A *position* is a place within one partition: everything before it has been read.
// A *checkpoint* is the durable map from partition to position: everything before it is in the target.

/** One shard and one range of sequence numbers: `from` inclusive, `to` exclusive. */
export interface SequencePartition {
  readonly kind: 'sequence'
  readonly id: string
  readonly index: string
  readonly shard: number
  readonly from: number
  readonly to: number
  /** How often the shard had got another primary when this was listed; undefined where that cannot be told. */
  readonly term?: number | undefined
}

/** One scroll over one shard; narrowed to a range of `_uid` (before 6.0) or to a slice, so that little is read again when it is lost. */
export interface ScrollPartition {
  readonly kind: 'scroll'
  readonly id: string
  readonly index: string
  /** Undefined where the cluster does not take `preference=_shards`. */
  readonly shard?: number
  /** Ranges of `_uid`: above `uidAfter`, up to and with `uidUpTo`. Undefined is open. */
  readonly uidAfter?: string
  readonly uidUpTo?: string
  /** Slice `id` of `max` of the shard (of the index where there is no shard). */
  readonly slice?: ShardSlice
  /** Only documents with this sequence number or a later one. */
  readonly sequenceFrom?: number
}

export interface ShardSlice {
  readonly id: number
  readonly max: number
  /** Set where the cluster deals slices out over all these shards of the index, though only one is searched (ES 5.0 to 6.3). */
  readonly shards?: number
  /** The field by whose values is divided; by id or by place where none is named. */
  readonly field?: string
}

/** One point in time, read by `search_after`: over one shard, or over the whole index or a slice of it. */
export interface PointInTimePartition {
  readonly kind: 'pointInTime'
  readonly id: string
  readonly index: string
  /** Undefined where the cluster does not take `preference=_shards`. */
  readonly shard?: number
  readonly slice?: { readonly id: number; readonly max: number }
  /** Where the shard's sequence numbers are known: whatever was written after the listing has this number or a higher one. */
  readonly writtenLaterFrom?: number
}

/** A file of documents; the position is a line number. */
export interface FilePartition {
  readonly kind: 'file'
  readonly id: string
  readonly index: string
}

export type Partition = SequencePartition | ScrollPartition | PointInTimePartition | FilePartition

/**
 * Sequence partitions: the next sequence number to read. Files: documents read. Scrolls and points in time: documents
 * delivered in this run, which is no place to go on from; such a partition is read again from its start, which is harmless.
 */
export type Position = number
