// How busy nodes are: what real servers tell of theirs, and which limit is named.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openTestCluster } from '../../test/documents/fill-index.ts'
import { missingJava } from '../../test/servers/servers.ts'
import { readNodeLoad, reasonToWait } from './node-load.ts'

describe('the load of nodes', () => {
  for (const name of ['opensearch-2.19.4'] as const) {
    it(`is told by ${name}`, { skip: missingJava(name) ?? false }, async () => {
      await using cluster = await openTestCluster('source', name)
      const { processor, heap, writeQueue } = await readNodeLoad(cluster, new AbortController().signal)
      assert.ok(processor !== undefined && processor >= 0 && processor <= 1, `${processor}`)
      assert.ok(heap !== undefined && heap > 0 && heap <= 1, `${heap}`)
      assert.ok(writeQueue !== undefined && writeQueue >= 0, `${writeQueue}`)
    })
  }

  it('is a reason to wait above the limit only, and what is not told is none', () => {
    const load = { processor: 0.91, heap: 0.5, writeQueue: 120 }
    const none = { processor: undefined, heap: undefined, writeQueue: undefined }
    assert.equal(reasonToWait('source', load, none), undefined)
    assert.equal(reasonToWait('source', load, { ...none, processor: 0.8 }), 'source load 91 % > 80 %')
    assert.equal(reasonToWait('target', load, { processor: 0.95, heap: 0.4, writeQueue: 1 }), 'target heap 50 % > 40 %')
    assert.equal(reasonToWait('target', load, { ...none, writeQueue: 100 }), 'target write queue 120 > 100')
    assert.equal(reasonToWait('target', load, { ...none, writeQueue: 120 }), undefined)
    assert.equal(reasonToWait('target', none, { processor: 0.1, heap: 0.1, writeQueue: 1 }), undefined)
  })
})
