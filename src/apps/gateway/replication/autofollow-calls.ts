// The calls about rules of auto-follow. That they are listed is an addition of ours.
import { timeParameter } from '../reindex/parse-parameters.ts'
import { refuse } from '../reindex/refused-call.ts'
import { parseNewRule, parseRemovedRule } from './parse-autofollow.ts'
import { requireBody } from './read-body.ts'
import { acknowledged, answer, type ReplicationCall, type ReplicationRoutesDeps } from './replication-call.ts'
import { mayManageCluster, mayMonitor } from './rights.ts'
import { autoFollowList } from './stats-answers.ts'

type Deps = Pick<ReplicationRoutesDeps, 'autoFollow'>

const path = '/_autofollow'
const takes = ['cluster_manager_timeout']

export const autoFollowCalls = ({ autoFollow }: Deps): ReplicationCall[] => [
  {
    method: 'POST',
    path,
    operation: 'replication.autofollow.put',
    takes,
    handle: async (call) => {
      timeParameter(call.query, 'cluster_manager_timeout')
      const { rule, isReplacing } = parseNewRule(await requireBody(call, false))
      const refusal = await mayManageCluster(call)
      if (refusal) return refusal
      const isThere = autoFollow
        .list()
        .some((status) => status.rule.connection === rule.connection && status.rule.name === rule.name)
      // The plugin answers 500 with this sentence, in this spelling.
      if (isThere && !isReplacing)
        throw refuse({
          type: 'resource_already_exists_exception',
          reason: 'Exisiting autofollow replication rule cannot be recreated/updated',
        })
      await autoFollow.put(rule, call.caller)
      return acknowledged
    },
  },
  {
    method: 'DELETE',
    path,
    operation: 'replication.autofollow.delete',
    takes,
    handle: async (call) => {
      timeParameter(call.query, 'cluster_manager_timeout')
      const { connection, name } = parseRemovedRule(await requireBody(call, false))
      const refusal = await mayManageCluster(call)
      if (refusal) return refusal
      autoFollow.remove(connection, name)
      return acknowledged
    },
  },
  {
    method: 'GET',
    path,
    operation: 'replication.autofollow.list',
    takes: [],
    handle: async (call) => (await mayMonitor(call)) ?? answer(autoFollowList(autoFollow.list())),
  },
]
