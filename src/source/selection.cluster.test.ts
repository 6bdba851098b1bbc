import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestIndex, deleteTestIndex, openTestCluster } from '../../test/documents/fill-index.ts'
import { startInterferingProxy } from '../../test/faults/interfering-proxy.ts'
import { useServer } from '../../test/servers/servers.ts'
import { openCluster } from '../cluster/open-cluster.ts'
import { IndexferryError } from '../foundation/errors.ts'
import { countSelected } from './selection.ts'

const name = 'opensearch-2.19.4'

test('an index that searches pass over is not taken for an empty one', async () => {
  const index = 'passed-over'
  await using all = await openTestCluster('source', name)
  // What Elasticsearch with X-Pack answers about a frozen index.
  const body = Buffer.from('{"count":0,"_shards":{"total":0,"successful":0,"skipped":0,"failed":0}}')
  await using proxy = await startInterferingProxy((await useServer(name)).url, [
    async (request, next) =>
      request.path.includes('/_count')
        ? { status: 200, headers: { 'content-type': 'application/json' }, body }
        : next(request),
  ])
  await using cluster = await openCluster('source', { nodes: [proxy.url] })
  const selection = { index, documentBytesMax: 1, readers: 1 }
  try {
    await createTestIndex(all, index)
    assert.equal(await countSelected({ ...selection, cluster: all }), 0)
    await assert.rejects(
      countSelected({ ...selection, cluster }),
      (error) => error instanceof IndexferryError && error.code === 'SHARD_FAILED' && /frozen/.test(error.message),
    )
  } finally {
    await deleteTestIndex(all, index)
  }
})
