// What can be said of a leader index before it is followed.
import type { Cluster } from '../../cluster/cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import { IndexferryError, isErrorOf } from '../../foundation/errors.ts'
import type { JsonObject } from '../../model/json.ts'
import { listOpen } from '../../source/open-indexes.ts'
import { leaderClosed, leaderIsFollower, leaderMissing, leaderNotActive } from './refusals.ts'

interface LeaderSettings {
  readonly uuid?: string
  readonly plugins?: { readonly replication?: { readonly follower?: { readonly leader_index?: string } } }
  readonly hidden?: string
}

/** Throws LEADER_MISSING, LEADER_UNSUITABLE and LEADER_IS_FOLLOWER. */
export async function checkLeader(leader: Cluster, connection: string, index: string): Promise<void> {
  if (/[*,]|^[<+-]|^_/.test(index) || index === '') throw leaderMissing(index)
  const settings = await readLeader(leader, connection, index)
  if (/^\.(?!ds-)/.test(index)) {
    throw new IndexferryError('LEADER_UNSUITABLE', `Cannot replicate system index [${index}]`, {
      fields: { index, type: 'illegal_argument_exception' },
    })
  }
  if (settings.plugins?.replication?.follower?.leader_index) throw leaderIsFollower(index)
  if (await isFollowerThere(leader, index)) throw leaderIsFollower(index)
  if (!(await listOpen(leader, [index], undefined)).has(index)) throw leaderClosed(index)
}

async function readLeader(leader: Cluster, connection: string, index: string): Promise<LeaderSettings> {
  const { status, body } = await leader.json<Record<string, { settings?: { index?: LeaderSettings } }>>({
    method: 'GET',
    path: indexPath(index, '_settings'),
    accept: [404],
  })
  if (status === 404) throw leaderMissing(index)
  // Of an alias or a data stream, the indexes behind it are named.
  if (!Object.hasOwn(body, index)) throw leaderMissing(`${connection}:${index}`)
  return body[index]?.settings?.index ?? {}
}

/** Asked for with its own API, which the plugin has, and a gateway in front of that cluster. */
async function isFollowerThere(leader: Cluster, index: string): Promise<boolean> {
  try {
    const { status, body } = await leader.json<JsonObject>({
      method: 'GET',
      path: `/_plugins/_replication/${encodeURIComponent(index)}/_status`,
      accept: [400, 401, 403, 404, 405, 500, 501],
      retry: 'none',
    })
    return status === 200 && ['BOOTSTRAPPING', 'SYNCING', 'PAUSED'].includes(String(body?.status))
  } catch (error) {
    // Not JSON: nobody there who knows replications.
    if (isErrorOf(error, 'ANSWER_INVALID')) return false
    throw error
  }
}

/** What preparing throws about the leader, as this API says it. */
export function leaderRefusal(error: unknown, connection: string, index: string): unknown {
  if (!(error instanceof IndexferryError) || error.side !== 'source') return error
  if (error.code === 'INDEX_MISSING') return leaderMissing(index)
  if (error.code === 'INDEX_CLOSED') return leaderClosed(index)
  if (error.code === 'SHARD_FAILED') return leaderNotActive(connection, index)
  if (error.code === 'FOLLOWING_UNSUPPORTED' || error.code === 'SOURCE_NOT_STORED') {
    return new IndexferryError('LEADER_UNSUITABLE', error.message, {
      side: 'source',
      remedy: error.remedy,
      fields: { index, type: 'illegal_argument_exception' },
      cause: error,
    })
  }
  return error
}
