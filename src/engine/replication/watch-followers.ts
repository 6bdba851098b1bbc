// Looks every few seconds whether followers and connections are still there: an idle replication would not notice.
import type { Cluster } from '../../cluster/cluster.ts'
import { nameBatches } from '../../cluster/name-batches.ts'
import { indexPath } from '../../cluster/paths.ts'
import { sleep } from '../../foundation/clock.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import { readIndexUuid } from '../../mechanism/prepare-target.ts'
import type { Connections } from '../connections/connections.ts'
import { remoteUnknown } from './refusals.ts'
import type { Replication } from './replication.ts'
import type { ReplicationTable } from './replication-table.ts'
import type { SideClusters } from './side-clusters.ts'

export interface WatchOptions {
  readonly replications: () => readonly Replication[]
  readonly sides: SideClusters
  readonly connections: Pick<Connections, 'findActive'>
  readonly table: ReplicationTable
  readonly onGone: (replication: Replication) => Promise<void>
  readonly stop: AbortSignal
}

const everyMs = 3_000

/** Resolves when it is stopped. */
export async function watchFollowers(options: WatchOptions): Promise<void> {
  while (!options.stop.aborted) {
    await sleep(everyMs, options.stop).catch(() => {})
    if (options.stop.aborted) return
    await pauseUnconnected(options)
    try {
      await lookForFollowers(options)
    } catch (error) {
      // A cluster that does not answer says nothing about its indexes; whoever writes to it is told.
      if (!(error instanceof IndexferryError)) throw error
    }
  }
}

async function pauseUnconnected({ replications, connections }: WatchOptions): Promise<void> {
  for (const replication of replications()) {
    const { remote, request } = replication.record
    if (!replication.isRunning || remote.connectionId === undefined) continue
    if (connections.findActive(remote.connectionId)) continue
    await replication.pauseBecause(remoteUnknown(request.connection))
  }
}

/** Those of one caller are asked for in his name. */
async function lookForFollowers(options: WatchOptions): Promise<void> {
  const { replications, sides, table, onGone } = options
  const made = replications().filter(({ followerUuid }) => followerUuid !== undefined)
  const byCaller = Map.groupBy(made, ({ record }) => headersText(table, record))
  for (const [headers, group] of byCaller) {
    if (headers === undefined) continue
    await using local = await sides.leaseLocal(JSON.parse(headers))
    for (const replication of await missingOf(local.cluster, group, options.stop)) {
      const { follower, followerUuid } = replication
      // Asked for by itself once more: what a list leaves out may be hidden from this caller.
      const uuid = await readIndexUuid(local.cluster, follower)
      if (uuid !== followerUuid && !replication.isBusy) await onGone(replication)
    }
  }
}

/** Undefined when they cannot be opened any more; whoever runs or resumes the replication is told. */
function headersText(table: ReplicationTable, record: Replication['record']): string | undefined {
  try {
    return JSON.stringify(table.readHeaders(record))
  } catch (error) {
    if (!(error instanceof IndexferryError)) throw error
    return undefined
  }
}

async function missingOf(
  local: Cluster,
  group: readonly Replication[],
  signal: AbortSignal,
): Promise<readonly Replication[]> {
  const uuids = new Map<string, string | undefined>()
  for (const batch of nameBatches(group.map(({ follower }) => follower))) {
    const { body } = await local.json<Record<string, { settings?: { index?: { uuid?: string } } }>>({
      method: 'GET',
      path: indexPath(batch.join(','), '_settings/index.uuid'),
      query: { ignore_unavailable: true, allow_no_indices: true },
      accept: [404],
      retry: 'none',
      signal,
    })
    for (const [name, { settings }] of Object.entries(body ?? {})) uuids.set(name, settings?.index?.uuid)
  }
  return group.filter(({ follower, followerUuid }) => uuids.get(follower) !== followerUuid)
}
