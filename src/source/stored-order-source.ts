// Reads an index in the order in which it is stored: for reading everything once, as a verification does.
//
// A server unpacks stored documents in blocks, and uses a block for more than one document only when the documents of a page lie
// side by side. Ranges of sequence numbers lie side by side only in an index that one client wrote; where several wrote at once, as a
// copy does, they cost the server four times as much (300,000 documents of 285 bytes: 3.7 s of CPU against 0.8 s). A point in time is
// read in stored order. It is a context that can be lost, and it keeps the server from deleting merged segments, so shards that take
// long are read by sequence numbers all the same, as is a query, whose documents lie side by side in neither order.
import { assert } from '../foundation/assert.ts'
import { isErrorOf } from '../foundation/errors.ts'
import type { DocumentBatch } from '../model/document-batch.ts'
import type { Partition, PointInTimePartition, Position, SequencePartition } from '../model/partition.ts'
import { readIndexSettings } from './index-settings.ts'
import { chooseWay, ofShownCopies, openSearchSource, pageLimit, type WayToRead } from './open-search-source.ts'
import { PointInTimeSource } from './point-in-time-source.ts'
import { type SearchSelection, selectionFilters } from './selection.ts'
import { SequenceSource } from './sequence-source.ts'
import { readShardCheckpoints } from './shard-checkpoints.ts'
import { showWritten } from './shown-copies.ts'
import type { DocumentSource, ReadOptions } from './source.ts'

/** A shard of this size is read within minutes. A larger one must be resumable, and must not keep old segments for hours. */
const shardBytesMax = 16 * 1024 ** 3

/** Opens the source that reads a whole index at the least cost; the `wanted` way, or one by search, where stored order does not serve. */
export async function openWholeIndexSource(selection: SearchSelection, wanted?: WayToRead): Promise<DocumentSource> {
  const { cluster, index } = selection
  const isPlain = wanted === undefined && cluster.capabilities.pointInTime !== 'none'
  if (!isPlain || selectionFilters(selection).length > 0) return openSearchSource(selection, wanted)
  const settings = await readIndexSettings(cluster, index)
  const chosen = chooseWay(cluster.capabilities, settings)
  if (typeof chosen === 'string' || chosen.way !== 'sequence') return openSearchSource(selection)
  const shards = await readShardCheckpoints(cluster, index)
  if (shards.some(({ bytes }) => bytes > shardBytesMax)) return openSearchSource(selection)
  return new StoredOrderSource(ofShownCopies(selection, settings), pageLimit(settings))
}

class StoredOrderSource implements DocumentSource {
  readonly kind = 'pointInTime'
  readonly isResumable = false
  private readonly selection: SearchSelection
  private readonly stored: PointInTimeSource
  private readonly sequence: SequenceSource

  constructor(selection: SearchSelection, windowMax: number) {
    this.selection = selection
    this.stored = new PointInTimeSource(selection, windowMax)
    this.sequence = new SequenceSource(selection, windowMax)
  }

  async listPartitions(): Promise<readonly PointInTimePartition[]> {
    const { cluster, index } = this.selection
    // In this order: the points in time, which are opened after the refresh, hold everything up to the checkpoints.
    const checkpoints = await readShardCheckpoints(cluster, index)
    await showWritten(this.selection)
    return checkpoints.map(({ shard, globalCheckpoint }) => ({
      kind: 'pointInTime',
      id: `${index}/${shard}`,
      index,
      shard,
      writtenLaterFrom: globalCheckpoint + 1,
    }))
  }

  listLaterPartitions(earlier: readonly Partition[]): Promise<readonly Partition[]> {
    return this.sequence.listLaterPartitions(earlier)
  }

  async *readBatches(
    partition: Partition,
    after: Position | undefined,
    options: ReadOptions,
  ): AsyncGenerator<DocumentBatch> {
    if (partition.kind !== 'pointInTime') return yield* this.sequence.readBatches(partition, after, options)
    try {
      yield* this.stored.readBatches(partition, after, options)
    } catch (error) {
      // Who may search may not always open points in time; it is refused before anything was read.
      if (!isErrorOf(error, 'PRIVILEGE_MISSING')) throw error
      yield* this.sequence.readBatches(sameDocuments(partition), undefined, options)
    }
  }

  countDocuments(): Promise<number> {
    return this.stored.countDocuments()
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

function sameDocuments({ id, index, shard, writtenLaterFrom }: PointInTimePartition): SequencePartition {
  assert(shard !== undefined && writtenLaterFrom !== undefined, 'the partition is one of this source')
  return { kind: 'sequence', id, index, shard, from: 0, to: writtenLaterFrom }
}
