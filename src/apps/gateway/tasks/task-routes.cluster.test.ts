// Our tasks look like the cluster's own: a real slow `_reindex` of the server and a task of ours with the same counters are asked for in all
// ways, and the answers are the same text but for ids and times.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import {
  createTestIndex,
  deleteTestIndex,
  openTestCluster,
  putDocuments,
} from '../../../../test/documents/fill-index.ts'
import { startInterferingProxy } from '../../../../test/faults/interfering-proxy.ts'
import { gatewayInFront, type TestGateway } from '../../../../test/gateway/gateway-in-front.ts'
import { missingJava, useServer } from '../../../../test/servers/servers.ts'
import type { Cluster } from '../../../cluster/cluster.ts'
import { type GatewayDatabase, openGatewayDatabase } from '../../../engine/gateway-database.ts'
import type { RunTask, TaskRunner } from '../../../engine/tasks/task.ts'
import { openTaskRunner } from '../../../engine/tasks/task-runner.ts'
import type { ReindexRequest, ReindexStatus } from '../../../model/reindex.ts'
import { describeReindex } from '../reindex/describe-reindex.ts'
import { taskRoutes } from './task-routes.ts'

const [from, to] = ['gateway-tasks-from', 'gateway-tasks-to']

interface Answer {
  readonly status: number
  readonly text: string
}

interface Body {
  readonly task: string & { readonly status: StatusBody }
  readonly completed: boolean
  readonly nodes: Readonly<Record<string, { readonly tasks: Readonly<Record<string, unknown>> }>>
  readonly tasks: Readonly<Record<string, unknown>>
  readonly node_failures: readonly unknown[]
}
type StatusBody = Readonly<Record<string, number>> & {
  retries: { bulk: number; search: number }
  slices?: StatusBody[]
}

const bodyOf = ({ text }: Answer): Body => JSON.parse(text) as Body

async function ask(url: string, call: string, body?: object): Promise<Answer> {
  const [method = 'GET', path = '/'] = call.split(' ')
  const headers = { 'content-type': 'application/json', 'x-opaque-id': 'mine' }
  const answer = await fetch(url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) })
  return { status: answer.status, text: await answer.text() }
}

const statusFrom = (body: StatusBody): ReindexStatus => ({
  total: body.total ?? 0,
  updated: body.updated ?? 0,
  created: body.created ?? 0,
  deleted: body.deleted ?? 0,
  batches: body.batches ?? 0,
  versionConflicts: body.version_conflicts ?? 0,
  noops: body.noops ?? 0,
  bulkRetries: body.retries.bulk,
  searchRetries: body.retries.search,
  throttledMs: body.throttled_millis ?? 0,
  requestsPerSecond: body.requests_per_second ?? 0,
  throttledUntilMs: body.throttled_until_millis ?? 0,
  reasonCancelled: undefined,
  slices: body.slices?.map((slice) => statusFrom(slice)),
})

/** It has written a batch and waits for the next. */
const isThrottled = (body: StatusBody | null | undefined): boolean =>
  body?.batches === 1 && Number(body.created) + Number(body.updated) === 5 && Number(body.throttled_until_millis) > 1000

/** Without what differs from task to task and from node to node, and without what OpenSearch measures of running tasks. */
const alike = ({ status, text }: Answer): string =>
  `${status} ${text}`
    .replace(/,\s*"resource_stats" ?: ?\{.*?\}\s*\}(?=\s*[,}])/gs, '')
    .replace(/(?<=["[ /])(?!throttled_until_millis)[A-Za-z0-9_-]{22}(?=[":\]])/g, 'NODE')
    .replace(/NODE:\d+/g, 'NODE:1')
    .replace(/("id" ?: ?)\d+/g, '$11')
    .replace(/("(?:\w+_in_millis|\w+_in_nanos|throttled_until_millis|cancellation_time_millis|took)" ?: ?)\d+/g, '$10')
    .replace(/("(?:throttled_until|start_time|running_time)" ?: ?)"[^"]*"/g, '$1""')
    .replace(
      /"name":"[^"]*","transport_address":"[^"]*","host":"[^"]*","ip":"[^"]*","roles":\[[^\]]*\](,"attributes":\{[^}]*\})?/g,
      '"…":""',
    )

