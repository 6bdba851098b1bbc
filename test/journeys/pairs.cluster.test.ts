// Copies between pairs of versions that lie far apart, with what each has of its own: mapping types, parents, routing, aliases, filters,
// data streams. Each is previewed, copied and verified equal through the program, with the same words.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Cluster } from '../../src/cluster/cluster.ts'
import type { CopyPreview } from '../../src/engine/preview-copy.ts'
import type { JsonObject } from '../../src/model/json.ts'
import { bulkDocuments, createTestIndex, deleteTestIndex, openTestCluster } from '../documents/fill-index.ts'
import type { ServerName } from '../servers/catalogue.ts'
import { missingJava, useServer } from '../servers/servers.ts'
import { Indexferry } from './indexferry.ts'

let indexferry: Indexferry
const clusters = new Map<ServerName, Cluster>()
const made: [Cluster, string][] = []

before(async () => {
  indexferry = await Indexferry.install()
})
after(async () => {
  for (const [cluster, index] of made) await deleteTestIndex(cluster, index)
  for (const cluster of clusters.values()) await cluster[Symbol.asyncDispose]()
  await indexferry[Symbol.asyncDispose]()
})

async function open(name: ServerName): Promise<Cluster> {
  const cluster = clusters.get(name) ?? (await openTestCluster('source', name))
  clusters.set(name, cluster)
  return cluster
}

/** The location of an index of this name, which is not there yet and will not be there afterwards. */
async function place(name: ServerName, index: string): Promise<string> {
  const cluster = await open(name)
  await deleteTestIndex(cluster, index)
  made.push([cluster, index])
  return `${(await useServer(name)).url}/${index}`
}

async function send(name: ServerName, method: 'PUT' | 'POST' | 'GET' | 'DELETE', location: string, body?: JsonObject) {
  const cluster = await open(name)
  const [path = '', words = ''] = location.split('?')
  const query = Object.fromEntries(new URLSearchParams(words))
  return (
    await cluster.json<JsonObject>({ method, path, query, ...(body === undefined ? {} : { body }), accept: [404] })
  ).body
}

interface Fields {
  readonly properties: Readonly<Record<string, { readonly type: string }>>
}
/** The answer to GET /INDEX: of a version without mapping types, or with one. */
type Indexes = Readonly<
  Record<
    string,
    {
      readonly mappings: Fields & { readonly _routing?: JsonObject }
      readonly aliases: JsonObject
      readonly settings: { readonly index: JsonObject }
    }
  >
>
interface DataStreams {
  readonly data_streams: readonly { readonly name: string }[]
}

const changeAt = ({ changes }: CopyPreview, path: string) => {
  const change = changes.find((each) => each.path === path)
  assert.ok(change, `no change of ${path} among:\n${changes.map((each) => each.path).join('\n')}`)
  return change
}

const countOf = async (name: ServerName, index: string, body?: JsonObject) =>
  (await send(name, 'POST', `/${index}/_count`, body)).count

const skipWithout = (...names: ServerName[]) => names.map(missingJava).find((reason) => reason !== undefined) ?? false

/** Copies, and verifies with the same words. */
async function copyEqual(args: readonly string[], documents: number, env: Readonly<Record<string, string>> = {}) {
  const result = await indexferry.copy(args, { env })
  assert.deepEqual(
    [result.counts.read, result.counts.written, result.counts.rejected],
    [documents, documents, 0],
    'every document is written',
  )
  const { verdict, reports } = await indexferry.verify(args, { env })
  assert.equal(verdict, 'equal')
  const compared = reports.reduce((sum, report) => sum + report.target.documents, 0)
  assert.equal(compared, documents)
  return result
}

