// What a call asks for, and in which words it is refused, without a server. refused-calls.cluster.test.ts compares with real ones.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { printExactJson } from '../../../foundation/exact-json.ts'
import { type ClusterVersion, parseClusterVersion } from '../../../model/cluster-version.ts'
import type { ReindexRequest } from '../../../model/reindex.ts'
import { parseReindex } from './parse-reindex.ts'
import { RefusedCall } from './refused-call.ts'

const opensearch2 = parseClusterVersion('opensearch-2.19.4') as ClusterVersion
const elasticsearch7 = parseClusterVersion('elasticsearch-7.10.2') as ClusterVersion

const parse = (body: string, query = '', server = opensearch2) =>
  parseReindex(Buffer.from(body), new URLSearchParams(query), server)

const remoteBody = (remote: object, source: object = {}) =>
  JSON.stringify({ source: { remote, index: 's', ...source }, dest: { index: 'd' } })

function requestOf(body: string, query = ''): ReindexRequest {
  return parse(body, query).request
}

function reasonOf(body: string, query = '', server = opensearch2): string {
  try {
    parse(body, query, server)
  } catch (error) {
    assert.ok(error instanceof RefusedCall, String(error))
    let deepest = error.exception
    while (deepest.caused_by) deepest = deepest.caused_by
    return deepest.reason
  }
  return 'accepted'
}

