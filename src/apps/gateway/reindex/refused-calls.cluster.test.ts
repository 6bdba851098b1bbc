// The same calls, malformed in some way, to a real server and to our route in front of it: status, body and warnings are the same. Then
// to our parser alone, which answers where no cluster can be asked.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ServerName } from '../../../../test/servers/catalogue.ts'
import { missingJava, useServer } from '../../../../test/servers/servers.ts'
import type { TaskRecord, TaskStart } from '../../../engine/tasks/task.ts'
import { IndexferryError } from '../../../foundation/errors.ts'
import { parseExactJson, printExactJson } from '../../../foundation/exact-json.ts'
import { type ClusterVersion, parseClusterVersion } from '../../../model/cluster-version.ts'
import type { GatewayAnswer, GatewayCall } from '../route.ts'
import { parseReindex } from './parse-reindex.ts'
import { errorEnvelope, RefusedCall } from './refused-call.ts'
import { reindexRoutes } from './reindex-route.ts'

const servers: ServerName[] = ['opensearch-2.19.4', 'elasticsearch-7.10.2', 'opensearch-3.8.0', 'opensearch-1.3.14']

// Listed in all test servers; nothing listens there.
const host = 'http://127.0.0.1:9'
const remote = { host }
const body = (source: object, rest: object = {}, dest: unknown = { index: 'd' }): string =>
  JSON.stringify({ source: { remote, index: 's', ...source }, dest, ...rest })
const withRemote = (fields: object, source: object = {}): string =>
  JSON.stringify({ source: { remote: fields, index: 's', ...source }, dest: { index: 'd' } })
const fine = body({})

interface Case {
  readonly what: string
  readonly body: string
  readonly query?: string
  readonly type?: string
  /** What our parser alone cannot say in the same words. */
  readonly cluster?: true
}

