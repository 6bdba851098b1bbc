import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestIndex, deleteTestIndex, openTestCluster } from '../../test/documents/fill-index.ts'
import type { ServerName } from '../../test/servers/catalogue.ts'
import { missingJava } from '../../test/servers/servers.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { indexPath } from '../cluster/paths.ts'
import { untilDeletesForgotten } from './forgotten-deletes.ts'

const index = 'forgotten-deletes'
const names: readonly ServerName[] = ['opensearch-2.19.4', 'elasticsearch-5.6.16']

async function writeVersion(cluster: Cluster, version: number): Promise<number> {
  const type = cluster.capabilities.mappingTypes === 'several' ? 'doc' : '_doc'
  const { status } = await cluster.json({
    method: 'PUT',
    path: indexPath(index, `${type}/1`),
    query: { version, version_type: 'external' },
    body: { a: 1 },
    accept: [409],
  })
  return status
}

for (const name of names) {
  test(`${name} takes older versions of deleted documents once it has forgotten them`, {
    skip: missingJava(name) ?? false,
  }, async () => {
    await using cluster = await openTestCluster('target', name)
    try {
      await createTestIndex(cluster, index, { settings: { gc_deletes: '2s' } })
      const signal = AbortSignal.timeout(300_000)
      const notes: string[] = []
      const forgetting = { note: (text: string) => notes.push(text), signal }
      assert.equal(await writeVersion(cluster, 50), 201)
      await untilDeletesForgotten(cluster, index, forgetting)
      assert.deepEqual(notes, [], 'nothing was deleted')
      const body = { query: { match_all: {} } }
      await cluster.json({ method: 'POST', path: indexPath(index, '_delete_by_query'), body })
      await untilDeletesForgotten(cluster, index, forgetting)
      assert.equal(await writeVersion(cluster, 2), 201)
    } finally {
      await deleteTestIndex(cluster, index)
    }
  })
}
