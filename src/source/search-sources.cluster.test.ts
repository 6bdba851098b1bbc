// The reading half of the matrix: every source version, every way of reading that it has, delivers the same documents, byte for byte.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { difficultDocuments } from '../../test/documents/difficult-documents.ts'
import {
  bulkDocuments,
  createTestIndex,
  deleteTestIndex,
  openTestCluster,
  putDocuments,
} from '../../test/documents/fill-index.ts'
import { matrixServers } from '../../test/matrix.ts'
import { missingJava } from '../../test/servers/servers.ts'
import type { Capabilities } from '../cluster/capabilities.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { indexPath } from '../cluster/paths.ts'
import { isErrorOf } from '../foundation/errors.ts'
import type { ScrollPartition } from '../model/partition.ts'
import { countHits } from './count-hits.ts'
import { openSearchSource, type WayToRead } from './open-search-source.ts'
import { halveSlice } from './scroll-partitions.ts'
import { ScrollSource } from './scroll-source.ts'
import type { SearchSelection } from './selection.ts'
import { readShardStatistics } from './shard-statistics.ts'
import { ShownCopies } from './shown-copies.ts'
import type { DocumentSource } from './source.ts'
import { openWholeIndexSource } from './stored-order-source.ts'

const selectionOf = (cluster: Cluster, index: string, rest: Partial<SearchSelection> = {}): SearchSelection => ({
  cluster,
  index,
  documentBytesMax: 200 * 1024 * 1024,
  readers: 2,
  ...rest,
})

/** Every document as `id|routing` → source; a document that comes twice is an error here, for nothing goes wrong in this test. */
async function readAll(source: DocumentSource, batchBytes = 100_000): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  const signal = new AbortController().signal
  for (const partition of await source.listPartitions()) {
    let position = -1
    for await (const batch of source.readBatches(partition, undefined, { signal, batchBytes: () => batchBytes })) {
      assert.ok(batch.position >= position, 'positions grow')
      position = batch.position
      for (let row = 0; row < batch.count; row++) {
        const routing = batch.text(batch.routingStart[row]!, batch.routingEnd[row]!)
        const key = `${batch.id(row)}|${routing ?? ''}`
        assert.ok(!found.has(key), `${key} comes once`)
        found.set(key, batch.source(row).toString())
      }
    }
  }
  return found
}

function waysToRead(capabilities: Capabilities): WayToRead[] {
  const ways: WayToRead[] = ['scroll']
  if (capabilities.sequenceNumbers) ways.push('sequence')
  if (capabilities.pointInTime !== 'none') ways.push('pointInTime')
  return ways
}

const openSource = (way: WayToRead, selection: SearchSelection): Promise<DocumentSource> =>
  openSearchSource(selection, way)

