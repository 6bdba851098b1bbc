// Reads an index by points in time and `search_after`: for clusters that offer neither sequence numbers nor scrolls.
//
// A point in time is a context on the server that can be lost, and its order means nothing once it is: the partition is then read
// again from its start. Within it every page can be asked for again, so a broken connection costs one page.
import { assert } from '../foundation/assert.ts'
import { IndexferryError, isErrorOf } from '../foundation/errors.ts'
import type { DocumentBatch } from '../model/document-batch.ts'
import type { JsonObject, JsonValue } from '../model/json.ts'
import type { Partition, PointInTimePartition, Position } from '../model/partition.ts'
import { DeliveredIds } from './delivered-ids.ts'
import { readShardCount } from './index-settings.ts'
import { PageSize } from './page-size.ts'
import { isTooLarge, PassingFaults } from './passing-faults.ts'
import { closePointInTime, openPointInTime, renewed } from './point-in-time-context.ts'
import { readSearchAnswer } from './search-answer.ts'
import {
  countSelected,
  doubtAndExplain,
  filteredQuery,
  hitContents,
  resultWindowDefault,
  type SearchSelection,
  searchParameters,
  selectionFilters,
} from './selection.ts'
import { showWritten } from './shown-copies.ts'
import type { DocumentSource, ReadOptions } from './source.ts'

const documentBytesGuess = 1024

/** A partition whose point in time was lost this often without ever coming to its end is given up. */
const lossesMax = 20

/** How far the reading of one point in time has come. */
interface Reading {
  readonly partition: PointInTimePartition
  /** The newest id: a page may answer with another than it was asked with. */
  pitId: string
  searchAfter: JsonValue | undefined
}

/** What one call of readBatches carries from one point in time to the next. */
interface ReadProgress {
  delivered: number
  readonly ids: DeliveredIds | undefined
  readonly size: PageSize
  readonly faults: PassingFaults
  readonly options: ReadOptions
}

export class PointInTimeSource implements DocumentSource {
  readonly kind = 'pointInTime'
  readonly isResumable = false
  private readonly selection: SearchSelection
  private readonly windowMax: number

  constructor(selection: SearchSelection, windowMax = resultWindowDefault) {
    this.selection = selection
    this.windowMax = windowMax
  }

  async listPartitions(): Promise<readonly PointInTimePartition[]> {
    const { cluster, index, readers } = this.selection
    // A point in time shows what was searchable when it was opened.
    await showWritten(this.selection)
    const whole = { kind: 'pointInTime', id: index, index } as const
    if (cluster.capabilities.clusterCalls) {
      const shards = await readShardCount(cluster, index)
      return Array.from({ length: shards }, (_, shard) => ({ ...whole, id: `${index}/${shard}`, shard }))
    }
    // Each partition opens a point in time of its own. OpenSearch deals slices out by `_id`, which is the same in all of them;
    // Elasticsearch by Lucene's numbers (7.15), which are not, and refuses `_id`.
    if (cluster.capabilities.pointInTime === 'elasticsearch' || readers < 2) return [whole]
    return Array.from({ length: readers }, (_, id) => ({
      ...whole,
      id: `${index}/${id}of${readers}`,
      slice: { id, max: readers },
    }))
  }

  /** Without sequence numbers nothing tells what was written since. */
  listLaterPartitions(): Promise<readonly Partition[]> {
    return Promise.resolve([])
  }

  async *readBatches(
    partition: Partition,
    _after: Position | undefined,
    options: ReadOptions,
  ): AsyncGenerator<DocumentBatch> {
    assert(partition.kind === 'pointInTime', 'a point-in-time source reads point-in-time partitions')
    const faults = new PassingFaults(options.signal, this.selection.faultsMax, this.selection.onFault)
    const size = new PageSize(options.batchBytes(), documentBytesGuess, this.windowMax)
    const ids = options.once ? new DeliveredIds() : undefined
    const progress: ReadProgress = { delivered: 0, ids, size, faults, options }
    for (let losses = 0; ; ) {
      try {
        yield* this.readPartition(partition, progress)
        return
      } catch (error) {
        options.signal.throwIfAborted()
        if (isLost(error) && ++losses <= lossesMax) faults.forget()
        await faults.pause(doubtAndExplain(error, this.selection))
      }
    }
  }

