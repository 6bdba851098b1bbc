// The calls that count.
import type { JsonObject } from '../../../model/json.ts'
import { answer, type ReplicationCall, type ReplicationRoutesDeps } from './replication-call.ts'
import { mayMonitor } from './rights.ts'
import { autoFollowStats, followerStats, leaderStats } from './stats-answers.ts'

type Deps = Pick<ReplicationRoutesDeps, 'replications' | 'autoFollow'>

export const statsCalls = ({ replications, autoFollow }: Deps): ReplicationCall[] => [
  stats('leader', () => leaderStats(replications.list())),
  stats('follower', () => followerStats(replications.list())),
  stats('autofollow', () => autoFollowStats(autoFollow.list())),
]

const stats = (side: string, body: () => JsonObject): ReplicationCall => ({
  method: 'GET',
  path: `/${side}_stats`,
  operation: `replication.stats.${side}`,
  takes: [],
  handle: async (call) => (await mayMonitor(call)) ?? answer(body()),
})
