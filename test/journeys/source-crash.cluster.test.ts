// A copy while the source loses operations that it had shown: an update hides the document that it overtakes, and is undone by a crash.
import { test } from 'node:test'
import { openCluster } from '../../src/cluster/open-cluster.ts'
import { bulkDocuments, createTestIndex, deleteTestIndex, openTestCluster } from '../documents/fill-index.ts'
import { type Fault, isSearch, startInterferingProxy } from '../faults/interfering-proxy.ts'
import { startServer } from '../servers/servers.ts'
import { compareIndexes, copyTestIndex } from './copy-index.ts'

const name = 'opensearch-2.19.4'
const index = 'copied-through-a-crash'

test('a document whose update is lost in a crash is copied as it was', { timeout: 400_000 }, async () => {
  await using server = await startServer(name)
  await using source = await openCluster('source', { nodes: [server.url] })
  await using target = await openTestCluster('target', 'opensearch-2.19.4')
  await deleteTestIndex(target, index)
  const translog = { durability: 'async', sync_interval: '100s' }
  await createTestIndex(source, index, { settings: { translog, refresh_interval: '-1' } })
  const documents = (text: string) =>
    Array.from({ length: 2_000 }, (_, n) => ({ id: `d-${n}`, source: `{"n":${n},"is":"${text}"}` }))
  await bulkDocuments(source, index, documents('first'))
  let isFirst = true
  const fault: Fault = async (request, next) => {
    if (!isSearch(request) || !isFirst) return next(request)
    isFirst = false
    // Acknowledged, visible, and not on the disk: below the checkpoint to which the copy reads, these documents are no more.
    await bulkDocuments(source, index, documents('lost').slice(500))
    const answer = await next(request)
    await server.restart()
    return answer
  }
  await using proxy = await startInterferingProxy(server.url, [fault])
  await using read = await openCluster('source', { nodes: [proxy.url] })
  await copyTestIndex({ source: read, target, index })
  await compareIndexes(source, target, index)
  await deleteTestIndex(target, index)
})