// 7.10.2 of the matrix is without x-pack, to which points in time belong there.
/** The same cluster, of which the sources believe that it can do something else. */
const withCapabilities = (cluster: Cluster, capabilities: Capabilities): Cluster =>
  new Proxy(cluster, {
    get(target, key) {
      if (key === 'capabilities') return capabilities
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })

for (const name of [...matrixServers, 'elasticsearch-7.10.2-xpack'] as const) {
  describe(`reading from ${name}`, { skip: missingJava(name) ?? false }, () => {
    let cluster: Cluster
    const index = 'reading-difficult'
    before(async () => {
      cluster = await openTestCluster('source', name)
    })
    after(async () => {
      await deleteTestIndex(cluster, index)
      await deleteTestIndex(cluster, 'reading-many')
      await deleteTestIndex(cluster, 'reading-window')
      await cluster[Symbol.asyncDispose]()
    })

    it('delivers difficult documents byte for byte, each once, with routing', async () => {
      const documents = difficultDocuments()
      await createTestIndex(cluster, index, { shards: 3 })
      await putDocuments(cluster, index, documents)
      const expected = new Map(documents.map(({ id, routing, source }) => [`${id}|${routing ?? ''}`, source.trim()]))
      for (const way of waysToRead(cluster.capabilities)) {
        const found = await readAll(await openSource(way, selectionOf(cluster, index)))
        assert.equal(found.size, expected.size, way)
        for (const [key, source] of expected) assert.equal(found.get(key)?.trim(), source, `${way} ${key}`)
      }
    })

    it('delivers many documents in small pages, and those of a query', async () => {
      await createTestIndex(cluster, 'reading-many', { shards: 3, mapping: { properties: { n: { type: 'integer' } } } })
      const documents = Array.from({ length: 12_000 }, (_, n) => ({ id: `${n}`, source: `{"n":${n}}` }))
      await bulkDocuments(cluster, 'reading-many', documents)
      for (const way of waysToRead(cluster.capabilities)) {
        const all = await readAll(await openSource(way, selectionOf(cluster, 'reading-many')), 20_000)
        assert.equal(all.size, 12_000, way)
        const query = { range: { n: { gte: 5_000, lt: 6_000 } } }
        const selection = selectionOf(cluster, 'reading-many', { query })
        const some = await readAll(await openSource(way, selection))
        assert.equal(some.size, 1_000, way)
        assert.equal(await (await openSource(way, selection)).countDocuments(), 1_000)
      }
    })

    it('keeps to the result window of the index', async () => {
      await createTestIndex(cluster, 'reading-window', { shards: 2, settings: { max_result_window: 150 } })
      const documents = Array.from({ length: 2_000 }, (_, n) => ({ id: `${n}`, source: `{"n":${n}}` }))
      await bulkDocuments(cluster, 'reading-window', documents)
      for (const way of waysToRead(cluster.capabilities)) {
        const source = await openSource(way, selectionOf(cluster, 'reading-window', { faultsMax: 0 }))
        assert.equal((await readAll(source, 4_000_000)).size, 2_000, way)
      }
    })

    it('delivers every document once when shards are divided into small parts', async () => {
      const source = new ScrollSource(selectionOf(cluster, 'reading-many'), { partDocuments: 1_000 })
      const partitions = await source.listPartitions()
      assert.ok(partitions.length >= 8, `${partitions.length} parts`)
      assert.equal((await readAll(source)).size, 12_000)
    })

    it('delivers every document once when slices are halved again and again', async (t) => {
      if (!cluster.capabilities.slicedScroll) return t.skip('slices came with 5.0')
      const source = new ScrollSource(selectionOf(cluster, 'reading-many'))
      let parts = (await source.listPartitions()) as ScrollPartition[]
      assert.equal(parts.length, 3)
      for (let times = 0; times < 3; times++) parts = parts.flatMap((part) => halveSlice(part))
      assert.equal(parts.length, 24)
      const listed = Object.assign(Object.create(source) as ScrollSource, { listPartitions: () => parts })
      assert.equal((await readAll(listed)).size, 12_000)
    })

    it('reads a whole index in stored order, and what was written since', async () => {
      const source = await openWholeIndexSource(selectionOf(cluster, 'reading-many'))
      const usesPoints = cluster.capabilities.sequenceNumbers && cluster.capabilities.pointInTime !== 'none'
      if (usesPoints) assert.equal(source.kind, 'pointInTime')
      const earlier = await source.listPartitions()
      assert.equal((await readAll(source, 20_000)).size, 12_000)
      await bulkDocuments(cluster, 'reading-many', [{ id: '7', source: '{"n":-7}' }])
      const later = await source.listLaterPartitions(earlier)
      const listed = Object.assign(Object.create(source) as typeof source, { listPartitions: () => later })
      const found = await readAll(listed)
      if (cluster.capabilities.sequenceNumbers) assert.deepEqual([...found], [['7|', '{"n":-7}']])
      await bulkDocuments(cluster, 'reading-many', [{ id: '7', source: '{"n":7}' }])
    })

    it('finds the primaries anew when another node held them', async () => {
      const index = 'reading-moved'
      await deleteTestIndex(cluster, index)
      await createTestIndex(cluster, index, { shards: 2, mapping: { properties: { n: { type: 'integer' } } } })
      const documents = Array.from({ length: 500 }, (_, n) => ({ id: `${n}`, source: `{"n":${n}}` }))
      await bulkDocuments(cluster, index, documents)
      // A node that has no copy, as one that failed between the refresh and the search.
      let asked = 0
      const readHolders = async (): Promise<ReadonlyMap<number, string | undefined>> => {
        const shards = await readShardStatistics(cluster, index)
        const isWrong = ++asked <= 2
        return new Map(shards.map(({ shard, holder }) => [shard, isWrong ? 'nobody' : holder]))
      }
      for (const way of waysToRead(cluster.capabilities)) {
        const copies = new ShownCopies({ cluster, index: index, replicasLag: true, readHolders })
        asked = 0
        await using source = await openSource(way, selectionOf(cluster, index, { copies }))
        assert.equal((await readAll(source)).size, 500, way)
        if (cluster.capabilities.sequenceNumbers) assert.ok(asked > 2, `${way}: who holds them is asked again`)
      }
      await deleteTestIndex(cluster, index)
    })

    it('takes nothing for whole of which a shard has no active copy', async (t) => {
      if (cluster.capabilities.refusesPartialResults) return t.skip('since 6.3 the server itself says so')
      const index = 'reading-part'
      await deleteTestIndex(cluster, index)
      // One node takes one shard of it; nobody waits for the other.
      const settings = { number_of_shards: 2, number_of_replicas: 0, 'routing.allocation.total_shards_per_node': 1 }
      const query = cluster.capabilities.slicedScroll ? { wait_for_active_shards: 0 } : {}
      await cluster.json({ method: 'PUT', path: indexPath(index), query, body: { settings } })
      await cluster.json({
        method: 'GET',
        path: `/_cluster/health${indexPath(index)}`,
        query: { wait_for_active_shards: 1, timeout: '2s' },
      })
      const failed = (error: unknown) => isErrorOf(error, 'SHARD_FAILED')
      const source = new ScrollSource(selectionOf(cluster, index, { faultsMax: 0 }))
      // As a search of the whole index, where the parts are not told by the state of the cluster.
      const whole = {
        kind: 'scroll',
        id: index,
        index,
        shard: undefined,
        slice: undefined,
      } as unknown as ScrollPartition
      const listed = Object.assign(Object.create(source) as ScrollSource, { listPartitions: () => [whole] })
      await assert.rejects(readAll(listed), failed)
      await assert.rejects(source.countDocuments(), failed)
      await assert.rejects(countHits(cluster, index, { query: undefined }), failed)
      await deleteTestIndex(cluster, index)
    })

    it('reads an index without naming its shards', async () => {
      const capabilities = { ...cluster.capabilities, clusterCalls: false, sequenceNumbers: false }
      const serverless = withCapabilities(cluster, capabilities)
      const ways = waysToRead(capabilities)
      for (const way of ways) {
        const source = await openSource(way, selectionOf(serverless, 'reading-many'))
        assert.equal((await readAll(source, 20_000)).size, 12_000, way)
      }
    })
  })
}
