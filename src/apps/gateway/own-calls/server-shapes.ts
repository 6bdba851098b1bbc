// Requests and answers of the calls that the servers have, too: reindex and tasks.
import { z } from 'zod'

const names = z.union([z.string(), z.array(z.string())])
const time = (text: string) => z.string().describe(`${text}, such as 30s or 5m.`)

export const serverError = z
  .looseObject({
    error: z.looseObject({
      type: z.string(),
      reason: z.string().nullable(),
      root_cause: z.array(z.looseObject({ type: z.string(), reason: z.string().nullable() })).optional(),
    }),
    status: z.int(),
  })
  .meta({ id: 'ServerError', description: "An error, as the servers' own." })

const remote = z
  .strictObject({
    host: z
      .string()
      .describe('https://host:443, http://host:9200/prefix, or the endpoint of a connection, with or without scheme.'),
    username: z.string().optional(),
    password: z.string().optional(),
    api_key: z.string().optional(),
    headers: z.record(z.string(), z.string()).optional(),
    socket_timeout: time('How long the remote may be silent').optional(),
    connect_timeout: time('How long a connection may take to be made').optional(),
    region: z.string().optional().describe('Region to sign requests for (SigV4).'),
    external: z.boolean().optional().describe('The remote is no domain of Amazon OpenSearch Service.'),
  })
  .meta({ id: 'ReindexRemote' })

const source = z
  .strictObject({
    remote: remote.optional(),
    index: names.describe('Names, lists and patterns.'),
    query: z.looseObject({}).optional().describe("In the remote's own query language."),
    size: z.int().min(1).optional().describe('Documents of a batch.'),
    _source: z
      .union([z.boolean(), names, z.strictObject({ includes: names.optional(), excludes: names.optional() })])
      .optional(),
    sort: z.unknown().optional(),
    slice: z.strictObject({ field: z.string().optional(), id: z.int(), max: z.int() }).optional(),
  })
  .meta({ id: 'ReindexSource' })

const dest = z
  .strictObject({
    index: z.string(),
    version_type: z.enum(['internal', 'external', 'external_gt', 'external_gte']).optional(),
    op_type: z.enum(['index', 'create']).optional(),
    pipeline: z.string().optional(),
    routing: z.string().optional().describe('keep, discard, or =value.'),
    require_alias: z.boolean().optional(),
  })
  .meta({ id: 'ReindexDest' })

export const reindexRequest = z
  .strictObject({
    source,
    dest,
    conflicts: z.enum(['abort', 'proceed']).optional(),
    max_docs: z.int().optional(),
    size: z.int().optional().describe('The older name of max_docs.'),
    script: z
      .looseObject({ source: z.string().optional(), id: z.string().optional(), lang: z.string().optional() })
      .optional(),
  })
  .meta({ id: 'ReindexRequest' })

const counters = {
  total: z.int(),
  updated: z.int(),
  created: z.int(),
  deleted: z.int(),
  batches: z.int(),
  version_conflicts: z.int(),
  noops: z.int(),
  retries: z.object({ bulk: z.int(), search: z.int() }),
  throttled_millis: z.int(),
  requests_per_second: z.number().describe('-1 without a limit.'),
  canceled: z.string().optional().describe('Why it was cancelled.'),
  throttled_until_millis: z.int(),
}

const sliceStatus = z.looseObject({ slice_id: z.int(), ...counters }).nullable()

const status = z.looseObject({ ...counters, slices: z.array(sliceStatus).optional() }).meta({ id: 'ReindexStatus' })

export const reindexResponse = z
  .looseObject({
    took: z.int(),
    timed_out: z.boolean(),
    ...counters,
    slices: z.array(sliceStatus).optional(),
    failures: z.array(z.looseObject({ index: z.string().optional(), status: z.int() })),
  })
  .meta({ id: 'ReindexResponse' })

export const startedTask = z.strictObject({ task: z.string().describe('node:number') }).meta({ id: 'StartedTask' })

const task = z
  .looseObject({
    node: z.string(),
    id: z.int(),
    type: z.string(),
    action: z.string(),
    status: status.optional(),
    description: z.string().optional(),
    start_time_in_millis: z.int(),
    running_time_in_nanos: z.int(),
    cancellable: z.boolean(),
    cancelled: z.boolean().optional(),
    headers: z.record(z.string(), z.string()),
  })
  .meta({ id: 'Task' })

export const taskResult = z
  .looseObject({
    completed: z.boolean(),
    task,
    response: reindexResponse.optional(),
    error: z.looseObject({ type: z.string(), reason: z.string().nullable() }).optional(),
  })
  .meta({ id: 'TaskResult' })

export const taskList = z
  .looseObject({
    nodes: z
      .record(z.string(), z.looseObject({ name: z.string().optional(), tasks: z.record(z.string(), task) }))
      .optional(),
    tasks: z.union([z.array(task), z.record(z.string(), task)]).optional(),
    task_failures: z.array(z.looseObject({})).optional(),
    node_failures: z.array(z.looseObject({})).optional(),
  })
  .meta({ id: 'TaskList', description: 'By node, by parent or as a list, as group_by says.' })