describe('ES 1.7.6 → OS 3.8.0', { skip: skipWithout('elasticsearch-1.7.6', 'opensearch-3.8.0') }, () => {
  it('strings, _all, _timestamp, two shards, routing and aliases', async () => {
    const index = 'pairs-oldest'
    const source = await place('elasticsearch-1.7.6', index)
    const target = await place('opensearch-3.8.0', 'pairs-newest')
    await createTestIndex(await open('elasticsearch-1.7.6'), index, {
      shards: 2,
      mapping: {
        _all: { enabled: true },
        _timestamp: { enabled: true },
        _routing: { required: true },
        properties: {
          title: { type: 'string', include_in_all: true },
          tag: { type: 'string', index: 'not_analyzed' },
          count: { type: 'long' },
          at: { type: 'date' },
        },
      },
    })
    await send('elasticsearch-1.7.6', 'PUT', `/${index}/_alias/pairs-recent`)
    const documents = Array.from({ length: 500 }, (_, n) => ({
      id: `id/${n}`,
      routing: `r${n % 7}`,
      source: `{"title":"Title ${n}","tag":"Not Analyzed ${n % 3}","count":${n}, "at":"2014-01-0${1 + (n % 9)}", "x":1.0}`,
    }))
    await bulkDocuments(await open('elasticsearch-1.7.6'), index, documents)

    const preview = await indexferry.preview([source, target])
    for (const path of ['_all', '_timestamp']) changeAt(preview, `mappings.doc.${path}`)
    assert.equal(
      (await open('opensearch-3.8.0').then((c) => c.bytes({ method: 'HEAD', path: '/pairs-newest', accept: [404] })))
        .status,
      404,
    )
    await copyEqual([source, target], 500)
    const { 'pairs-newest': now } = (await send('opensearch-3.8.0', 'GET', '/pairs-newest')) as unknown as Indexes
    assert.equal(now!.mappings.properties.title?.type, 'text')
    assert.equal(now!.mappings.properties.tag?.type, 'keyword')
    assert.deepEqual(now!.mappings._routing, { required: true })
    assert.ok('pairs-recent' in now!.aliases)
    assert.equal(now!.settings.index.number_of_shards, '2')
    assert.equal(await countOf('opensearch-3.8.0', 'pairs-newest', { query: { term: { tag: 'Not Analyzed 1' } } }), 167)
    assert.equal(await countOf('opensearch-3.8.0', 'pairs-newest', { query: { match: { title: 'title' } } }), 500)
  })
})

describe('ES 5.6.16 with two types → ES 8.19.2', {
  skip: skipWithout('elasticsearch-5.6.16', 'elasticsearch-8.19.2'),
}, () => {
  const index = 'pairs-types'
  let source: string

  before(async () => {
    source = await place('elasticsearch-5.6.16', index)
    await send('elasticsearch-5.6.16', 'PUT', `/${index}`, {
      settings: { number_of_shards: 2, number_of_replicas: 0 },
      mappings: {
        blog: { properties: { title: { type: 'text' } } },
        comment: { _parent: { type: 'blog' }, properties: { text: { type: 'text' }, likes: { type: 'integer' } } },
      },
    })
    const blogs = Array.from({ length: 50 }, (_, n) => ({ id: `${n}`, type: 'blog', source: `{"title":"blog ${n}"}` }))
    // The same ids as the blogs, so that merging them carelessly loses half.
    const comments = Array.from({ length: 100 }, (_, n) => ({
      id: `${n}`,
      type: 'comment',
      parent: `${n % 50}`,
      source: `{"text":"comment ${n}","likes":${n}}`,
    }))
    await bulkDocuments(await open('elasticsearch-5.6.16'), index, [...blogs, ...comments])
  })

  it('is refused without a choice, and says the choices', async () => {
    const target = await place('elasticsearch-8.19.2', index)
    const { error } = await indexferry.fails(['copy', source, target], { code: 'DEFINITION_UNSUPPORTED', exit: 7 })
    assert.match(error.message, /pairs-types/)
    assert.match(error.remedy, /--types split/)
    assert.match(error.remedy, /--types merge/)
    assert.equal((await send('elasticsearch-8.19.2', 'GET', `/${index}`)).status, 404)
  })

  it('split into one index of each type', async () => {
    const target = await place('elasticsearch-8.19.2', 'pairs-split')
    await place('elasticsearch-8.19.2', 'pairs-split-blog')
    await place('elasticsearch-8.19.2', 'pairs-split-comment')
    const { indexes } = await copyEqual([source, target, '--types', 'split'], 150)
    assert.deepEqual(indexes.map((each) => each.target).sort(), ['pairs-split-blog', 'pairs-split-comment'])
    assert.equal(await countOf('elasticsearch-8.19.2', 'pairs-split-blog'), 50)
    const ofParent = { query: { term: { parent_id: '7' } } }
    assert.equal(await countOf('elasticsearch-8.19.2', 'pairs-split-comment', ofParent), 2)
  })

  it('merged into one index with the type in a field', async () => {
    const target = await place('elasticsearch-8.19.2', 'pairs-merged')
    const words = [source, target, '--types', 'merge', '--type-field', 'kind']
    await copyEqual(words, 150)
    assert.equal(await countOf('elasticsearch-8.19.2', 'pairs-merged', { query: { term: { kind: 'comment' } } }), 100)
    const document = await send('elasticsearch-8.19.2', 'GET', '/pairs-merged/_doc/comment%2357?routing=7')
    assert.deepEqual(document._source, { text: 'comment 57', likes: 57, kind: 'comment', parent_id: '7' })
  })
})

