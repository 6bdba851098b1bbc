import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusalReason } from './refusal-reason.ts'
import { serverError } from './server-errors.ts'

test('the reason of a server is followed down to what is wrong', () => {
  const caused_by = { type: 'illegal_argument_exception', reason: 'Unknown key [x]' }
  const answer = serverError(400, 'x_content_parse_exception', '[1:7] failed to parse field [source]', { caused_by })
  assert.equal(refusalReason(answer), '[1:7] failed to parse field [source]: Unknown key [x]')
})

test('sentences, as of Amazon, and refused documents', () => {
  assert.equal(refusalReason({ status: 409, body: { message: 'there is one' } }), 'there is one')
  assert.equal(refusalReason({ status: 400, body: { Message: 'no alias' } }), 'no alias')
  assert.equal(refusalReason({ status: 406, body: { error: 'no such type', status: 406 } }), 'no such type')
  const failure = { index: 'a', id: '1', cause: { type: 'security_exception', reason: 'no permissions' }, status: 403 }
  const of = (...failures: object[]) => refusalReason({ status: 403, body: { total: 2, failures } as never })
  assert.equal(of(failure), '1 document was refused: no permissions')
  assert.equal(of(failure, failure), '2 documents were refused: no permissions')
})

test('the whole answer of another cluster is not put into the log', () => {
  const answer = serverError(400, 'status_exception', `body=${'x'.repeat(50_000)}`)
  assert.equal(refusalReason(answer)?.length, 1_000)
})

test('what was done, is only missing, or is no JSON has none', () => {
  for (const answer of [
    { status: 200, body: { failures: [] } },
    serverError(404, 'resource_not_found_exception', 'no such task'),
    { status: 400, body: Buffer.from('{"error":"x"}') },
    { status: 401, body: undefined },
  ]) {
    assert.equal(refusalReason(answer), undefined)
  }
})
