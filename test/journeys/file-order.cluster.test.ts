// A file in which ids come again and again.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { indexPath } from '../../src/cluster/paths.ts'
import { deleteTestIndex, openTestCluster, refreshTestIndex } from '../documents/fill-index.ts'
import { isBulk, startInterferingProxy } from '../faults/interfering-proxy.ts'
import { useServer } from '../servers/servers.ts'
import { Indexferry } from './indexferry.ts'

const name = 'opensearch-2.19.4'
const index = 'file-order'
const lines = 40_000
const ids = 20

test('of several lines of one id the last one counts, also when the target takes long with the first', {
  timeout: 400_000,
}, async () => {
  await using target = await openTestCluster('target', name)
  await using indexferry = await Indexferry.install()
  let bulks = 0
  await using proxy = await startInterferingProxy((await useServer(name)).url, [
    async (request, next) => {
      // The second request is carried out long after those that come behind it.
      if (isBulk(request) && ++bulks === 2) await sleep(2_000)
      return next(request)
    },
  ])
  try {
    await deleteTestIndex(target, index)
    const text = Array.from(
      { length: lines },
      (_, n) => `{"_id":"${n % ids}","_source":{"n":${n},"pad":"${'x'.repeat(80)}"}}\n`,
    )
    const file = await indexferry.write('changes.ndjson', text.join(''))
    const { counts } = await indexferry.copy([file, `${proxy.url}/${index}`])
    assert.equal(counts.read, lines)
    assert.equal(counts.written + counts.skipped, lines)
    assert.ok(bulks > 2, 'several requests')
    await refreshTestIndex(target, index)
    const { body } = await target.json<{ hits: { hits: { _source: { n: number } }[] } }>({
      method: 'POST',
      path: indexPath(index, '_search'),
      body: { size: 2 * ids, sort: ['n'] },
    })
    const found = body.hits.hits.map(({ _source }) => _source.n)
    assert.deepEqual(
      found,
      Array.from({ length: ids }, (_, n) => lines - ids + n),
    )
  } finally {
    await deleteTestIndex(target, index)
  }
})
