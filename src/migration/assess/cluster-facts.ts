// What a cluster says about itself as a whole: disks, settings, health, time. Each may be hidden from the user.
import type { Cluster } from '../../cluster/cluster.ts'
import { type ClusterSettings, decodeClusterSettings, type NodeDisk } from '../../cluster/cluster-settings.ts'
import { now } from '../../foundation/clock.ts'
import { isJsonObject, type JsonObject } from '../../model/json.ts'
import { lookAt, type Seen } from './attempt-call.ts'

export interface ClusterHealth {
  readonly status: string
  readonly dataNodes: number
  /** Shards that count against `cluster.max_shards_per_node`. */
  readonly shards: number
  readonly indexes: ReadonlyMap<string, string>
}

export interface ClusterFacts {
  readonly disks: Seen<readonly NodeDisk[]>
  readonly settings: Seen<ClusterSettings>
  readonly health: Seen<ClusterHealth>
  /** The time of the cluster and ours when it was read. */
  readonly clock: { readonly clusterMs: number | undefined; readonly ourMs: number }
}

const notThere = { hidden: 'this edition has no such call' } as const

export async function readClusterFacts(cluster: Cluster): Promise<ClusterFacts> {
  const { headers } = await cluster.bytes({ method: 'GET', path: '/', accept: [403, 404, 405] })
  const date = typeof headers.date === 'string' ? Date.parse(headers.date) : undefined
  const ourMs = now()
  if (!cluster.capabilities.clusterCalls) {
    return { disks: notThere, settings: notThere, health: notThere, clock: { clusterMs: date, ourMs } }
  }
  const [stats, settings, health] = await Promise.all([
    lookAt(async () => ({ ...decodeNodeStats(await get(cluster, '/_nodes/stats/fs')), ourMs: now() })),
    lookAt(async () =>
      decodeClusterSettings(await get(cluster, '/_cluster/settings', { include_defaults: true, flat_settings: true })),
    ),
    lookAt(async () => decodeHealth(await get(cluster, '/_cluster/health', healthQuery))),
  ])
  const disks = 'value' in stats ? { value: stats.value.disks } : stats
  // Servers send no Date header, the front ends of services do. Statistics carry the time of the node.
  const byStats = date === undefined && 'value' in stats
  const clock = byStats ? { clusterMs: stats.value.timestamp, ourMs: stats.value.ourMs } : { clusterMs: date, ourMs }
  return { disks, settings, health, clock }
}

const healthQuery = {
  level: 'indices',
  filter_path: 'status,number_of_data_nodes,active_shards,initializing_shards,unassigned_shards,indices.*.status',
}

async function get(cluster: Cluster, path: string, query: Record<string, string | boolean> = {}): Promise<JsonObject> {
  const { body } = await cluster.json<unknown>({ method: 'GET', path, query })
  return isJsonObject(body) ? body : {}
}

const object = (value: unknown): JsonObject => (isJsonObject(value) ? value : {})

export function decodeNodeStats(body: JsonObject): { disks: NodeDisk[]; timestamp: number | undefined } {
  const nodes = Object.values(object(body.nodes)).map(object)
  const disks = nodes.filter(holdsData).map((node): NodeDisk => {
    const total = object(object(node.fs).total)
    return {
      node: String(node.name ?? 'a node'),
      totalBytes: Number(total.total_in_bytes ?? 0),
      availableBytes: Number(total.available_in_bytes ?? total.free_in_bytes ?? 0),
    }
  })
  const timestamp = nodes.map((node) => Number(node.timestamp)).find((time) => time > 0)
  return { disks, timestamp }
}

/** `roles` since 5.0 (`data`, `data_hot`, …); before that the attribute `data: "false"` on nodes that hold none. */
function holdsData(node: JsonObject): boolean {
  if (Array.isArray(node.roles))
    return node.roles.some((role) => role === 'data' || /^data_(?!frozen)/.test(String(role)))
  const attributes = object(node.attributes)
  return String(attributes.data ?? 'true') !== 'false' && String(attributes.client ?? 'false') !== 'true'
}

export function decodeHealth(body: JsonObject): ClusterHealth {
  const count = (name: string): number => Number(body[name] ?? 0)
  const indexes = Object.entries(object(body.indices)).map(
    ([name, entry]) => [name, String(object(entry).status)] as const,
  )
  return {
    status: String(body.status),
    dataNodes: count('number_of_data_nodes'),
    shards: count('active_shards') + count('initializing_shards') + count('unassigned_shards'),
    indexes: new Map(indexes),
  }
}
