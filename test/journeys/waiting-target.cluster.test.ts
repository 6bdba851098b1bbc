// Copies into indexes that were there before: emptied a moment ago, or with a pipeline for their clients.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { indexPath } from '../../src/cluster/paths.ts'
import { bulkDocuments, createTestIndex, deleteTestIndex, openTestCluster } from '../documents/fill-index.ts'
import { useServer } from '../servers/servers.ts'
import { compareIndexes } from './copy-index.ts'
import { Indexferry } from './indexferry.ts'

const name = 'opensearch-2.19.4'

test('what was deleted from the target a moment ago is copied there again', { timeout: 400_000 }, async () => {
  await using source = await openTestCluster('source', name)
  await using target = await openTestCluster('target', 'elasticsearch-7.10.2')
  await using indexferry = await Indexferry.install()
  const index = 'emptied-target'
  try {
    await createTestIndex(source, index, { shards: 2 })
    // As long as a copy takes to begin, and longer.
    await createTestIndex(target, index, { settings: { gc_deletes: '5s' } })
    const documents = Array.from({ length: 500 }, (_, number) => ({ id: `d-${number}`, source: `{"n":${number}}` }))
    await bulkDocuments(source, index, documents)
    const words = [`${(await useServer(name)).url}/${index}`, (await useServer('elasticsearch-7.10.2')).url]
    const accepted = [...words, '--accept-definition']
    await indexferry.copy(accepted)
    const body = { query: { match_all: {} } }
    await target.json({ method: 'POST', path: indexPath(index, '_delete_by_query'), query: { refresh: true }, body })
    await using again = await Indexferry.install()
    const { counts } = await again.copy(accepted)
    assert.equal(counts.written, documents.length)
    await compareIndexes(source, target, index)
  } finally {
    for (const cluster of [source, target]) await deleteTestIndex(cluster, index)
  }
})

test('a default pipeline of the target is passed by', { timeout: 120_000 }, async () => {
  await using source = await openTestCluster('source', name)
  await using target = await openTestCluster('target', 'elasticsearch-7.10.2')
  await using indexferry = await Indexferry.install()
  const index = 'target-with-pipeline'
  try {
    await createTestIndex(source, index)
    // Whoever asks for it is refused.
    await createTestIndex(target, index, { settings: { default_pipeline: 'not-there' } })
    await bulkDocuments(source, index, [{ id: 'one', source: '{"n": 1.0}' }])
    const words = [`${(await useServer(name)).url}/${index}`, (await useServer('elasticsearch-7.10.2')).url]
    const { counts } = await indexferry.copy([...words, '--accept-definition'])
    assert.equal(counts.written, 1)
    await compareIndexes(source, target, index)
  } finally {
    for (const cluster of [source, target]) await deleteTestIndex(cluster, index)
  }
})
