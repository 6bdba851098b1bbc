// Which indexes are there, open or closed, and closing and opening them.
import type { Cluster } from '../../cluster/cluster.ts'
import { nameBatches } from '../../cluster/name-batches.ts'
import { indexPath } from '../../cluster/paths.ts'
import { isJsonObject, type JsonObject } from '../../model/json.ts'
import { explained } from './explain-refusal.ts'

export interface IndexState {
  readonly isOpen: boolean
  readonly aliases: readonly string[]
}

/** By name; where an alias has the name, the indexes behind it are answered. */
export async function readIndexStates(cluster: Cluster, names: readonly string[]): Promise<Map<string, IndexState>> {
  const states = new Map<string, IndexState>()
  for (const batch of nameBatches(names)) {
    const { status, body } = await cluster.json<JsonObject>({
      method: 'GET',
      path: `/_cluster/state/metadata${indexPath(batch.join(','))}`,
      query: { ignore_unavailable: true, filter_path: 'metadata.indices.*.state,metadata.indices.*.aliases' },
      accept: [404],
    })
    const metadata = status === 404 || !isJsonObject(body) ? {} : body.metadata
    const indices = isJsonObject(metadata) && isJsonObject(metadata.indices) ? metadata.indices : {}
    for (const [name, entry] of Object.entries(indices)) {
      const { state, aliases } = isJsonObject(entry) ? entry : {}
      states.set(name, { isOpen: state === 'open', aliases: Array.isArray(aliases) ? aliases.map(String) : [] })
    }
  }
  return states
}

/** Closing acknowledges shard by shard, which takes its time on large indexes. */
const closeTimeoutMs = 600_000

export async function closeIndexes(cluster: Cluster, repository: string, names: readonly string[]): Promise<void> {
  for (const batch of nameBatches(names)) {
    await explained(cluster, { repository }, () =>
      cluster.json({
        method: 'POST',
        path: indexPath(batch.join(','), '_close'),
        readTimeoutMs: closeTimeoutMs,
      }),
    )
  }
}

/** Those that are gone, or open already, are no matter. */
export async function openIndexes(cluster: Cluster, names: readonly string[]): Promise<void> {
  for (const batch of nameBatches(names)) {
    await cluster.json({
      method: 'POST',
      path: indexPath(batch.join(','), '_open'),
      query: { ignore_unavailable: true },
      retry: 'safe',
      accept: [404],
    })
  }
}
