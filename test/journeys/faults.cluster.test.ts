// Copies through faults. At the end both sides are equal, document by document, and every document is accounted for; or the copy
// has ended with an error. Never is a part taken for the whole.
//
// Real clusters on both sides; the faults are in proxies before them, and lost contexts are really lost.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { openCluster } from '../../src/cluster/open-cluster.ts'
import { isErrorOf } from '../../src/foundation/errors.ts'
import {
  bulkDocuments,
  createTestIndex,
  deleteTestIndex,
  openTestCluster,
  refreshTestIndex,
} from '../documents/fill-index.ts'
import { cutBodies } from '../faults/cut-bodies.ts'
import { delayAnswers } from '../faults/delay-answers.ts'
import { failShards } from '../faults/fail-shards.ts'
import { type Fault, startInterferingProxy } from '../faults/interfering-proxy.ts'
import { LoseContexts } from '../faults/lose-contexts.ts'
import { refuseItems } from '../faults/refuse-items.ts'
import { refuseRequests } from '../faults/refuse-requests.ts'
import { resetConnections } from '../faults/reset-connections.ts'
import { wrongLengths } from '../faults/wrong-lengths.ts'
import type { ServerName } from '../servers/catalogue.ts'
import { missingJava, useServer } from '../servers/servers.ts'
import { compareIndexes, copyTestIndex, type TestCopy } from './copy-index.ts'

const count = 20_000

function* manyDocuments() {
  for (let n = 0; n < count; n++) {
    const words = `word${n % 97} `.repeat(20 + (n % 60))
    const routing = n % 10 === 0 ? { routing: `r${n % 7}` } : {}
    yield { id: `id-${n}`, ...routing, source: `{"n":${n},"big":9007199254740993,"d":1.0,"text":"${words}"}` }
  }
}

/** The cluster through a proxy with these faults, once openCluster has found out what it is. */
async function throughFaults(side: 'source' | 'target', name: ServerName, faults: readonly Fault[]) {
  const { url } = await useServer(name)
  let isOpen = false
  const whenOpen = faults.map<Fault>((fault) => (request, next) => (isOpen ? fault(request, next) : next(request)))
  const proxy = await startInterferingProxy(url, whenOpen)
  const cluster = await openCluster(side, { nodes: [proxy.url] })
  isOpen = true
  return {
    cluster,
    async [Symbol.asyncDispose]() {
      await cluster[Symbol.asyncDispose]()
      await proxy[Symbol.asyncDispose]()
    },
  }
}

const targetName = 'opensearch-2.19.4'
const noFaults: readonly Fault[] = []

interface Weather {
  readonly source?: readonly Fault[]
  readonly target?: readonly Fault[]
}

