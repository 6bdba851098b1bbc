// The calls of the replication API, by both of its names.
import { z } from 'zod'
import type { ApiAnswer, ApiCall, ApiParameter } from './api-call.ts'
import {
  acknowledged,
  bulkRequest,
  bulkStarted,
  bulkStatus,
  bulkTask,
  newRule,
  pauseReplication,
  removedRule,
  replicationStatus,
  resumeReplication,
  ruleList,
  startReplication,
  statistics,
  stopReplication,
  updateReplication,
} from './replication-shapes.ts'
import { serverError } from './server-shapes.ts'

interface Described {
  readonly method: ApiCall['method']
  readonly path: string
  readonly id: string
  readonly summary: string
  readonly answer: z.ZodType
  readonly body?: z.ZodType
  readonly isBodyOptional?: boolean
  readonly parameters?: readonly ApiParameter[]
}

const query = (name: string, schema: z.ZodType, description: string): ApiParameter => ({
  name,
  in: 'query',
  description,
  schema,
})
const inPath = (name: string, description: string): ApiParameter => ({
  name,
  in: 'path',
  description,
  schema: z.string(),
})

const index = inPath('index', 'The index of the local cluster.')
const task = inPath('task', 'node:number')
const flag = z.enum(['true', 'false'])

const described: readonly Described[] = [
  {
    method: 'PUT',
    path: '/:index/_start',
    id: 'startReplication',
    summary: 'Begins to follow an index of another cluster.',
    parameters: [index, query('wait_for_restore', flag, 'Answer when everything was copied once, at most 30 s later.')],
    body: startReplication,
    answer: acknowledged,
  },
  {
    method: 'POST',
    path: '/:index/_pause',
    id: 'pauseReplication',
    summary: 'Pauses it; the follower stays closed to writes.',
    parameters: [index],
    body: pauseReplication,
    isBodyOptional: true,
    answer: acknowledged,
  },
  {
    method: 'POST',
    path: '/:index/_resume',
    id: 'resumeReplication',
    summary: 'Goes on from where it was paused.',
    parameters: [index],
    body: resumeReplication,
    isBodyOptional: true,
    answer: acknowledged,
  },
  {
    method: 'POST',
    path: '/:index/_stop',
    id: 'stopReplication',
    summary: 'Ends it; the follower becomes an ordinary index.',
    parameters: [index],
    body: stopReplication,
    isBodyOptional: true,
    answer: acknowledged,
  },
  {
    method: 'PUT',
    path: '/:index/_update',
    id: 'updateReplication',
    summary: 'Replaces all settings in which the follower differs from the leader.',
    parameters: [index],
    body: updateReplication,
    answer: acknowledged,
  },
  {
    method: 'GET',
    path: '/:index/_status',
    id: 'replicationStatus',
    summary: 'How it goes.',
    parameters: [index, query('verbose', flag, 'Also by shard, and with lags and counts.')],
    answer: replicationStatus,
  },
  {
    method: 'POST',
    path: '/_autofollow',
    id: 'putAutoFollowRule',
    summary: 'Makes a rule that follows all indexes that match, those that are there and those to come.',
    body: newRule,
    answer: acknowledged,
  },
  {
    method: 'DELETE',
    path: '/_autofollow',
    id: 'deleteAutoFollowRule',
    summary: 'Removes a rule; what it began goes on.',
    body: removedRule,
    answer: acknowledged,
  },
  {
    method: 'GET',
    path: '/_autofollow',
    id: 'listAutoFollowRules',
    summary: 'Lists the rules; the plugin has no such call.',
    answer: ruleList,
  },
  ...(['leader', 'follower', 'autofollow'] as const).map(
    (side): Described => ({
      method: 'GET',
      path: `/${side}_stats`,
      id: `${side}Statistics`,
      summary: { leader: 'What was read.', follower: 'What was written.', autofollow: 'What rules did.' }[side],
      answer: statistics,
    }),
  ),
  ...(['start', 'stop', 'pause', 'resume'] as const).map(
    (operation): Described => ({
      method: 'POST',
      path: `/_bulk_${operation}`,
      id: `${operation}Replications`,
      summary: `Begins a task: ${operation} for all indexes that match.`,
      body: bulkRequest,
      answer: bulkStarted,
    }),
  ),
  {
    method: 'GET',
    path: '/_bulk_status',
    id: 'replicationStatuses',
    summary: 'The statuses of all replications that match.',
    parameters: [query('pattern', z.string(), 'Of followers.')],
    answer: bulkStatus,
  },
  {
    method: 'GET',
    path: '/_task_status/:task',
    id: 'bulkReplicationTask',
    summary: 'How far a bulk task is.',
    parameters: [task],
    answer: bulkTask,
  },
  {
    method: 'POST',
    path: '/_task_cancel/:task',
    id: 'cancelBulkReplicationTask',
    summary: 'Ends a bulk task; what it has begun is finished.',
    parameters: [task],
    answer: acknowledged,
  },
]

const refused = (description: string): ApiAnswer => ({ description, schema: serverError })

const refusals: Readonly<Record<string, ApiAnswer>> = {
  400: refused('The request is not valid, or the state does not allow it.'),
  403: refused('The caller may not.'),
  404: refused('There is no such index, connection, rule or task.'),
}

const callOf = (place: string, suffix: string, { answer, ...call }: Described): ApiCall => ({
  ...call,
  path: place + call.path,
  id: call.id + suffix,
  tag: 'replication',
  answers: { 200: { description: 'Done.', schema: answer }, ...refusals },
})

export const replicationCalls: readonly ApiCall[] = described.flatMap((call) => [
  callOf('/_plugins/_replication', '', call),
  callOf('/_opendistro/_replication', 'ByOldName', call),
])
