// The API of OpenSearch's replication plugin, answered by the gateway. `_opendistro` is its older name.
import { refuseUnknownOf } from '../reindex/parse-parameters.ts'
import type { Route } from '../route.ts'
import { autoFollowCalls } from './autofollow-calls.ts'
import { bulkCalls } from './bulk-calls.ts'
import type { ReplicationRoutesDeps } from './replication-call.ts'
import { replicationRefusal } from './replication-refusal.ts'
import { singleCalls } from './single-calls.ts'
import { statsCalls } from './stats-calls.ts'

const places = ['/_plugins/_replication', '/_opendistro/_replication']

export function replicationRoutes(deps: ReplicationRoutesDeps): Route[] {
  const calls = [...singleCalls(deps), ...autoFollowCalls(deps), ...bulkCalls(deps), ...statsCalls(deps)]
  return places.flatMap((place) =>
    calls.map(({ method, path, operation, takes, handle }) => ({
      method,
      path: place + path,
      operation,
      handle: async (call, parameters) => {
        try {
          refuseUnknownOf(`/${call.segments.join('/')}`, call.query, { takes, suggests: takes })
          return await handle(call, parameters)
        } catch (error) {
          if (call.signal.aborted) throw error
          return replicationRefusal(error)
        }
      },
    })),
  )
}
