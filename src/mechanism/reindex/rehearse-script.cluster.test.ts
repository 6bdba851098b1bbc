// What a script comes to is found out without a destination, and without taking what a former process asked for the call itself.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bulkDocuments, createTestIndex, deleteTestIndex, openTestCluster } from '../../../test/documents/fill-index.ts'
import { documentsOf, requestOf } from '../../../test/documents/reindex-calls.ts'
import { missingJava } from '../../../test/servers/servers.ts'
import { findClusterReindex, startClusterReindex } from './cluster-reindex.ts'
import { rehearseScript } from './rehearse-script.ts'
import type { ReindexRun } from './run-reindex.ts'

const skip = missingJava('opensearch-2.19.4') ?? false

test('a script that writes nothing needs no destination; one from before a crash is ended', { skip }, async () => {
  await using cluster = await openTestCluster('target', 'opensearch-2.19.4')
  const [name, dest] = ['rhs-node-1', 'rhs-dest']
  const stagings = [`${name}-abc`]
  await createTestIndex(cluster, `${name}-abc`)
  await bulkDocuments(cluster, `${name}-abc`, documentsOf(4))
  await cluster.json({ method: 'POST', path: `/${name}-abc/_refresh` })
  const isThere = async () => (await cluster.bytes({ method: 'HEAD', path: `/${dest}`, accept: [404] })).status === 200
  const rehearsed = (source: string, changed: Partial<ReindexRun> = {}) => {
    const request = requestOf('any', dest, { call: { script: { source } } })
    const never = new AbortController().signal
    const run = {
      ...{ request, target: cluster, createIndex: 'fromSource', requestsPerSecond: () => Number.POSITIVE_INFINITY },
      ...{ onStatus: () => {}, cancel: never, stop: never, ...changed },
    } as unknown as ReindexRun
    return rehearseScript(run, request, name, stagings)
  }
  try {
    const slow = requestOf('any', dest, { source: { size: 1 }, call: { script: { source: 'ctx.op = "noop"' } } })
    await startClusterReindex(cluster, slow, stagings, 0.01)
    const all = await rehearsed('ctx.op = "noop"')
    assert.deepEqual([all?.status.noops, all?.status.total, all?.failures], [4, 4, []])
    assert.equal(await findClusterReindex(cluster, name), undefined)
    assert.equal(await rehearsed('if (ctx._id == "nobody") { ctx.op = "noop" }'), undefined)
    await assert.rejects(rehearsed('throw new IllegalArgumentException("Cats!")'), /runtime error/)
    assert.equal(await rehearsed('ctx.op = "delete"'), undefined)
    assert.equal(await rehearsed('ctx.op = "noop"', { createIndex: 'dynamic' }), undefined)
    assert.equal(await isThere(), false)
    await createTestIndex(cluster, dest)
    assert.equal(await rehearsed('ctx.op = "noop"'), undefined)
  } finally {
    for (const index of [...stagings, dest]) await deleteTestIndex(cluster, index)
  }
})