describe('what is asked for', () => {
  test('defaults', () => {
    assert.deepEqual(parse(remoteBody({ host: 'http://old:9200' })), {
      waitForCompletion: true,
      request: {
        remote: {
          host: 'http://old:9200',
          scheme: 'http',
          hostname: 'old',
          port: 9200,
          pathPrefix: '',
          username: undefined,
          password: undefined,
          apiKey: undefined,
          headers: {},
          socketTimeoutMs: 30_000,
          connectTimeoutMs: 30_000,
          region: undefined,
          external: false,
        },
        source: {
          index: ['s'],
          query: undefined,
          size: 1000,
          isSizeGiven: false,
          fields: { includes: [], excludes: [] },
          sort: undefined,
          slice: undefined,
        },
        dest: {
          index: 'd',
          opType: 'index',
          versionType: 'internal',
          pipeline: undefined,
          routing: 'keep',
          requireAlias: false,
        },
        script: undefined,
        maxDocs: undefined,
        conflicts: 'abort',
        slices: 1,
        requestsPerSecond: Infinity,
        scroll: undefined,
        timeout: undefined,
        refresh: false,
        waitForActiveShards: undefined,
      },
    })
  })

  test('every field', () => {
    const body = `{
      // comments are allowed, as by the servers' parser
      "source": {
        "remote": {"host": "https://[2001:db8::1]:443/path/", "username": "u", "password": "p", "api_key": "k", "external": "true",
          "region": "cn-x", "headers": {"X-A": "b"}, "socket_timeout": "1m", "connect_timeout": "10s"},
        "index": ["a-*", "b"], "query": {"term": {"n": 9007199254740993}}, "size": 500,
        "_source": {"includes": ["x"], "excludes": "y"}, "sort": [{"n": 1.0}], "slice": {"id": 0, "max": 2}
      },
      "dest": {"index": "d", "op_type": "CREATE", "version_type": "external_gt", "pipeline": "p", "routing": "=r"},
      "script": {"source": "ctx._source.a = params.n", "params": {"n": 1e400}},
      "max_docs": "7", "conflicts": "proceed"
    } trailing`
    const query =
      'requests_per_second=500&scroll=10m&timeout=2m&refresh&wait_for_active_shards=all&require_alias=true&wait_for_completion=false'
    const { request, waitForCompletion } = parse(body, query)
    assert.equal(waitForCompletion, false)
    assert.deepEqual(request.remote, {
      host: 'https://[2001:db8::1]:443/path/',
      scheme: 'https',
      hostname: '2001:db8::1',
      port: 443,
      pathPrefix: '/path',
      username: 'u',
      password: 'p',
      apiKey: 'k',
      headers: { 'X-A': 'b' },
      socketTimeoutMs: 60_000,
      connectTimeoutMs: 10_000,
      region: 'cn-x',
      external: true,
    })
    assert.deepEqual(request.source.index, ['a-*', 'b'])
    assert.equal(printExactJson(request.source.query), '{"term":{"n":9007199254740993}}')
    assert.equal(printExactJson(request.source.sort), '[{"n":1.0}]')
    assert.equal(printExactJson(request.script?.params), '{"n":1e400}')
    assert.deepEqual(request.source.fields, { includes: ['x'], excludes: ['y'] })
    assert.deepEqual(request.source.slice, { id: 0, max: 2 })
    assert.deepEqual([request.source.size, request.source.isSizeGiven], [500, true])
    assert.deepEqual(request.dest, {
      index: 'd',
      opType: 'create',
      versionType: 'external',
      pipeline: 'p',
      routing: '=r',
      requireAlias: true,
    })
    assert.deepEqual(
      [request.maxDocs, request.conflicts, request.requestsPerSecond, request.scroll, request.timeout],
      [7, 'proceed', 500, '10m', '2m'],
    )
    assert.deepEqual([request.refresh, request.waitForActiveShards], [true, 'all'])
  })

  test('forms of a host', () => {
    const forms: [written: string, scheme: string, hostname: string, port: number, prefix: string][] = [
      ['https://es.example.com:9243/a/b', 'https', 'es.example.com', 9243, '/a/b'],
      ['https://es.example.com', 'https', 'es.example.com', 443, ''],
      ['http://es.example.com', 'http', 'es.example.com', 80, ''],
      ['vpce-1.example.com', 'https', 'vpce-1.example.com', 443, ''],
      ['old_host:9200', 'https', 'old_host', 9200, ''],
      ['HTTP://[::1]:9200/', 'http', '::1', 9200, ''],
    ]
    for (const [host, ...expected] of forms) {
      const { scheme, hostname, port, pathPrefix } = requestOf(remoteBody({ host })).remote ?? {}
      assert.deepEqual([scheme, hostname, port, pathPrefix], expected, host)
    }
  })

  test('credentials in the URL are used and not shown', () => {
    const { remote } = requestOf(remoteBody({ host: 'https://us%40er:pass:word@old:9200' }))
    assert.deepEqual([remote?.host, remote?.username, remote?.password], ['https://old:9200', 'us@er', 'pass:word'])
  })

  test('forms of index, _source, slices and speed', () => {
    const index = (value: unknown) => requestOf(remoteBody({ host: 'http://a:1' }, { index: value })).source.index
    assert.deepEqual(index('a,b,'), ['a', 'b'])
    assert.deepEqual(index(['a,b', 'c']), ['a,b', 'c'])
    const fields = (value: unknown) => requestOf(remoteBody({ host: 'http://a:1' }, { _source: value })).source.fields
    assert.deepEqual(fields(true), { includes: [], excludes: [] })
    assert.deepEqual(fields('a'), { includes: ['a'], excludes: [] })
    assert.deepEqual(fields(['a', 'b']), { includes: ['a', 'b'], excludes: [] })
    const body = remoteBody({ host: 'http://a:1' })
    assert.equal(requestOf(body, 'slices=auto').slices, 'auto')
    assert.equal(requestOf(body, 'slices=4').slices, 4)
    assert.equal(requestOf(body, 'requests_per_second=-1').requestsPerSecond, Infinity)
    assert.equal(requestOf(body, 'requests_per_second=.00000001').requestsPerSecond, 1e-8)
  })

  test('a name such as __proto__ is a name', () => {
    const body = '{"source":{"index":"s","query":{"__proto__":{"a":1}}},"dest":{"index":"d"}}'
    assert.equal(printExactJson(requestOf(body).source.query), '{"__proto__":{"a":1}}')
  })
})

