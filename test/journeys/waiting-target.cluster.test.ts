// Copies into indexes that were there before: emptied a moment ago, or with a pipeline for their clients.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { indexPath } from '../../src/cluster/paths.ts'
import { bulkDocuments, createTestIndex, deleteTestIndex, openTestCluster } from '../documents/fill-index.ts'
import { useServer } from '../servers/servers.ts'
import { compareIndexes } from './copy-index.ts'
import { Indexferry } from './indexferry.ts'

const [sourceName, targetName] = ['opensearch-2.19.4', 'elasticsearch-7.10.2'] as const

interface Sides {
  readonly source: Cluster
  readonly target: Cluster
  /** Of a copy, whatever the target's definition is. */
  readonly words: readonly string[]
}

async function withSides(index: string, work: (sides: Sides) => Promise<void>): Promise<void> {
  await using source = await openTestCluster('source', sourceName)
  await using target = await openTestCluster('target', targetName)
  const urls = [`${(await useServer(sourceName)).url}/${index}`, (await useServer(targetName)).url]
  try {
    await work({ source, target, words: [...urls, '--accept-definition'] })
    await compareIndexes(source, target, index)
  } finally {
    for (const cluster of [source, target]) await deleteTestIndex(cluster, index)
  }
}

test('what was deleted from the target a moment ago is copied there again', { timeout: 400_000 }, async () => {
  const index = 'emptied-target'
  await withSides(index, async ({ source, target, words }) => {
    await using indexferry = await Indexferry.install()
    await createTestIndex(source, index, { shards: 2 })
    // As long as a copy takes to begin, and longer.
    await createTestIndex(target, index, { settings: { gc_deletes: '5s' } })
    const documents = Array.from({ length: 500 }, (_, number) => ({ id: `d-${number}`, source: `{"n":${number}}` }))
    await bulkDocuments(source, index, documents)
    await indexferry.copy(words)
    const body = { query: { match_all: {} } }
    await target.json({ method: 'POST', path: indexPath(index, '_delete_by_query'), query: { refresh: true }, body })
    await using again = await Indexferry.install()
    const { counts } = await again.copy(words)
    assert.equal(counts.written, documents.length)
  })
})

test('a default pipeline of the target is passed by', { timeout: 120_000 }, async () => {
  const index = 'target-with-pipeline'
  await withSides(index, async ({ source, target, words }) => {
    await using indexferry = await Indexferry.install()
    await createTestIndex(source, index)
    // Whoever asks for it is refused.
    await createTestIndex(target, index, { settings: { default_pipeline: 'not-there' } })
    await bulkDocuments(source, index, [{ id: 'one', source: '{"n": 1.0}' }])
    const { counts } = await indexferry.copy(words)
    assert.equal(counts.written, 1)
  })
})