const refused: Case[] = [
  { what: 'no body', body: '' },
  { what: 'cut off', body: '{"source":{"remote":', cluster: true },
  { what: 'no JSON', body: 'remote', cluster: true },
  { what: 'a list', body: '["remote"]' },
  { what: 'the same name twice', body: fine.replace('"dest"', '"dest":{},"dest"'), cluster: true },
  { what: 'another content type', body: fine, type: 'text/plain', cluster: true },
  { what: 'an unknown field', body: body({}, { junk: { a: 1 } }) },
  {
    what: 'an unknown field on a line of its own',
    body: JSON.stringify(JSON.parse(body({}, { jünk: 1, a: 2 })), null, 2),
  },
  { what: 'a slip', body: body({}, { conflict: 'proceed' }) },
  { what: 'junk in source', body: body({ junk: {} }) },
  { what: 'junk in source, a list', body: body({ junk: [] }) },
  { what: 'junk in _source', body: body({ _source: { junk: 1 } }) },
  { what: 'junk in slice', body: body({ slice: { junk: 1 } }) },
  { what: 'junk in dest', body: body({}, {}, { index: 'd', junk: {} }) },
  { what: 'a slip in dest', body: body({}, {}, { index: 'd', optype: 'create' }) },
  { what: 'version in dest', body: body({}, {}, { index: 'd', version: 10 }) },
  { what: 'require_alias in dest', body: body({}, {}, { index: 'd', require_alias: true }) },
  { what: 'no dest', body: JSON.stringify({ source: { remote, index: 's' } }) },
  { what: 'no index in dest', body: body({}, {}, {}) },
  { what: 'dest is text', body: body({}, {}, 'd') },
  { what: 'dest.index is a number', body: body({}, {}, { index: 3 }) },
  { what: 'dest.index is null', body: body({}, {}, { index: null }) },
  { what: 'no index in source', body: JSON.stringify({ source: { remote }, dest: { index: 'd' } }) },
  { what: 'an empty list of indexes', body: body({ index: [] }) },
  { what: 'index is a number', body: body({ index: 3 }) },
  { what: 'a number in the list of indexes', body: body({ index: [3] }) },
  { what: 'source is text', body: JSON.stringify({ source: 'remote', dest: { index: 'd' } }) },
  { what: 'size is no number', body: body({ size: 'cat' }) },
  { what: 'size 0', body: body({ size: 0 }) },
  { what: 'size out of range', body: body({ size: 99_999_999_999 }), cluster: true },
  { what: 'from', body: body({ from: 1 }) },
  { what: 'stored_fields', body: body({ stored_fields: ['a'] }) },
  { what: '_source: false', body: body({ _source: false }) },
  {
    what: 'everything at once',
    body: JSON.stringify({
      source: { remote, from: 1, stored_fields: ['a'], _source: false },
      dest: { routing: 'x' },
    }),
  },
  { what: 'query is text', body: body({ query: 'x' }) },
  { what: 'query is a list', body: body({ query: [{ a: 1 }, null] }) },
  { what: 'a slice out of range', body: body({ slice: { id: 3, max: 2 } }) },
  { what: 'conflicts', body: body({}, { conflicts: 'cat' }) },
  { what: 'conflicts is a number', body: body({}, { conflicts: 1 }) },
  { what: 'size below zero, at the top', body: body({}, { size: -4 }) },
  { what: 'max_docs below zero', body: body({}, { max_docs: -4 }) },
  { what: 'max_docs 0', body: body({}, { max_docs: 0 }) },
  { what: 'max_docs is no number', body: body({}, { max_docs: 'x' }) },
  { what: 'max_docs and size differ', body: body({}, { size: 4, max_docs: 5 }) },
  { what: 'max_docs differs from the URL', body: body({}, { max_docs: 4 }), query: 'max_docs=5' },
  { what: 'max_docs in the URL below zero', body: fine, query: 'max_docs=-4' },
  { what: 'max_docs in the URL is no number', body: fine, query: 'max_docs=x' },
  { what: 'slices is junk', body: fine, query: 'slices=junk' },
  { what: 'slices 0', body: fine, query: 'slices=0' },
  { what: 'requests_per_second 0', body: fine, query: 'requests_per_second=0' },
  { what: 'requests_per_second -12', body: fine, query: 'requests_per_second=-12' },
  { what: 'requests_per_second empty', body: fine, query: 'requests_per_second=' },
  { what: 'requests_per_second unlimited', body: fine, query: 'requests_per_second=unlimited' },
  { what: 'an unknown parameter', body: fine, query: 'foo=1' },
  { what: 'a slip in a parameter', body: fine, query: 'slice=2' },
  { what: 'two unknown parameters', body: fine, query: 'foo=1&bar=2&timeot=3' },
  { what: 'pipeline in the URL', body: fine, query: 'pipeline=x' },
  { what: 'require_alias is no boolean', body: fine, query: 'require_alias=maybe' },
  { what: 'scroll without unit', body: fine, query: 'scroll=5' },
  { what: 'timeout is no time', body: fine, query: 'timeout=x' },
  { what: 'refresh is no boolean', body: fine, query: 'refresh=wait_for' },
  { what: 'wait_for_completion is no boolean', body: fine, query: 'wait_for_completion=maybe' },
  { what: 'refused without waiting too', body: body({ from: 1 }), query: 'wait_for_completion=false' },
  { what: 'wait_for_active_shards', body: fine, query: 'wait_for_active_shards=x' },
  { what: 'wait_for_active_shards below zero', body: fine, query: 'wait_for_active_shards=-2' },
  { what: 'version_type', body: body({}, {}, { index: 'd', version_type: 'force' }) },
  { what: 'op_type', body: body({}, {}, { index: 'd', op_type: 'DELETE' }) },
  { what: 'routing', body: body({}, {}, { index: 'd', routing: 'x' }) },
  { what: 'script is text', body: body({}, { script: 'x' }) },
  { what: 'junk in script', body: body({}, { script: { junk: 1 } }) },
  { what: 'two scripts', body: body({}, { script: { id: 'a', source: 'b' } }) },
  { what: 'an empty script', body: body({}, { script: {} }) },
  { what: 'remote is text', body: withRemote('x' as never) },
  { what: 'remote is empty', body: withRemote({}) },
  { what: 'host is a number', body: withRemote({ host: 1 }) },
  { what: 'no scheme', body: withRemote({ host: '//old:9200' }) },
  {
    what: 'an incomplete host and strange fields',
    body: withRemote({ host: 'bad', weird: 'stuff', badkey: 'is bad' }),
  },
  { what: 'strange fields in remote', body: withRemote({ ...remote, weird: 'stuff', badkey: 'is bad', a: 1, bb: 2 }) },
  { what: 'username is a number', body: withRemote({ ...remote, username: 1 }) },
  { what: 'headers is a number', body: withRemote({ ...remote, headers: 1 }) },
  { what: 'a header is a number', body: withRemote({ ...remote, headers: { a: 1 } }) },
  { what: 'socket_timeout is no time', body: withRemote({ ...remote, socket_timeout: 'borked' }) },
  { what: 'socket_timeout is a number', body: withRemote({ ...remote, socket_timeout: 10 }) },
  { what: 'connect_timeout with a fraction', body: withRemote({ ...remote, connect_timeout: '1.5s' }) },
  { what: 'connect_timeout without unit', body: withRemote({ ...remote, connect_timeout: '10' }) },
]

