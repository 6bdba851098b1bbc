// Files of documents and back, pipes, and what may be done to a copy while it runs: pause, go on, change its speed, and send again what
// was refused.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { gunzipSync } from 'node:zlib'
import type { Cluster } from '../../src/cluster/cluster.ts'
import type { CopyRecord } from '../../src/engine/catalog-records.ts'
import type { CopyResult } from '../../src/engine/start-copy.ts'
import { difficultDocuments, inOneLine } from '../documents/difficult-documents.ts'
import {
  bulkDocuments,
  createTestIndex,
  deleteTestIndex,
  openTestCluster,
  putDocuments,
  refreshTestIndex,
} from '../documents/fill-index.ts'
import { unpackZstd } from '../documents/unpack-zstd.ts'
import { missingJava, useServer } from '../servers/servers.ts'
import { eventually, Indexferry } from './indexferry.ts'

const name = 'opensearch-2.19.4'
const skip = missingJava(name) ?? false

describe('files and running copies', { skip }, () => {
  const difficult = difficultDocuments()
  const many = 12_000
  let indexferry: Indexferry
  let cluster: Cluster
  let url: string
  const made = new Set<string>()

  /** The location of an index that is not there yet and will not be there afterwards. */
  async function place(index: string): Promise<string> {
    made.add(index)
    await deleteTestIndex(cluster, index)
    return `${url}/${index}`
  }

  before(async () => {
    indexferry = await Indexferry.install()
    cluster = await openTestCluster('source', name)
    url = (await useServer(name)).url
    await place('files-difficult')
    await createTestIndex(cluster, 'files-difficult', { shards: 2 })
    await putDocuments(cluster, 'files-difficult', difficult)
    await place('files-many')
    await createTestIndex(cluster, 'files-many', { shards: 3 })
    const filler = 'x'.repeat(400)
    const documents = Array.from({ length: many }, (_, n) => ({ id: `${n}`, source: `{"n":${n},"f":"${filler}"}` }))
    await bulkDocuments(cluster, 'files-many', documents)
  })
  after(async () => {
    for (const index of made) await deleteTestIndex(cluster, index)
    await cluster[Symbol.asyncDispose]()
    await indexferry[Symbol.asyncDispose]()
  })

  describe('a cluster to a file and back', () => {
    const unpackers = {
      'difficult.ndjson': (packed: Buffer) => packed,
      'difficult.ndjson.gz': gunzipSync,
      'difficult.ndjson.zst': unpackZstd,
    }
    for (const [file, unpack] of Object.entries(unpackers)) {
      it(`${file}, byte for byte`, async () => {
        const path = indexferry.path(file)
        const source = `${url}/files-difficult`
        const { counts } = await indexferry.copy([source, path])
        assert.deepEqual([counts.read, counts.written], [difficult.length, difficult.length])
        const text = unpack(await readFile(path)).toString()
        assert.equal(text.split('\n').length, difficult.length + 1)
        for (const { id, source: document } of difficult) {
          if (id.startsWith('d')) assert.ok(text.includes(`"_source":${inOneLine(document).trim()}`), id)
        }
        assert.equal((await indexferry.verify([source, path])).verdict, 'equal')
        const back = await place(`files-back-${file.replaceAll('.', '-')}`)
        const mappings = await indexferry.write('mappings.json', '{"dynamic":false}')
        const { counts: written } = await indexferry.copy([path, back, '--mappings', mappings])
        assert.deepEqual([written.read, written.written, written.rejected], [difficult.length, difficult.length, 0])
        assert.equal((await indexferry.verify([source, back])).verdict, 'equal')
      })
    }

    it('standard output and input', async () => {
      const { code, stdoutBytes, stderr } = await indexferry.run(['copy', `${url}/files-difficult`, '-'])
      assert.equal(code, 0, stderr)
      assert.match(stderr, /complete/)
      const back = await place('files-back-stdin')
      const mappings = await indexferry.write('mappings.json', '{"dynamic":false}')
      const words = ['-', back, '--mappings', mappings]
      const { counts } = await indexferry.copy(words, { stdin: stdoutBytes })
      assert.deepEqual([counts.read, counts.rejected], [difficult.length, 0])
      assert.equal((await indexferry.verify([`${url}/files-difficult`, back])).verdict, 'equal')
    })

    it('a pipe between two of them', async () => {
      const to = await place('files-piped')
      const reading = indexferry.start(['copy', `${url}/files-many`, '-', '--quiet'])
      const words = ['copy', '-', to, '--json', '--quiet']
      const writing = indexferry.start(words, { stdin: reading.child.stdout! })
      const [read, written] = await Promise.all([reading.ended, writing.ended])
      assert.deepEqual([read.code, written.code], [0, 0], read.stderr + written.stderr)
      assert.equal((JSON.parse(written.stdout) as CopyResult).counts.written, many)
      // The pipe says nothing of definitions, which therefore differ; the documents do not.
      const { reports } = await indexferry.verify([`${url}/files-many`, to], { code: 3 })
      assert.equal(reports[0]?.differences.total, 0)
    })

    it('the data file of elasticdump', async () => {
      const lines = [
        '{"_index":"old","_type":"_doc","_id":"1","_score":1,"_source":{"a":1.0,"big":9007199254740993}}',
        '{"_index":"old","_type":"_doc","_id":"2","_score":1,"_routing":"r","_source":{"b":"\\u0041"}}',
      ]
      const file = await indexferry.write('elasticdump.json', lines.join('\n'))
      const to = await place('files-elasticdump')
      const { counts } = await indexferry.copy([file, to])
      assert.deepEqual([counts.read, counts.written], [2, 2])
      const { body } = await cluster.bytes({ method: 'GET', path: '/files-elasticdump/_source/1' })
      assert.equal(body.toString(), '{"a":1.0,"big":9007199254740993}')
      const other = await cluster.bytes({
        method: 'GET',
        path: '/files-elasticdump/_source/2',
        query: { routing: 'r' },
      })
      assert.equal(other.body.toString(), '{"b":"\\u0041"}')
      assert.equal((await indexferry.verify([file, to])).verdict, 'equal')
    })
  })

  const listed = async () => indexferry.json<readonly CopyRecord[]>(['status'])
  /** The running copy into this target, once it has carried something. */
  const underWay = (target: string) =>
    eventually('the copy is under way', async () =>
      (await listed()).find((copy) => copy.target.endsWith(target) && copy.isRunning && copy.counts.read > 0),
    )

  describe('pause and go on', () => {
    /** Minutes for all of it: however slow the machine is, it is still at work when it is asked to pause. */
    const slowly = ['--rate', '100'] as const

    for (const kind of ['cluster', 'file'] as const) {
      it(`Ctrl-C ends with 130, and the same command goes on (cluster → ${kind})`, async () => {
        const target = kind === 'cluster' ? await place('files-paused') : indexferry.path('paused.ndjson')
        const words = [`${url}/files-many`, target]
        const first = indexferry.start(['copy', ...words, ...slowly, '--json'])
        await underWay(kind === 'cluster' ? 'files-paused' : 'paused.ndjson')
        first.child.kill('SIGINT')
        const { code, stdout, stderr } = await first.ended
        assert.equal(code, 130, stderr)
        const paused = JSON.parse(stdout) as CopyResult
        assert.equal(paused.state, 'paused')
        assert.ok(paused.counts.read > 0 && paused.counts.read < many, `${paused.counts.read}`)
        assert.equal(paused.counts.read, paused.counts.written)
        const result = await indexferry.copy([...words, '--rate', 'none'])
        assert.deepEqual([result.isResumed, result.copy, result.state], [true, paused.copy, 'completed'])
        assert.deepEqual([result.counts.read, result.counts.written], [many, many])
        assert.equal((await indexferry.verify(words)).verdict, 'equal')
        if (kind === 'file') assert.equal((await readFile(target, 'utf8')).trimEnd().split('\n').length, many)
      })
    }

    it('`pause` and `throttle` from another process', async () => {
      const target = await place('files-throttled')
      const words = [`${url}/files-many`, target]
      const first = indexferry.start(['copy', ...words, ...slowly, '--json'])
      const { id } = await underWay('files-throttled')
      await indexferry.json(['pause', id])
      const ended = await first.ended
      assert.equal(ended.code, 130, ended.stderr)
      const { counts } = JSON.parse(ended.stdout) as CopyResult
      const second = indexferry.start(['copy', ...words, '--json'])
      await eventually('it goes on', async () => (await listed()).find((copy) => copy.id === id && copy.isRunning))
      const started = performance.now()
      await indexferry.json(['throttle', id, '--rate', 'none'])
      const { code, stdout, stderr } = await second.ended
      assert.equal(code, 0, stderr)
      assert.equal((JSON.parse(stdout) as CopyResult).counts.written, many)
      // At a hundred a second the rest would have taken longer than this.
      const seconds = (performance.now() - started) / 1000
      assert.ok(seconds < ((many - counts.read) / 100) * 0.7, `${seconds} s for ${many - counts.read} documents`)
      assert.equal((await indexferry.verify(words)).verdict, 'equal')
    })
  })

  it('--retry-rejected sends what was refused, after the target was mended', async () => {
    const target = await place('files-rejected')
    await place('files-strict')
    const mapping = { properties: { n: { type: 'keyword' } } }
    await createTestIndex(cluster, 'files-strict', { mapping })
    const documents = Array.from({ length: 30 }, (_, n) => ({
      id: `${n}`,
      ...(n % 3 === 0 ? { routing: 'r' } : {}),
      source: n < 10 ? `{"n":"word ${n}","x": 1.0}` : `{"n":"${n}"}`,
    }))
    await bulkDocuments(cluster, 'files-strict', documents)
    const words = [`${url}/files-strict`, target, '--map', 'n=long']
    const { counts, rejectedFile } = await indexferry.copy(words, { code: 4 })
    assert.deepEqual([counts.read, counts.written, counts.rejected], [30, 20, 10])
    assert.equal((await readFile(rejectedFile!, 'utf8')).trimEnd().split('\n').length, 10)
    const again = await indexferry.copy([...words, '--retry-rejected'], { code: 4 })
    assert.deepEqual([again.counts.written, again.counts.rejected], [20, 10])
    await cluster.json({ method: 'POST', path: '/files-rejected/_close' })
    await cluster.json({
      method: 'PUT',
      path: '/files-rejected/_settings',
      body: { index: { mapping: { ignore_malformed: true } } },
    })
    await cluster.json({ method: 'POST', path: '/files-rejected/_open' })
    const mended = await indexferry.copy([...words, '--retry-rejected'])
    assert.deepEqual([mended.counts.read, mended.counts.written, mended.counts.rejected], [30, 30, 0])
    await refreshTestIndex(cluster, 'files-rejected')
    assert.equal((await indexferry.verify(words)).verdict, 'equal')
  })
})
