// Sees changes by sequence numbers.
//
// Every operation of a shard takes the next number. A live document is found under the number of its last write; a delete, and a write
// that was overtaken by a later one of the same document, leave a number under which nothing is found. So what is new is found by
// reading the numbers that were not read yet, and what was deleted by looking which numbers have lost their document.
import type { Cluster } from '../cluster/cluster.ts'
import { gatheredCalls } from '../cluster/gathered-calls.ts'
import { indexPath } from '../cluster/paths.ts'
import { IndexferryError } from '../foundation/errors.ts'
import type { JsonObject } from '../model/json.ts'
import type { ChangeSource, IndexMark, LiveNumbers, NumberRange, ShardMark } from './change-source.ts'
import { readIndexSettings } from './index-settings.ts'
import { openSearchSource, pageLimit } from './open-search-source.ts'
import type { ShardsOfAnswer } from './search-answer.ts'
import {
  doubtAndExplain,
  filteredQuery,
  type SearchSelection,
  searchParameters,
  selectionFilters,
  shardPreference,
} from './selection.ts'
import { isKnownPrimary, primariesMissing, type RoutedCopy } from './shard-statistics.ts'
import { type Holders, ShownCopies } from './shown-copies.ts'
import type { DocumentSource } from './source.ts'

/** Well below `indices.query.bool.max_clause_count` (1024). */
const rangesMax = 256

interface ShownSelection extends SearchSelection {
  readonly copies: ShownCopies
}

/** Throws USAGE when the index cannot be read by sequence numbers. */
export async function openSequenceChanges(selection: SearchSelection): Promise<SequenceChanges> {
  const { cluster, index } = selection
  const settings = await readIndexSettings(cluster, index)
  const { shards, replicasLag } = settings
  const readHolders = async (signal = new AbortController().signal) => {
    const mark = await readIndexMark(cluster, index, shards, signal)
    return holdersOf(mark)
  }
  const copies = new ShownCopies({ cluster, index, replicasLag, primariesOnly: true, readHolders })
  const shown = { ...selection, copies }
  const documents = await openSearchSource(shown, 'sequence')
  return new SequenceChanges(shown, documents, shards, Math.min(8192, pageLimit(settings)))
}

export class SequenceChanges implements ChangeSource {
  readonly kind = 'sequence'
  readonly documents: DocumentSource
  readonly listMax: number
  private readonly selection: ShownSelection
  private readonly shards: number
  /** Of the last look. */
  private seen: Holders | undefined

  constructor(selection: ShownSelection, documents: DocumentSource, shards: number, listMax: number) {
    this.selection = selection
    this.documents = documents
    this.shards = shards
    this.listMax = listMax
  }

  async look(signal: AbortSignal): Promise<IndexMark> {
    const mark = await readIndexMark(this.selection.cluster, this.selection.index, this.shards, signal)
    this.seen = holdersOf(mark)
    return mark
  }

  async show(signal: AbortSignal): Promise<void> {
    await this.selection.copies.show(signal, this.seen)
  }

  async countLive(shard: number, ranges: readonly NumberRange[], width: number, signal: AbortSignal) {
    const found = await this.blocks(shard, ranges, width, {}, signal)
    return new Map([...found].map(([block, { count }]) => [block, count]))
  }

  /** Sums are exact: a few numbers below 2^48 add up to less than 2^53. */
  sumLive(shard: number, ranges: readonly NumberRange[], width: number, signal: AbortSignal) {
    return this.blocks(shard, ranges, width, { aggs: { numbers: { sum: { field: '_seq_no' } } } }, signal)
  }

