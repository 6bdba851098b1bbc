// Finds documents by id in an index of a cluster, by searches for `_id`.
//
// Not by `_mget`: that asks only the shard to which id and routing lead, and would neither see a document that was written with another
// routing nor one that is there twice. A search asks all shards, and takes the same query and filters as the reading did.
import { indexPath } from '../cluster/paths.ts'
import { IndexferryError } from '../foundation/errors.ts'
import type { DocumentBatch } from '../model/document-batch.ts'
import type { JsonObject } from '../model/json.ts'
import { PassingFaults } from '../source/passing-faults.ts'
import { readSearchAnswer } from '../source/search-answer.ts'
import {
  filteredQuery,
  hitContents,
  type SearchSelection,
  searchParameters,
  selectionFilters,
  shardPreference,
} from '../source/selection.ts'
import { showWritten } from '../source/shown-copies.ts'
import type { DocumentLookup } from './document-lookup.ts'

/** Below the 1024 clauses that old versions allow in a query, though `ids` is one clause on all of them. */
const idsPerSearch = 500

const batchBytes = 4 * 1024 * 1024

/** An id can be there several times: with several routings, or of several types. */
const hitsPerIdMax = 20

export class ClusterLookup implements DocumentLookup {
  readonly idsMax = idsPerSearch
  private readonly selection: SearchSelection

  constructor(selection: SearchSelection) {
    this.selection = selection
  }

  async refresh(signal: AbortSignal): Promise<void> {
    await showWritten(this.selection, signal)
  }

  async *fetch(ids: readonly string[], signal: AbortSignal): AsyncGenerator<DocumentBatch> {
    const faults = new PassingFaults(signal)
    while (true) {
      // Collected first, because a search that breaks in the middle is repeated as a whole; the caller bounds ids by their documents' bytes.
      const batches: DocumentBatch[] = []
      try {
        for await (const batch of this.search(ids, signal)) batches.push(batch)
      } catch (error) {
        signal.throwIfAborted()
        await faults.pause(error)
        continue
      }
      yield* batches
      return
    }
  }

  private async *search(ids: readonly string[], signal: AbortSignal): AsyncGenerator<DocumentBatch> {
    const { cluster, index, documentBytesMax } = this.selection
    const size = Math.min(10_000, ids.length * hitsPerIdMax)
    const body: JsonObject = {
      ...hitContents(this.selection),
      size,
      query: filteredQuery(
        [{ ids: { values: [...ids] } }, ...selectionFilters(this.selection)],
        cluster.capabilities.boolFilter,
      ),
    }
    const answer = await cluster.stream({
      method: 'POST',
      path: indexPath(index, '_search'),
      query: { ...searchParameters(this.selection), preference: shardPreference(this.selection, undefined) },
      body,
      retry: 'safe',
      signal,
    })
    const options = {
      side: cluster.side,
      batchBytes,
      hitBytesMax: documentBytesMax,
      bytesExpected: answer.bytesExpected,
    }
    let hits = 0
    for await (const batch of readSearchAnswer(answer.body, options)) {
      hits += batch.count
      yield batch
    }
    if (hits >= size) {
      const sentence = `${cluster.name}: index ${index} holds more than ${hits} documents for ${ids.length} ids`
      throw new IndexferryError('ANSWER_INVALID', sentence, {
        side: cluster.side,
        remedy: 'Verify the indexes behind the name one by one.',
      })
    }
  }
}