/** What the servers refuse and we do. */
const lifted: Case[] = [
  { what: 'slices', body: fine, query: 'slices=2' },
  { what: 'slices=auto', body: fine, query: 'slices=auto' },
  { what: 'the endpoint of a connection', body: withRemote({ host: 'vpce-1.example.com' }) },
  { what: 'no port', body: withRemote({ host: 'https://vpce-1.example.com' }) },
  { what: 'api_key', body: withRemote({ ...remote, api_key: 'x' }) },
  { what: 'external', body: withRemote({ ...remote, external: true }) },
  { what: 'region', body: withRemote({ region: 'eu-west-1', ...remote }) },
]

interface Answer {
  readonly status: number
  readonly body: unknown
  readonly warning: string | undefined
}

async function ask(url: string, { body: text, type = 'application/json' }: Case): Promise<Answer> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': type },
    ...(text === '' ? {} : { body: text }),
  })
  return {
    status: answer.status,
    body: parseExactJson(await answer.text()),
    warning: answer.headers.get('warning') ?? undefined,
  }
}

/** A call as the gateway's server makes one, with a cluster that can be asked. */
function callOf(url: string, one: Case): GatewayCall {
  const text = Buffer.from(one.body)
  return {
    method: 'POST',
    segments: ['_reindex'],
    url: `/_reindex?${one.query ?? ''}`,
    query: new URLSearchParams(one.query),
    headers: { 'content-type': one.type ?? 'application/json' },
    caller: { name: 'test', clusterHeaders: {} },
    signal: new AbortController().signal,
    body: async () => text,
    askCluster: async (change = {}) => {
      const answer = await fetch(url + change.url, {
        method: change.method ?? 'POST',
        headers: change.headers ?? {},
        ...(change.body ? { body: new Uint8Array(change.body) } : {}),
      })
      return {
        status: answer.status,
        headers: Object.fromEntries(answer.headers),
        body: Buffer.from(await answer.arrayBuffer()),
      }
    },
  }
}

interface Surroundings {
  readonly check?: () => Promise<void>
  readonly wait?: (signal: AbortSignal) => Promise<TaskRecord | undefined>
}

function routeOf(server: ClusterVersion, { check = async () => {}, wait = async () => undefined }: Surroundings = {}) {
  const started: TaskStart[] = []
  const tasks = {
    start: async (start: TaskStart) => {
      started.push(start)
      const task: Partial<TaskRecord> = { id: `node:${started.length}`, error: { type: 'exception', reason: 'x' } }
      return task as TaskRecord
    },
    wait: async (_id: string, _timeoutMs: number | undefined, signal: AbortSignal) => wait(signal),
  }
  const [route] = reindexRoutes({ server: () => server, tasks, remotes: { check } })
  assert.ok(route)
  return { started, handle: (call: GatewayCall) => route.handle(call, {}) }
}

