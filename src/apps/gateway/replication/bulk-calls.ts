// The calls that do something with many replications, and those about the task that does it.
import type { BulkOperation } from '../../../engine/replication/bulk-replication.ts'
import { illegalArgument, refuse } from '../reindex/refused-call.ts'
import { parseBulk } from './parse-bulk.ts'
import { requireBody } from './read-body.ts'
import { acknowledged, answer, type ReplicationCall, type ReplicationRoutesDeps } from './replication-call.ts'
import { mayManageCluster, mayMonitor, mayRead } from './rights.ts'
import { bulkTaskStatus } from './stats-answers.ts'
import { bulkStatusBody } from './status-answer.ts'

type Deps = Pick<ReplicationRoutesDeps, 'bulk'>

const operations: readonly BulkOperation[] = ['start', 'stop', 'pause', 'resume']

export const bulkCalls = ({ bulk }: Deps): ReplicationCall[] => [
  ...operations.map(
    (operation): ReplicationCall => ({
      method: 'POST',
      path: `/_bulk_${operation}`,
      operation: `replication.bulk.${operation}`,
      takes: [],
      handle: async (call) => {
        const request = parseBulk(await requireBody(call, true), operation)
        const refusal = await mayManageCluster(call)
        if (refusal) return refusal
        return answer({ acknowledged: true, task_id: await bulk.begin(request, call.caller) })
      },
    }),
  ),
  {
    method: 'GET',
    path: '/_bulk_status',
    operation: 'replication.bulk.status',
    takes: ['pattern'],
    handle: async (call) => {
      const pattern = call.query.get('pattern')
      if (!pattern) throw refuse(illegalArgument('pattern parameter is required'))
      return (await mayRead(call, pattern)) ?? answer(bulkStatusBody(bulk.listMatching(pattern)))
    },
  },
  {
    method: 'GET',
    path: '/_task_status/:task',
    operation: 'replication.task.status',
    takes: [],
    handle: async (call, { task = '' }) => (await mayMonitor(call)) ?? answer(bulkTaskStatus(bulk.status(task))),
  },
  {
    method: 'POST',
    path: '/_task_cancel/:task',
    operation: 'replication.task.cancel',
    takes: [],
    handle: async (call, { task = '' }) => {
      if (!/^[^:]*:[+-]?\d{1,19}$/.test(task)) throw refuse(illegalArgument('Invalid task_id format'))
      const refusal = await mayManageCluster(call)
      if (refusal) return refusal
      bulk.cancel(task)
      return acknowledged
    },
  },
]
