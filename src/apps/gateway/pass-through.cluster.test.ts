// What passes through the gateway is what the cluster says: status line, headers and bytes of many kinds of calls, compared with the
// cluster's own answer to the same bytes.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { createTestIndex, deleteTestIndex, openTestCluster, putDocuments } from '../../../test/documents/fill-index.ts'
import { gatewayInFront, type TestGateway } from '../../../test/gateway/gateway-in-front.ts'
import { askByWire, chunked, type WireCall } from '../../../test/gateway/wire.ts'
import { missingJava, useServer } from '../../../test/servers/servers.ts'

const index = `passing-${process.pid}`
const fresh = `${index}-fresh`
const json = ['Content-Type: application/json']
const ndjson = ['Content-Type: application/x-ndjson']
const search = '{"query":{"match_all":{}},"sort":["n"]}'
const bulk = ['1', '2'].map((id) => `{"index":{"_index":"${fresh}","_id":"${id}"}}\n{"a":${id}}\n`).join('')
const packed = [...json, 'Content-Encoding: gzip']

interface Case extends WireCall {
  /** The index `fresh` is made anew before the call, on each side. */
  readonly makesAnew?: boolean
}

const get = (url: string, ...headers: string[]): Case => ({ method: 'GET', url, headers })
const post = (url: string, body: string | Buffer, headers = json): Case => ({ method: 'POST', url, body, headers })

const cases: readonly Case[] = [
  get('/'),
  get('/?pretty'),
  get('/?format=yaml'),
  get('/?format=cbor'),
  get('/?format=smile'),
  get('/', 'Accept: application/yaml'),
  get('/', 'Accept: application/cbor', 'X-Opaque-Id: my-call'),
  get('/', 'Accept-Encoding: gzip'),
  get('/', 'Accept-Encoding: deflate, gzip;q=0.5, *;q=0'),
  { method: 'HEAD', url: '/' },
  { method: 'OPTIONS', url: '/' },
  { method: 'OPTIONS', url: '*' },
  { method: 'OPTIONS', url: `/${index}/_search` },
  get(`/_cat/indices/${index}`),
  get(`/_cat/indices/${index}?v&h=index,docs.count`),
  get(`/_cat/indices/${index}?format=json&pretty&h=index,docs.count`),
  get(`/_cat/aliases?help`),
  get('/_cat'),
  get('/_cat/'),
  get(`/_cat/count/${index}?h=count`),
  get(`/_cluster/health/${index}?filter_path=status,*_shards`),
  get(`/_cluster/health/${index}?filter_path=-task*,-*percent*,-number*,-active*`),
  get('/_cluster/settings?flat_settings=true&include_defaults=false'),
  get(`/${index}`),
  get(`/${index}/`),
  get(`//${index}//_mapping//`),
  get(`/${index}/_mapping?pretty=true&human`),
  get(`/${index}/_doc/1`),
  get(`/${index}/_doc/nothing`),
  get(`/${index}/_doc/a%2Fb%20%C3%BC%3F`),
  get(`/${index}/_source/1`),
  { method: 'HEAD', url: `/${index}/_doc/1` },
  { method: 'HEAD', url: `/${index}/_doc/nothing` },
  { method: 'HEAD', url: `/${index}` },
  { method: 'HEAD', url: '/no-such-index' },
  get('/no-such-index'),
  get('/no-such-index/_search?error_trace=false'),
  get('/%3Clogstash-%7Bnow%2Fd%7D%3E'),
  get('/_cat/a%zz'),
  get('/_tasks?a=%zz'),
  get('/_search?q=%'),
  get(`/${index}/_search?filter_path=hits.hits._id,hits.total&sort=n`),
  get(`/${index}/_search?filter_path=hits.**._id,-**._score&q=n:1&q=n:2`),
  get(`/${index}/_count?q=${'n:1%20OR%20'.repeat(300)}n:2`),
  get(`/${index}/_count?q=${'a'.repeat(6_000)}`),
  get(`/${index}/_count`, `X-Long: ${'a'.repeat(9_000)}`),
  get(`/${index}/_count`, 'X-Twice: 1', 'X-Twice: 2'),
  { method: 'GET', url: `/${index}/_search?filter_path=-took`, headers: json, body: search },
  post(`/${index}/_search?filter_path=-took`, search),
  post(`/${index}/_search?filter_path=-took`, gzipSync(search), packed),
  post(`/${index}/_search?filter_path=-took`, gzipSync(search), [...packed, 'Accept-Encoding: gzip']),
  post(`/${index}/_search?filter_path=-took`, '---\nsize: 1\nsort: [n]\n', ['Content-Type: application/yaml']),
  post(`/${index}/_search?filter_path=-took`, search, [...json, 'Expect: 100-continue']),
  get('/', 'Expect: the-unexpected'),
  {
    method: 'POST',
    url: `/${index}/_search?filter_path=-took`,
    headers: [...json, 'Transfer-Encoding: chunked'],
    framed: chunked('{"size":', '1,"sort":["n"]}'),
  },
  { method: 'POST', url: `/${index}/_search?filter_path=-took`, headers: ['Content-Length: 0'] },
  post(`/${index}/_search`, '{"query":{"mach":{}}}'),
  post(`/${index}/_search`, '{"query":'),
  post(`/${index}/_search`, search, ['Content-Type: text/plain']),
  post(`/${index}/_search`, search, []),
  post(
    `/_msearch?filter_path=-took,-responses.took`,
    `{"index":"${index}"}\n${search}\n{}\n{"size":0}\n`.replace('{}', `{"index":"${index}*"}`),
    ndjson,
  ),
  post('/_bulk?filter_path=-took', '{"nonsense":{}}\n{}\n', ndjson),
  post('/_bulk', '{"index":{}}', ndjson),
  post(`/${index}/_search?scroll=foo`, search),
  post('/_search/scroll', '{"scroll":"1m","scroll_id":"nonsense"}'),
  { method: 'DELETE', url: '/_search/scroll', headers: json, body: '{"scroll_id":[]}' },
  { method: 'PUT', url: '/_tasks' },
  { method: 'PATCH', url: `/${index}/_search` },
  { method: 'DELETE', url: `/${index}/_doc` },
  { method: 'TRACE', url: '/' },
  { method: 'PUT', url: '/Upper', headers: json, body: '{}' },
  { ...post('/_bulk?refresh=true&filter_path=-took', bulk, ndjson), makesAnew: true },
  { ...post('/_bulk?filter_path=-took', gzipSync(bulk), [...ndjson, 'Content-Encoding: gzip']), makesAnew: true },
  { method: 'PUT', url: `/${fresh}/_doc/a%2Fb%20%C3%BC?routing=x`, headers: json, body: '{"a":1}', makesAnew: true },
  { method: 'DELETE', url: `/${fresh}/_doc/nothing`, makesAnew: true },
]

