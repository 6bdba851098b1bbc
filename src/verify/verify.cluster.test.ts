// Real servers: a copy verifies as equal, changes behind its back are named, and the repair makes both sides equal again.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ServerName } from '../../test/servers/catalogue.ts'
import { missingJava, useServer } from '../../test/servers/servers.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { openCluster } from '../cluster/open-cluster.ts'
import { ABSENT, type DocumentBatch } from '../model/document-batch.ts'
import { ScrollSource } from '../source/scroll-source.ts'
import type { SearchSelection } from '../source/selection.ts'
import { SequenceSource } from '../source/sequence-source.ts'
import { BulkTarget } from '../target/bulk-target.ts'
import { ClusterLookup } from './cluster-lookup.ts'
import { type ComparedSide, readSide, startPartitions } from './read-side.ts'
import { verifyIndexes } from './verify.ts'

const signal = new AbortController().signal
const index = `verify-${process.pid}`
const documentCount = 6000

interface OpenSide extends ComparedSide {
  readonly cluster: Cluster
}

async function openSide(side: 'source' | 'target', name: ServerName): Promise<OpenSide> {
  const server = await useServer(name)
  const cluster = await openCluster(side, { nodes: [server.url] })
  const selection: SearchSelection = { cluster, index, documentBytesMax: 100 * 1024 ** 2, readers: 2 }
  const source = cluster.capabilities.sequenceNumbers ? new SequenceSource(selection) : new ScrollSource(selection)
  const description = { name: cluster.name, version: name, index }
  return { cluster, source, lookup: new ClusterLookup(selection), description }
}

const createIndex = (cluster: Cluster, body: object) => cluster.json({ method: 'PUT', path: `/${index}`, body })

const deleteIndex = (cluster: Cluster) => cluster.json({ method: 'DELETE', path: `/${index}`, accept: [404] })

async function bulk(cluster: Cluster, lines: readonly (object | string)[]): Promise<void> {
  const body = Buffer.from(lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''))
  const path =
    cluster.capabilities.mappingTypes === 'none' || cluster.capabilities.mappingTypes === 'hidden'
      ? `/${index}/_bulk`
      : `/${index}/doc/_bulk`
  const answer = await cluster.json<{ errors: boolean }>({ method: 'POST', path, body, contentType: 'ndjson' })
  assert.equal(answer.body.errors, false)
}

function documentLines(count: number, routingKey: 'routing' | '_routing'): (object | string)[] {
  const lines: (object | string)[] = []
  for (let n = 0; n < count; n++) {
    const routing = n % 5 === 0 ? { [routingKey]: `r ${n % 11}` } : {}
    lines.push({ index: { _id: `é/"${n}"`, ...routing } })
    lines.push(n % 3 === 0 ? `{"n":${n}.0, "big":9007199254740993}` : `{"text":"\\u00e9 ${'x'.repeat(n % 300)}"}`)
  }
  return lines
}

async function copy(from: OpenSide, to: Cluster): Promise<void> {
  const form = { operation: 'index', versionBase: 0, sendsParent: false, sendsType: false, sendsIndex: false } as const
  const target = new BulkTarget({ cluster: to, index, form, writersMax: 4, bodyBytesMax: 4 * 1024 ** 2 })
  const write = async (_: unknown, batch: DocumentBatch) => void (await target.writeBatch(batch, signal))
  await from.lookup?.refresh(signal)
  const partitions = startPartitions(await from.source.listPartitions())
  await readSide(from, partitions, { visit: write }, { signal, readers: 2, batchBytes: 1024 ** 2 })
}

function repairOf(cluster: Cluster) {
  const form = {
    operation: 'index',
    versionBase: undefined,
    sendsParent: false,
    sendsType: false,
    sendsIndex: false,
  } as const
  const target = new BulkTarget({ cluster, index, form, writersMax: 1, bodyBytesMax: 1024 ** 2 })
  const deleteBatch = (batch: DocumentBatch) => {
    const lines = Array.from({ length: batch.count }, (_, row) => {
      const start = batch.routingStart[row] as number
      const routing = start === ABSENT ? {} : { routing: batch.text(start, batch.routingEnd[row] as number) }
      return { delete: { _id: batch.id(row), ...routing } }
    })
    return bulk(cluster, lines)
  }
  return { repairMax: 100, writeBatch: target.writeBatch.bind(target), deleteBatch }
}

for (const [from, to] of [
  ['elasticsearch-7.10.2', 'opensearch-2.19.4'],
  ['elasticsearch-1.7.6', 'elasticsearch-7.10.2'],
] as const) {
  test(`${from} to ${to}`, { skip: missingJava(from) ?? missingJava(to) ?? false }, async (context) => {
    const source = await openSide('source', from)
    const target = await openSide('target', to)
    context.after(async () => {
      await deleteIndex(source.cluster)
      await deleteIndex(target.cluster)
      await source.cluster[Symbol.asyncDispose]()
      await target.cluster[Symbol.asyncDispose]()
    })
    const settings = { number_of_shards: 3, number_of_replicas: 0 }
    await createIndex(source.cluster, { settings })
    await createIndex(target.cluster, { settings: { ...settings, number_of_shards: 2 } })
    await bulk(source.cluster, documentLines(documentCount, source.cluster.capabilities.bulkRoutingKey))
    await copy(source, target.cluster)

    await context.test('a copy is equal', async () => {
      const { report } = await verifyIndexes({ source, target }, { signal })
      assert.deepEqual(report.differences.listed, { missing: [], extra: [], changed: [], doubled: [], rejected: [] })
      assert.deepEqual(
        [report.verdict, report.source.documents, report.target.documents],
        ['equal', documentCount, documentCount],
      )
      assert.equal(report.source.digest, report.target.digest)
    })

    await context.test('what was changed behind its back is named, and only that', async () => {
      await bulk(target.cluster, [
        { delete: { _id: 'é/"1"' } },
        { delete: { _id: 'é/"15"', routing: 'r 4' } },
        { index: { _id: 'é/"3"' } },
        '{"n":3, "big":9007199254740993}',
        { index: { _id: 'new' } },
        '{}',
        { delete: { _id: 'é/"7"' } },
        { index: { _id: 'é/"7"', routing: 'elsewhere' } },
        `{"text":"\\u00e9 ${'x'.repeat(7)}"}`,
      ])
      const { report } = await verifyIndexes({ source, target }, { signal })
      assert.deepEqual(report.differences.listed, {
        missing: [{ id: 'é/"1"' }, { id: 'é/"15"', routing: 'r 4' }, { id: 'é/"7"' }],
        extra: [{ id: 'new' }, { id: 'é/"7"', routing: 'elsewhere' }],
        changed: [{ id: 'é/"3"' }],
        doubled: [],
        rejected: [],
      })
    })

    await context.test('a repair makes them equal', async () => {
      const { report } = await verifyIndexes({ source, target }, { signal, repair: repairOf(target.cluster) })
      assert.deepEqual([report.verdict, report.repair?.written, report.repair?.deleted], ['equal', 4, 2])
      const again = await verifyIndexes({ source, target: { ...target, lookup: undefined } }, { signal })
      assert.deepEqual([again.report.verdict, again.report.buckets.differing], ['equal', 0])
    })
  })
}
