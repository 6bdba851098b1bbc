// Whether the target takes that many more shards (`cluster.max_shards_per_node`, since 7.0).
import type { ClusterSettings } from '../../cluster/cluster-settings.ts'
import { type Finding, finding } from './assessment.ts'
import type { Seen } from './attempt-call.ts'
import type { ClusterHealth } from './cluster-facts.ts'

/** Most of the limit that may be used before it is worth a warning. */
const tightShare = 0.9

export function checkShardLimit(
  newShards: number,
  health: Seen<ClusterHealth>,
  settings: Seen<ClusterSettings>,
): Finding[] {
  if (newShards === 0) return []
  if ('hidden' in health || 'hidden' in settings) {
    const said = 'hidden' in health ? health.hidden : (settings as { hidden: string }).hidden
    return [finding('shards', 'note', `how many shards the target still takes is not visible to this user: ${said}`)]
  }
  const perNode = Number(settings.value.get('cluster.max_shards_per_node'))
  if (!(perNode > 0)) return []
  const limit = perNode * Math.max(1, health.value.dataNodes)
  const after = health.value.shards + newShards
  const text = `${newShards} shards come to the ${health.value.shards} of the target, which takes ${limit} (cluster.max_shards_per_node ${perNode})`
  const remedy =
    'Copy with fewer shards or replicas (--shards, --replicas), raise cluster.max_shards_per_node, or add nodes.'
  if (after > limit) return [finding('shards', 'error', `${text}: creating the indexes would fail`, remedy)]
  if (after > limit * tightShare) return [finding('shards', 'warning', `${text}: it is tight`, remedy)]
  return [finding('shards', 'ok', text)]
}