// All servers here run on the same versions of Java.
describe('a copy through faults', { skip: missingJava(targetName) ?? false, concurrency: 1 }, () => {
  const clusters = new Map<ServerName, Cluster>()
  const direct = async (name: ServerName): Promise<Cluster> => {
    const known = clusters.get(name) ?? (await openTestCluster('source', name))
    clusters.set(name, known)
    return known
  }
  const used = new Set<string>()
  const filled = new Set<string>()

  before(async () => {
    await direct(targetName)
  })
  after(async () => {
    for (const [name, cluster] of clusters) {
      for (const index of used)
        if (name === targetName || filled.has(`${name} ${index}`)) await deleteTestIndex(cluster, index)
      await cluster[Symbol.asyncDispose]()
    }
  })

  /** Fills the source, and copies from it through the faults into an empty index. */
  async function copy(name: ServerName, index: string, weather: Weather, options: Partial<TestCopy> = {}) {
    const sourceCluster = await direct(name)
    const targetCluster = await direct(targetName)
    used.add(index)
    await createTestIndex(targetCluster, index, { shards: 2 })
    if (!filled.has(`${name} ${index}`)) {
      filled.add(`${name} ${index}`)
      await createTestIndex(sourceCluster, index, { shards: 3 })
      await bulkDocuments(sourceCluster, index, manyDocuments())
    }
    await using source = await throughFaults('source', name, weather.source ?? noFaults)
    await using target = await throughFaults('target', targetName, weather.target ?? noFaults)
    return await copyTestIndex({ source: source.cluster, target: target.cluster, index, ...options })
  }

  const compare = async (name: ServerName, index: string) =>
    compareIndexes(await direct(name), await direct(targetName), index)

  it('is equal when the target refuses a third of all items with 429', async () => {
    let refused = 0
    const fault = refuseItems(1 / 3, 1, () => refused++)
    const { counts } = await copy('elasticsearch-7.17.29', 'faults-items', { target: [fault] })
    await compare('elasticsearch-7.17.29', 'faults-items')
    assert.ok(refused > count / 4, `${refused} items were refused`)
    assert.deepEqual([counts.read, counts.written, counts.rejected, counts.skipped], [count, count, 0, 0])
  })

  it('is equal when the source cuts connections in the middle of a body', async () => {
    for (const way of ['sequence', 'scroll', 'pointInTime'] as const) {
      const fault = cutBodies((search) => search % 3 === 1, 2)
      await copy('elasticsearch-7.17.29', 'faults-cuts', { source: [fault] }, { way })
      await compare('elasticsearch-7.17.29', 'faults-cuts')
      assert.ok(fault.cuts >= 2, `${way}: ${fault.cuts} connections were cut`)
    }
  })

  it('is equal when connections are reset, answers are late, of a wrong length, or refused, on both sides', async () => {
    let faults = 0
    const oneMore = () => faults++
    const source = [
      wrongLengths(0.15, 3, oneMore),
      resetConnections(0.15, 4, oneMore),
      refuseRequests(0.15, 5, oneMore),
    ]
    const target = [delayAnswers(100, 6), resetConnections(0.15, 7, oneMore), refuseRequests(0.15, 8, oneMore)]
    const { counts } = await copy('elasticsearch-7.17.29', 'faults-many', { source, target })
    await compare('elasticsearch-7.17.29', 'faults-many')
    assert.ok(faults >= 8, `${faults} faults`)
    assert.equal(counts.rejected, 0)
  })

  for (const { name, way } of [
    { name: 'elasticsearch-2.4.6', way: 'scroll' },
    { name: 'elasticsearch-5.6.16', way: 'scroll' },
    { name: 'elasticsearch-7.17.29', way: 'pointInTime' },
  ] as const) {
    it(`is equal when ${name} forgets its contexts every 5 seconds (${way})`, async () => {
      const { url } = await useServer(name)
      using contexts = new LoseContexts(url, 5_000)
      // About 9 seconds for all documents, so that contexts are lost in the middle of partitions.
      const rate = { documentsPerSecond: 2_300 }
      const readers = way === 'pointInTime' ? 1 : 3
      // And in small pages, so that one is asked for in each of these seconds.
      const bodyBytesMax = 64 * 1024
      await copy(name, 'faults-contexts', { source: [contexts.fault] }, { way, rate, readers, bodyBytesMax })
      await compare(name, 'faults-contexts')
      assert.ok(contexts.lost > 0, 'contexts were lost')
    })
  }

  for (const way of ['sequence', 'scroll', 'pointInTime'] as const) {
    it(`is equal when a shard fails for a moment, and ends with an error when it goes on to fail (${way})`, async () => {
      const name = 'elasticsearch-7.17.29'
      const index = 'faults-shards'
      await copy(name, index, { source: [failShards((search) => search === 2)] }, { way })
      await compare(name, index)
      await assert.rejects(
        copy(name, index, { source: [failShards((search) => search >= 2)] }, { way, faultsMax: 3 }),
        (error) =>
          isErrorOf(error, 'SHARD_FAILED') && error.side === 'source' && /node_disconnected/.test(error.message),
      )
      // What is there is right; that it is not all is what the error says.
      const target = await direct(targetName)
      await refreshTestIndex(target, index)
      const { body } = await target.json<{ count: number }>({ method: 'GET', path: `/${index}/_count` })
      assert.ok(body.count < count)
    })
  }
})
