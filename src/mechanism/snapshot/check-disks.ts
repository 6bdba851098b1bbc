// Whether the indexes of a snapshot fit onto the disks of the target.
import type { Cluster } from '../../cluster/cluster.ts'
import { decodeClusterSettings, type NodeDisk, usableBytes } from '../../cluster/cluster-settings.ts'
import { IndexferryError, isErrorOf } from '../../foundation/errors.ts'
import { formatByteSize } from '../../foundation/quantity.ts'
import { isJsonObject, type JsonObject } from '../../model/json.ts'
import type { RestoreTarget } from './check-restore.ts'
import { subjectOf } from './explain-refusal.ts'
import { flatSettings } from './repository-settings.ts'
import type { RestoreWish } from './restore-wish.ts'
import type { SnapshotFacts } from './snapshot-facts.ts'
import { readSizes } from './snapshot-progress.ts'

/** Sizes come by one object of the repository for each shard: for more, the servers themselves would refuse or take minutes. */
const shardsMax = 5_000

/** Silent where the user may not see disks: the restore itself will tell. Versions before 6.4 tell only what the snapshot added. */
export async function checkDisks(
  cluster: Cluster,
  facts: SnapshotFacts,
  targets: readonly RestoreTarget[],
  wish: RestoreWish,
): Promise<void> {
  if (facts.shards.total > shardsMax) return
  const usable = await readUsable(cluster)
  if (usable === undefined) return
  const sizes = await readSizes(cluster, facts.repository, facts.name)
  const wanted = new Set(targets.map(({ from }) => from))
  const bytes = sizes.indexes.filter(({ index }) => wanted.has(index)).reduce((sum, each) => sum + each.bytes, 0)
  const copies = 1 + replicasOf(wish)
  if (bytes * copies <= usable) return
  throw new IndexferryError(
    'RESTORE_NO_SPACE',
    `${subjectOf(cluster)}: the indexes take ${formatByteSize(bytes * copies)}${copies > 1 ? ' with replicas' : ''}, and ${formatByteSize(usable)} are free below the low watermark of its disks`,
    { side: cluster.side, fields: { neededBytes: bytes * copies, freeBytes: usable } },
  )
}

/** Of all replicas only those are known that are asked for. */
function replicasOf({ indexSettings = {} }: RestoreWish): number {
  const flat = flatSettings(indexSettings)
  const replicas = Number(flat['index.number_of_replicas'] ?? flat.number_of_replicas ?? 0)
  return replicas > 0 ? replicas : 0
}

async function readUsable(cluster: Cluster): Promise<number | undefined> {
  try {
    const [{ body: rows }, { body: settings }] = await Promise.all([
      cluster.json<unknown>({
        method: 'GET',
        path: '/_cat/allocation',
        query: { format: 'json', bytes: 'b', h: 'node,disk.avail,disk.total' },
      }),
      cluster.json<JsonObject>({ method: 'GET', path: '/_cluster/settings', query: settingsQuery }),
    ])
    const disks = (Array.isArray(rows) ? rows : []).filter(isJsonObject).flatMap(diskOf)
    return disks.length === 0 ? undefined : usableBytes(disks, decodeClusterSettings(settings), 'low')
  } catch (error) {
    if (isErrorOf(error, 'PRIVILEGE_MISSING', 'REQUEST_REFUSED')) return undefined
    throw error
  }
}

const settingsQuery = { include_defaults: true, flat_settings: true }

/** The row of unassigned shards has no disk. */
function diskOf(row: JsonObject): NodeDisk[] {
  const available = row['disk.avail']
  if (available === null || available === undefined) return []
  return [{ node: String(row.node), availableBytes: Number(available), totalBytes: Number(row['disk.total'] ?? 0) }]
}
