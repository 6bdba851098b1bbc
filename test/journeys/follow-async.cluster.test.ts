// A source that acknowledges operations before they are on its disk, and is killed: what it loses was not taken, though the numbers are given anew.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openCluster } from '../../src/cluster/open-cluster.ts'
import { indexPath } from '../../src/cluster/paths.ts'
import { openCatalog } from '../../src/engine/catalog.ts'
import { bulkDocuments, createTestIndex, deleteTestIndex, openTestCluster } from '../documents/fill-index.ts'
import { missingJava, startServer, useServer } from '../servers/servers.ts'
import { compareIndexes } from './copy-index.ts'
import { eventually, Indexferry } from './indexferry.ts'

const sourceName = 'elasticsearch-6.8.23'
const targetName = 'opensearch-2.19.4'
const index = 'follow-async'
const skip = missingJava(sourceName) ?? missingJava(targetName) ?? false

const documents = (name: string, count: number) =>
  Array.from({ length: count }, (_, number) => ({ id: `${name}-${number}`, source: JSON.stringify({ name, number }) }))

test('numbers that were given twice', { skip, timeout: 300_000 }, async () => {
  await using server = await startServer(sourceName)
  await using source = await openCluster('source', { nodes: [server.url], authentication: { kind: 'none' }, tls: {} })
  await using target = await openTestCluster('target', targetName)
  await using indexferry = await Indexferry.install()
  const caughtUp = async () => {
    const from = Date.now()
    await eventually(
      'catching up',
      async () => {
        using catalog = openCatalog(indexferry.state)
        const [copy] = catalog.listCopies()
        const status = copy && catalog.readCopy(copy.id).indexes[0]?.following
        const isThere = status?.operationsBehind === 0 && (status.writesUpTo ?? 0) > from
        return isThere && (status.deletesUpTo ?? 0) > from ? true : undefined
      },
      60_000,
    )
  }
  const translog = { durability: 'async', sync_interval: '100s' }
  await createTestIndex(source, index, { settings: { translog } })
  await deleteTestIndex(target, index)
  await bulkDocuments(source, index, documents('first', 30))
  const running = indexferry.start(['follow', `${server.url}/${index}`, (await useServer(targetName)).url, '--quiet'])
  try {
    await caughtUp()
    await bulkDocuments(source, index, documents('kept', 10))
    await caughtUp()
    // Between two flushes.
    await bulkDocuments(source, index, documents('lost', 10))
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    await server.restart()
    await source.json({
      method: 'GET',
      path: `/_cluster/health${indexPath(index)}`,
      query: { wait_for_status: 'green', timeout: '60s' },
    })
    await bulkDocuments(source, index, documents('later', 25))
    await caughtUp()
    await compareIndexes(source, target, index)
    running.child.kill('SIGINT')
    const { code, stderr } = await running.ended
    assert.equal(code, 130, stderr)
  } finally {
    running.child.kill('SIGKILL')
    await deleteTestIndex(target, index)
  }
})
