import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { quoteOnlyDocument, withoutExcerpt } from './request-excerpt.ts'

const told =
  'bad value\n at [Source: (byte[])"POST /_bulk HTTP/1.1\r\nauthorization: Basic dTpw\r\n\r\n{"index":{}}\n{"n":1}\n"[truncated 17 bytes]; line: 1, column: 7]'

describe('errors that quote the request', () => {
  it('quote the document alone', () => {
    const error = {
      type: 'x',
      reason: 'y',
      caused_by: { type: 'json_parse_exception', reason: told },
      root_cause: [{ reason: told }],
    }
    const quoted = 'bad value\n at [Source: (byte[])"{"n":1}"; line: 1, column: 7]'
    assert.deepEqual(quoteOnlyDocument(error, Buffer.from('{"n":1}')), {
      ...error,
      caused_by: { type: 'json_parse_exception', reason: quoted },
      root_cause: [{ reason: quoted }],
    })
    assert.equal(
      quoteOnlyDocument(told, Buffer.alloc(510, 'x')),
      `bad value\n at [Source: (byte[])"${'x'.repeat(500)}"[truncated 10 bytes]; line: 1, column: 7]`,
    )
  })
  it('are left as they are where nothing is quoted', () => {
    const error = { type: 'x', reason: 'no [Source here', status: 400, shard: null }
    assert.deepEqual(quoteOnlyDocument(error, Buffer.from('{}')), error)
  })
  it('lose the quotation in a report, also where it stands in JSON', () => {
    assert.equal(withoutExcerpt(told), 'bad value\n at [Source: …; line: 1, column: 7]')
    assert.doesNotMatch(withoutExcerpt(JSON.stringify({ reason: told })), /authorization/)
  })
})