  private async blocks(
    shard: number,
    ranges: readonly NumberRange[],
    width: number,
    inside: JsonObject,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<number, LiveNumbers>> {
    const found = new Map<number, LiveNumbers>()
    for (let at = 0; at < ranges.length; at += rangesMax) {
      const body = {
        size: 0,
        query: this.within(ranges.slice(at, at + rangesMax)),
        aggs: { blocks: { histogram: { field: '_seq_no', interval: width, min_doc_count: 1 }, ...inside } },
      }
      const answer = await this.search<CountAnswer>(shard, body, signal)
      for (const { key, doc_count, numbers } of answer.aggregations?.blocks.buckets ?? []) {
        const block = Math.round(key / width)
        const { count, sum } = found.get(block) ?? { count: 0, sum: 0 }
        found.set(block, { count: count + doc_count, sum: sum + (numbers?.value ?? 0) })
      }
    }
    return found
  }

  async listLive(shard: number, ranges: readonly NumberRange[], signal: AbortSignal): Promise<ReadonlySet<number>> {
    const live = new Set<number>()
    // Single numbers are one clause together.
    const [singles, wide] = [ranges.filter(isSingle), ranges.filter((range) => !isSingle(range))]
    for (let at = 0; at === 0 || at < wide.length; at += rangesMax) {
      const body = {
        size: this.listMax,
        query: this.within([...(at === 0 ? singles : []), ...wide.slice(at, at + rangesMax)]),
        // Numbers come from the sort values: neither ids nor sources are fetched.
        sort: [{ _seq_no: 'asc' }],
        _source: false,
        stored_fields: '_none_',
      }
      const answer = await this.search<ListAnswer>(shard, body, signal)
      for (const { sort } of answer.hits.hits) live.add(sort[0])
    }
    return live
  }

  private within(ranges: readonly NumberRange[]): JsonObject {
    const clauses: JsonObject[] = ranges
      .filter((range) => !isSingle(range))
      .map(({ from, to }) => ({ range: { _seq_no: { gte: from, lt: to } } }))
    const singles = ranges.filter(isSingle).map(({ from }) => from)
    if (singles.length > 0) clauses.push({ terms: { _seq_no: singles } })
    const [only] = clauses
    const numbers = clauses.length === 1 && only ? only : { bool: { should: clauses } }
    return filteredQuery([numbers, ...selectionFilters(this.selection)], true)
  }

  private async search<Answer>(shard: number, body: JsonObject, signal: AbortSignal): Promise<Answer> {
    const { cluster, index, copies } = this.selection
    await copies.ready(signal)
    const { body: answer } = await cluster
      .json<Answer & { timed_out: boolean; _shards: Pick<ShardsOfAnswer, 'total' | 'successful'> }>({
        method: 'POST',
        path: indexPath(index, '_search'),
        query: {
          ...searchParameters(this.selection),
          preference: shardPreference(this.selection, shard),
          // Numbers that are asked for once are not worth the place.
          request_cache: false,
          filter_path: 'timed_out,_shards.total,_shards.successful,aggregations,hits.hits.sort',
        },
        body: cluster.capabilities.trackTotalHits ? { ...body, track_total_hits: false } : body,
        retry: 'safe',
        signal,
      })
      .catch((error: unknown) => {
        throw doubtAndExplain(error, this.selection)
      })
    if (answer.timed_out || answer._shards.successful !== 1) {
      throw new IndexferryError('SHARD_FAILED', `${cluster.name}: shard ${shard} of index ${index} did not answer`, {
        side: cluster.side,
        fields: { index },
      })
    }
    return { ...answer, hits: (answer as { hits?: unknown }).hits ?? { hits: [] } }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.documents[Symbol.asyncDispose]()
  }
}

const holdersOf = ({ shards }: IndexMark): Holders => new Map(shards.map(({ shard, holder }) => [shard, holder]))

const isSingle = ({ from, to }: NumberRange): boolean => to - from === 1

interface CountAnswer {
  readonly aggregations?: { readonly blocks: { readonly buckets: readonly BlockAnswer[] } }
}

interface BlockAnswer {
  readonly key: number
  readonly doc_count: number
  readonly numbers?: { readonly value: number }
}

interface ListAnswer {
  readonly hits: { readonly hits: readonly { readonly sort: readonly [number] }[] }
}

interface ShardCopy extends RoutedCopy {
  readonly commit?: { readonly user_data?: { readonly history_uuid?: string; readonly local_checkpoint?: string } }
  readonly seq_no?: { readonly global_checkpoint: number; readonly max_seq_no: number }
}

interface ShardsOfIndex {
  readonly uuid: string
  readonly shards: Readonly<Record<string, readonly ShardCopy[]>>
}

const commitFields = ['history_uuid', 'local_checkpoint'].map((field) => `commit.user_data.${field}`)
const markFields = ['routing', 'seq_no', ...commitFields].map((field) => `indices.*.shards.*.${field}`)

/** One call that the server answers from memory, for all indexes of a cluster that are looked at in this moment. */
const looks = gatheredCalls<ShardsOfIndex>({
  askMany: (cluster, indexes) => askForShards(cluster, indexes.join(',')),
  askOne: async (cluster, index) => {
    const found = (await askForShards(cluster, index)).get(index)
    return found ?? { uuid: '', shards: {} }
  },
})

/** What is not there, or is closed, is left out of a list of several. */
async function askForShards(cluster: Cluster, indexes: string): Promise<Map<string, ShardsOfIndex>> {
  const { body } = await cluster.json<{ readonly indices?: Readonly<Record<string, ShardsOfIndex>> }>({
    method: 'GET',
    path: indexPath(indexes, '_stats/docs'),
    query: {
      level: 'shards',
      filter_path: ['indices.*.uuid', ...markFields].join(','),
      ignore_unavailable: indexes.includes(',') ? true : undefined,
    },
    retry: 'none',
  })
  return new Map(Object.entries(body?.indices ?? {}))
}

/** Throws SHARD_FAILED unless all of `shards` primary shards are there. */
async function readIndexMark(cluster: Cluster, index: string, shards: number, signal: AbortSignal): Promise<IndexMark> {
  const found = await looks(cluster).get(index, signal)
  const marks: ShardMark[] = []
  for (const [shard, copies] of Object.entries(found.shards ?? {})) {
    const primary = copies.find(isKnownPrimary)
    if (!primary?.seq_no) continue
    const { global_checkpoint: safe, max_seq_no: highest } = primary.seq_no
    // -2 is "not known yet", of a shard that is just being started.
    if (safe < -1) continue
    const { history_uuid: history, local_checkpoint: checkpoint } = primary.commit?.user_data ?? {}
    const committed = checkpoint === undefined ? undefined : Number(checkpoint)
    marks.push({ shard: Number(shard), history, holder: primary.routing.node, safe, committed, highest })
  }
  if (marks.length < shards) throw primariesMissing(cluster, index, { there: marks.length, expected: shards })
  return { uuid: found.uuid, shards: marks.sort((a, b) => a.shard - b.shard) }
}