for (const name of ['opensearch-2.19.4', 'elasticsearch-7.10.2'] as const) {
  describe(`tasks in front of ${name}`, { skip: missingJava(name) ?? false, timeout: 120_000 }, () => {
    let folder: string
    let cluster: Cluster
    let database: GatewayDatabase
    let tasks: TaskRunner
    let gateway: TestGateway
    let direct: string
    let status: ReindexStatus

    const run: RunTask = ({ request, onStatus, cancel, stop }) =>
      new Promise((resolve, reject) => {
        onStatus(status)
        stop.addEventListener('abort', () => reject(stop.reason))
        if (request.dest.index === 'fails') reject(new Error('broken'))
        cancel.addEventListener('abort', () =>
          resolve({
            status: tasks.listRunning()[0]?.status ?? status,
            tookMs: 7,
            timedOut: false,
            failures: [],
            notes: [],
          }),
        )
      })

    /** A slow task of the server and one of ours that stands where it stands. */
    async function startBoth(slices: number): Promise<{ theirs: string; ours: string }> {
      const query = `wait_for_completion=false&requests_per_second=0.05&slices=${slices}`
      const source = { index: from, size: 5 }
      const theirs = bodyOf(await ask(direct, `POST /_reindex?${query}`, { source, dest: { index: to } })).task
      status = await standing(theirs, slices)
      const request: ReindexRequest = {
        ...{ remote: undefined, script: undefined, maxDocs: undefined, conflicts: 'abort', slices },
        source: {
          ...{ index: [from], query: undefined, size: 5, isSizeGiven: true, sort: undefined, slice: undefined },
          fields: { includes: [], excludes: [] },
        },
        dest: {
          index: to,
          opType: 'index',
          versionType: 'internal',
          pipeline: undefined,
          routing: 'keep',
          requireAlias: false,
        },
        ...{
          requestsPerSecond: 0.05,
          scroll: undefined,
          timeout: undefined,
          refresh: false,
          waitForActiveShards: undefined,
        },
      }
      const description = describeReindex(request, cluster.version)
      const { id } = await tasks.start({ request, description, clusterHeaders: {}, headers: { 'X-Opaque-Id': 'mine' } })
      return { theirs, ours: id }
    }

    /**
     * Once each of its slices has written a batch, it waits for many seconds. A rate makes a sliced task report its slices; a slower one,
     * because any other shortens what is left of a wait to the nanoseconds that fit an int: 2.1 seconds.
     */
    async function standing(id: string, slices: number): Promise<ReindexStatus> {
      for (let attempt = 1; ; attempt++) {
        const call =
          slices > 1 ? `POST /_reindex/${id}/_rethrottle?requests_per_second=0.04&group_by=none` : `GET /_tasks/${id}`
        const answer = bodyOf(await ask(direct, call))
        const body = slices > 1 ? (answer.tasks as unknown as Body['task'][])[0]?.status : answer.task.status
        if ((body?.slices ?? [body]).every(isThrottled)) return statusFrom(body as StatusBody)
        assert.ok(attempt < 200, 'the task of the server writes its first batches')
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }

    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'indexferry-task-routes-'))
      const server = await useServer(name)
      direct = server.url
      cluster = await openTestCluster('target', name)
      for (const index of [from, to]) await createTestIndex(cluster, index)
      await putDocuments(
        cluster,
        from,
        Array.from({ length: 40 }, (_, n) => ({ id: String(n), source: '{}' })),
      )
      database = openGatewayDatabase(folder)
      tasks = await openTaskRunner({ database, run, tasksMax: 20, keepFinishedMs: 60_000 })
      tasks.resume()
      const routes = taskRoutes({ tasks, server: () => cluster.version, address: () => '127.0.0.1:9200' })
      gateway = await gatewayInFront({ nodes: [server.url] }, {}, routes)
    })

    after(async () => {
      await ask(direct, `POST /_tasks/_cancel?actions=*reindex&wait_for_completion=true`)
      await gateway[Symbol.asyncDispose]()
      await tasks[Symbol.asyncDispose]()
      database[Symbol.dispose]()
      rmSync(folder, { recursive: true, force: true })
      for (const index of [from, to]) await deleteTestIndex(cluster, index)
      await cluster[Symbol.asyncDispose]()
    })

    for (const slices of [1, 2]) {
      test(`from the first answer to the last, in ${slices} slices`, async () => {
        let { theirs, ours } = await startBoth(slices)
        const same = async (call: (id: string) => string) => {
          const [expected, got] = [await ask(direct, call(theirs)), await ask(gateway.url, call(ours))]
          assert.equal(alike(got), alike(expected), call('ID'))
          return bodyOf(got)
        }
        const startAgain = async () => {
          const cancel = (id: string) => `POST /_tasks/${id}/_cancel?wait_for_completion=true`
          await Promise.all([ask(direct, cancel(theirs)), ask(gateway.url, cancel(ours))])
          ;({ theirs, ours } = await startBoth(slices))
        }
        if (slices === 1) {
          assert.equal((await same((id) => `GET /_tasks/${id}`)).completed, false)
          await same((id) => `GET /_tasks/${id}?pretty`)
          await same((id) => `GET /_tasks/${id}?human`)
        }
        await same((id) => `POST /_reindex/${id}/_rethrottle?requests_per_second=0.07`)
        await startAgain()
        await same((id) => `POST /_reindex/${id}/_rethrottle?requests_per_second=0.06&group_by=parents`)
        await startAgain()
        await same((id) => `POST /_delete_by_query/${id}/_rethrottle?requests_per_second=0.025&group_by=none`)
        await same((id) => `POST /_reindex/${id}/_rethrottle`)
        await same((id) => `POST /_reindex/${id}/_rethrottle?requests_per_second=0`)
        await same((id) => `POST /_update_by_query/${id}/_rethrottle?requests_per_second=x`)
        await same((id) => `POST /_reindex/${id}/_rethrottle?requests_per_second=1&foo=1`)
        await same((id) => `POST /_tasks/${id}/_cancel?actions=nothing`)
        await same((id) => `POST /_tasks/${id}/_cancel?foo=1`)
        await same((id) => `GET /_tasks/${id}?foo=1`)
        await same((id) => `GET /_tasks/${id}?timeout=5`)
        await same((id) => `POST /_tasks/${id}/_cancel?wait_for_completion=true`)
        await ask(direct, `GET /_tasks/${theirs}?wait_for_completion=true`)
        assert.equal((await same((id) => `GET /_tasks/${id}`)).completed, true)
        await same((id) => `GET /_tasks/${id}?wait_for_completion=true&timeout=1s`)
        await same((id) => `POST /_tasks/${id}/_cancel`)
        await same((id) => `POST /_reindex/${id}/_rethrottle?requests_per_second=1`)
        await same((id) => `POST /_update_by_query/${id}/_rethrottle?requests_per_second=1&group_by=none`)
        for (const strange of ['x', '', '1:1', ':', '999999999'])
          await same((id) => `GET /_tasks/${id.split(':')[0]}:${strange}`)
      })
    }

    test('lists hold the tasks of both', async () => {
      const { theirs, ours } = await startBoth(1)
      for (const change of [
        '',
        '&detailed',
        '&group_by=parents&detailed=true',
        '&group_by=none',
        '&pretty&detailed=false',
      ]) {
        const call = `GET /_tasks?actions=*reindex${change}`
        const [expected, got] = [await ask(direct, call), await ask(gateway.url, call)]
        const infos = (answer: Answer): string[] =>
          [...alike(answer).matchAll(/\{\s*"node" ?:.*?"headers" ?: ?\{.*?\}/gs)].map(([info]) =>
            info.replace(/\s+/g, ''),
          )
        assert.equal(infos(expected).length, 1)
        assert.deepEqual(infos(got), [...infos(expected), ...infos(expected)], call)
        assert.ok(got.text.includes(theirs.split(':')[0] as string) && got.text.includes(ours.split(':')[0] as string))
      }
      const own = `GET /_tasks?nodes=${tasks.nodeId},nobody`
      assert.deepEqual(Object.keys(bodyOf(await ask(gateway.url, own)).nodes), [tasks.nodeId])
      for (const call of ['nodes=nobody', 'actions=*search', `parent_task_id=${ours}`, `nodes=${theirs.split(':')[0]}`])
        assert.ok(!(await ask(gateway.url, `GET /_tasks?${call}`)).text.includes(tasks.nodeId), call)
      for (const call of ['group_by=x', 'detailed=x', 'parent_task_id=x', 'foo=1', 'timeout=1&wait_for_completion'])
        assert.equal(
          alike(await ask(gateway.url, `GET /_tasks?${call}`)),
          alike(await ask(direct, `GET /_tasks?${call}`)),
          call,
        )
      const waited = bodyOf(
        await ask(gateway.url, `GET /_tasks?nodes=${tasks.nodeId}&wait_for_completion&timeout=10ms`),
      )
      assert.deepEqual([Object.keys(waited), waited.node_failures.length], [['node_failures', 'nodes'], 1])
      const late = await ask(gateway.url, `GET /_tasks/${ours}?wait_for_completion=true&timeout=10ms`)
      assert.deepEqual([late.status, late.text.includes('Timed out waiting for completion of')], [500, true])
      const cancelled = await ask(
        gateway.url,
        'POST /_tasks/_cancel?actions=*reindex&group_by=none&wait_for_completion',
      )
      assert.equal((bodyOf(cancelled).tasks as unknown as unknown[]).length, 2)
      assert.equal(tasks.get(ours)?.state, 'cancelled')
      assert.ok(!(await ask(gateway.url, 'GET /_tasks')).text.includes(ours))
    })

    test('whom the cluster does not let see or touch tasks, the gateway does not either', async () => {
      const { ours } = await startBoth(1)
      const refused = JSON.stringify({ error: { type: 'security_exception', reason: 'no permissions' }, status: 403 })
      const refusal = { status: 403, headers: { 'content-type': 'application/json' }, body: Buffer.from(refused) }
      await using proxy = await startInterferingProxy(direct, [
        async (request, next) => (/_tasks|_rethrottle/.test(request.path) ? refusal : next(request)),
      ])
      const routes = taskRoutes({ tasks, server: () => cluster.version, address: () => '127.0.0.1:9200' })
      await using before403 = await gatewayInFront({ nodes: [proxy.url] }, {}, routes)
      for (const call of [
        'GET /_tasks',
        `GET /_tasks/${ours}`,
        `POST /_tasks/${ours}/_cancel`,
        'POST /_tasks/_cancel',
        `POST /_reindex/${ours}/_rethrottle?requests_per_second=1`,
      ])
        assert.deepEqual(await ask(before403.url, call), { status: 403, text: refused }, call)
      assert.equal(tasks.get(ours)?.cancelledAtMs, undefined)
      assert.equal(tasks.get(ours)?.status.requestsPerSecond, 0.05)
    })

    test('a task of ours is shown while the cluster’s index of finished tasks is away', async () => {
      const { ours } = await startBoth(1)
      const error = { type: 'no_shard_available_action_exception', reason: 'No shard available for [get [.tasks]]' }
      const away = Buffer.from(JSON.stringify({ error, status: 503 }))
      await using proxy = await startInterferingProxy(direct, [
        async (request, next) =>
          request.path.includes('/_tasks/')
            ? { status: 503, headers: { 'content-type': 'application/json' }, body: away }
            : next(request),
      ])
      const routes = taskRoutes({ tasks, server: () => cluster.version, address: () => '127.0.0.1:9200' })
      await using behind = await gatewayInFront({ nodes: [proxy.url] }, {}, routes)
      const { status, text } = await ask(behind.url, `GET /_tasks/${ours}`)
      assert.deepEqual([status, text.includes('"completed":false')], [200, true], text)
    })
  })
}