async function throughRoute(url: string, server: ClusterVersion, one: Case): Promise<Answer> {
  const { started, handle } = routeOf(server)
  const answer = await handle(callOf(url, one))
  assert.equal(started.length, 0, `${one.what} was started`)
  if (answer === 'pass') return await ask(`${url}/_reindex?${one.query ?? ''}`, one)
  const { status, headers, body: told } = answer as GatewayAnswer
  return { status, body: told, warning: headers?.warning }
}

function throughParser(server: ClusterVersion, one: Case): Omit<Answer, 'warning'> {
  try {
    parseReindex(Buffer.from(one.body), new URLSearchParams(one.query), server)
  } catch (error) {
    assert.ok(error instanceof RefusedCall, String(error))
    return { status: error.status, body: errorEnvelope(error.status, error.exception) }
  }
  return { status: 200, body: undefined }
}

for (const name of servers) {
  describe(name, { skip: missingJava(name), concurrency: true }, () => {
    const server = parseClusterVersion(name) as ClusterVersion
    test('what it refuses, we refuse in the same words', async () => {
      const { url } = await useServer(name)
      for (const one of refused) {
        const theirs = await ask(`${url}/_reindex?${one.query ?? ''}`, one)
        assert.ok(theirs.status >= 400 && theirs.status < 500, `${one.what}: ${JSON.stringify(theirs)}`)
        assert.equal(printExactJson(await throughRoute(url, server, one)), printExactJson(theirs), one.what)
        if (one.cluster) continue
        const { warning: _, ...told } = theirs
        assert.equal(printExactJson(throughParser(server, one)), printExactJson(told), `${one.what}, our parser`)
      }
    })

    test('what it refuses and we do becomes a task', async () => {
      const { url } = await useServer(name)
      for (const one of lifted) {
        assert.equal((await ask(`${url}/_reindex?${one.query ?? ''}`, one)).status, 400, one.what)
        const query = `wait_for_completion=false&${one.query ?? ''}`
        const { handle, started } = routeOf(server)
        const answer = await handle(callOf(url, { ...one, query }))
        assert.deepEqual(answer, { status: 200, headers: {}, body: { task: 'node:1' } }, one.what)
        assert.equal(started.length, 1)
      }
    })

    test('calls without a remote are passed on', async () => {
      const { url } = await useServer(name)
      const { handle } = routeOf(server)
      for (const source of [
        { index: 's' },
        { index: 's', remote: null },
        { index: 's', query: { term: { a: 'remote' } } },
      ]) {
        const text = JSON.stringify({ source, dest: { index: 'd' } })
        assert.equal(await handle(callOf(url, { what: '', body: text })), 'pass')
      }
    })

    test('what it warns about, we warn about', async () => {
      const { url } = await useServer(name)
      const one = { what: 'sort', body: body({ sort: 'a' }, { size: 3, script: { inline: 'x' } }) }
      const { warning } = await ask(`${url}/_reindex`, one)
      const answer = await routeOf(server).handle(callOf(url, { ...one, query: 'wait_for_completion=false' }))
      assert.equal((answer as GatewayAnswer).status, 200)
      assert.equal(withoutPlaces((answer as GatewayAnswer).headers?.warning), withoutPlaces(warning))
    })
  })
}

