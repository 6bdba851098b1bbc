import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bulkDocuments, createTestIndex, deleteTestIndex, openTestCluster } from '../../test/documents/fill-index.ts'
import { missingJava } from '../../test/servers/servers.ts'
import { openSearchSource } from './open-search-source.ts'

const server = 'opensearch-2.19.4'
const index = 'settled-checkpoints'

test('what was acknowledged and is not on the disk yet is listed, too', {
  skip: missingJava(server) ?? false,
}, async () => {
  await using cluster = await openTestCluster('source', server)
  await createTestIndex(cluster, index, { settings: { translog: { durability: 'async', sync_interval: '100s' } } })
  try {
    await bulkDocuments(
      cluster,
      index,
      Array.from({ length: 20 }, (_, number) => ({ id: `${number}`, source: '{}' })),
    )
    await using source = await openSearchSource({ cluster, index, documentBytesMax: 1_000_000, readers: 1 }, 'sequence')
    const [partition] = await source.listPartitions()
    assert.ok(partition?.kind === 'sequence')
    assert.deepEqual([partition.from, partition.to], [0, 20])
  } finally {
    await deleteTestIndex(cluster, index)
  }
})
