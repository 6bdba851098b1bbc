// How an index without sequence numbers is divided: by shard, and each shard by ranges of `_uid` or by slices.
import { indexPath } from '../cluster/paths.ts'
import type { JsonObject } from '../model/json.ts'
import type { ScrollPartition } from '../model/partition.ts'
import { countSelected, type SearchSelection, searchParameters, shardPreference } from './selection.ts'
import { readShardStatistics, type ShardStatistics } from './shard-statistics.ts'

/** Ranges cost next to nothing each; a slice looks at every document of the shard, so there are few of them. */
const rangesMax = 1_000
const slicesMax = 8
/** The servers' default for `index.max_slices_per_scroll`. */
const serverSlicesMax = 1_024

/** Uids drawn at random for each range: enough for ranges of about the same size. */
const samplesPerRange = 8
const samplesMax = 10_000

const documentBytesGuess = 1_024

export async function listScrollPartitions(
  selection: SearchSelection,
  partDocuments: number,
): Promise<{ partitions: ScrollPartition[]; documentBytes: number }> {
  const { capabilities } = selection.cluster
  if (!capabilities.clusterCalls) return divideWithoutShards(selection, partDocuments)
  const shards = await readShardStatistics(selection.cluster, selection.index)
  const { slicedScroll, slicesOver } = capabilities
  const sliceShards = slicedScroll && slicesOver === 'index' ? shards.length : undefined
  const partitions: ScrollPartition[] = []
  for (const { shard, documents } of shards) {
    const parts = Math.ceil(documents / partDocuments)
    const unsliced: ScrollPartition = {
      kind: 'scroll',
      id: `${selection.index}/${shard}`,
      index: selection.index,
      shard,
    }
    const whole = sliceShards === undefined ? unsliced : { ...unsliced, slice: { id: 0, max: 1, shards: sliceShards } }
    if (parts <= 1) partitions.push(whole)
    else if (capabilities.uidRanges)
      partitions.push(...(await divideByUid(selection, whole, Math.min(parts, rangesMax))))
    else if (capabilities.slicedScroll) partitions.push(...divideBySlice(whole, parts, sliceShards))
    else partitions.push(whole)
  }
  return { partitions, documentBytes: meanDocumentBytes(shards) }
}

function meanDocumentBytes(shards: readonly ShardStatistics[]): number {
  const documents = shards.reduce((sum, shard) => sum + shard.documents, 0)
  const bytes = shards.reduce((sum, shard) => sum + shard.bytes, 0)
  return documents > 0 ? bytes / documents : documentBytesGuess
}

function divideBySlice(whole: ScrollPartition, parts: number, shards: number | undefined): ScrollPartition[] {
  const max = Math.min(parts, slicesMax, Math.floor(serverSlicesMax / (shards ?? 1)))
  if (max < 2) return [whole]
  return Array.from({ length: max }, (_, id) => ({
    ...whole,
    id: `${whole.id}/${id}of${max}`,
    slice: { id, max, ...(shards === undefined ? {} : { shards }) },
  }))
}

/** Slice i of n holds the documents whose hash is i modulo n, which are slices i and i+n of 2n. */
export function halveSlice(part: ScrollPartition): ScrollPartition[] {
  const { id, max, ...rest } = part.slice ?? { id: 0, max: 1 }
  if (max * 2 * (part.slice?.shards ?? 1) > serverSlicesMax) return [part]
  return [id, id + max].map((half) => ({ ...part, slice: { ...rest, id: half, max: max * 2 } }))
}

/** Where no shard can be named, slices are of the whole index: which shard has which is the server's own affair. */
async function divideWithoutShards(
  selection: SearchSelection,
  partDocuments: number,
): Promise<{ partitions: ScrollPartition[]; documentBytes: number }> {
  const { index, cluster } = selection
  const whole: ScrollPartition = { kind: 'scroll', id: index, index }
  const parts = Math.ceil((await countSelected(selection)) / partDocuments)
  const partitions = cluster.capabilities.slicedScroll ? divideBySlice(whole, parts, undefined) : [whole]
  return { partitions, documentBytes: documentBytesGuess }
}

/** Bounds are drawn from a random sample of the shard's own uids; open at both ends, so that no document lies outside. */
async function divideByUid(
  selection: SearchSelection,
  whole: ScrollPartition,
  parts: number,
): Promise<ScrollPartition[]> {
  const uids = await sampleUids(selection, whole.shard!, Math.min(samplesMax, parts * samplesPerRange))
  const bounds = new Set<string>()
  for (let part = 1; part < parts; part++) bounds.add(uids[Math.floor((part * uids.length) / parts)] ?? '')
  bounds.delete('')
  const partitions: ScrollPartition[] = []
  let uidAfter: string | undefined
  for (const uidUpTo of [...bounds, undefined]) {
    partitions.push({
      ...whole,
      id: `${whole.id}/${partitions.length}`,
      ...(uidAfter === undefined ? {} : { uidAfter }),
      ...(uidUpTo === undefined ? {} : { uidUpTo }),
    })
    uidAfter = uidUpTo
  }
  return partitions
}

/** Sorted as the server sorts terms: by their bytes in UTF-8. */
async function sampleUids(selection: SearchSelection, shard: number, size: number): Promise<string[]> {
  const query: JsonObject = { function_score: { functions: [{ random_score: { seed: 20_261 } }] } }
  const { body } = await selection.cluster.json<{ hits: { hits: { _type: string; _id: string }[] } }>({
    method: 'POST',
    path: indexPath(selection.index, '_search'),
    query: { ...searchParameters(selection), preference: shardPreference(selection, shard) },
    body: { query, size, _source: false },
    retry: 'safe',
  })
  const uids = body.hits.hits.map((hit) => `${hit._type}#${hit._id}`)
  return uids.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}
