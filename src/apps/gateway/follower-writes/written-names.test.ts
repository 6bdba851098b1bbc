// Which calls write, in the forms that clients of all versions use.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { indexOfBulk, writtenNames } from './written-names.ts'

/** As a line: what it writes to, or `-`. */
function told(line: string, typed: boolean): string {
  const [method = '', path = ''] = line.split(' ')
  const written = writtenNames(method, path.split('/').filter(Boolean), typed)
  if (!written) return '-'
  if (written.kind === 'expression') return `${written.use} ${written.expression}`
  return written.kind === 'bulk' && written.index !== undefined ? `bulk ${written.index}` : written.kind
}

const ofAll: Readonly<Record<string, string>> = {
  'PUT /i/_doc/1': 'write i',
  'POST /i/_doc': 'write i',
  'DELETE /i/_doc/1': 'write i',
  'POST /i/_create/1': 'write i',
  'POST /i/_update/1': 'write i',
  'POST /_bulk': 'bulk',
  'PUT /i/_bulk': 'bulk i',
  'POST /_bulk/stream': 'bulk stream',
  'POST /i/_bulk/stream': 'bulk stream',
  'POST /i*,j/_delete_by_query': 'all i*,j',
  'POST /i/_update_by_query': 'all i',
  'POST /_update_by_query/node:1/_rethrottle': '-',
  'POST /_reindex': 'reindex',
  'POST /_reindex/node:1/_rethrottle': '-',
  'PUT /i/_mapping': 'all i',
  'PUT /_mapping': 'all *',
  'PUT /i/_settings': 'all i',
  'PUT /_settings': 'all *',
  'PUT /_all/_settings': 'all _all',
  'POST /_aliases': 'aliases',
  'PUT /i/_alias/a': 'all i',
  'DELETE /i/_aliases/a': 'all i',
  'PUT /_alias/a': 'aliases',
  'DELETE /i': 'all i',
  'DELETE /i,j': 'all i,j',
  'DELETE /_all': 'all _all',
  'DELETE /': 'all *',
  'PUT /i': '-',
  'POST /i/_close': 'all i',
  'POST /i/_open': 'all i',
  'POST /i/_rollover': 'all i',
  'POST /i/_rollover/j': 'all i',
  'PUT /i/_block/write': 'all i',
  'POST /i/_freeze': 'all i',
  'POST /i/_something_new/x': 'all i',
  'PUT /i/_clone/j': 'write j',
  'POST /i/_split/j': 'write j',
  'DELETE /_data_stream/s': 'all s',
  'POST /_data_stream/_modify': 'aliases',
  'POST /_data_stream/_migrate/a': 'all a',
  'PUT /_data_stream/s': '-',
  'PUT /_index_template/t': '-',
  'PUT /_ingest/pipeline/p': '-',
  'PUT /_cluster/settings': '-',
  'POST /_search': '-',
  'POST /_msearch': '-',
  'POST /i/_search': '-',
  'POST /i/_search/point_in_time': '-',
  'POST /i/_count': '-',
  'POST /i/_mget': '-',
  'POST /i/_refresh': '-',
  'POST /i/_flush/synced': '-',
  'POST /i/_forcemerge': 'all i',
  'POST /_forcemerge': 'all *',
  'POST /i/_cache/clear': '-',
  'POST /i/_field_caps': '-',
  'POST /i/_explain/1': '-',
  'POST /i/_termvectors/1': '-',
  'POST /i/_validate/query': '-',
  'POST /i/_analyze': '-',
  'POST /i/_pit': '-',
  'POST /_plugins/_replication/i/_pause': '-',
  'GET /i/_doc/1': '-',
  'HEAD /i/_doc/1': '-',
  'GET /i/_bulk': '-',
}

test('the calls of all versions', () => {
  for (const [line, expected] of Object.entries(ofAll)) {
    assert.equal(told(line, false), expected, `${line} without types`)
    assert.equal(told(line, true), expected, `${line} with types`)
  }
})

test('the calls of versions with mapping types', () => {
  const typed: Readonly<Record<string, string>> = {
    'PUT /i/t/1': 'write i',
    'POST /i/t': 'write i',
    'DELETE /i/t/1': 'write i',
    'POST /i/t/1/_update': 'write i',
    'PUT /i/t/1/_create': 'write i',
    'POST /i/_doc/1/_update': 'write i',
    'POST /i/t/_bulk': 'bulk i',
    'POST /i/_doc/_bulk': 'bulk i',
    'POST /i/t/_search': '-',
    'POST /i/_doc/_search': '-',
    'POST /i/t/1/_percolate': '-',
    'POST /i/t/1/_termvectors': '-',
    'POST /i/t/_mget': '-',
    'PUT /i/t/_mapping': 'all i',
    'PUT /i/_mapping/t': 'all i',
    'PUT /_mapping/t': 'all *',
    'DELETE /i/_query': 'all i',
    'DELETE /i/t/_query': 'all i',
    'POST /i/t/_delete_by_query': 'all i',
    'DELETE /i/t': 'write i',
    'PUT /i/_warmer/w': 'all i',
  }
  for (const [line, expected] of Object.entries(typed)) assert.equal(told(line, true), expected, line)
  assert.equal(told('PUT /i/_doc/_search', false), 'write i')
  assert.equal(told('PUT /i/_doc/_search', true), '-')
})

test('a bulk call may name its index beside the path', () => {
  const query = new URLSearchParams('index=a&index=b')
  assert.equal(indexOfBulk(undefined, query), 'b')
  assert.equal(indexOfBulk('i', query), 'i')
  assert.equal(indexOfBulk(undefined, new URLSearchParams('index=')), undefined)
})