describe('what is refused', () => {
  const remote = { host: 'http://old:9200' }
  const hostForm = '[host] must be of the form [scheme]://[host]:[port](/[pathPrefix])? but was '
  const cases: [what: string, body: string, query: string, reason: string][] = [
    ['no body', '', '', 'request body is required'],
    ['no object', '[]', '', '[1:1] [reindex] Expected START_OBJECT but was: START_ARRAY'],
    ['unknown field', '{\n  "é": 1}', '', '[2:3] [reindex] unknown field [é]'],
    ['a slip', '{"soruce":{}}', '', '[1:2] [reindex] unknown field [soruce] did you mean [source]?'],
    [
      'nothing',
      '{}',
      '',
      'Validation Failed: 1: use _all if you really want to copy from all existing indexes;2: index must be specified;',
    ],
    [
      'host without characters',
      remoteBody({ host: 'http://o ld:9200' }),
      '',
      'The port was not defined in the [host]: http://o ld:9200',
    ],
    [
      'another scheme',
      remoteBody({ host: 'ftp://old:21' }),
      '',
      'The port was not defined in the [host]: ftp://old:21',
    ],
    ['strange fields', remoteBody({ ...remote, weird: 1, bad: 2 }), '', 'Unsupported fields in [remote]: [weird,bad]'],
    [
      'external',
      remoteBody({ ...remote, external: 'perhaps' }),
      '',
      'Expected [external] to be a boolean but was [perhaps]',
    ],
    [
      'headers',
      remoteBody({ ...remote, headers: { a: { b: [1, 'c'] } } }),
      '',
      'Expected [headers] to be an object containing strings but has [a={b=[1, c]}]',
    ],
    [
      'both slicings',
      remoteBody(remote, { slice: { id: 0, max: 2 } }),
      'slices=2',
      "Validation Failed: 1: can't specify both manual and automatic slicing at the same time;",
    ],
    ['a slice too many', remoteBody(remote, { slice: { id: 2, max: 2 } }), '', 'max must be greater than id'],
    ['max_docs and slices', remoteBody(remote), 'max_docs=3&slices=4', '[max_docs] should be >= [slices]'],
    [
      'month',
      remoteBody(remote),
      'timeout=5M',
      'failed to parse setting [timeout] with value [5M] as a time value: unit is missing or unrecognized',
    ],
    [
      'two strangers',
      remoteBody(remote),
      'foo=1&slice=2',
      'request [/_reindex] contains unrecognized parameters: [foo], [slice] -> did you mean [slices]?',
    ],
  ]
  for (const [what, body, query, reason] of cases) {
    test(what, () => assert.equal(reasonOf(body, query), reason))
  }

  test('an incomplete host with strange fields is refused for the host', () => {
    const body = remoteBody({ host: 'badremote', weird: 'stuff' })
    assert.throws(
      () => parse(body),
      (error: RefusedCall) => error.exception.caused_by?.reason === `${hostForm}[badremote]`,
    )
  })

  test('secrets of the host are not repeated', () => {
    const text = reasonOf(remoteBody({ host: 'http://u:secret@o ld:1' }))
    assert.match(text, /o ld/)
    assert.doesNotMatch(text, /secret/)
  })

  test('versions differ: a type, a negative size', () => {
    const typed = '{"source":{"index":"s"},"dest":{"index":"d","type":"t"}}'
    assert.equal(reasonOf(typed, '', elasticsearch7), 'accepted')
    assert.equal(reasonOf(typed), '[1:45] [dest] unknown field [type] did you mean [op_type]?')
    const negative = '{"source":{"index":"s","size":-1},"dest":{"index":"d"}}'
    assert.equal(reasonOf(negative, '', elasticsearch7), 'accepted')
    assert.equal(reasonOf(negative), '[size] parameter cannot be negative, found [-1]')
  })
})
