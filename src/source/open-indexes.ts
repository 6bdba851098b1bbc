import type { Cluster } from '../cluster/cluster.ts'
import { nameBatches } from '../cluster/name-batches.ts'
import { indexPath } from '../cluster/paths.ts'
import { isJsonObject, type JsonObject } from '../model/json.ts'

/**
 * Which of these indexes are open. No API says so in all versions without the privilege to monitor the cluster, but all expand
 * patterns to open indexes only: so each name is asked for as the pattern `NAME*`.
 */
export async function listOpen(
  cluster: Cluster,
  names: readonly string[],
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<string>> {
  const open = new Set<string>()
  for (const batch of nameBatches(names)) {
    const { body } = await cluster.json<JsonObject>({
      method: 'GET',
      path: indexPath(batch.map((name) => `${name}*`).join(','), '_settings'),
      query: {
        expand_wildcards: cluster.capabilities.hiddenIndexes ? 'open,hidden' : 'open',
        allow_no_indices: true,
        ignore_unavailable: true,
        filter_path: '*.settings.index.uuid',
      },
      accept: [404],
      ...(signal ? { signal } : {}),
    })
    const found = isJsonObject(body) ? body : {}
    for (const name of batch) if (name in found) open.add(name)
  }
  return open
}
