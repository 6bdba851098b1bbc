// A `_reindex` from a remote as we carry it out, against the same call of the real server, field by field; and what only we can do.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { bulkDocuments, createTestIndex, deleteTestIndex, openTestCluster } from '../../../test/documents/fill-index.ts'
import {
  contentOf,
  documentsOf,
  type ReindexChanges,
  reindex,
  requestOf,
  type Sides,
} from '../../../test/documents/reindex-calls.ts'
import type { ServerName } from '../../../test/servers/catalogue.ts'
import { missingJava, useServer } from '../../../test/servers/servers.ts'
import { indexPath } from '../../cluster/paths.ts'
import type { JsonObject } from '../../model/json.ts'
import type { ReindexFailure, ReindexOutcome, ReindexStatus } from '../../model/reindex.ts'

/** The answer of the server's own call, without what depends on the clock. */
function comparable(answer: JsonObject): JsonObject {
  const { took: _took, throttled_millis: _throttled, ...rest } = answer
  return rest
}

/** Our outcome in the server's words. Failures of several documents may come in any order. */
function asAnswer({ status, failures }: ReindexOutcome): JsonObject {
  return {
    timed_out: false,
    ...statusFields(status),
    failures: failures.map((failure) => asFailure(failure)),
  }
}

const statusFields = (status: ReindexStatus): JsonObject => ({
  total: status.total,
  updated: status.updated,
  created: status.created,
  deleted: status.deleted,
  batches: status.batches,
  version_conflicts: status.versionConflicts,
  noops: status.noops,
  retries: { bulk: status.bulkRetries, search: status.searchRetries },
  requests_per_second: Number.isFinite(status.requestsPerSecond) ? status.requestsPerSecond : -1,
  throttled_until_millis: status.throttledUntilMs,
})

function asFailure(failure: ReindexFailure): JsonObject {
  assert.ok(failure.kind === 'bulk')
  const { index, type, id, cause, status } = failure
  return { index, ...(type === undefined ? {} : { type }), id, cause, status }
}

const pairs: readonly (readonly [ServerName, ServerName])[] = [
  ['elasticsearch-7.10.2', 'opensearch-2.19.4'],
  // It cannot read a remote OpenSearch 2 itself: "Required [_type]".
  ['elasticsearch-7.10.2', 'elasticsearch-7.10.2'],
]