describe('how a call ends', { skip: missingJava('opensearch-2.19.4') }, () => {
  const server = parseClusterVersion('opensearch-2.19.4') as ClusterVersion
  const end = async (surroundings: Surroundings, one: Case, signal?: AbortSignal) => {
    const { url } = await useServer('opensearch-2.19.4')
    const { handle } = routeOf(server, surroundings)
    return (await handle({ ...callOf(url, one), ...(signal && { signal }) })) as GatewayAnswer
  }
  const ended = (task: Partial<TaskRecord>) => ({ wait: async () => task as TaskRecord })

  test('with the outcome and the worst status of its failures', async () => {
    const failure = { kind: 'bulk', index: 'd', type: undefined, id: '1', cause: { type: 't' }, status: 409 } as const
    const counts = { total: 1, updated: 0, created: 0, deleted: 0, batches: 1, versionConflicts: 1, noops: 0 }
    const more = { bulkRetries: 0, searchRetries: 0, throttledMs: 0, requestsPerSecond: Infinity, throttledUntilMs: 0 }
    const status = { ...counts, ...more, reasonCancelled: undefined, slices: undefined }
    const outcome = { status, tookMs: 3.7, timedOut: false, failures: [failure], notes: [] }
    const answer = await end(ended({ outcome }), { what: '', body: fine, query: 'human' })
    assert.equal(answer.status, 409)
    assert.equal(
      printExactJson(answer.body),
      '{"took":3,"timed_out":false,"total":1,"updated":0,"created":0,"deleted":0,"batches":1,"version_conflicts":1,"noops":0,' +
        '"retries":{"bulk":0,"search":0},"throttled":"0s","throttled_millis":0,"requests_per_second":-1.0,"throttled_until":"0s",' +
        '"throttled_until_millis":0,"failures":[{"index":"d","id":"1","cause":{"type":"t"},"status":409}]}',
    )
  })

  test('with the error that ended it', async () => {
    const error = { type: 'script_exception', reason: 'compile error', caused_by: { type: 'x', reason: 'y' } }
    const answer = await end(ended({ error }), { what: '', body: fine })
    const root_cause = [{ type: 'script_exception', reason: 'compile error' }]
    assert.deepEqual([answer.status, answer.body], [400, { error: { root_cause, ...error }, status: 400 }])
  })

  test('with the refusal of its host', async () => {
    const refuseWith = (sentence: string) => ({
      check: async () => {
        throw new IndexferryError('REMOTE_NOT_ALLOWED', sentence, { side: 'source' })
      },
    })
    const listed = '[127.0.0.1:9] not allowlisted in reindex.remote.allowlist'
    const unlisted = await end(refuseWith(listed), { what: '', body: fine })
    const error = { type: 'illegal_argument_exception', reason: listed }
    assert.deepEqual([unlisted.status, unlisted.body], [400, { error: { root_cause: [error], ...error }, status: 400 }])
    const bare = { what: '', body: withRemote({ host: 'badremote' }) }
    const sentence = '[host] must be of the form [scheme]://[host]:[port](/[pathPrefix])? but was [badremote]'
    const formless = await end(refuseWith(sentence), bare)
    const { url } = await useServer('opensearch-2.19.4')
    assert.equal(printExactJson(formless.body), printExactJson((await ask(`${url}/_reindex`, bare)).body))
  })

  test('with nothing when the client has gone; the task is left alone', async () => {
    const gone = new AbortController()
    const wait = async (signal: AbortSignal) => {
      gone.abort(new Error('gone'))
      throw signal.reason
    }
    await assert.rejects(end({ wait }, { what: '', body: fine }, gone.signal), /gone/)
  })
})

/** Before 2.3 there was none; the test server of 8 lacks the module. */
for (const name of ['elasticsearch-1.7.6', 'elasticsearch-8.19.2'] satisfies ServerName[]) {
  test(`${name}: without a _reindex of the cluster's own there is ours`, { skip: missingJava(name) }, async () => {
    const { url } = await useServer(name)
    const { handle, started } = routeOf(parseClusterVersion(name) as ClusterVersion)
    const answer = await handle(callOf(url, { what: '', body: fine, query: 'wait_for_completion=false' }))
    assert.deepEqual((answer as GatewayAnswer).body, { task: 'node:1' })
    const refusal = await handle(callOf(url, { what: '', body: body({ from: 1 }) }))
    assert.equal((refusal as GatewayAnswer).status, 400)
    assert.equal(started.length, 1)
  })
}

/** Not compared: the place of a host that is shorter than the one the cluster is shown, and the build of the server. */
const withoutPlaces = (warning: string | undefined) =>
  warning?.replace(/\[\d+:\d+\]/g, '').replace(/-(?:[0-9a-f]{40}|unknown) /g, ' ')
