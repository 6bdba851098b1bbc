// What becomes of each document of a bulk request, in the words of all versions.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fc } from '../../test/documents/properties.ts'
import { IndexferryError, isErrorOf } from '../foundation/errors.ts'
import { type ItemOutcome, readBulkAnswer } from './bulk-answer.ts'

const good = (n: number) =>
  `{"index":{"_index":"i","_id":"${n}","_version":1,"result":"created","_seq_no":${n},"status":201}}`
const answer = (items: readonly string[], errors: boolean) =>
  Buffer.from(`{"took":30,"errors":${errors},"items":[${items.join(',')}]}`)

function outcomeOf(item: string): { outcome: ItemOutcome; type: string } {
  const { written, unchanged, refused } = readBulkAnswer(answer([good(0), item, good(2)], true), 3)
  if (refused.length === 0) return { outcome: written === 3 ? 'written' : 'unchanged', type: '' }
  assert.equal(written, 2)
  assert.equal(unchanged, 0)
  assert.equal(refused[0]?.at, 1)
  return refused[0]!
}

const item = (status: number, type: string, reason: string, operation = 'index') =>
  JSON.stringify({ [operation]: { _index: 'i', _id: '1', status, error: { type, reason } } })
const oldItem = (status: number, error: string) =>
  JSON.stringify({ index: { _index: 'i', _type: 't', _id: '1', status, error } })

const outcomes: readonly (readonly [what: string, item: string, outcome: ItemOutcome, type?: string])[] = [
  ['created', good(1), 'written'],
  ['an update (200)', '{"index":{"_id":"1","status":200}}', 'written'],
  [
    'a newer version is there',
    item(409, 'version_conflict_engine_exception', '[1]: version conflict, current version [5] is higher or equal'),
    'unchanged',
  ],
  [
    'the document is there (create)',
    item(409, 'version_conflict_engine_exception', 'document already exists', 'create'),
    'unchanged',
  ],
  [
    '1.7: a newer version is there',
    oldItem(409, 'VersionConflictEngineException[[i][0] [t][1]: version conflict]'),
    'unchanged',
  ],
  [
    'the queue is full',
    item(429, 'es_rejected_execution_exception', 'rejected execution of primary operation'),
    'again',
  ],
  [
    'OpenSearch: the queue is full',
    item(429, 'rejected_execution_exception', 'rejected execution of primary operation'),
    'again',
  ],
  ['a node that is being stopped', item(500, 'node_closed_exception', 'node closed {two}'), 'again'],
  ['too much memory', item(429, 'circuit_breaking_exception', '[parent] Data too large'), 'again'],
  [
    '1.7: the queue is full',
    oldItem(429, 'EsRejectedExecutionException[rejected execution (queue capacity 50) on org.elasticsearch…]'),
    'again',
    'EsRejectedExecutionException',
  ],
  [
    '1.7: another node says that its queue is full',
    oldItem(
      500,
      'RemoteTransportException[[n2][inet[/1.2.3.4:9300]][bulk/shard]]; nested: EsRejectedExecutionException[rejected execution];',
    ),
    'again',
    'EsRejectedExecutionException',
  ],
  [
    '1.7: a shard is missing',
    oldItem(503, 'UnavailableShardsException[[i][0] Primary shard is not active]'),
    'again',
    'UnavailableShardsException',
  ],
  [
    'a shard is missing',
    item(503, 'unavailable_shards_exception', '[i][0] primary shard is not active Timeout: [1m]'),
    'again',
  ],
  [
    'a master is busy',
    item(503, 'process_cluster_event_timeout_exception', 'failed to process cluster event'),
    'again',
  ],
  [
    'a field that cannot be parsed',
    item(400, 'mapper_parsing_exception', 'failed to parse field [n]'),
    'refused',
    'mapper_parsing_exception',
  ],
  ['8.x: a field that cannot be parsed', item(400, 'document_parsing_exception', '[1:5] failed to parse'), 'refused'],
  [
    '1.7: a field that cannot be parsed',
    oldItem(400, 'MapperParsingException[failed to parse [n]]; nested: NumberFormatException[For input string: "x"]; '),
    'refused',
    'MapperParsingException',
  ],
  ['a mapping that is strict', item(400, 'strict_dynamic_mapping_exception', 'mapping set to strict'), 'refused'],
  [
    'too many fields',
    item(400, 'illegal_argument_exception', 'Limit of total fields [1000] has been exceeded'),
    'refused',
  ],
  ['an internal error', item(500, 'null_pointer_exception', ''), 'refused'],
  [
    'an error that quotes what looks like a block',
    item(400, 'mapper_parsing_exception', 'cannot parse, value: road blocked by: [snow]'),
    'refused',
  ],
  ['read-only', item(403, 'cluster_block_exception', 'index [i] blocked by: [FORBIDDEN/8/index write (api)];'), 'stop'],
  [
    'a full disk',
    item(
      429,
      'cluster_block_exception',
      'index [i] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark]',
    ),
    'stop',
  ],
  ['1.7: read-only', oldItem(403, 'ClusterBlockException[blocked by: [FORBIDDEN/5/index read-only (api)];]'), 'stop'],
  ['no privilege', item(403, 'security_exception', 'no permissions for [indices:data/write/bulk[s]]'), 'stop'],
  ['the index is gone', item(404, 'index_not_found_exception', 'no such index [i]'), 'stop'],
  ['1.7: the index is gone', oldItem(404, 'IndexMissingException[[i] missing]'), 'stop', 'IndexMissingException'],
  ['the index is closed', item(400, 'index_closed_exception', 'closed'), 'stop'],
  ['an error that is a null', '{"index":{"_id":"1","status":400,"error":null}}', 'refused'],
  ['an error without words', '{"index":{"_id":"1","status":400}}', 'refused'],
]

