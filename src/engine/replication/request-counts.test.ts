// What of the requests of a replication is counted as what.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IndexferryError } from '../../foundation/errors.ts'
import { noReplicationCounts } from './replication-record.ts'
import { RequestCounts } from './request-counts.ts'

test('requests are counted on top of what was noted before', () => {
  const counts = new RequestCounts({ ...noReplicationCounts, failedReads: 2, writeMs: 10 })
  counts.onFault(new IndexferryError('CLUSTER_BUSY', 'busy'))
  counts.onFault(new IndexferryError('CONNECTION_LOST', 'lost'))
  counts.onRead(1.3)
  counts.onRead(2)
  counts.onRequest({ how: 'taken', ms: 3.4 })
  counts.onRequest({ how: 'throttled', ms: 1 })
  counts.onRequest({ how: 'failed', ms: 2 })
  counts.onRequest({ how: 'failed', ms: 2 })
  assert.deepEqual(counts.now, {
    ...{ failedReads: 3, throttledReads: 1, failedWrites: 2, throttledWrites: 1 },
    readMs: 3,
    writeMs: 18,
  })
})
