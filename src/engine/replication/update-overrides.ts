// Replaces the settings of a follower that differ from the leader's: those that are no longer given are again as the leader has them.
import type { Cluster } from '../../cluster/cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import type { JsonObject, JsonValue } from '../../model/json.ts'
import { readDefinition } from '../../source/read-definition.ts'
import { planDefinition } from '../../transform/plan-definition.ts'
import { flattenSettings } from '../../transform/setting-paths.ts'
import { needsClosedIndex, whileClosed } from './closed-follower.ts'
import { overridesOf, ownOfEachSide } from './override-settings.ts'
import type { Replication } from './replication.ts'
import type { SideClusters } from './side-clusters.ts'

export async function updateOverrides(
  replication: Pick<Replication, 'record' | 'wishSettings' | 'halt' | 'change'>,
  sides: SideClusters,
  local: Cluster,
  overrides: Readonly<Record<string, JsonValue>>,
): Promise<void> {
  const { request, remote } = replication.record
  const removed = Object.keys(overridesOf(request.settings)).filter((name) => !Object.hasOwn(overrides, name))
  const changes: JsonObject = { ...overrides }
  if (removed.length > 0) {
    await using leader = await sides.leaseLeader(remote, request.connection)
    const own = await leaderSettings(leader.cluster, local, request.leaderIndex)
    Object.assign(changes, takenBack(removed, own))
  }
  if (Object.keys(changes).length === 0) return
  // Before they are set, so that what is put back at this very moment is right as well.
  const undo = replication.wishSettings(changes)
  const put = async (): Promise<void> => {
    const body: JsonObject = { index: changes }
    await local.json({ method: 'PUT', path: indexPath(request.follower, '_settings'), body, retry: 'safe' })
  }
  try {
    await put().catch((error: unknown) => {
      // As with the plugin. What is copied for the first time is not interrupted for it.
      if (!needsClosedIndex(error) || replication.record.state === 'BOOTSTRAPPING') throw error
      return whileClosed(replication, local, put)
    })
  } catch (error) {
    undo()
    throw error
  }
}

/** What a follower has without them: the leader's, but for what is the business of each side. */
export const takenBack = (names: readonly string[], leader: ReadonlyMap<string, JsonValue>): JsonObject =>
  Object.fromEntries(
    names.map((name) => [name, Object.hasOwn(ownOfEachSide, name) ? null : (leader.get(name) ?? null)]),
  )

/** In the words of the follower's version. */
async function leaderSettings(leader: Cluster, local: Cluster, index: string): Promise<Map<string, JsonValue>> {
  const definition = await readDefinition(leader, index)
  const plan = planDefinition(definition, leader.version, local.version)
  return new Map(flattenSettings(plan.targets[0]?.definition.settings ?? {}))
}
