// Whether the shards are there and the clusters take writes, as far as the clusters show it.
import type { ClusterSettings } from '../../cluster/cluster-settings.ts'
import { type Finding, finding } from './assessment.ts'
import type { Seen } from './attempt-call.ts'
import type { ClusterHealth } from './cluster-facts.ts'

const noticed = (health: string): string => `GET _cluster/allocation/explain says why; bring the shards back${health}.`

export function checkIndexHealth(health: Seen<ClusterHealth>, side: 'source' | 'target', index: string): Finding[] {
  if ('hidden' in health) return []
  const status = health.value.indexes.get(index)
  if (status === 'red') {
    return [
      finding(
        'health',
        'error',
        `the index ${index} of the ${side} is red: primary shards are missing`,
        noticed(' before the copy'),
      ),
    ]
  }
  if (status === 'yellow') {
    return [
      finding(
        'health',
        'note',
        `the index ${index} of the ${side} is yellow: replicas are missing, all documents are there`,
      ),
    ]
  }
  return []
}

export function checkTargetHealth(health: Seen<ClusterHealth>): Finding[] {
  if ('hidden' in health)
    return [finding('health', 'note', `the health of the target is not visible to this user: ${health.hidden}`)]
  const { status, dataNodes } = health.value
  if (dataNodes === 0) return [finding('health', 'error', 'the target has no data nodes', 'Start a data node.')]
  if (status !== 'red') return [finding('health', 'ok', `the target is ${status}`)]
  return [
    finding('health', 'warning', 'the target is red: primary shards of some of its indexes are missing', noticed('')),
  ]
}

/** Blocks on the whole target. */
export function checkClusterBlocks(settings: Seen<ClusterSettings>, createsIndexes: boolean): Finding[] {
  if ('hidden' in settings) return []
  const isOn = (name: string) => settings.value.get(`cluster.blocks.${name}`) === 'true'
  const blocks = ['read_only', 'read_only_allow_delete', ...(createsIndexes ? ['create_index'] : [])].filter(isOn)
  return blocks.map((block) =>
    finding(
      'blocks',
      'error',
      `the target takes no writes: cluster.blocks.${block} is set`,
      `Set cluster.blocks.${block} to null on the target, after its cause is mended (full disks set some by themselves).`,
    ),
  )
}
