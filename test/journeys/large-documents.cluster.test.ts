// Documents of many megabytes, byte for byte, and one that is larger than the target takes.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { openCluster } from '../../src/cluster/open-cluster.ts'
import { indexPath } from '../../src/cluster/paths.ts'
import { createTestIndex, deleteTestIndex, openTestCluster, refreshTestIndex } from '../documents/fill-index.ts'
import { missingJava, startServer } from '../servers/servers.ts'
import { compareIndexes, copyTestIndex } from './copy-index.ts'

const MEGABYTE = 1_000_000

/** A text of this size with escapes, wide characters and numbers that must not change. */
function largeSource(bytes: number, seed: number): Buffer {
  const unit = `{"n":9007199254740993,"d":1.0,"t":"\\"quoted\\" \\\\ ü 😀 ${seed}","e":1e400},`
  const list = Buffer.alloc(bytes - 40, unit)
  // Cut behind a whole unit, so that it is JSON.
  const end = list.lastIndexOf('},{') + 1
  return Buffer.concat([Buffer.from('{"list":['), list.subarray(0, end), Buffer.from(']}')])
}

async function put(cluster: Cluster, index: string, id: string, source: Buffer): Promise<void> {
  await cluster.json({ method: 'PUT', path: indexPath(index, `_doc/${id}`), body: source })
}

/** Memory that the process has in use at most while the work is done. */
async function peakOf(work: Promise<unknown>): Promise<number> {
  let peak = 0
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }, 20)
  try {
    await work
  } finally {
    clearInterval(timer)
  }
  return peak
}

describe('large documents', { skip: missingJava('opensearch-3.8.0') ?? false }, () => {
  let source: Cluster
  let target: Cluster
  const index = 'large-documents'

  before(async () => {
    target = await openTestCluster('target', 'opensearch-3.8.0')
  })
  after(async () => {
    await deleteTestIndex(target, index)
    await target[Symbol.asyncDispose]()
  })

  it('of 5 MB and 50 MB arrive byte for byte among small ones', async (t) => {
    source = await openTestCluster('source', 'opensearch-2.19.4')
    try {
      await createTestIndex(source, index, { shards: 1, mapping: { enabled: false } })
      await createTestIndex(target, index, { shards: 1, mapping: { enabled: false } })
      for (let n = 0; n < 6; n++) await put(source, index, `five-${n}`, largeSource(5 * MEGABYTE, n))
      await put(source, index, 'fifty', largeSource(50 * MEGABYTE, 50))
      for (let n = 0; n < 20; n++) await put(source, index, `small-${n}`, Buffer.from(`{"n":${n}.0}`))
      await refreshTestIndex(source, index)
      const copy = copyTestIndex({ source, target, index, readers: 1 })
      const peak = await peakOf(copy)
      const { counts } = await copy
      assert.deepEqual([counts.read, counts.written, counts.rejected], [27, 27, 0])
      t.diagnostic(`resident memory at most ${Math.round(peak / MEGABYTE)} MB`)
      await compareIndexes(source, target, index)
    } finally {
      await deleteTestIndex(source, index)
      await source[Symbol.asyncDispose]()
    }
  })

  it('above what the target takes are rejected with 413, and the others are written', async () => {
    // A source that takes what the target does not.
    const settings = { 'http.max_content_length': '300mb', 'indexing_pressure.memory.limit': '50%' }
    await using server = await startServer('opensearch-2.19.4', { heap: '1g', settings })
    source = await openCluster('source', { nodes: [server.url] })
    try {
      await createTestIndex(source, index, { shards: 1, mapping: { enabled: false } })
      await createTestIndex(target, index, { shards: 1, mapping: { enabled: false } })
      for (let n = 0; n < 10; n++) await put(source, index, `before-${n}`, Buffer.from(`{"n":${n}.0}`))
      await put(source, index, 'huge', largeSource(120 * MEGABYTE, 120))
      // Below http.max_content_length, above the tenth of its heap that the target gives to writing, which it answers with 429.
      await put(source, index, 'heavy', largeSource(80 * MEGABYTE, 80))
      for (let n = 0; n < 10; n++) await put(source, index, `after-${n}`, largeSource(MEGABYTE, n))
      await refreshTestIndex(source, index)
      const { counts, rejected } = await copyTestIndex({ source, target, index, readers: 1 })
      assert.deepEqual([counts.read, counts.written, counts.rejected, counts.skipped], [22, 20, 2, 0])
      for (const { status, type } of rejected) assert.deepEqual([status, type], [413, 'content_too_long'])
      for (const id of ['huge', 'heavy']) await source.json({ method: 'DELETE', path: indexPath(index, `_doc/${id}`) })
      await compareIndexes(source, target, index)
    } finally {
      await source[Symbol.asyncDispose]()
    }
  })
})
