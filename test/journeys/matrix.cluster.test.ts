// The writing half of the matrix: the difficult documents arrive in every version, through the program, and are verified equal.
// What a version refuses for good is counted and kept with the reason; everything else is equal. (The reading half is in
// src/source/search-sources.cluster.test.ts.)
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { difficultDocuments } from '../documents/difficult-documents.ts'
import { createTestIndex, deleteTestIndex, openTestCluster, putDocuments } from '../documents/fill-index.ts'
import { matrixServers } from '../matrix.ts'
import { missingJava, useServer } from '../servers/servers.ts'
import { Indexferry } from './indexferry.ts'

const sourceName = 'opensearch-2.19.4'
const index = 'matrix-difficult'
const written = ['matrix-written', 'matrix-from-file', 'matrix-long-ids']
const difficult = difficultDocuments()

/** Since 5.0 an id has at most 512 bytes; a longer one makes the server refuse the whole request, whatever else is in it. */
const longId = 'i'.repeat(513)
const major = (name: string): number => (name.startsWith('opensearch') ? 7 : Number(/-(\d+)/.exec(name)?.[1]))

/** Lines of a file, and from which version on (OpenSearch counts as 7) each is refused. */
const risky = [
  {
    line: '{"_id":"twice","_source":{"a":1,"a":2}}',
    id: 'twice',
    refusedFrom: 6,
    reason: /Duplicate (field|Object property)/,
  },
  { line: '{"_id":"wrong type","_source":{"n":"no number"}}', id: 'wrong type', refusedFrom: 1, reason: /\bn\b/ },
  { line: '{"_id":"good","_source":{"n":9007199254740993,"x":1.0}}', id: 'good', refusedFrom: 99, reason: /-/ },
  { line: '{"_id":"routed","_routing":"r/1","_source":{"n": 1e2 }}', id: 'routed', refusedFrom: 99, reason: /-/ },
] as const

for (const name of matrixServers) {
  const skip = missingJava(name) ?? missingJava(sourceName) ?? false
  describe(`copies into ${name}`, { skip }, () => {
    let indexferry: Indexferry
    let source: Cluster
    let target: Cluster
    let sourceUrl: string
    let targetUrl: string

    before(async () => {
      indexferry = await Indexferry.install()
      source = await openTestCluster('source', sourceName)
      target = await openTestCluster('target', name)
      sourceUrl = `${(await useServer(sourceName)).url}/${index}`
      targetUrl = (await useServer(name)).url
      const { status } = await source.bytes({ method: 'HEAD', path: `/${index}`, accept: [404] })
      if (status === 404) {
        await createTestIndex(source, index, { shards: 2 })
        await putDocuments(source, index, difficult)
      }
      for (const each of written) await deleteTestIndex(target, each)
    })
    after(async () => {
      for (const each of written) await deleteTestIndex(target, each)
      if (name === matrixServers.at(-1)) await deleteTestIndex(source, index)
      await source[Symbol.asyncDispose]()
      await target[Symbol.asyncDispose]()
      await indexferry[Symbol.asyncDispose]()
    })

    it('every difficult document, byte for byte', async () => {
      const to = `${targetUrl}/matrix-written`
      const { counts } = await indexferry.copy([sourceUrl, to])
      assert.deepEqual([counts.read, counts.written, counts.rejected], [difficult.length, difficult.length, 0])
      const { verdict, reports } = await indexferry.verify([sourceUrl, to])
      assert.equal(verdict, 'equal')
      assert.equal(reports[0]?.source.documents, difficult.length)
      assert.equal(reports[0]?.source.digest, reports[0]?.target.digest)
      assert.equal(reports[0]?.compared.by, 'bytes')
    })

    it('the same copy again adds and changes nothing', async () => {
      const to = `${targetUrl}/matrix-written`
      const { counts, isResumed } = await indexferry.copy([sourceUrl, to, '--restart', '--into-existing'])
      assert.equal(isResumed, false)
      assert.deepEqual([counts.read, counts.rejected], [difficult.length, 0])
      assert.equal((await indexferry.verify([sourceUrl, to])).verdict, 'equal')
    })

    it('a file: what the version refuses is kept with the reason, and the rest is equal', async () => {
      const file = await indexferry.write('risky.ndjson', risky.map(({ line }) => `${line}\n`).join(''))
      const mapping = { properties: { n: { type: 'long' } } }
      const mappings = await indexferry.write('mappings.json', JSON.stringify(mapping))
      const to = `${targetUrl}/matrix-from-file`
      const refused = risky.filter(({ refusedFrom }) => major(name) >= refusedFrom)
      const { counts, rejectedFile } = await indexferry.copy([file, to, '--mappings', mappings], { code: 4 })
      assert.deepEqual(
        [counts.read, counts.written, counts.rejected, counts.skipped],
        [risky.length, risky.length - refused.length, refused.length, 0],
      )
      const kept = (await readFile(rejectedFile!, 'utf8')).trim().split('\n')
      assert.equal(kept.length, refused.length)
      for (const { id, reason } of refused) {
        const line = kept.find((each) => each.includes(`"_id":"${id}"`))
        assert.match(line ?? 'missing', reason, id)
      }
      const { verdict, reports } = await indexferry.verify([file, to, '--mappings', mappings], { code: 3 })
      assert.equal(verdict, 'different')
      const { counts: differences } = reports[0]!.differences
      assert.deepEqual(differences, { missing: 0, extra: 0, changed: 0, doubled: 0, rejected: refused.length })
    })

    it('ids longer than the version takes cost no other document', async () => {
      const ids = ['before', longId, 'between', `${longId}ä`, 'after']
      const file = await indexferry.write('ids.ndjson', ids.map((id) => `{"_id":"${id}","_source":{}}\n`).join(''))
      const to = `${targetUrl}/matrix-long-ids`
      const refused = major(name) >= 5 ? 2 : 0
      const { counts, rejectedFile } = await indexferry.copy([file, to], { code: refused ? 4 : 0 })
      assert.deepEqual([counts.read, counts.written, counts.rejected], [5, 5 - refused, refused])
      if (refused) assert.match(await readFile(rejectedFile!, 'utf8'), /too long/)
      const { reports } = await indexferry.verify([file, to], { code: refused ? 3 : 0 })
      const none = { missing: 0, extra: 0, changed: 0, doubled: 0 }
      assert.deepEqual(reports[0]?.differences.counts, { ...none, rejected: refused })
    })
  })
}