describe('backwards and between vendors', () => {
  interface Pair {
    readonly from: ServerName
    readonly to: ServerName
    readonly properties: JsonObject
    readonly becomes: Readonly<Record<string, string>>
    readonly changed: readonly string[]
    readonly words?: readonly string[]
  }
  const pairs: readonly Pair[] = [
    {
      from: 'elasticsearch-9.1.0',
      to: 'opensearch-1.3.14',
      properties: { title: { type: 'text' }, tag: { type: 'keyword' }, n: { type: 'long' }, f: { type: 'flattened' } },
      becomes: { title: 'text', tag: 'keyword', n: 'long', f: 'object' },
      changed: ['mappings.properties.f.type'],
    },
    {
      from: 'opensearch-3.8.0',
      to: 'elasticsearch-7.10.2',
      properties: { title: { type: 'match_only_text' }, tag: { type: 'keyword' }, n: { type: 'unsigned_long' } },
      becomes: { title: 'text', tag: 'keyword', n: 'keyword' },
      words: ['--map', 'n=keyword'],
      changed: ['mappings.properties.title.type', 'mappings.properties.n'],
    },
    {
      from: 'elasticsearch-2.4.6',
      to: 'elasticsearch-6.8.23',
      properties: { title: { type: 'string' }, tag: { type: 'string', index: 'not_analyzed' }, n: { type: 'long' } },
      becomes: { title: 'text', tag: 'keyword', n: 'long' },
      changed: ['mappings.doc.properties.title.type', 'mappings.doc.properties.tag.type'],
    },
    {
      from: 'elasticsearch-6.8.23',
      to: 'elasticsearch-9.1.0',
      properties: { title: { type: 'text' }, tag: { type: 'keyword' }, at: { type: 'date', format: 'YYYY-MM-dd' } },
      becomes: { title: 'text', tag: 'keyword', at: 'date' },
      changed: ['mappings._doc.properties.at.format'],
    },
  ]
  for (const { from, to, properties, becomes, changed, words = [] } of pairs) {
    it(`${from} → ${to}`, { skip: skipWithout(from, to) }, async () => {
      const index = `pairs-from-${from}`
      const source = await place(from, index)
      const target = await place(to, index)
      await createTestIndex(await open(from), index, { shards: 2, mapping: { properties } })
      const documents = Array.from({ length: 300 }, (_, n) => ({
        id: `${n}`,
        ...(n % 3 === 0 ? { routing: `r${n % 5}` } : {}),
        source: `{"title":"title ${n}","tag":"Tag ${n % 4}","n":${n},"big":9007199254740993,"d": 1.0}`,
      }))
      await bulkDocuments(await open(from), index, documents)
      const preview = await indexferry.preview([source, target, ...words])
      for (const path of changed) changeAt(preview, path)
      await copyEqual([source, target, ...words], 300)
      const answer = (await send(to, 'GET', `/${index}`)) as unknown as Indexes
      const { mappings } = answer[index]!
      const fields = mappings.properties ?? (Object.values(mappings) as unknown as Fields[])[0]?.properties
      for (const [field, type] of Object.entries(becomes)) assert.equal(fields[field]?.type, type, field)
    })
  }

  it('into a secured cluster: a private CA, the password from the environment', {
    skip: skipWithout('opensearch-2.19.4'),
  }, async () => {
    const index = 'pairs-secured'
    const source = await place('opensearch-2.19.4', index)
    const target = await place('opensearch-2.19.4-secure', index)
    await createTestIndex(await open('opensearch-2.19.4'), index)
    await bulkDocuments(await open('opensearch-2.19.4'), index, [{ id: '1', source: '{"a":1.0}' }])
    const { caFile, username, password } = await useServer('opensearch-2.19.4-secure')
    const env = { INDEXFERRY_TARGET_PASSWORD: password! }
    await copyEqual([source, target, '--target-ca', caFile!, '--target-user', username!], 1, env)
    const { stdout } = await indexferry.run(['status'])
    assert.match(stdout, /pairs-secured/)
  })
})

