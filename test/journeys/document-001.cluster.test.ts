// The walk-through of Alibaba Cloud's page on the Reindex API, from its first call to its last, with indexferry in front of ES_1: the page
// stays within one major version, here ES_2 is a 7.10 and ES_1 an 8.19.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Cluster } from '../../src/cluster/cluster.ts'
import type { JsonObject } from '../../src/model/json.ts'
import { deleteTestIndex, openTestCluster, refreshTestIndex } from '../documents/fill-index.ts'
import { missingJava, type RunningServer, useServer } from '../servers/servers.ts'
import { Indexferry } from './indexferry.ts'
import { Served } from './serving.ts'

const sourceName = 'elasticsearch-7.10.2'
const targetName = 'elasticsearch-8.19.2'
const skip = missingJava(sourceName) ?? missingJava(targetName) ?? false

const [index, dest, copied] = ['product_info', 'dest', 'doc001-copied']
/** The endpoint without its zone, as it belongs into the list, and with it, as the console of the cloud shows it. */
const endpoint = 'ep-bp1fixed0of0six.epsrv-bp1fixed0of0six.cn-hangzhou.privatelink.aliyuncs.com'
const zoned = endpoint.replace('.', '-cn-hangzhou-i.')
const password = 'Pr1vate-Link-001!'

const products = ['A', 'B', 'C', 'D', 'E', 'F'].map((letter, n) => ({
  productName: `Wealth Management Product ${letter}`,
  annual_rate: `${3 - n / 10}00%`,
  describe: `${30 * (n + 1)} days, from ${n + 1},000 on; income is told by message every day`,
}))

const text = (analyzer: string) => ({ type: 'text', analyzer })
const definition = (analyzer: string): JsonObject => ({
  settings: { number_of_shards: 5, number_of_replicas: 1 },
  mappings: {
    properties: {
      productName: text(analyzer),
      annual_rate: { type: 'keyword' },
      describe: text(analyzer),
    },
  },
})

/** The page's own answer, with what it counts. */
const answered = (counts: { created?: number; updated?: number }): JsonObject => {
  const { created = 0, updated = 0 } = counts
  return {
    timed_out: false,
    total: created + updated,
    updated,
    created,
    deleted: 0,
    batches: 1,
    version_conflicts: 0,
    noops: 0,
    retries: { bulk: 0, search: 0 },
    throttled_millis: 0,
    requests_per_second: -1,
    throttled_until_millis: 0,
    failures: [],
  }
}

function withoutTook(answer: JsonObject): JsonObject {
  const { took, ...fields } = answer
  assert.ok(Number.isInteger(took), JSON.stringify(answer))
  return fields
}

interface Refusal {
  readonly type: string
  readonly reason: string
}

