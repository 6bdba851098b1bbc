// The settings of an index that decide how it can be read.
import type { Cluster } from '../cluster/cluster.ts'
import { gatheredCalls } from '../cluster/gathered-calls.ts'
import { indexPath } from '../cluster/paths.ts'
import { IndexferryError } from '../foundation/errors.ts'
import { resultWindowDefault } from './selection.ts'

export interface IndexSettings {
  readonly shards: number
  /** Over how many shards the documents of one routing lie (`index.routing_partition_size`). */
  readonly routingPartition: number
  /**
   * Among how many slots ids are divided, which then are dealt out to the shards (`index.number_of_routing_shards`); undefined where that cannot be
   * told, because the index was made by shrinking or splitting another.
   */
  readonly routingShards: number | undefined
  /** No page may hold more hits (`index.max_result_window`). */
  readonly resultWindow: number
  /** Whether documents carry `_seq_no`: since 6.0, unless `index.disable_sequence_numbers` is set. */
  readonly sequenceNumbers: 'kept' | 'disabled' | 'older'
  /** Whether an operation is acknowledged before it is on the disk (`index.translog.durability: async`). */
  readonly isTranslogAsync: boolean
  /** Whether replicas lag behind their primary, refreshed or not (`index.replication.type: SEGMENT` of OpenSearch). */
  readonly replicasLag: boolean
}

interface RawSettings {
  readonly number_of_shards?: string
  readonly routing_partition_size?: string
  readonly number_of_routing_shards?: string
  readonly resize?: unknown
  readonly shrink?: unknown
  readonly max_result_window?: string
  readonly disable_sequence_numbers?: string
  readonly version?: { readonly created?: string }
  readonly replication?: { readonly type?: string }
  readonly translog?: { readonly durability?: string }
}

const settingsOf = gatheredCalls<RawSettings>({
  manyMax: 64,
  askMany: (cluster, indexes) => askForSettings(cluster, indexes.join(','), true),
  askOne: async (cluster, index) =>
    (await askForSettings(cluster, index, undefined)).get(index) ?? missing(cluster, index),
})

async function askForSettings(
  cluster: Cluster,
  indexes: string,
  ignoreUnavailable: true | undefined,
): Promise<Map<string, RawSettings>> {
  const { body } = await cluster.json<Record<string, { readonly settings?: { readonly index?: RawSettings } }>>({
    method: 'GET',
    path: indexPath(indexes, '_settings'),
    query: { ignore_unavailable: ignoreUnavailable },
  })
  return new Map(
    Object.entries(body ?? {}).flatMap(([name, { settings }]) => (settings?.index ? [[name, settings.index]] : [])),
  )
}

/** Throws INDEX_MISSING. */
export async function readIndexSettings(cluster: Cluster, index: string): Promise<IndexSettings> {
  return decodeIndexSettings(await settingsOf(cluster).get(index, new AbortController().signal))
}

export function decodeIndexSettings(raw: RawSettings): IndexSettings {
  // 6.0.0 is 6000099. OpenSearch and later versions of Elasticsearch count higher.
  const created = Number(raw.version?.created ?? Number.POSITIVE_INFINITY)
  const isDisabled = String(raw.disable_sequence_numbers) === 'true'
  return {
    shards: Number(raw.number_of_shards ?? 1),
    routingPartition: Number(raw.routing_partition_size ?? 1),
    routingShards: routingShardsOf(raw, created),
    resultWindow: Number(raw.max_result_window ?? resultWindowDefault),
    sequenceNumbers: created < 6_000_000 ? 'older' : isDisabled ? 'disabled' : 'kept',
    isTranslogAsync: raw.translog?.durability?.toLowerCase() === 'async',
    replicasLag: raw.replication?.type?.toUpperCase() === 'SEGMENT',
  }
}

/** Since 7.0 by default as often twice the shards as stays within 1024, and twice at least. */
function routingShardsOf(raw: RawSettings, created: number): number | undefined {
  if (raw.resize !== undefined || raw.shrink !== undefined) return undefined
  if (raw.number_of_routing_shards !== undefined) return Number(raw.number_of_routing_shards)
  const shards = Number(raw.number_of_shards ?? 1)
  return created < 7_000_000 ? shards : shards * 2 ** Math.max(1, 10 - Math.ceil(Math.log2(shards)))
}

export const readShardCount = async (cluster: Cluster, index: string): Promise<number> =>
  (await readIndexSettings(cluster, index)).shards

function missing(cluster: Cluster, index: string): never {
  throw new IndexferryError('INDEX_MISSING', `${cluster.name}: there is no index ${index}`, {
    side: cluster.side,
    fields: { index },
  })
}
