import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explainAnswer } from './answer-errors.ts'

const error = (type: string, reason: string, more: object = {}) =>
  JSON.stringify({ error: { root_cause: [{ type, reason }], type, reason, ...more }, status: 0 })

const block = (id: string) => `index [logs] blocked by: [${id}];`

/** Each as a server or service answers it: what, status, body, code expected, part of the reason expected. */
const cases: readonly [string, number, string, string, string][] = [
  ['a missing index', 404, error('index_not_found_exception', 'no such index [x]'), 'INDEX_MISSING', '[x]'],
  ['a missing index, 1.x', 404, '{"error":"IndexMissingException[[x] missing]","status":404}', 'INDEX_MISSING', '[x]'],
  [
    'a missing index on another node, 1.x',
    404,
    '{"error":"RemoteTransportException[[n][inet[/10.0.0.1:9300]][indices:data/read/search]]; nested: IndexMissingException[[x] missing]; ","status":404}',
    'INDEX_MISSING',
    '[x] missing',
  ],
  [
    'analyzers that cannot be built, OpenSearch 3',
    400,
    error('illegal_argument_exception', 'Failed to build analyzers: [a]', {
      suppressed: [
        { type: 'x', reason: '[a] no', caused_by: { type: 'x', reason: 'IOException while reading synonyms_path' } },
      ],
    }),
    'REQUEST_REFUSED',
    'Failed to build analyzers: [a]; IOException while reading synonyms_path',
  ],
  [
    'a script that fails on a shard',
    400,
    JSON.stringify({
      error: {
        root_cause: [{ type: 'script_exception', reason: 'runtime error' }],
        type: 'search_phase_execution_exception',
        reason: 'all shards failed',
        failed_shards: [
          { shard: 0, reason: { type: 'script_exception', reason: 'runtime error', caused_by: { reason: 'Cats!' } } },
        ],
      },
      status: 400,
    }),
    'REQUEST_REFUSED',
    'runtime error; Cats!; all shards failed',
  ],
  ['a closed index', 400, error('index_closed_exception', 'closed'), 'INDEX_CLOSED', 'closed'],
  [
    'a closed index, 1.x',
    403,
    '{"error":"ClusterBlockException[index [x] blocked by: [FORBIDDEN/4/index closed];]","status":403}',
    'INDEX_CLOSED',
    'index closed',
  ],
  [
    'a write block',
    403,
    error('cluster_block_exception', block('FORBIDDEN/8/index write (api)')),
    'TARGET_READ_ONLY',
    '/8/',
  ],
  [
    'the flood stage',
    429,
    error(
      'cluster_block_exception',
      block('TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block'),
    ),
    'TARGET_FULL',
    'flood-stage',
  ],
  [
    'the flood stage, before 7.0',
    403,
    error('cluster_block_exception', 'blocked by: [FORBIDDEN/12/index read-only / allow delete (api)];'),
    'TARGET_FULL',
    'allow delete',
  ],
  [
    'a replication follower',
    403,
    error('cluster_block_exception', block('FORBIDDEN/1000/…')),
    'TARGET_READ_ONLY',
    '1000',
  ],
  [
    'a missing privilege',
    403,
    error('security_exception', 'no permissions for [indices:data/write/index] and User [name=bob]'),
    'PRIVILEGE_MISSING',
    'indices:data/write/index',
  ],
  ['a wrong password', 401, 'Unauthorized', 'CREDENTIALS_WRONG', 'Unauthorized'],
  [
    'a wrong signature',
    403,
    '{"message":"The request signature we calculated does not match the signature you provided."}',
    'CREDENTIALS_WRONG',
    'signature',
  ],
  ['a late clock', 403, '{"message":"Signature expired: 2026 is now earlier"}', 'CREDENTIALS_WRONG', 'expired'],
  [
    'an AWS policy',
    403,
    '{"Message":"User: arn:aws:iam::1:user/x is not authorized to perform: es:ESHttpGet"}',
    'PRIVILEGE_MISSING',
    'es:ESHttpGet',
  ],
  ['a full write queue', 429, error('es_rejected_execution_exception', 'rejected'), 'CLUSTER_BUSY', 'rejected'],
  ['a tired proxy', 502, '<html><head><title>502 Bad Gateway</title></head></html>', 'CLUSTER_BUSY', '502 Bad Gateway'],
  [
    'no cluster state yet',
    503,
    error('cluster_block_exception', 'blocked by: [SERVICE_UNAVAILABLE/1/state not recovered / initialized];'),
    'CLUSTER_BUSY',
    'not recovered',
  ],
  [
    'a lost scroll',
    404,
    JSON.stringify({
      error: {
        root_cause: [{ type: 'search_context_missing_exception', reason: 'No search context found for id [6]' }],
        type: 'search_phase_execution_exception',
        reason: 'all shards failed',
      },
    }),
    'CONTEXT_LOST',
    'No search context',
  ],
  [
    'shards that are gone',
    503,
    JSON.stringify({
      error: { root_cause: [], type: 'search_phase_execution_exception', reason: 'all shards failed', phase: 'query' },
    }),
    'SHARD_FAILED',
    'all shards failed',
  ],
  [
    'a body over the limit',
    413,
    '{"Message":"Request size exceeded 10485760 bytes"}',
    'DOCUMENT_TOO_LARGE',
    '10485760',
  ],
  [
    'a node that is being stopped',
    500,
    '{"_shards":{"total":4,"failed":1,"failures":[{"shard":0,"reason":{"type":"node_closed_exception","reason":"node closed {two}"}}]}}',
    'SHARD_FAILED',
    'node closed',
  ],
  [
    'a node that is gone',
    500,
    JSON.stringify({
      error: {
        root_cause: [{ type: 'node_not_connected_exception', reason: '[two][127.0.0.1:24226] Node not connected' }],
        type: 'search_phase_execution_exception',
        reason: 'all shards failed',
      },
    }),
    'SHARD_FAILED',
    'not connected',
  ],
  ['an unknown query', 400, error('parsing_exception', 'unknown query [mach]'), 'REQUEST_REFUSED', '[mach]'],
  ['a redirect', 301, '', 'NOT_A_CLUSTER', ''],
]

