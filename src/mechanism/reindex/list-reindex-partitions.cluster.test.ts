// In which parts a call is read.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { bulkDocuments, createTestIndex, deleteTestIndex, openTestCluster } from '../../../test/documents/fill-index.ts'
import { documentsOf, requestOf } from '../../../test/documents/reindex-calls.ts'
import { missingJava } from '../../../test/servers/servers.ts'
import type { Cluster } from '../../cluster/cluster.ts'
import type { JsonObject } from '../../model/json.ts'
import { listReindexPartitions } from './list-reindex-partitions.ts'

const index = 'lrp-source'

describe('the parts of a call', { skip: missingJava('elasticsearch-7.10.2') ?? false }, () => {
  let cluster: Cluster
  before(async () => {
    cluster = await openTestCluster('source', 'elasticsearch-7.10.2')
    await createTestIndex(cluster, index, { shards: 2, mapping: { properties: { at: { type: 'date' } } } })
    await bulkDocuments(cluster, index, documentsOf(100))
    const recent = { filter: { range: { at: { gte: 'now-1d' } } } }
    const body = {
      actions: [{ add: { index, alias: `${index}-all` } }, { add: { index, alias: `${index}-recent`, ...recent } }],
    }
    await cluster.json({ method: 'POST', path: '/_aliases', body })
  })
  after(async () => {
    await deleteTestIndex(cluster, index)
    await cluster[Symbol.asyncDispose]()
  })

  const kindsOf = async (name: string, query?: JsonObject, slices: number | 'auto' = 1): Promise<string[]> => {
    const request = requestOf(name, 'anywhere', { source: { query }, call: { slices } })
    const { partitions } = await listReindexPartitions(cluster, request, () => {})
    return partitions.map(({ partition }) => `${partition.kind} ${partition.index}`)
  }

  it('are ranges of sequence numbers where what the query finds stays the same', async () => {
    for (const name of [index, `${index}-all`]) assert.ok((await kindsOf(name)).includes(`sequence ${index}`))
    assert.ok((await kindsOf(index, { range: { at: { lt: '2020-01-01' } } })).includes(`sequence ${index}`))
  })

  it('are scrolls, which ask once, where the query or the filter of an alias depends on the time', async () => {
    const query = { range: { at: { gte: 'now-1m' } } }
    assert.deepEqual(await kindsOf(index, query), [`scroll ${index}`])
    assert.deepEqual(await kindsOf(index, query, 2), [`scroll ${index}`, `scroll ${index}`])
    assert.deepEqual(await kindsOf(`${index}-recent`), [`scroll ${index}-recent`])
  })
})
