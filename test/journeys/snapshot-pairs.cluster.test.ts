// The same journey on what came later, each over one major version: two cycles, the cut-over, and a writer who comes too late. Repositories
// are folders of real object stores: what one cluster writes are objects of S3Proxy, and what the other reads came to versitygw.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { JourneyRecord } from '../../src/migration/snapshot-journey/journey-record.ts'
import { createTestIndex, deleteTestIndex, putDocuments, testType } from '../documents/fill-index.ts'
import { bucketFolder, openSnapshotSide } from '../documents/snapshot-sides.ts'
import { missingFor, type StartedStore, startObjectStore } from '../objectstores/object-stores.ts'
import { clientOf, makeBucket } from '../objectstores/store-sides.ts'
import type { ServerName } from '../servers/catalogue.ts'
import { missingJava, useServer } from '../servers/servers.ts'
import { Indexferry } from './indexferry.ts'
import { asPlan, countOf, movies, write } from './snapshot-plan.ts'

const missingStore = missingFor('s3proxy') ?? missingFor('versitygw')
let s3proxy: StartedStore
let versitygw: StartedStore

before(async () => {
  if (missingStore) return
  ;[s3proxy, versitygw] = await Promise.all([startObjectStore('s3proxy'), startObjectStore('versitygw')])
})
after(async () => {
  await s3proxy?.[Symbol.asyncDispose]()
  await versitygw?.[Symbol.asyncDispose]()
})

/** The side of a plan whose repository is in a bucket. */
async function bucketSide(
  { url, repository }: { url: string; repository: string },
  server: ServerName,
  store: StartedStore,
) {
  const bucket = await makeBucket(clientOf(store))
  const folder = await bucketFolder((await useServer(server)).repositoryFolder, store, bucket)
  return {
    cluster: url,
    repository: { name: repository, type: 'fs', settings: { location: join(folder, 'base/path') } },
    store: { location: `s3://${bucket}/base/path?endpoint=${store.url}` },
  }
}

const pairs: readonly (readonly [ServerName, ServerName])[] = [
  ['elasticsearch-5.6.16', 'elasticsearch-6.8.23'],
  ['elasticsearch-7.10.2', 'elasticsearch-7.17.29'],
  ['opensearch-1.3.14', 'opensearch-2.19.4'],
  ['opensearch-2.19.4', 'opensearch-3.8.0'],
]

for (const [source, target] of pairs) {
  test(`two cycles, the cut-over, and a writer who comes too late: ${source} to ${target}`, {
    skip: missingJava(source) ?? missingJava(target) ?? missingStore ?? false,
  }, async () => {
    const index = `journey-${target}`
    await using indexferry = await Indexferry.install()
    await using from = await openSnapshotSide('source', source, `journey-to-${target}`)
    await using to = await openSnapshotSide('target', target, `journey-from-${source}`)
    // Somebody who takes the block away and writes after the last snapshot, once.
    const late = await indexferry.write(
      'late.mjs',
      `import { existsSync, writeFileSync } from 'node:fs'
       if (!existsSync('was-late')) {
         const put = async (path, body) => {
           const options = { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
           const answer = await fetch(${JSON.stringify(`${from.url}/${index}`)} + path, options)
           if (!answer.ok) throw new Error(await answer.text())
         }
         await put('/_settings', { 'index.blocks.write': null })
         await put('/${testType(from.cluster)}/late', { title: 'late' })
         writeFileSync('was-late', '')
       }`,
    )
    const plan = await indexferry.write(
      'plan.yaml',
      asPlan({
        name: 'pair',
        indices: `${index}*`,
        source: await bucketSide(from, source, s3proxy),
        target: await bucketSide(to, target, versitygw),
        restore: { relax: true },
        hooks: [{ phase: 'verify', when: 'before', command: [process.execPath, late] }],
      }),
    )
    const { env } = s3proxy
    await createTestIndex(from.cluster, index, { shards: 2 })
    await deleteTestIndex(to.cluster, index)
    try {
      await putDocuments(from.cluster, index, movies(0, 3))
      await indexferry.json(['migrate', plan], { env })
      // An index that appears later comes with the next cycle.
      await createTestIndex(from.cluster, `${index}-later`)
      await putDocuments(from.cluster, `${index}-later`, movies(0, 1))
      await putDocuments(from.cluster, index, movies(3, 5))
      const last = await indexferry.json<JourneyRecord>(['migrate', plan, '--cut-over'], { env })
      assert.deepEqual([last.state, last.cycle.number, last.cycle.snapshot], ['completed', 3, 'indexferry-final-2'])
      assert.equal(last.verification.filter(({ isGood }) => isGood).length, 10)
      assert.deepEqual([await countOf(to.cluster, index), await countOf(to.cluster, `${index}-later`)], [6, 1])
      assert.deepEqual([await write(from.cluster, index), await write(to.cluster, index)], [403, 201])
    } finally {
      for (const { cluster } of [from, to]) {
        for (const name of [index, `${index}-later`]) await deleteTestIndex(cluster, name)
      }
    }
  })
}
