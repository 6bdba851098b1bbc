// Answers, task descriptions and errors, compared with those of real servers letter by letter.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createTestIndex, deleteTestIndex, openTestCluster } from '../../../../test/documents/fill-index.ts'
import type { ServerName } from '../../../../test/servers/catalogue.ts'
import { missingJava } from '../../../../test/servers/servers.ts'
import type { Cluster } from '../../../cluster/cluster.ts'
import { openCluster } from '../../../cluster/open-cluster.ts'
import { indexPath } from '../../../cluster/paths.ts'
import { printExactJson } from '../../../foundation/exact-json.ts'
import type { JsonObject } from '../../../model/json.ts'
import type { ReindexFailure, ReindexOutcome, ReindexStatus } from '../../../model/reindex.ts'
import { describeReindex } from './describe-reindex.ts'
import { parseReindex } from './parse-reindex.ts'
import { answerStatus, responseBody } from './reindex-answer.ts'
import { serverErrorOf } from './server-error.ts'

const servers: ServerName[] = ['opensearch-2.19.4', 'elasticsearch-7.10.2', 'opensearch-3.8.0', 'opensearch-1.3.14']
const from = `answers-from-${process.pid}`
const into = `answers-into-${process.pid}`

type Numbers = Record<string, number>

function statusOf(body: JsonObject): ReindexStatus {
  const numbers = body as Numbers
  const { bulk, search } = body.retries as Numbers
  const rate = numbers.requests_per_second as number
  return {
    ...(body as { total: number; updated: number; created: number; deleted: number; batches: number; noops: number }),
    versionConflicts: numbers.version_conflicts as number,
    bulkRetries: bulk as number,
    searchRetries: search as number,
    throttledMs: numbers.throttled_millis as number,
    requestsPerSecond: rate === -1 ? Infinity : rate,
    throttledUntilMs: numbers.throttled_until_millis as number,
    reasonCancelled: body.canceled as string | undefined,
    slices: (body.slices as JsonObject[] | undefined)?.map(statusOf),
  }
}

const outcomeOf = (body: JsonObject): ReindexOutcome => ({
  status: statusOf(body),
  tookMs: body.took as number,
  timedOut: body.timed_out as boolean,
  failures: (body.failures as JsonObject[]).map((failure) => ({ kind: 'bulk', ...failure }) as ReindexFailure),
  notes: [],
})

async function fill(cluster: Cluster): Promise<void> {
  await createTestIndex(cluster, from, { shards: 2 })
  for (const id of ['1', '2', '3']) {
    await cluster.json({ method: 'PUT', path: indexPath(from, `_doc/${id}`), query: { refresh: true }, body: { id } })
  }
  await createTestIndex(cluster, into)
}

async function compareAnswer(cluster: Cluster, query: Record<string, string>, dest: object): Promise<number> {
  const { status, body } = await cluster.bytes({
    method: 'POST',
    path: '/_reindex',
    query,
    body: { source: { index: from }, dest: { index: into, ...dest } },
    accept: [400, 409],
  })
  const outcome = outcomeOf(JSON.parse(body.toString()))
  const told = responseBody(outcome, { server: cluster.version, human: 'human' in query })
  assert.equal(printExactJson(told), withoutFractions(body.toString()))
  assert.equal(answerStatus(outcome), status)
  return status
}

/** Throttling is measured in nanoseconds there: `3.9ms` for 3 milliseconds. */
const withoutFractions = (text: string): string => text.replace(/(\d)\.\d+ms"/g, '$1ms"')

for (const name of servers) {
  describe(name, { skip: missingJava(name) }, () => {
    test('answers', async () => {
      const cluster = await openTestCluster('target', name)
      await using _ = cluster
      await fill(cluster)
      assert.equal(await compareAnswer(cluster, {}, {}), 200)
      assert.equal(await compareAnswer(cluster, { slices: '2', requests_per_second: '5000.5', human: 'true' }, {}), 200)
      assert.equal(await compareAnswer(cluster, {}, { op_type: 'create' }), 409)
      assert.equal(await compareAnswer(cluster, {}, { pipeline: 'missing' }), 400)
      for (const index of [from, into]) await deleteTestIndex(cluster, index)
    })

    test('descriptions', async () => {
      const cluster = await openTestCluster('target', name)
      await using _ = cluster
      await fill(cluster)
      const host = cluster.name
      const query = { bool: { must: [{ terms: { id: ['1', 2, 1.5, null] } }], must_not: [], boost: 1.0 } }
      const bodies = [
        { source: { index: from, size: 1, remote: { host } }, dest: { index: into } },
        {
          source: {
            index: [from, `${from}*`],
            size: 1,
            query,
            remote: { host: `${host}/`, username: 'u', password: 'p' },
          },
          dest: { index: into },
          script: { source: 'ctx._source.a = params.a', params: { a: [1, { b: 'c' }] } },
        },
        { source: { index: from, remote: { host } }, dest: { index: into }, script: { id: 'stored' } },
      ]
      for (const body of bodies) {
        const { request } = parseReindex(Buffer.from(JSON.stringify(body)), new URLSearchParams(), cluster.version)
        assert.equal(describeReindex(request, cluster.version), await descriptionOf(cluster, body))
      }
      for (const index of [from, into]) await deleteTestIndex(cluster, index)
    })

    test('errors of the remote', async () => {
      const cluster = await openTestCluster('target', name)
      const source = await openTestCluster('source', name)
      await using _ = cluster
      await using __ = source
      const missing = { method: 'POST', path: '/missing-index/_search' } as const
      await compareError(cluster, cluster.name, () => source.json(missing))
      const refused = 'http://127.0.0.1:9'
      await compareError(cluster, refused, () => openCluster('source', { nodes: [refused], connectTimeoutMs: 500 }))
    })
  })
}

async function descriptionOf(cluster: Cluster, body: object): Promise<string> {
  const query = { wait_for_completion: false, requests_per_second: 0.0001 }
  const started = await cluster.json<{ task: string }>({ method: 'POST', path: '/_reindex', query, body })
  const { task } = started.body
  const answer = await cluster.json<{ task: { description: string } }>({ method: 'GET', path: `/_tasks/${task}` })
  await cluster.json({ method: 'POST', path: `/_tasks/${task}/_cancel`, accept: [404] })
  await cluster.json({ method: 'GET', path: `/_tasks/${task}`, query: { wait_for_completion: true } })
  return answer.body.task.description
}

async function compareError(cluster: Cluster, host: string, fail: () => Promise<unknown>): Promise<void> {
  const body = { source: { index: 'missing-index', remote: { host } }, dest: { index: into } }
  const { status, body: theirs } = await cluster.json<{ error: { type: string; reason: string } }>({
    method: 'POST',
    path: '/_reindex',
    body,
    accept: [404, 500],
  })
  const { request } = parseReindex(Buffer.from(JSON.stringify(body)), new URLSearchParams(), cluster.version)
  const ours = await fail().then(
    () => assert.fail('it was there'),
    (error) => serverErrorOf(error, { server: cluster.version, remote: request.remote }),
  )
  assert.deepEqual([ours.status, ours.error.type], [status, theirs.error.type])
  assert.equal(ours.error.reason, theirs.error.reason)
}