describe('data streams and filtered aliases', { skip: skipWithout('opensearch-2.19.4', 'opensearch-3.8.0') }, () => {
  it('a data stream with two backing indexes', async () => {
    const name = 'pairs-stream'
    const servers = ['opensearch-2.19.4', 'opensearch-3.8.0'] as const
    const remove = async () => {
      for (const server of servers) await send(server, 'DELETE', `/_data_stream/${name}`)
      for (const server of servers) await send(server, 'DELETE', `/_index_template/${name}`)
    }
    await remove()
    try {
      await send(servers[0], 'PUT', `/_index_template/${name}`, {
        index_patterns: [name],
        data_stream: {},
        priority: 500,
        template: { settings: { number_of_replicas: 0 }, mappings: { properties: { n: { type: 'long' } } } },
      })
      const add = (n: number) =>
        send(servers[0], 'PUT', `/${name}/_create/${n}?refresh=true`, { '@timestamp': '2024-01-01T00:00:00Z', n })
      for (let n = 0; n < 10; n++) await add(n)
      await send(servers[0], 'POST', `/${name}/_rollover`)
      for (let n = 10; n < 15; n++) await add(n)
      const source = `${(await useServer(servers[0])).url}/${name}`
      const target = `${(await useServer(servers[1])).url}/`
      await copyEqual([source, target], 15)
      const streams = (await send(servers[1], 'GET', `/_data_stream/${name}`)) as unknown as DataStreams
      assert.equal(streams.data_streams[0]?.name, name)
      assert.equal(await countOf(servers[1], name), 15)
    } finally {
      await remove()
    }
  })

  it('a filtered alias gives only what it shows', async () => {
    const index = 'pairs-filtered'
    await place('opensearch-2.19.4', index)
    const target = await place('opensearch-3.8.0', index)
    const mapping = { properties: { n: { type: 'long' } } }
    await createTestIndex(await open('opensearch-2.19.4'), index, { mapping })
    const documents = Array.from({ length: 100 }, (_, n) => ({ id: `${n}`, source: `{"n":${n}}` }))
    await bulkDocuments(await open('opensearch-2.19.4'), index, documents)
    const filter = { range: { n: { lt: 30 } } }
    await send('opensearch-2.19.4', 'PUT', `/${index}/_alias/pairs-shown`, { filter })
    const source = `${(await useServer('opensearch-2.19.4')).url}/pairs-shown`
    await copyEqual([source, target], 30)
    assert.equal(await countOf('opensearch-3.8.0', index, { query: { range: { n: { gte: 30 } } } }), 0)
  })
})