function portOf(url: string): number {
  return Number(new URL(url).port)
}

for (const name of ['opensearch-2.19.4', 'elasticsearch-7.10.2'] as const) {
  describe(`through a gateway in front of ${name}`, { skip: missingJava(name) ?? false, timeout: 300_000 }, () => {
    let opened: Promise<TestGateway> | undefined
    const open = async () => {
      const server = await useServer(name)
      opened ??= fill().then(() => gatewayInFront({ nodes: [server.url] }))
      return { direct: portOf(server.url), through: (await opened).port }
    }
    const fill = async () => {
      await using cluster = await openTestCluster('target', name)
      await createTestIndex(cluster, index, { mapping: { properties: { n: { type: 'long' } } } })
      await putDocuments(cluster, index, [
        { id: '1', source: '{"n":1, "big":9007199254740993}' },
        { id: '2', source: '{"n":2}' },
        { id: 'a/b ü?', source: '{"n":3,"s":"ü"}' },
      ])
    }
    after(async () => {
      await (await opened)?.[Symbol.asyncDispose]()
      await using cluster = await openTestCluster('target', name)
      for (const each of [index, fresh]) await deleteTestIndex(cluster, each)
    })

    async function ask(port: number, call: Case): Promise<string> {
      if (call.makesAnew) {
        await using cluster = await openTestCluster('target', name)
        await createTestIndex(cluster, fresh, { mapping: {} })
      }
      // Whether the cluster wants the body is what `100 Continue` says; it is no part of the answer. To a line that it finds too long, it
      // answers as HTTP/1.0, because it has not read on to the version.
      const answer = (await askByWire(port, call)).toString('latin1')
      return answer.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '').replace(/^HTTP\/1\.0 400 /, 'HTTP/1.1 400 ')
    }

    for (const call of cases) {
      const about = `${call.method} ${call.url.slice(0, 80)} ${call.headers?.join(', ').slice(0, 60) ?? ''}`
      test(about, async () => {
        const { direct, through } = await open()
        // Answers that say how long something took may differ by chance.
        for (let attempt = 1; ; attempt++) {
          const own = await ask(direct, call)
          const passed = await ask(through, call)
          assert.match(own, /^HTTP\/1\.1 \d\d\d /)
          if (own === passed || attempt === 5) return assert.equal(passed, own)
        }
      })
    }

    test('a connection that the cluster closes without a word is a 502 with a reason', async () => {
      const { direct, through } = await open()
      const call = post(`/${index}/_search`, Buffer.from('not gzip at all'), packed)
      assert.equal(await ask(direct, call), '')
      assert.match(
        await ask(through, call),
        /^HTTP\/1\.1 502 Bad Gateway\r\n[\s\S]*"reason":"the cluster behind this gateway/,
      )
    })
  })
}
