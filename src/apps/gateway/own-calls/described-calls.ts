// Every call that the gateway answers itself. A test compares them with the routes.
import { z } from 'zod'
import type { ApiAnswer, ApiCall, ApiParameter } from './api-call.ts'
import { clusterCalls } from './described-cluster.ts'
import { connectionCalls } from './described-connections.ts'
import { replicationCalls } from './described-replication.ts'
import { writesCalls } from './described-writes.ts'
import { reindexRequest, reindexResponse, serverError, startedTask, taskList, taskResult } from './server-shapes.ts'

const query = (name: string, schema: z.ZodType, description: string): ApiParameter => ({
  name,
  in: 'query',
  description,
  schema,
})

const flag = z.enum(['true', 'false'])
const taskId: ApiParameter = { name: 'task', in: 'path', description: 'node:number', schema: z.string() }
const refused = (description: string): ApiAnswer => ({ description, schema: serverError })

const throttle = query('requests_per_second', z.number(), 'Documents per second over all slices; -1 for no limit.')
const timeout = query('timeout', z.string(), 'How long to wait.')

const taskFilters = [
  query('actions', z.string(), 'Names and patterns of actions, with commas between them.'),
  query('nodes', z.string(), 'Only tasks of these nodes.'),
  query('parent_task_id', z.string(), 'Only tasks of this parent.'),
]

const reindexCalls: readonly ApiCall[] = [
  {
    method: 'POST',
    path: '/_reindex',
    id: 'reindex',
    tag: 'reindex',
    summary: 'Copies documents of one or several indexes into another.',
    description: 'With source.remote, from another cluster of any version. Without, the cluster does it itself.',
    parameters: [
      query('wait_for_completion', flag, 'With false the answer is the id of a task, at once.'),
      query('slices', z.union([z.int().min(1), z.literal('auto')]), 'Parts that are copied at the same time.'),
      throttle,
      query('scroll', z.string(), 'How long a search stays open on the remote.'),
      query('refresh', flag, 'Refresh the target index at the end.'),
      query('timeout', z.string(), 'How long a bulk request waits for shards.'),
      query('wait_for_active_shards', z.string(), 'Copies of a shard that must be there.'),
      query('max_docs', z.int(), 'Documents at most.'),
      query('require_alias', flag, 'The target must be an alias.'),
    ],
    body: reindexRequest,
    answers: {
      200: {
        description: 'The documents are copied, or the task is started.',
        schema: z.union([reindexResponse, startedTask]),
      },
      400: refused('The request is not valid, or the remote is not in the allow-list.'),
      '4XX': {
        description: 'Documents failed; the highest status of the failures.',
        schema: z.union([reindexResponse, serverError]),
      },
      '5XX': { description: 'A side failed.', schema: z.union([reindexResponse, serverError]) },
    },
  },
  ...['Reindex', 'UpdateByQuery', 'DeleteByQuery'].map(rethrottleCall),
]

/** A reindex of the gateway's own is found under each of the three, as with the servers. */
function rethrottleCall(kind: string): ApiCall {
  const name = kind.replace(/(?<=.)[A-Z]/g, (letter) => `_${letter}`).toLowerCase()
  return {
    method: 'POST',
    path: `/_${name}/:task/_rethrottle`,
    id: `rethrottle${kind}`,
    tag: 'reindex',
    summary: 'Changes the speed of a running reindex.',
    parameters: [taskId, { ...throttle }],
    answers: {
      200: { description: 'The task.', schema: taskList },
      400: refused('No limit is given.'),
      404: refused('There is no such running task.'),
    },
  }
}

const taskCalls: readonly ApiCall[] = [
  {
    method: 'GET',
    path: '/_tasks/:task',
    id: 'getTask',
    tag: 'tasks',
    summary: "A task, the gateway's or the cluster's, running or ended.",
    parameters: [taskId, query('wait_for_completion', flag, 'Answer when it has ended.'), timeout],
    answers: { 200: { description: 'The task.', schema: taskResult }, 404: refused('There is no such task.') },
  },
  {
    method: 'GET',
    path: '/_tasks',
    id: 'listTasks',
    tag: 'tasks',
    summary: "Running tasks, the gateway's and the cluster's.",
    parameters: [
      ...taskFilters,
      query('detailed', flag, 'With status and description.'),
      query('group_by', z.enum(['nodes', 'parents', 'none']), 'How they are put together.'),
      query('wait_for_completion', flag, 'Answer when all of them have ended.'),
      timeout,
    ],
    answers: { 200: { description: 'The tasks.', schema: taskList } },
  },
  {
    method: 'POST',
    path: '/_tasks/:task/_cancel',
    id: 'cancelTask',
    tag: 'tasks',
    summary: 'Ends a task; what is written by then stays.',
    parameters: [taskId, query('wait_for_completion', flag, 'Answer when it has ended.')],
    answers: { 200: { description: 'The task.', schema: taskList }, 404: refused('There is no such running task.') },
  },
  {
    method: 'POST',
    path: '/_tasks/_cancel',
    id: 'cancelTasks',
    tag: 'tasks',
    summary: 'Ends all tasks that fit.',
    parameters: [...taskFilters, query('wait_for_completion', flag, 'Answer when they have ended.')],
    answers: { 200: { description: 'The tasks.', schema: taskList } },
  },
]

const health = z.strictObject({ status: z.literal('ok') })
const ready = z.strictObject({ status: z.literal('ready') })
const unready = z
  .strictObject({
    status: z.literal('unavailable'),
    reasons: z.array(z.strictObject({ check: z.enum(['cluster', 'catalog']), code: z.string(), reason: z.string() })),
  })
  .meta({ id: 'NotReady' })

const gatewayCalls: readonly ApiCall[] = [
  ...(['GET', 'HEAD'] as const).flatMap((method): ApiCall[] => {
    const isHead = method === 'HEAD'
    const body = (schema: z.ZodType) => (isHead ? {} : { schema })
    return [
      {
        method,
        path: '/_indexferry/health',
        id: isHead ? 'headHealth' : 'health',
        tag: 'gateway',
        summary: 'Whether the gateway lives.',
        answers: { 200: { description: 'It lives.', ...body(health) } },
        isOpen: true,
      },
      {
        method,
        path: '/_indexferry/ready',
        id: isHead ? 'headReady' : 'ready',
        tag: 'gateway',
        summary: 'Whether the gateway can work: the cluster answers, and the catalog can be written.',
        answers: {
          200: { description: 'It can.', ...body(ready) },
          503: { description: 'It cannot.', ...body(unready) },
        },
        isOpen: true,
      },
    ]
  }),
  {
    method: 'GET',
    path: '/_indexferry/metrics',
    id: 'metrics',
    tag: 'gateway',
    summary: 'What the gateway counts.',
    answers: { 200: { description: 'In the text format of Prometheus.', text: 'text/plain' } },
  },
  {
    method: 'GET',
    path: '/_indexferry/openapi.json',
    id: 'openapi',
    tag: 'gateway',
    summary: 'This description.',
    answers: { 200: { description: 'OpenAPI 3.1.', schema: z.looseObject({ openapi: z.string() }) } },
  },
]

export const describedCalls: readonly ApiCall[] = [
  ...reindexCalls,
  ...taskCalls,
  ...connectionCalls,
  ...replicationCalls,
  ...gatewayCalls,
  ...clusterCalls,
  ...writesCalls,
]