  /** One point in time from start to end; it is closed on every way out. Throws when it is lost. */
  private async *readPartition(partition: PointInTimePartition, progress: ReadProgress): AsyncGenerator<DocumentBatch> {
    const { size, faults, options } = progress
    const { cluster } = this.selection
    await this.selection.copies?.ready(options.signal)
    const pitId = await openPointInTime(this.selection, partition, options.signal)
    const reading: Reading = { partition, pitId, searchAfter: undefined }
    try {
      for (let isAtEnd = false; !isAtEnd; ) {
        try {
          const { hits, bytes } = yield* this.readPage(reading, progress)
          isAtEnd = hits === 0
          if (!isAtEnd) size.learn(hits, bytes, options.batchBytes())
          faults.forget()
        } catch (error) {
          options.signal.throwIfAborted()
          if (isTooLarge(error) && size.shrink()) continue
          if (isLost(error)) throw error
          await faults.pause(doubtAndExplain(error, this.selection))
        }
      }
    } finally {
      await closePointInTime(cluster, reading.pitId)
    }
  }

  /** Moves `reading` on only when the whole answer has come; a page that broke off is asked for again. */
  private async *readPage(
    reading: Reading,
    progress: ReadProgress,
  ): AsyncGenerator<DocumentBatch, { hits: number; bytes: number }> {
    const { cluster, documentBytesMax } = this.selection
    const { options, size, ids } = progress
    const { body, bytesExpected } = await cluster.stream({
      method: 'POST',
      path: '/_search',
      query: searchParameters(this.selection),
      body: this.searchBody(reading, size.units),
      retry: 'safe',
      signal: options.signal,
    })
    const batches = readSearchAnswer(body, {
      side: cluster.side,
      batchBytes: 2 * options.batchBytes(),
      hitBytesMax: documentBytesMax,
      bytesExpected,
    })
    let searchAfter = reading.searchAfter
    let hits = 0
    let bytes = 0
    for (;;) {
      const step = await batches.next()
      if (step.done) {
        reading.pitId = step.value.pit_id ?? reading.pitId
        reading.searchAfter = searchAfter
        return { hits, bytes }
      }
      const batch = step.value
      searchAfter = sortOfLast(batch, cluster.name)
      hits += batch.count
      bytes += batch.sourceBytes()
      const fresh = ids ? ids.onlyNew(batch) : batch
      progress.delivered += fresh.count
      fresh.position = progress.delivered
      if (fresh.count > 0) yield fresh
    }
  }

  private searchBody({ partition, pitId, searchAfter }: Reading, units: number): JsonObject {
    const { cluster } = this.selection
    const { slice } = partition
    return {
      ...hitContents(this.selection),
      size: Math.min(units, this.windowMax),
      query: filteredQuery(selectionFilters(this.selection), cluster.capabilities.boolFilter),
      pit: renewed(pitId),
      sort: this.sort(partition),
      track_total_hits: false,
      ...(searchAfter === undefined ? {} : { search_after: searchAfter }),
      ...(slice && slice.max > 1 ? { slice: { ...slice } } : {}),
    }
  }

  /** A key that no two documents of the point in time share, or the next page would leave some out. */
  private sort({ shard }: PointInTimePartition): JsonValue[] {
    if (this.selection.cluster.capabilities.shardDocSort) return [{ _shard_doc: 'asc' }]
    // `_doc` is unique within a shard. Ids are not across shards when there is routing, so both are needed there.
    return shard === undefined ? [{ _id: 'asc' }, { _doc: 'asc' }] : [{ _doc: 'asc' }]
  }

  countDocuments(): Promise<number> {
    return countSelected(this.selection)
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

function sortOfLast({ bytes, sortStart, sortEnd }: DocumentBatch, name: string): JsonValue {
  if (sortStart < 0)
    throw new IndexferryError('ANSWER_INVALID', `${name}: a hit has no sort values`, { side: 'source' })
  return JSON.parse(bytes.toString('utf8', sortStart, sortEnd)) as JsonValue
}

/** A point in time over several shards may be lost on some of them only, which is a failed shard. */
const isLost = (error: unknown): boolean =>
  isErrorOf(error, 'CONTEXT_LOST') ||
  (isErrorOf(error, 'SHARD_FAILED') && /search_?context_?missing/i.test(error.message))