describe('the reader of bulk answers', () => {
  for (const [what, text, outcome, type] of outcomes) {
    it(`calls it ${outcome}: ${what}`, () => {
      const found = outcomeOf(text)
      assert.equal(found.outcome, outcome)
      if (type) assert.equal(found.type, type)
    })
  }

  it('counts an answer without errors', () => {
    assert.deepEqual(readBulkAnswer(answer([good(1), good(2)], false), 2), { written: 2, unchanged: 0, refused: [] })
  })

  it('reads printed answers and those whose items come before the word errors', () => {
    const printed = Buffer.from(JSON.stringify(JSON.parse(answer([good(1), good(2)], false).toString()), null, 2))
    assert.equal(readBulkAnswer(printed, 2).written, 2)
    assert.equal(readBulkAnswer(Buffer.from(`{"items":[${good(1)}],"errors":false}`), 1).written, 1)
  })

  it('is not misled by ids that look like statuses', () => {
    const odd = JSON.stringify({
      index: { _id: '"status":201', status: 429, error: { type: 'x', reason: '"status":201' } },
    })
    assert.equal(outcomeOf(odd).outcome, 'again')
    const lying = answer([odd], false)
    assert.equal(readBulkAnswer(lying, 1).written, 0)
  })

  it('does not believe "errors":false of an answer whose items say otherwise', () => {
    const { written, refused } = readBulkAnswer(answer([good(0), item(400, 'mapper_parsing_exception', 'x')], false), 2)
    assert.equal(written, 1)
    assert.equal(refused.length, 1)
  })

  it('keeps the causes of a refusal', () => {
    const error = {
      type: 'mapper_parsing_exception',
      reason: 'failed',
      caused_by: { type: 'x', reason: 'the true reason' },
    }
    const { refused } = readBulkAnswer(answer([JSON.stringify({ index: { status: 400, error } })], true), 1)
    assert.match(refused[0]?.reason ?? '', /failed; caused by .*the true reason/)
  })

  for (const [what, text] of Object.entries({
    'no items': '{"took":1,"errors":false}',
    'fewer items': answer([good(1)], true).toString(),
    'more items': answer([good(1), good(2), good(3)], true).toString(),
    'fewer items and no errors': answer([good(1)], false).toString(),
    'an item without a status': answer([good(1), '{"index":{"_id":"2"}}'], true).toString(),
    'an item of nothing': answer([good(1), 'null'], true).toString(),
    'items that are a text': '{"errors":true,"items":"ab"}',
    nothing: '',
    null: 'null',
  })) {
    it(`refuses an answer of ${what}`, () => {
      assert.throws(
        () => readBulkAnswer(Buffer.from(text), 2),
        (error) => isErrorOf(error, 'ANSWER_INVALID'),
      )
    })
  }

  it('refuses an answer with errors that is cut off at any byte', () => {
    const whole = answer([good(1), item(429, 'es_rejected_execution_exception', 'x')], true)
    for (let length = 0; length < whole.length; length++) {
      assert.throws(
        () => readBulkAnswer(whole.subarray(0, length), 2),
        (error) => isErrorOf(error, 'ANSWER_INVALID'),
      )
    }
  })

  it('lets only errors of its own out, whatever comes, and accounts for every document', () => {
    const bytes = fc.oneof(
      fc.uint8Array().map((some) => Buffer.from(some)),
      fc.json().map((text) => Buffer.from(text)),
      fc
        .array(
          fc.oneof(
            fc.json(),
            fc.json().map((json) => `{"index":{"status":400,"error":${json}}}`),
          ),
        )
        .map((all) => answer(all, true)),
      fc.json().map((json) => answer([json, good(1)], false)),
    )
    fc.assert(
      fc.property(bytes, fc.integer({ min: 0, max: 3 }), (some, count) => {
        try {
          const { written, unchanged, refused } = readBulkAnswer(some, count)
          assert.equal(written + unchanged + refused.length, count)
        } catch (error) {
          assert.ok(error instanceof IndexferryError, String(error))
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
