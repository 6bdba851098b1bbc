import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseClusterVersion } from '../model/cluster-version.ts'
import { formatMadeBy, madeByOfId, opensIndex, refuseSnapshot } from './snapshot-versions.ts'

const version = (text: string) => parseClusterVersion(text) ?? assert.fail(text)

test('ids as servers write them', () => {
  const text = (id: unknown) => {
    const madeBy = madeByOfId(id)
    return madeBy && formatMadeBy(madeBy)
  }
  assert.equal(text('5061699'), 'Elasticsearch 5.6.16')
  assert.equal(text(7100299), 'Elasticsearch 7.10.2')
  assert.equal(text(136408227 - 0), 'OpenSearch 2.19.4')
  assert.equal(text(137297827), 'OpenSearch 3.8.0')
  assert.equal(text(undefined), undefined)
  assert.equal(text('x'), undefined)
})

/** Snapshot, target, and what stands against it. */
const snapshots: readonly (readonly [string, string, string | undefined])[] = [
  // The table of the documents.
  ['elasticsearch-1.7.6', 'elasticsearch-2.4.6', undefined],
  ['elasticsearch-2.4.6', 'elasticsearch-5.6.16', undefined],
  ['elasticsearch-5.5.2', 'elasticsearch-5.5.3', undefined],
  ['elasticsearch-5.6.16', 'elasticsearch-6.8.23', undefined],
  ['elasticsearch-1.7.6', 'elasticsearch-5.6.16', 'too far'],
  ['elasticsearch-2.4.6', 'elasticsearch-6.8.23', 'too far'],
  ['elasticsearch-6.8.23', 'elasticsearch-7.17.29', undefined],
  ['elasticsearch-6.8.23', 'elasticsearch-8.19.2', 'too far'],
  ['elasticsearch-7.17.29', 'elasticsearch-8.19.2', undefined],
  ['elasticsearch-8.19.2', 'elasticsearch-9.1.0', undefined],
  // Older, by any part of the number.
  ['elasticsearch-5.6.16', 'elasticsearch-5.6.3', 'target older'],
  ['elasticsearch-6.8.23', 'elasticsearch-6.2.0', 'target older'],
  ['elasticsearch-7.0.0', 'elasticsearch-6.8.23', 'target older'],
  ['elasticsearch-8.19.2', 'elasticsearch-8.19.0', undefined],
  ['elasticsearch-8.19.2', 'elasticsearch-8.17.0', 'target older'],
  ['opensearch-2.19.4', 'opensearch-2.11.0', 'target older'],
  // From one product to the other.
  ['elasticsearch-6.8.23', 'opensearch-1.3.14', undefined],
  ['elasticsearch-7.10.2', 'opensearch-1.3.14', undefined],
  ['elasticsearch-7.10.2', 'opensearch-2.19.4', undefined],
  ['elasticsearch-6.8.23', 'opensearch-2.19.4', 'too far'],
  ['elasticsearch-7.10.2', 'opensearch-3.8.0', 'too far'],
  ['elasticsearch-7.11.0', 'opensearch-1.3.14', 'other product'],
  ['elasticsearch-8.19.2', 'opensearch-3.8.0', 'other product'],
  ['opensearch-1.3.14', 'elasticsearch-7.17.29', 'other product'],
  ['opensearch-1.3.14', 'opensearch-2.19.4', undefined],
  ['opensearch-2.19.4', 'opensearch-3.8.0', undefined],
  ['opensearch-1.3.14', 'opensearch-3.8.0', 'too far'],
]

test('which snapshots a version restores', () => {
  for (const [snapshot, target, expected] of snapshots)
    assert.equal(refuseSnapshot(version(snapshot), version(target)), expected, `${snapshot} on ${target}`)
})

test('which indexes a version opens', () => {
  const opens = (created: string, target: string, isReadOnly = false) =>
    opensIndex(version(created), version(target), isReadOnly)
  assert.equal(opens('elasticsearch-5.6.16', 'elasticsearch-6.8.23'), true)
  assert.equal(opens('elasticsearch-5.6.16', 'elasticsearch-7.17.29'), false)
  assert.equal(opens('elasticsearch-7.10.2', 'opensearch-2.19.4'), true)
  assert.equal(opens('elasticsearch-6.8.23', 'opensearch-1.3.14'), true)
  assert.equal(opens('elasticsearch-7.10.2', 'opensearch-3.8.0'), false)
  assert.equal(opens('opensearch-1.3.14', 'elasticsearch-8.19.2'), false)
  // Elasticsearch 9 opens indexes of 7 that take no more writes.
  assert.equal(opens('elasticsearch-7.17.29', 'elasticsearch-9.1.0'), false)
  assert.equal(opens('elasticsearch-7.17.29', 'elasticsearch-9.1.0', true), true)
})
