// Following sources without sequence numbers: repeated sweeps find what is new, changed, gone, and gone and made anew.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { indexPath } from '../../src/cluster/paths.ts'
import {
  bulkDocuments,
  createTestIndex,
  deleteTestIndex,
  openTestCluster,
  refreshTestIndex,
  testType,
} from '../documents/fill-index.ts'
import type { ServerName } from '../servers/catalogue.ts'
import { missingJava, useServer } from '../servers/servers.ts'
import { compareIndexes } from './copy-index.ts'
import { caughtUp, kill, pause } from './follow-pair.ts'
import { eventually, Indexferry } from './indexferry.ts'

/**
 * With how long the source remembers the versions of deleted documents: not at all, so that only what documents hold can tell that one was made
 * anew, or long enough for sweeps that read versions only.
 */
const pairs: readonly (readonly [ServerName, ServerName, string])[] = [
  ['elasticsearch-5.6.16', 'opensearch-2.19.4', '1ms'],
  ['elasticsearch-1.7.6', 'opensearch-2.19.4', '60s'],
]

const index = 'follow-sweeps'

const routingOf = (number: number): string | undefined => (number % 5 === 0 ? `r${number % 7}` : undefined)

const document = (number: number, text = 'first') => ({
  id: `d-"${number}`,
  ...(routingOf(number) === undefined ? {} : { routing: routingOf(number) as string }),
  source: JSON.stringify({ n: number, text }),
})

const numbers = (from: number, count: number) => Array.from({ length: count }, (_, at) => from + at)

async function remove(source: Cluster, number: number): Promise<void> {
  await source.json({
    method: 'DELETE',
    path: indexPath(index, `${testType(source)}/${encodeURIComponent(document(number).id)}`),
    query: { routing: routingOf(number) },
  })
}

for (const [sourceName, targetName, remembers] of pairs) {
  const skip = missingJava(sourceName) ?? missingJava(targetName) ?? false
  test(`${sourceName} to ${targetName}`, { skip, timeout: 300_000 }, async () => {
    await using source = await openTestCluster('source', sourceName)
    await using target = await openTestCluster('target', targetName)
    await using indexferry = await Indexferry.install()
    await createTestIndex(source, index, {
      shards: 2,
      mapping: { properties: { n: { type: 'long' } } },
      settings: { gc_deletes: remembers },
    })
    await deleteTestIndex(target, index)
    await bulkDocuments(
      source,
      index,
      numbers(0, 1_200).map((number) => document(number)),
    )
    const words = ['follow', `${(await useServer(sourceName)).url}/${index}`, (await useServer(targetName)).url]
    const start = () => indexferry.start([...words, '--sweep-interval', '300ms', '--quiet'])
    try {
      // Killed while it copies.
      const first = indexferry.start([...words, '--sweep-interval', '300ms', '--quiet', '--rate', '400'])
      await eventually('some documents', async () => {
        await refreshTestIndex(target, index).catch(() => {})
        const { body, status } = await target.json<{ count: number }>({
          method: 'GET',
          path: indexPath(index, '_count'),
          accept: [404],
        })
        return status === 200 && body.count > 0 ? true : undefined
      })
      await kill(first)
      await changeEverything(source, 1)
      const second = start()
      await caughtUp({ indexferry }, second)
      await compareIndexes(source, target, index)
      // While it follows.
      await changeEverything(source, 2)
      await caughtUp({ indexferry }, second)
      await compareIndexes(source, target, index)
      await pause(second)
      // While nobody looks: what was made anew has the version that it had.
      await changeEverything(source, 3)
      const third = start()
      await caughtUp({ indexferry }, third)
      await compareIndexes(source, target, index)
      // The index itself is made anew.
      await deleteTestIndex(source, index)
      await createTestIndex(source, index, { shards: 2 })
      const { code, stderr } = await third.ended
      assert.equal(code, 6, stderr)
      assert.match(stderr, /SOURCE_MADE_ANEW|INDEX_MISSING|SHARD_FAILED/)
    } finally {
      for (const cluster of [source, target]) await deleteTestIndex(cluster, index)
    }
  })
}

/** New ones, changed ones, deleted ones, and some that are deleted and made anew with other content and the version of before. */
async function changeEverything(source: Cluster, round: number): Promise<void> {
  const base = round * 20
  await bulkDocuments(source, index, [
    ...numbers(2_000 + base, 15).map((number) => document(number)),
    ...numbers(base, 5).map((number) => document(number, `round ${round}`)),
  ])
  for (const number of numbers(100 + base, 12)) await remove(source, number)
  await refreshTestIndex(source, index)
  // Versions of deleted documents are forgotten with a refresh.
  await refreshTestIndex(source, index)
  await bulkDocuments(
    source,
    index,
    numbers(100 + base, 6).map((number) => document(number, `anew ${round}`)),
  )
}
