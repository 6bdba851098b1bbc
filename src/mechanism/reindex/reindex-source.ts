// How the documents of a `_reindex` call are read from its remote.
//
// Where the remote tells its shards and has sequence numbers, each index is read by ranges of them. A document that is written again
// while its range has not been read yet leaves it for a higher number; so each shard has a last partition, a scroll over all numbers behind
// those that were listed, which is read when the others are done. Whatever was there at the start is in one of them.
// Elsewhere scrolls are read, of shards or, where the remote lets us only search or an order is asked for, of the whole expression.
import type { Cluster } from '../../cluster/cluster.ts'
import { isErrorOf } from '../../foundation/errors.ts'
import type { DocumentBatch } from '../../model/document-batch.ts'
import type { JsonObject } from '../../model/json.ts'
import type { Partition, Position } from '../../model/partition.ts'
import type { ReindexRequest } from '../../model/reindex.ts'
import { openSearchSource } from '../../source/open-search-source.ts'
import { ScrollSource } from '../../source/scroll-source.ts'
import type { SearchSelection } from '../../source/selection.ts'
import type { DocumentSource, ReadOptions } from '../../source/source.ts'

/** The servers' own limit for a document in a request is 100 MB; here a document may be as large as a buffer can be. */
const documentBytesMax = 1024 * 1024 * 1024

/** Partitions that a call without slices reads at once. */
export const readersOfCall = 3

export interface ReadIndex {
  readonly name: string
  readonly filter?: JsonObject | undefined
}

export interface ReindexSourceOptions {
  readonly cluster: Cluster
  readonly request: ReindexRequest
  /** The indexes that the expression stood for at the start. */
  readonly indexes: readonly ReadIndex[]
  readonly onFault: () => void
}

export class ReindexSource {
  private readonly options: ReindexSourceOptions
  private readonly opened = new Map<string, Promise<DocumentSource>>()

  constructor(options: ReindexSourceOptions) {
    this.options = options
  }

  /** Only ranges of sequence numbers can be read on from a position; others are read again from their start. */
  isResumable(partition: Partition): boolean {
    return partition.kind === 'sequence'
  }

  async *readBatches(
    partition: Partition,
    after: Position | undefined,
    options: ReadOptions,
  ): AsyncGenerator<DocumentBatch> {
    const source = await this.sourceOf(partition)
    yield* source.readBatches(partition, after, options)
  }

  private sourceOf(partition: Partition): Promise<DocumentSource> {
    const isWhole = partition.kind === 'scroll' && partition.shard === undefined
    const key = `${isWhole ? 'whole' : partition.kind} ${partition.index}`
    let source = this.opened.get(key)
    if (!source) {
      source = this.open(isWhole ? 'whole' : partition.kind, partition.index)
      this.opened.set(key, source)
      // A failed attempt is not kept.
      source.catch(() => this.opened.delete(key))
    }
    return source
  }

  private async open(kind: Partition['kind'] | 'whole', index: string): Promise<DocumentSource> {
    const read = this.options.indexes.find((each) => each.name === index)
    if (kind === 'sequence' && read) return openSearchSource(selectionOf(this.options, read), kind)
    // What cannot be read on from a position is read again by who counts it, not by the source.
    const selection = selectionOf(this.options, read ?? { name: index }, { faultsMax: 0 })
    if (!read || kind === 'whole') return new ScrollSource(selection)
    return openSearchSource(selection, kind === 'pointInTime' ? kind : 'scroll')
  }
}

/** A search for what the call wants of one index, or of the whole expression. */
export function selectionOf(
  { cluster, request, onFault }: Pick<ReindexSourceOptions, 'cluster' | 'request' | 'onFault'>,
  { name, filter }: ReadIndex,
  rest: Partial<SearchSelection> = {},
): SearchSelection {
  const { query, fields, size, isSizeGiven, sort } = request.source
  const isFiltered = fields.includes.length > 0 || fields.excludes.length > 0
  return {
    cluster,
    index: name,
    query,
    aliasFilter: filter,
    sourceFilter: isFiltered ? fields : undefined,
    sort,
    keepAlive: request.scroll,
    pageMax: isSizeGiven ? size : undefined,
    wantsVersion: request.dest.versionType !== 'internal' || request.script !== undefined,
    documentBytesMax,
    readers: readersOfCall,
    onFault,
    ...rest,
  }
}

/** Rights to look at shards, statistics and settings are not needed to read: who lacks them reads by scroll. */
export async function unlessForbidden<Value>(attempt: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await attempt()
  } catch (error) {
    if (isErrorOf(error, 'PRIVILEGE_MISSING')) return undefined
    throw error
  }
}
