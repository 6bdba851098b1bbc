// Reads documents by the numbers that sweeps gave them: the notes say which documents those are, and a search by ids brings them.
//
// What is read is the document as it is now, which may be later than what the sweep saw. So its version and a digest of it are noted before it is
// handed on: the next sweep compares with what was carried. A number never stands for two contents, or the target, which knows the number
// already, would pass over the second: a document that is read once more, after a crash, and is another by then gets a new number. One that is
// not found, because it was deleted or because another copy of the shard answered that does not show it yet, is noted as not read, and is a change
// again when a sweep sees it.
import { indexPath } from '../cluster/paths.ts'
import { assert } from '../foundation/assert.ts'
import type { DocumentBatch } from '../model/document-batch.ts'
import type { JsonObject } from '../model/json.ts'
import type { Partition, Position, SequencePartition } from '../model/partition.ts'
import { selectRows } from '../model/select-rows.ts'
import { digestOf, idOfKey, keyOf, versionOf } from './document-key.ts'
import { PageSize } from './page-size.ts'
import { isTooLarge, PassingFaults } from './passing-faults.ts'
import { readSearchAnswer } from './search-answer.ts'
import {
  countSelected,
  doubtAndExplain,
  filteredQuery,
  hitContents,
  type SearchSelection,
  searchParameters,
  selectionFilters,
} from './selection.ts'
import type { DocumentSource, ReadOptions } from './source.ts'
import type { NumberedKey, ReadDocument, SweepNotes, SweptDocument, SweptVersion } from './sweep-notes.ts'

/** Ids in one search. */
const idsMax = 2_000
/** A range of numbers for one reader. */
const partitionNumbers = 50_000

export interface SweepDocumentsOptions {
  readonly selection: SearchSelection
  readonly windowMax: number
  readonly notes: SweepNotes
  /** Resolves when all that is in the index now has a number. */
  readonly untilSwept: () => Promise<void>
}

/** Another copy of the shard may have answered, or the document was deleted meanwhile; the next sweep tells. */
const isStale = (seen: SweptVersion | undefined, read: SweptVersion | undefined): boolean => {
  if (seen === undefined || seen === read) return false
  return typeof seen !== 'number' || typeof read !== 'number' || read < seen
}

export class SweepDocuments implements DocumentSource {
  readonly kind = 'sequence'
  readonly isResumable = true
  /** `SweepFigures.staleReads`. */
  staleReads = 0
  private readonly options: SweepDocumentsOptions
  private readonly selection: SearchSelection

  constructor(options: SweepDocumentsOptions) {
    this.options = options
    this.selection = { ...options.selection, wantsVersion: true }
  }

  async listPartitions(): Promise<readonly SequencePartition[]> {
    await this.options.untilSwept()
    const { index } = this.selection
    const end = this.options.notes.next()
    const partitions: SequencePartition[] = []
    for (let from = 0; from < end; from += partitionNumbers) {
      const to = Math.min(end, from + partitionNumbers)
      partitions.push({ kind: 'sequence', id: `${index}/0/${from}-${to}`, index, shard: 0, from, to })
    }
    return partitions
  }

  /** What changes later is for following. */
  listLaterPartitions(): Promise<readonly Partition[]> {
    return Promise.resolve([])
  }

  async *readBatches(
    partition: Partition,
    after: Position | undefined,
    options: ReadOptions,
  ): AsyncGenerator<DocumentBatch> {
    assert(partition.kind === 'sequence', 'swept documents are read by numbers')
    const size = new PageSize(options.batchBytes(), 512, Math.min(idsMax, Math.max(1, this.options.windowMax >> 1)))
    const faults = new PassingFaults(options.signal, this.selection.faultsMax, this.selection.onFault)
    for (let next = after ?? partition.from; next < partition.to; ) {
      const wanted = this.options.notes.listNumbers(next, partition.to, size.units)
      const last = wanted.at(-1)
      if (!last) return
      let bytes = 0
      try {
        const page = await this.readPage(wanted, options)
        for (const batch of page) bytes += batch.sourceBytes()
        faults.forget()
        for (const [at, batch] of page.entries()) {
          batch.position = at === page.length - 1 ? last.number + 1 : next
          yield batch
        }
        next = last.number + 1
        size.learn(wanted.length, bytes, options.batchBytes())
      } catch (error) {
        options.signal.throwIfAborted()
        if (isTooLarge(error) && size.shrink()) continue
        await faults.pause(doubtAndExplain(error, this.selection))
      }
    }
  }

  /** Documents that are there, in batches; their versions are noted when it resolves. */
  private async readPage(wanted: readonly NumberedKey[], options: ReadOptions): Promise<DocumentBatch[]> {
    const { notes } = this.options
    const numbered = new Map(wanted.map((each) => [each.key, each]))
    const read = new Map<string, ReadDocument>()
    const changed: SweptDocument[] = []
    const batches: DocumentBatch[] = []
    for await (const batch of this.readIds([...new Set(wanted.map(({ key }) => idOfKey(key)))], options)) {
      const rows: number[] = []
      for (let row = 0; row < batch.count; row++) {
        const key = keyOf(batch, row)
        const known = numbered.get(key)
        if (!known || read.has(key)) continue
        const now = { key, number: known.number, version: versionOf(batch, row), digest: digestOf(batch, row) }
        read.set(key, now)
        batch.sequenceNumber[row] = known.number
        if (known.digest === undefined || known.digest === now.digest) rows.push(row)
        else changed.push(now)
      }
      if (rows.length > 0) batches.push(rows.length === batch.count ? batch : selectRows(batch, rows))
    }
    for (const { key, version } of wanted) if (isStale(version, read.get(key)?.version)) this.staleReads++
    notes.see(changed)
    // Those that have a new number now are not touched by it.
    notes.noteRead(wanted.map((each) => read.get(each.key) ?? { ...each, version: undefined }))
    return batches
  }

  /** One id may be that of several documents: of several types, or routed to several places. All of them must find room in one answer. */
  async *readIds(ids: readonly string[], options: ReadOptions): AsyncGenerator<DocumentBatch> {
    const { cluster, index, documentBytesMax } = this.selection
    const size = Math.min(this.options.windowMax, 2 * ids.length + 100)
    await this.selection.copies?.ready(options.signal)
    const byId: JsonObject = { ids: { values: [...ids] } }
    const { body, bytesExpected } = await cluster.stream({
      method: 'POST',
      path: indexPath(index, '_search'),
      query: {
        ...searchParameters(this.selection),
        preference: cluster.capabilities.primaryPreference ? '_primary' : undefined,
      },
      body: {
        ...hitContents(this.selection),
        size,
        query: filteredQuery([byId, ...selectionFilters(this.selection)], cluster.capabilities.boolFilter),
      },
      retry: 'safe',
      signal: options.signal,
    })
    const answer = readSearchAnswer(body, {
      side: cluster.side,
      batchBytes: 2 * options.batchBytes(),
      hitBytesMax: documentBytesMax,
      bytesExpected,
    })
    let hits = 0
    for await (const batch of answer) {
      hits += batch.count
      yield batch
    }
    if (hits < size || ids.length === 1) return
    // A full page may lack some; what came twice is passed over.
    const middle = ids.length >> 1
    yield* this.readIds(ids.slice(0, middle), options)
    yield* this.readIds(ids.slice(middle), options)
  }

  countDocuments(): Promise<number> {
    return countSelected(this.selection)
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
