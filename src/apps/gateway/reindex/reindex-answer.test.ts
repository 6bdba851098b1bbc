// Answers without a server; describe-reindex.cluster.test.ts compares with real ones.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IndexferryError } from '../../../foundation/errors.ts'
import { type ClusterVersion, parseClusterVersion } from '../../../model/cluster-version.ts'
import { printFloat, printTime } from './java-values.ts'
import { answerStatus } from './reindex-answer.ts'
import { serverErrorOf, statusOfError } from './server-error.ts'

const opensearch3 = parseClusterVersion('opensearch-3.8.0') as ClusterVersion
const opensearch2 = parseClusterVersion('opensearch-2.19.4') as ClusterVersion

test('floats as Java prints them', () => {
  const floats: [number, string][] = [
    [-1, '-1.0'],
    [500, '500.0'],
    [1000.5, '1000.5'],
    [0.1, '0.1'],
    [0.0001, '1.0E-4'],
    [1e-8, '1.0E-8'],
    [0, '0.0'],
    [12345678, '1.2345678E7'],
    [3333.3333, '3333.3333'],
  ]
  for (const [number, text] of floats) assert.equal(printFloat(number), text)
})

test('durations as text', () => {
  const times: [number, string][] = [
    [0, '0s'],
    [3, '3ms'],
    [1500, '1.5s'],
    [59_999, '59.9s'],
    [60_000, '1m'],
    [5_400_000, '1.5h'],
    [86_400_000, '1d'],
  ]
  for (const [ms, text] of times) assert.equal(printTime(ms), text)
})

test('the status of an answer is the worst of its failures', () => {
  const failure = { kind: 'bulk', index: 'i', type: undefined, id: '1', cause: {}, status: 409 } as const
  const outcome = { tookMs: 1, notes: [], status: {} as never, timedOut: false, failures: [] }
  assert.equal(answerStatus(outcome), 200)
  assert.equal(answerStatus({ ...outcome, timedOut: true }), 408)
  assert.equal(answerStatus({ ...outcome, timedOut: true, failures: [failure, { ...failure, status: 400 }] }), 409)
})

test('errors of the remote are quoted, and keep their status when only the text is left', () => {
  const error = new IndexferryError(
    'CREDENTIALS_WRONG',
    'source http://old:9200: GET / was answered 401: Unauthorized',
    {
      side: 'source',
      fields: { status: 401, errorType: '', reason: 'Unauthorized' },
    },
  )
  const told = serverErrorOf(error, { server: opensearch2 })
  assert.deepEqual([told.status, told.error.type, told.error.reason], [401, 'status_exception', 'body=Unauthorized'])
  assert.equal(statusOfError(told.error), 401)
  const missing = new IndexferryError('INDEX_MISSING', 'source: GET /a was answered 404: no such index [a]', {
    side: 'source',
    fields: { status: 404, errorType: 'index_not_found_exception', reason: 'no such index [a]' },
  })
  assert.equal(statusOfError(serverErrorOf(missing, { server: opensearch2 }).error), 404)
})

test('an answer that is known is quoted whole, and told whole when it is the local cluster that refuses', () => {
  const missing = { type: 'index_not_found_exception', reason: 'no such index [a]', index: 'a', index_uuid: '_na_' }
  const answer = JSON.stringify({ error: { root_cause: [missing], ...missing }, status: 404 })
  const fields = { status: 404, errorType: missing.type, reason: missing.reason }
  const of = (side: 'source' | 'target', said = answer) =>
    serverErrorOf(new IndexferryError('INDEX_MISSING', 'GET /a was answered 404', { side, fields, answer: said }), {
      server: opensearch2,
    })
  assert.equal(of('source').error.reason, `body=${answer}`)
  assert.equal(statusOfError(of('source').error), 404)
  assert.deepEqual(of('target').body, JSON.parse(answer))
  for (const other of ['{"error":"IndexMissingException[[a] missing]","status":404}', '{"error":{', '<html>'])
    assert.deepEqual(of('target', other).error, { type: missing.type, reason: missing.reason })
})

test('a refused connection in the words of each client', () => {
  const error = new IndexferryError('CONNECTION_REFUSED', 'source http://127.0.0.1:9: refused', { side: 'source' })
  assert.equal(serverErrorOf(error, { server: opensearch2 }).error.type, 'connect_exception')
  assert.equal(serverErrorOf(error, { server: opensearch3 }).error.type, 'http_host_connect_exception')
})