describe('what options change', { skip: skipWithout('opensearch-2.19.4', 'opensearch-3.8.0') }, () => {
  const from = 'opensearch-2.19.4'
  const to = 'opensearch-3.8.0'
  const index = 'pairs-options'
  let source: string

  before(async () => {
    source = await place(from, index)
    const mapping = { properties: { n: { type: 'long' }, name: { type: 'keyword' }, secret: { type: 'keyword' } } }
    await createTestIndex(await open(from), index, { shards: 2, mapping })
    const documents = Array.from({ length: 200 }, (_, n) => ({
      id: `${n}`,
      source: `{"n":${n},"name":"name ${n}","secret":"s","o":{"keep":1.0,"drop":2},"big":9007199254740993}`,
    }))
    await bulkDocuments(await open(from), index, documents)
  })

  const sourceOf = async (name: string, id: string) => {
    const cluster = await open(to)
    const { body } = await cluster.bytes({ method: 'GET', path: `/${name}/_source/${id}` })
    return body.toString()
  }

  it('--rename and --query', async () => {
    await place(to, 'archive-options')
    const { url } = await useServer(to)
    const query = '{"range":{"n":{"gte":150}}}'
    const words = [source, `${url}/`, '--rename', 'pairs-*=archive-*', '--query', query]
    const { indexes } = await copyEqual(words, 50)
    assert.deepEqual(
      indexes.map((each) => each.target),
      ['archive-options'],
    )
  })

  it('--max-docs copies so many, and verify misses the others and nothing else', async () => {
    const target = await place(to, 'pairs-some')
    const { counts } = await indexferry.copy([source, target, '--max-docs', '40'])
    assert.deepEqual([counts.read, counts.written], [40, 40])
    const { reports } = await indexferry.verify([source, target], { code: 3 })
    const differences = { missing: 160, extra: 0, changed: 0, doubled: 0, rejected: 0 }
    assert.deepEqual(reports[0]?.differences.counts, differences)
  })

  it('--fields', async () => {
    const target = await place(to, 'pairs-fields')
    await copyEqual([source, target, '--fields', 'n,o,-o.drop'], 200)
    assert.equal(await sourceOf('pairs-fields', '7'), '{"n":7,"o":{"keep":1.0}}')
  })

  it('field edits', async () => {
    const target = await place(to, 'pairs-edits')
    const edits = [
      '--rename-field',
      'name=title',
      '--drop-field',
      'secret',
      '--drop-field',
      'o.drop',
      '--set-field',
      'from="2.19"',
    ]
    await copyEqual([source, target, ...edits], 200)
    const expected = '{"n":7,"title":"name 7","o":{"keep":1.0},"big":9007199254740993,"from":"2.19"}'
    assert.equal(await sourceOf('pairs-edits', '7'), expected)
    // Without the edits the two are not equal.
    const { reports } = await indexferry.verify([source, target], { code: 3 })
    assert.equal(reports[0]?.differences.counts.changed, 200)
  })

  it('a transform module', async () => {
    const target = await place(to, 'pairs-module')
    const module = await indexferry.write(
      'change.js',
      'export function transform(document, meta) {\n  if (document.n % 2) return null\n  meta.id = "n" + meta.id\n  return { n: document.n, big: document.big }\n}\n',
    )
    const words = [source, target, '--transform', module]
    const { counts } = await indexferry.copy(words)
    assert.deepEqual([counts.read, counts.written, counts.skipped], [200, 100, 100])
    assert.equal(await sourceOf('pairs-module', 'n8'), '{"n":8,"big":9007199254740993}')
    assert.equal((await indexferry.verify(words)).verdict, 'equal')
  })
})