for (const [what, status, body, code, reason] of cases) {
  test(`${what} is ${code}`, () => {
    const failure = explainAnswer(status, body, true)
    assert.equal(failure.code, code)
    assert.ok(failure.reason.includes(reason), failure.reason)
  })
}

test('an answer of 401 without credentials asks for them', () => {
  assert.equal(explainAnswer(401, 'Unauthorized', false).code, 'CREDENTIALS_MISSING')
})

test('what may pass by itself is told from what will not', () => {
  const passing = (status: number, body: string) => explainAnswer(status, body, true).passing
  assert.equal(passing(503, ''), true)
  assert.equal(passing(429, error('circuit_breaking_exception', 'Data too large')), true)
  assert.equal(passing(429, error('cluster_block_exception', block('TOO_MANY_REQUESTS/12/disk'))), false)
  assert.equal(passing(500, ''), false)
  assert.equal(passing(500, error('node_closed_exception', 'node closed')), true)
  assert.equal(passing(400, error('parsing_exception', 'node_closed_exception')), false)
  assert.equal(passing(404, error('index_not_found_exception', 'x')), false)
})

test('the type of a refused query is that of its root cause', () => {
  const body = JSON.stringify({
    error: {
      root_cause: [{ type: 'query_shard_exception', reason: 'failed to create query' }],
      type: 'search_phase_execution_exception',
      reason: 'all shards failed',
      caused_by: {
        type: 'x',
        reason: 'outer',
        caused_by: { type: 'number_format_exception', reason: 'For input: "a"' },
      },
    },
  })
  const { type, reason, code } = explainAnswer(400, body, true)
  assert.equal(type, 'query_shard_exception')
  assert.equal(code, 'REQUEST_REFUSED')
  assert.match(reason, /^failed to create query; For input: "a"/)
})

test('a long or broken body is cut to a sentence', () => {
  assert.ok(explainAnswer(500, 'x '.repeat(10_000), true).reason.length < 700)
  assert.equal(explainAnswer(500, '{"error":', true).reason, '{"error":')
})
