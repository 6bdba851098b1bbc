import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestIndex, deleteTestIndex, openTestCluster } from '../../test/documents/fill-index.ts'
import { startInterferingProxy } from '../../test/faults/interfering-proxy.ts'
import { useServer } from '../../test/servers/servers.ts'
import { openCluster } from '../cluster/open-cluster.ts'
import { isErrorOf } from '../foundation/errors.ts'
import { refreshIndex } from './shard-checkpoints.ts'

const name = 'opensearch-2.19.4'

test('without the right to refresh, an index that does not refresh itself soon is not read', async () => {
  const index = 'rarely-refreshed'
  await using all = await openTestCluster('source', name)
  const error = { type: 'security_exception', reason: 'no permissions for [indices:admin/refresh]' }
  const refusal = {
    status: 403,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ error, status: 403 })),
  }
  await using proxy = await startInterferingProxy((await useServer(name)).url, [
    async (request, next) => (request.path.includes('/_refresh') ? refusal : next(request)),
  ])
  await using cluster = await openCluster('source', { nodes: [proxy.url] })
  try {
    for (const refresh_interval of ['1h', '11m', '0s', '-1']) {
      await createTestIndex(all, index, { settings: { refresh_interval } })
      const isRefused = (thrown: unknown) => isErrorOf(thrown, 'PRIVILEGE_MISSING')
      await assert.rejects(refreshIndex(cluster, index), isRefused, refresh_interval)
    }
  } finally {
    await deleteTestIndex(all, index)
  }
})
