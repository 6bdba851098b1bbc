// What people do with `@opensearch-project/opensearch`, and what it gave them, without what differs from run to run.
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { type Client, errors } from '@opensearch-project/opensearch'

export interface ClientSurroundings {
  readonly client: Client
  /** Index names begin with it; the source is `<prefix>-from`. */
  readonly prefix: string
  readonly remoteHost: string
}

type Call = (surroundings: ClientSurroundings) => Promise<unknown>

const documents = Array.from({ length: 250 }, (_, n) => ({ n, text: `document ${n}` }))

/** In this order; the later ones need what the earlier ones have made. */
export const clientCalls: Readonly<Record<string, Call>> = {
  info: async ({ client }) => (await client.info()).body,
  ping: async ({ client }) => (await client.ping()).body,
  'create an index': async ({ client, prefix }) =>
    (
      await client.indices.create({
        index: `${prefix}-from`,
        body: { settings: { number_of_replicas: 0 }, mappings: { properties: { n: { type: 'long' } } } },
      })
    ).body,
  'index a document': async ({ client, prefix }) =>
    (
      await client.index({
        index: `${prefix}-from`,
        id: 'é/ ü',
        body: { n: '9007199254740993' },
        refresh: true,
      })
    ).body,
  'get a document whose id needs escapes': async ({ client, prefix }) =>
    (await client.get({ index: `${prefix}-from`, id: 'é/ ü' })).body,
  exists: async ({ client, prefix }) => (await client.exists({ index: `${prefix}-from`, id: 'none' })).body,
  'the bulk helper': async ({ client, prefix }) => {
    const { time: _, ...stats } = await client.helpers.bulk({
      datasource: documents,
      flushBytes: 4_000,
      onDocument: ({ n }) => ({ index: { _index: `${prefix}-from`, _id: String(n) } }),
      refreshOnCompletion: `${prefix}-from`,
    })
    return stats
  },
  search: async ({ client, prefix }) =>
    (await client.search({ index: `${prefix}-from`, body: { query: { range: { n: { lt: 20 } } }, sort: ['n'] } })).body,
  'the scroll helper': async ({ client, prefix }) => {
    const ids: string[] = []
    for await (const page of client.helpers.scrollSearch({
      index: `${prefix}-from`,
      size: 60,
      body: { sort: ['_doc'] },
    }))
      ids.push(...page.body.hits.hits.map(({ _id }: { _id: string }) => _id))
    return ids.sort()
  },
  'scroll by hand': async ({ client, prefix }) => {
    const first = await client.search({ index: `${prefix}-from`, scroll: '1m', size: 200, body: { sort: ['_doc'] } })
    const scroll_id = first.body._scroll_id as string
    const next = await client.scroll({ body: { scroll_id, scroll: '1m' } })
    const cleared = await client.clearScroll({ body: { scroll_id: [scroll_id] } })
    return [first.body.hits.hits.length, next.body.hits.hits.length, cleared.body]
  },
  msearch: async ({ client, prefix }) =>
    (
      await client.msearch({
        body: [{ index: `${prefix}-from` }, { size: 0 }, { index: `${prefix}-missing` }, { size: 0 }],
      })
    ).body,
  'an answer as a stream': async ({ client, prefix }) => {
    const { body, headers } = await client.search(
      { index: `${prefix}-from`, body: { size: 1_000, query: { range: { n: { lt: 300 } } }, sort: ['n'] } },
      { asStream: true } as never,
    )
    // The client hands streams out as they come.
    const bytes = await buffer(body as unknown as Readable)
    const text = headers?.['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes
    return JSON.parse(text.toString())
  },
  'cat as text': async ({ client, prefix }) =>
    (await client.cat.indices({ index: `${prefix}-*`, h: ['index', 'docs.count'], v: true })).body,
  'cat as JSON': async ({ client, prefix }) =>
    (await client.cat.count({ index: `${prefix}-from`, format: 'json' })).body,
  'reindex here': async ({ client, prefix }) =>
    (
      await client.reindex({
        body: { source: { index: `${prefix}-from` }, dest: { index: `${prefix}-here` } },
        refresh: true,
      })
    ).body,
  'reindex from a remote': async ({ client, prefix, remoteHost }) =>
    (await client.reindex({ body: remoteBody(prefix, remoteHost, 'remote'), refresh: true })).body,
  'count what came': async ({ client, prefix }) =>
    (await client.count({ index: [`${prefix}-here`, `${prefix}-remote`].join(',') })).body,
  'reindex from a remote without waiting, and wait for its task': async ({ client, prefix, remoteHost }) => {
    const task = await started(client, prefix, remoteHost, {})
    const { body } = await client.tasks.get({ task_id: task, wait_for_completion: true, timeout: '20s' })
    return { completed: body.completed, response: body.response, action: body.task.action, status: body.task.status }
  },
  'tasks listed, throttled and cancelled': async ({ client, prefix, remoteHost }) => {
    const task = await started(client, prefix, remoteHost, { requests_per_second: 0.001 })
    await untilThrottled(client, task)
    const listed = await client.tasks.list({ actions: '*reindex', detailed: true })
    const own = Object.values(listed.body.nodes ?? {}).flatMap((node) => Object.entries(node.tasks ?? {}))
    const isListed = own.some(([id]) => id === task)
    await client.reindexRethrottle({ task_id: task, requests_per_second: 0.002 })
    const { body: slow } = await client.tasks.get({ task_id: task })
    const rate = (slow.task.status as { requests_per_second?: number }).requests_per_second
    const cancelled = await client.tasks.cancel({ task_id: task })
    const { body } = await client.tasks.get({ task_id: task, wait_for_completion: true, timeout: '20s' })
    const response = body.response as { canceled?: string } | undefined
    return {
      isListed,
      rate,
      failures: cancelled.body.node_failures,
      completed: body.completed,
      why: response?.canceled,
    }
  },
  'a missing index': ({ client, prefix }) => failing(client.search({ index: `${prefix}-missing` })),
  'a missing document': ({ client, prefix }) => failing(client.get({ index: `${prefix}-from`, id: 'none' })),
  'a conflict': ({ client, prefix }) => failing(client.create({ index: `${prefix}-from`, id: '1', body: {} })),
  'a broken query': ({ client, prefix }) =>
    failing(client.search({ index: `${prefix}-from`, body: { query: { x: 1 } } as never })),
  'a missing task': ({ client }) => failing(client.tasks.get({ task_id: 'abcdefghijklmnopqrstuv:1' })),
  'a host that is not allowed': ({ client, prefix }) =>
    failing(client.reindex({ body: remoteBody(prefix, 'http://badremote:9200', 'bad') })),
  'a body that is no reindex': ({ client }) => failing(client.reindex({ body: { sauce: 1 } as never })),
  'a call that is given up': async ({ client, prefix, remoteHost }) =>
    failing(
      client.reindex(
        { body: remoteBody(prefix, remoteHost, 'slow'), requests_per_second: 1 },
        { requestTimeout: 300, maxRetries: 0 },
      ),
    ),
}

/** Tasks of calls that were given up go on, as on the servers. */
export async function cancelTasks({ client, prefix }: Pick<ClientSurroundings, 'client' | 'prefix'>): Promise<void> {
  const { body } = await client.tasks.list({ actions: '*reindex', detailed: true })
  const tasks = Object.values(body.nodes ?? {}).flatMap((node) => Object.entries(node.tasks ?? {}))
  for (const [task_id, { description }] of tasks) {
    if (!description?.includes(prefix)) continue
    await client.tasks.cancel({ task_id })
    await client.tasks.get({ task_id, wait_for_completion: true }).catch((error: unknown) => {
      // Whoever waits for an answer has it; the task is not kept.
      if (!(error instanceof errors.ResponseError && error.statusCode === 404)) throw error
    })
  }
}

const remoteBody = (prefix: string, host: string, name: string) => ({
  source: { remote: { host }, index: `${prefix}-from`, size: 100 },
  dest: { index: `${prefix}-${name}` },
})

async function started(client: Client, prefix: string, remoteHost: string, rest: object): Promise<string> {
  const body = remoteBody(prefix, remoteHost, 'task')
  const answer = await client.reindex({ body, wait_for_completion: false, ...rest })
  return (answer.body as unknown as { task: string }).task
}

async function untilThrottled(client: Client, task: string): Promise<void> {
  for (let asked = 0; asked < 400; asked++) {
    const { body } = await client.tasks.get({ task_id: task })
    if ((body.task.status as { batches?: number }).batches === 1) return
    await sleep(25)
  }
  throw new Error(`task ${task} has not written its first batch`)
}

/** What a program can see of an error. */
async function failing(call: PromiseLike<unknown>): Promise<unknown> {
  try {
    await call
  } catch (error) {
    if (!(error instanceof errors.OpenSearchClientError)) throw error
    const said = error instanceof errors.ResponseError ? { status: error.statusCode, body: error.body } : {}
    return { name: error.name, message: error.message, ...said }
  }
  throw new Error('the call succeeded')
}