describe('document 001: the Reindex API between two clusters', { skip, timeout: 300_000 }, () => {
  let source: Cluster
  let target: Cluster
  let sourceServer: RunningServer
  let indexferry: Indexferry
  let gateway: Served
  /** A second gateway, through which the page's calls to ES_2 go: it serves every cluster alike. */
  let inFrontOfSource: Served
  let host: string

  before(async () => {
    sourceServer = await useServer(sourceName)
    const targetServer = await useServer(targetName)
    source = await openTestCluster('source', sourceName)
    target = await openTestCluster('target', targetName)
    for (const name of [index, copied]) await deleteTestIndex(source, name)
    for (const name of [dest, copied, index]) await deleteTestIndex(target, name)
    host = sourceServer.url.replace('127.0.0.1', 'localhost')
    indexferry = await Indexferry.install()
    const config = await indexferry.write(
      'indexferry.yaml',
      [
        `cluster: ${targetServer.url}`,
        'listen: 127.0.0.1:0',
        'reindex:',
        '  remote:',
        '    whitelist: >-',
        `      ${endpoint}:9200,`,
        `      ${new URL(host).host}`,
        '',
      ].join('\n'),
    )
    gateway = await Served.start(indexferry, ['--config', config, '--state', indexferry.path('es-1')])
    const words = ['--cluster', sourceServer.url, '--listen', '127.0.0.1:0', '--state', indexferry.path('es-2')]
    inFrontOfSource = await Served.start(indexferry, words)
  })

  after(async () => {
    const ends = [await gateway?.stop(), await inFrontOfSource?.stop()]
    for (const name of [index, copied]) await deleteTestIndex(source, name)
    for (const name of [dest, copied, index]) await deleteTestIndex(target, name)
    for (const cluster of [source, target]) await cluster[Symbol.asyncDispose]()
    const kept = `${ends.map((end) => `${end?.stderr}${end?.stdout}`)}${await indexferry.stateText()}`
    await indexferry[Symbol.asyncDispose]()
    for (const ended of ends) assert.equal(ended?.code, 0, ended?.stderr)
    assert.ok(!kept.includes(password))
    assert.doesNotMatch(kept, /defect|INTERNAL/)
  })

  /** The call of the page. */
  const reindex = (remote: JsonObject = {}, rest: JsonObject = {}, into = dest) => ({
    body: {
      source: {
        remote: { host, username: 'elastic', password, ...remote },
        index,
        query: { match: { productName: 'wealth management product' } },
        ...rest,
      },
      dest: { index: into },
    },
  })

  async function refused(remote: JsonObject): Promise<Refusal> {
    const { status, body } = await gateway.call('POST', '_reindex', reindex(remote))
    assert.equal(status, 400, JSON.stringify(body))
    return body.error as unknown as Refusal
  }

  it('the index of ES_2: refused without the plugin, made with an analyzer that is there', async () => {
    const without = await inFrontOfSource.call('PUT', index, { body: definition('ik_smart') })
    assert.equal(without.status, 400)
    const { type, reason } = without.body.error as unknown as Refusal
    assert.equal(type, 'mapper_parsing_exception')
    assert.match(reason, /analyzer \[ik_smart\] (?:has not been configured in mappings|not found for field)/)
    const made = await inFrontOfSource.ok('PUT', index, { body: definition('standard') })
    assert.equal(made.acknowledged, true)
    assert.equal(made.index, index)
  })

  it('six documents by bulk, under ids that the cluster gives', async () => {
    const lines = products.flatMap((product) => ['{"index":{}}', JSON.stringify(product)])
    const { errors, items } = await inFrontOfSource.ok('POST', `${index}/_bulk`, { body: `${lines.join('\n')}\n` })
    assert.equal(errors, false)
    assert.equal((items as JsonObject[]).length, 6)
    await refreshTestIndex(source, index)
  })

  it('the index of ES_1', async () => {
    const { settings } = definition('') as { settings: JsonObject }
    const made = await gateway.ok('PUT', dest, { body: { settings } })
    assert.deepEqual(
      { ...made, shards_acknowledged: true },
      { acknowledged: true, shards_acknowledged: true, index: dest },
    )
  })

  it('the allow-list: the endpoint with its zone segment is refused, and told why', async () => {
    const { type, reason } = await refused({ host: `http://${zoned}:9200` })
    assert.equal(type, 'illegal_argument_exception')
    assert.ok(reason.startsWith(`[${zoned}:9200] not whitelisted in reindex.remote.whitelist: `), reason)
    assert.match(reason, /zone segment -cn-hangzhou-i/)
    assert.ok(reason.includes(`${endpoint}:9200`), reason)
    const other = await refused({ host: 'http://otherhost:9200' })
    assert.equal(other.reason, '[otherhost:9200] not whitelisted in reindex.remote.whitelist')
    // The endpoint itself is allowed; this machine does not know the name.
    const { status, body } = await gateway.call('POST', '_reindex', reindex({ host: `http://${endpoint}:9200` }))
    assert.deepEqual([status, (body.error as unknown as Refusal).type], [500, 'unknown_host_exception'])
  })

  it('the reindex: six created at first, six updated the second time, as the page shows it', async () => {
    assert.deepEqual(withoutTook(await gateway.ok('POST', '_reindex', reindex())), answered({ created: 6 }))
    assert.deepEqual(withoutTook(await gateway.ok('POST', '_reindex', reindex())), answered({ updated: 6 }))
  })

  it('the search in dest: all of them, with their ids, byte for byte', async () => {
    await refreshTestIndex(target, dest)
    const answer = await gateway.ok('GET', `${dest}/_search`)
    const { took, ...rest } = answer as unknown as Found & { took: number }
    assert.ok(Number.isInteger(took))
    assert.deepEqual(
      { ...rest, hits: { ...rest.hits, hits: [] } },
      {
        timed_out: false,
        _shards: { total: 5, successful: 5, skipped: 0, failed: 0 },
        hits: { total: { value: 6, relation: 'eq' }, max_score: 1, hits: [] },
      },
    )
    const there = (await inFrontOfSource.ok('GET', `${index}/_search`)) as unknown as Found
    const byId = ({ hits }: Found) =>
      hits.hits.map(({ _id, _score, _source }) => ({ _id, _score, _source })).sort((a, b) => (a._id < b._id ? -1 : 1))
    assert.deepEqual(byId(rest as Found), byId(there))
    assert.deepEqual(
      rest.hits.hits.map(({ _source }) => _source.productName).sort(),
      products.map((p) => p.productName),
    )
    assert.ok(rest.hits.hits.every((hit) => hit._index === dest && !('_type' in hit)))
  })

  it('batches and timeouts by the size of the documents', async () => {
    const small = await gateway.ok('POST', '_reindex', reindex({}, { size: 10 }))
    assert.deepEqual(withoutTook(small), answered({ updated: 6 }))
    const four = await gateway.ok('POST', '_reindex', reindex({}, { size: 4 }))
    assert.deepEqual(withoutTook(four), { ...answered({ updated: 6 }), batches: 2 })
    const patient = await gateway.ok('POST', '_reindex', reindex({ socket_timeout: '1m', connect_timeout: '10s' }))
    assert.deepEqual(withoutTook(patient), answered({ updated: 6 }))
    const none = await gateway.ok('POST', '_reindex', reindex({}, { query: { match: { test: 'data' } } }))
    assert.deepEqual(withoutTook(none), { ...answered({}), batches: 0 })
  })

  it('without the index of ES_1: it is made like that of ES_2, and what was done is in the log', async () => {
    const answer = await gateway.ok('POST', '_reindex', reindex({}, {}, copied))
    assert.deepEqual(withoutTook(answer), answered({ created: 6 }))
    const { [copied]: made } = (await gateway.ok('GET', copied)) as unknown as Record<string, Made>
    const { number_of_shards, number_of_replicas } = made!.settings.index
    assert.deepEqual([number_of_shards, number_of_replicas], ['5', '1'])
    assert.deepEqual(made!.mappings, (definition('standard') as { mappings: JsonObject }).mappings)
    const ended = gateway.logged('task').find(({ state, what }) => state === 'completed' && `${what}`.includes(copied))
    assert.deepEqual([ended?.created, ended?.total], [6, 6], gateway.stderr)
    const notes = ended?.notes as string[]
    assert.equal(notes[0], `index ${copied} was created from the definition of the source`)
    assert.doesNotMatch(JSON.stringify(ended), /wealth/i, 'the query is not logged')
  })
})

interface Found {
  readonly hits: {
    readonly hits: readonly { _index: string; _id: string; _score: number; _source: { productName: string } }[]
  }
}

interface Made {
  readonly settings: { readonly index: Readonly<Record<string, string>> }
  readonly mappings: JsonObject
}
