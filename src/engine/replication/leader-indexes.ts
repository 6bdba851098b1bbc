// What the cluster of a connection has, for patterns.
import type { Cluster } from '../../cluster/cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import type { JsonObject } from '../../model/json.ts'
import { fitsPattern } from '../../source/index-expression.ts'
import { findRemote, type RemoteFinder } from './find-remote.ts'
import type { LeaderIndexes } from './replications.ts'
import type { SideClusters } from './side-clusters.ts'

export function createLeaderIndexes(finder: RemoteFinder, sides: SideClusters): LeaderIndexes {
  return {
    async listIndexes(connection, pattern, caller, signal) {
      await using opened = new AsyncDisposableStack()
      const local = async () => opened.use(await sides.leaseLocal(caller.clusterHeaders)).cluster
      const remote = await findRemote(finder, connection, local)
      const leader = opened.use(await sides.leaseLeader(remote, connection))
      return await listIndexes(leader.cluster, pattern, signal)
    },
  }
}

/** Patterns that the servers expand leave out closed and hidden indexes; a name may be that of an alias. */
async function listIndexes(leader: Cluster, pattern: string, signal: AbortSignal): Promise<readonly string[]> {
  const patterns = pattern.split(',').filter((part) => part !== '')
  const found = new Set<string>()
  for (const part of patterns) {
    const { body } = await leader.json<JsonObject>({
      method: 'GET',
      path: indexPath(part, '_settings/index.uuid'),
      query: { expand_wildcards: 'open', allow_no_indices: true, ignore_unavailable: true },
      accept: [404],
      // Who waits for it, a caller or the next look, is told soon.
      retryForMs: 5_000,
      signal,
    })
    for (const name of Object.keys(body ?? {})) {
      if (!name.startsWith('.') && fitsPattern(name, part)) found.add(name)
    }
  }
  return [...found].sort()
}
