// The cluster's own `_reindex`, found again after a crash.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bulkDocuments, createTestIndex, deleteTestIndex, openTestCluster } from '../../../test/documents/fill-index.ts'
import { documentsOf, requestOf } from '../../../test/documents/reindex-calls.ts'
import { missingJava } from '../../../test/servers/servers.ts'
import { findClusterReindex, startClusterReindex } from './cluster-reindex.ts'

const skip = missingJava('opensearch-2.19.4') ?? false

test('a task takes no other task for its own whose number begins with the same digits', { skip }, async () => {
  await using cluster = await openTestCluster('target', 'opensearch-2.19.4')
  const [staging, dest] = ['clr-node-12-abc', 'clr-dest']
  await createTestIndex(cluster, staging)
  await bulkDocuments(cluster, staging, documentsOf(10))
  await cluster.json({ method: 'POST', path: `/${staging}/_refresh` })
  const script = { source: 'ctx._source.z = 1' }
  const request = requestOf('any', dest, { source: { size: 1 }, call: { script } })
  const task = await startClusterReindex(cluster, request, [staging], 0.1)
  try {
    assert.equal(await findClusterReindex(cluster, 'clr-node-12'), task)
    assert.equal(await findClusterReindex(cluster, 'clr-node-1'), undefined)
  } finally {
    await cluster.json({ method: 'POST', path: `/_tasks/${task}/_cancel`, query: { wait_for_completion: true } })
    for (const index of [staging, dest]) await deleteTestIndex(cluster, index)
  }
})