for (const [sourceName, targetName] of pairs) {
  const skip = missingJava(sourceName) ?? missingJava(targetName) ?? false
  describe(`_reindex from ${sourceName} into ${targetName}, like the server's own`, { skip }, () => {
    let sides: Sides
    const source = `rx-source-${targetName}`
    const [theirs, ours] = ['rx-theirs', 'rx-ours']
    before(async () => {
      sides = {
        source: await openTestCluster('source', sourceName),
        target: await openTestCluster('target', targetName),
      }
      await createTestIndex(sides.source, source, { mapping: { properties: { n: { type: 'long' } } } })
      await bulkDocuments(
        sides.source,
        source,
        documentsOf(7).map((each, at) => (at === 3 ? { ...each, routing: 'east' } : each)),
      )
      // A version above 1.
      await bulkDocuments(sides.source, source, [{ id: '2', source: '{"n":2}' }])
      await sides.target.json({
        method: 'PUT',
        path: '/_ingest/pipeline/rx-drop',
        body: { processors: [{ drop: { if: 'ctx.n % 2 == 0' } }, { set: { field: 'seen', value: true } }] },
      })
    })
    after(async () => {
      await deleteTestIndex(sides.source, source)
      for (const index of [theirs, ours]) await deleteTestIndex(sides.target, index)
      await sides.target.json({ method: 'DELETE', path: '/_ingest/pipeline/rx-drop', accept: [404] })
      await sides.source[Symbol.asyncDispose]()
      await sides.target[Symbol.asyncDispose]()
    })

    /** The same call by the server and by us, into indexes that were prepared alike; both answers and both indexes must be equal. */
    async function compare(
      changes: ReindexChanges & {
        body?: JsonObject
        dest?: object
        query?: object
        fill?: number
        mapping?: JsonObject
        external?: boolean
      },
    ) {
      const server = await useServer(sourceName)
      for (const index of [theirs, ours]) {
        await deleteTestIndex(sides.target, index)
        if (changes.mapping || changes.fill)
          await createTestIndex(sides.target, index, changes.mapping ? { mapping: changes.mapping } : {})
        if (changes.fill) await bulkDocuments(sides.target, index, documentsOf(changes.fill))
      }
      const { body = {} } = changes
      const { source: sourceBody, dest: destBody, ...others } = body
      const { body: answer } = await sides.target.json<JsonObject>({
        method: 'POST',
        path: '/_reindex',
        query: { refresh: true, ...changes.query },
        body: {
          ...others,
          source: { remote: { host: server.url }, index: source, ...(sourceBody as object) },
          dest: { index: theirs, ...(destBody as object) },
        },
        accept: [400, 409, 500],
      })
      const outcome = await reindex(sides, requestOf(source, ours, changes))
      const expected = JSON.parse(
        JSON.stringify(comparable(answer))
          .replaceAll(theirs, ours)
          .replace(/"index_uuid":"[^"]*"/g, '"index_uuid":""'),
      ) as JsonObject
      const actual = JSON.parse(
        JSON.stringify(asAnswer(outcome)).replace(/"index_uuid":"[^"]*"/g, '"index_uuid":""'),
      ) as JsonObject
      assert.deepEqual(actual, expected)
      const hasIndex = async (index: string) =>
        (await sides.target.bytes({ method: 'HEAD', path: indexPath(index), accept: [404] })).status === 200
      assert.equal(await hasIndex(ours), await hasIndex(theirs))
      if (await hasIndex(ours))
        assert.deepEqual(
          [...(await contentOf(sides.target, ours, changes.external))].sort(),
          [...(await contentOf(sides.target, theirs, changes.external))].sort(),
        )
      return outcome
    }

    it('writes all, in batches of the asked size', async () => {
      await compare({})
      await compare({ source: { size: 3 }, body: { source: { size: 3 } } })
      await compare({ source: { size: 7 }, body: { source: { size: 7 } } })
    })
    it('replaces documents and counts them as updated', async () => {
      await compare({ fill: 3 })
    })
    it('takes some documents: query, fields, most', async () => {
      const query = { range: { n: { gt: 4 } } }
      await compare({ source: { query }, body: { source: { query } } })
      await compare({
        source: { fields: { includes: ['x'], excludes: [] } },
        body: { source: { _source: ['x'] } },
      })
      await compare({
        source: { fields: { includes: [], excludes: ['n'] } },
        body: { source: { _source: { excludes: ['n'] } } },
      })
      await compare({
        source: { sort: [{ n: 'desc' }] },
        call: { maxDocs: 3 },
        body: { max_docs: 3, source: { sort: { n: 'desc' } } },
      })
    })
    it('ends at the first conflict, or counts conflicts', async () => {
      await compare({ fill: 3, dest: { opType: 'create' }, body: { dest: { op_type: 'create' } } })
      const proceed = { conflicts: 'proceed' } as const
      await compare({
        fill: 3,
        dest: { opType: 'create' },
        call: proceed,
        body: { ...proceed, dest: { op_type: 'create' } },
      })
      const sized = { source: { size: 2 } }
      await compare({ fill: 3, dest: { opType: 'create' }, ...sized, body: { ...sized, dest: { op_type: 'create' } } })
    })
    it('keeps versions', async () => {
      for (const versionType of ['external', 'external_gte'] as const) {
        const dest = { dest: { version_type: versionType } }
        await compare({ dest: { versionType }, body: dest, external: true })
        const proceed = { conflicts: 'proceed' } as const
        await compare({ fill: 3, dest: { versionType }, call: proceed, body: { ...proceed, ...dest }, external: true })
      }
    })
    it('keeps, discards and sets routing', async () => {
      await compare({ body: { dest: { routing: 'keep' } } })
      await compare({ dest: { routing: 'discard' }, body: { dest: { routing: 'discard' } } })
      await compare({ dest: { routing: '=west "1"' }, body: { dest: { routing: '=west "1"' } } })
    })
    it('sends documents through a pipeline, which may drop them', async () => {
      await compare({ dest: { pipeline: 'rx-drop' }, body: { dest: { pipeline: 'rx-drop' } } })
    })
    it('lists what the destination refuses, and stops', async () => {
      const mapping = { properties: { n: { type: 'boolean' } } }
      await compare({ mapping, source: { size: 3 }, body: { source: { size: 3 } } })
    })
    it('finds nothing where a pattern finds nothing', async () => {
      await compare({ source: { index: ['rx-nothing-*'] }, body: { source: { index: 'rx-nothing-*' } } })
    })
    it('runs scripts in the cluster', async () => {
      const script = {
        source:
          'if (ctx._source.n == 1) { ctx.op = "noop" } else if (ctx._source.n == 2) { ctx.op = "delete" } else { ctx._source.twice = ctx._source.n * 2; ctx._routing = "r" }',
      }
      await compare({ fill: 3, call: { script }, body: { script } })
      await compare({ source: { size: 2 }, call: { script }, body: { script, source: { size: 2 } } })
      const { body } = await sides.target.json<JsonObject>({
        method: 'GET',
        path: indexPath('.indexferry-reindex-*', '_settings'),
        query: { expand_wildcards: 'all' },
      })
      assert.deepEqual(body, {})
    })
  })
}
