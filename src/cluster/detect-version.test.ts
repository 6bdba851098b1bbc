// Root pages and node lists as servers and services give them, recorded and shortened.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatVersion, parseClusterVersion } from '../model/cluster-version.ts'
import { type Asking, type Detected, detectVersion } from './detect-version.ts'

type Pages = Readonly<Record<string, readonly [status: number, body: object | string]>>

function asking(pages: Pages, serverless = false): Asking {
  return {
    side: 'source',
    name: 'https://old:9200',
    serverless,
    bytes: async ({ path, accept = [] }) => {
      const [status, body] = pages[path] ?? [404, { error: 'none' }]
      assert.ok(status === 200 || accept.includes(status), `${path} answered ${status}, which is not expected`)
      return { status, headers: {}, body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) }
    },
  }
}

const page = (version: object, tagline = 'You Know, for Search') => ({
  name: 'n1',
  cluster_name: 'c',
  version,
  tagline,
})
const openSearch = 'The OpenSearch Project: https://opensearch.org/'
const nodes = (...list: object[]) => ({ nodes: Object.fromEntries(list.map((node, at) => [`n${at}`, node])) })
const describe = ({ version, edition }: Detected) => `${formatVersion(version)}, ${edition}`

const cases: readonly [string, Pages, string][] = [
  [
    'Elasticsearch 1.7',
    { '/': [200, { status: 200, ...page({ number: '1.7.6', lucene_version: '4.10.4' }) }] },
    'Elasticsearch 1.7.6, full',
  ],
  [
    'Elasticsearch 7.10 without x-pack, as Amazon has it',
    {
      '/': [200, page({ number: '7.10.2', build_flavor: 'oss', lucene_version: '8.7.0' })],
      '/_xpack': [400, { error: 'unrecognized parameter' }],
    },
    'Elasticsearch 7.10.2, oss',
  ],
  [
    'Elasticsearch 7.10 packed as oss, with x-pack added',
    { '/': [200, page({ number: '7.10.2', build_flavor: 'oss' })], '/_xpack': [200, { build: {} }] },
    'Elasticsearch 7.10.2, full',
  ],
  [
    'Elasticsearch 8 with a stand-in root page',
    { '/': [200, page({ number: '8.19.2', build_flavor: 'default' })] },
    'Elasticsearch 8.19.2, full',
  ],
  [
    'a snapshot build',
    { '/': [200, page({ number: '9.2.0-SNAPSHOT', build_flavor: 'default' })] },
    'Elasticsearch 9.2.0, full',
  ],
  [
    'Elasticsearch Serverless',
    { '/': [200, page({ number: '8.11.0', build_flavor: 'serverless' })] },
    'Elasticsearch 8.11.0, elasticsearch-serverless',
  ],
  [
    'OpenSearch',
    { '/': [200, page({ distribution: 'opensearch', number: '3.8.0' }, openSearch)] },
    'OpenSearch 3.8.0, full',
  ],
  [
    'OpenSearch that pretends (override_main_response_version), half way through an upgrade',
    {
      '/': [200, page({ number: '7.10.2', lucene_version: '9.12.3' }, openSearch)],
      '/_nodes/http': [200, nodes({ version: '2.19.4' }, { version: '2.11.1' })],
    },
    'OpenSearch 2.11.1, full',
  ],
  [
    'OpenSearch that pretends and hides its nodes',
    {
      '/': [200, page({ number: '7.10.2', lucene_version: '9.7.0' }, openSearch)],
      '/_nodes/http': [403, { Message: 'not authorized' }],
    },
    'OpenSearch 2.9.0, full',
  ],
  [
    'no root page: Elasticsearch 8 without its module',
    {
      '/': [405, { error: 'Incorrect HTTP method for uri [/]' }],
      '/_nodes/http': [200, nodes({ version: '8.19.2', build_flavor: 'default', build_hash: 'x' })],
    },
    'Elasticsearch 8.19.2, full',
  ],
  [
    'no root page: OpenSearch 2',
    { '/': [403, {}], '/_nodes/http': [200, nodes({ version: '2.19.4', build_type: 'tar', build_hash: 'x' })] },
    'OpenSearch 2.19.4, full',
  ],
  [
    'no root page: Elasticsearch 2',
    { '/': [404, ''], '/_nodes/http': [200, nodes({ version: '2.4.6', build: 'fcbb46d' })] },
    'Elasticsearch 2.4.6, full',
  ],
]

for (const [what, pages, expected] of cases) {
  test(what, async () => assert.equal(describe(await detectVersion(asking(pages))), expected))
}

test('OpenSearch Serverless is recognised by its endpoint', async () => {
  const detected = await detectVersion(asking({ '/_cat/indices': [200, '[]'] }, true))
  assert.equal(detected.edition, 'opensearch-serverless')
})

test('what the user says wins, but the cluster is asked to let us in', async () => {
  const told = parseClusterVersion('elasticsearch-6.8.23')
  const pages: Pages = { '/': [200, page({ number: '7.10.2', build_flavor: 'oss' })] }
  assert.equal(describe(await detectVersion(asking(pages), told)), 'Elasticsearch 6.8.23, full')
})

const refusals: readonly [string, Pages, string, RegExp][] = [
  [
    'a web page',
    { '/': [200, '<html><title>Welcome to nginx!</title>'] },
    'NOT_A_CLUSTER',
    /a web page \("Welcome to nginx!"\)/,
  ],
  ['other JSON', { '/': [200, { version: '1.2.3' }] }, 'NOT_A_CLUSTER', /answered 200/],
  ['JSON with a version', { '/': [200, { version: { number: '15.1' } }] }, 'NOT_A_CLUSTER', /answered 200/],
  [
    'an unknown fork',
    { '/': [200, page({ distribution: 'easysearch', number: '1.8.0' })] },
    'VERSION_UNSUPPORTED',
    /easysearch/,
  ],
  [
    'an old version',
    { '/': [200, page({ number: '0.90.13' })] },
    'VERSION_UNSUPPORTED',
    /older than Elasticsearch 1\.7/,
  ],
  ['a user without rights', { '/': [403, {}], '/_nodes/http': [403, {}] }, 'PRIVILEGE_MISSING', /403/],
]

for (const [what, pages, code, message] of refusals) {
  test(`${what} is refused`, () => assert.rejects(detectVersion(asking(pages)), { code, side: 'source', message }))
}
