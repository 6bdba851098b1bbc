// Whether what is copied fits onto the disks of the target, with its replicas in the end and up to its watermarks.
import { type ClusterSettings, type NodeDisk, usableBytes } from '../../cluster/cluster-settings.ts'
import { formatByteSize } from '../../foundation/quantity.ts'
import type { JsonObject } from '../../model/json.ts'
import { type Finding, finding } from './assessment.ts'
import type { Seen } from './attempt-call.ts'

/** What one new target index will take. */
export interface SpaceNeed {
  /** Bytes of one copy of all its shards. */
  readonly bytes: number
  readonly copies: number
}

/** Copies of each shard in the end: never more than there are nodes, whatever was asked for. */
export function shardCopies(settings: JsonObject, dataNodes: number): number {
  const expand = /^\d+-(\d+|all)$/.exec(String(settings.auto_expand_replicas ?? ''))
  const replicas = expand
    ? expand[1] === 'all'
      ? dataNodes - 1
      : Number(expand[1])
    : Number(settings.number_of_replicas ?? 1)
  return 1 + Math.max(0, replicas)
}

export function checkSpace(
  needs: readonly SpaceNeed[],
  disks: Seen<readonly NodeDisk[]>,
  settings: Seen<ClusterSettings>,
): Finding[] {
  if (needs.every(({ bytes }) => bytes === 0)) return []
  if ('hidden' in disks) {
    const message = `the free disk space of the target is not visible to this user, so that nobody knows whether the copy fits: ${disks.hidden}`
    const remedy =
      'Grant cluster:monitor/nodes/stats (in Elasticsearch the cluster privilege monitor), or compare the sizes by hand.'
    return [finding('space', 'warning', message, remedy)]
  }
  const nodes = disks.value.length
  const needed = needs.reduce((sum, { bytes, copies }) => sum + bytes * Math.min(copies, Math.max(1, nodes)), 0)
  const marks = 'value' in settings ? settings.value : new Map<string, string>()
  const toLow = usableBytes(disks.value, marks, 'low')
  const toFlood = usableBytes(disks.value, marks, 'flood_stage')
  const text = `about ${formatByteSize(needed)} with replicas are needed on the target, ${formatByteSize(toLow)} are free on ${nodes === 1 ? 'one data node' : `${nodes} data nodes`} below the low watermark`
  if (needed > toFlood) {
    const remedy =
      'Free disk space or add nodes, or copy with fewer replicas (--replicas 0) or only a part of the indexes.'
    return [finding('space', 'error', `${text}: the target would be full before the copy is complete`, remedy)]
  }
  if (needed > toLow) {
    const remedy = 'Free disk space or add nodes: above the low watermark no new shard is put onto a node.'
    return [finding('space', 'warning', `${text}: it is tight`, remedy)]
  }
  return [finding('space', 'ok', text)]
}
