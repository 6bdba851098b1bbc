// Snapshots taken on one real server, moved as files, and restored on another: first and incremental cycles, for each pair of versions.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestIndex, deleteTestIndex, putDocuments } from '../../../test/documents/fill-index.ts'
import {
  MemoryNotes,
  moveRepository,
  openSnapshotSide,
  register,
  restoreRequest,
  takeSnapshot,
} from '../../../test/documents/snapshot-sides.ts'
import { startFaultProxy } from '../../../test/faults/fault-proxy.ts'
import type { ServerName } from '../../../test/servers/catalogue.ts'
import { missingJava } from '../../../test/servers/servers.ts'
import { openCluster } from '../../cluster/open-cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import type { JsonObject } from '../../model/json.ts'
import { readIndexStates } from './index-states.ts'
import { restoreSnapshot } from './restore-snapshot.ts'
import type { RestoreWish } from './restore-wish.ts'

/** Those of the documents, and each product over one major version. */
const pairs: readonly (readonly [ServerName, ServerName])[] = [
  ['elasticsearch-1.7.6', 'elasticsearch-2.4.6'],
  ['elasticsearch-5.6.16', 'elasticsearch-5.6.16'],
  ['elasticsearch-5.6.16', 'elasticsearch-6.8.23'],
  ['elasticsearch-7.10.2', 'elasticsearch-7.17.29'],
  ['elasticsearch-8.19.2', 'elasticsearch-9.1.0'],
  ['elasticsearch-7.10.2', 'opensearch-1.3.14'],
  ['opensearch-1.3.14', 'opensearch-2.19.4'],
  ['opensearch-2.19.4', 'opensearch-3.8.0'],
]

const movies = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => ({ id: `m${from + at}`, source: `{"title":"movie ${from + at}"}` }))

for (const [source, target] of pairs) {
  const skip = missingJava(source) ?? missingJava(target)
  test(`the cycles of the documents: ${source} to ${target}`, { skip }, async () => {
    const index = `snap-movies-${target}`
    const repository = `cycles-${target}`
    await using from = await openSnapshotSide('source', source, repository)
    await using to = await openSnapshotSide('target', target, repository)
    const isOneServer = source === target
    // A server has one repository of a name: the side that restores calls its own otherwise.
    const reading = isOneServer ? { ...to, repository: `${repository}-moved` } : to
    await createTestIndex(from.cluster, index, { shards: 2 })
    await putDocuments(from.cluster, index, movies(0, 3))
    assert.equal((await register(from, { compress: true })).outcome, 'registered')
    assert.equal((await register(from, { compress: true })).outcome, 'there already')

    const first = await takeSnapshot(from, 'snapshot_movies_1', index)
    assert.equal(first.state, 'SUCCESS')
    assert.deepEqual(first.indexes, [index])
    assert.ok(first.startMs > 0 && (first.endMs ?? 0) >= first.startMs)
    await moveRepository(from, to)
    const registered = await register(reading, { readonly: true })
    assert.equal(registered.snapshots, 1)
    const rename = isOneServer ? { pattern: '^snap-', replacement: 'restored-' } : undefined
    const name = isOneServer ? index.replace('snap-', 'restored-') : index
    try {
      await deleteTestIndex(to.cluster, name)
      const wish = { indices: index, rename }
      const once = await restoreSnapshot(to.cluster, restoreRequest(reading, 'snapshot_movies_1', { wish }))
      assert.deepEqual(
        once.indexes.map(({ name: restored, documents, isReplaced }) => [restored, documents, isReplaced]),
        [[name, 3, false]],
      )

      await putDocuments(from.cluster, index, movies(3, 5))
      await takeSnapshot(from, 'snapshot_movies_2', index)
      await moveRepository(from, to)
      await assert.rejects(restoreSnapshot(to.cluster, restoreRequest(reading, 'snapshot_movies_2', { wish })), {
        code: 'RESTORE_INDEX_OPEN',
        message: new RegExp(`open index of the same name: ${name}`),
      })
      const journal = new MemoryNotes()
      const again = restoreRequest(reading, 'snapshot_movies_2', { wish, overExisting: true, journal })
      const second = await restoreSnapshot(to.cluster, again)
      assert.deepEqual(
        second.indexes.map(({ documents, isReplaced }) => [documents, isReplaced]),
        [[5, true]],
      )
      assert.deepEqual(journal.phases, ['closing', 'restoring'])
      assert.equal(journal.kept.size, 0)
      assert.equal((await readIndexStates(to.cluster, [name])).get(name)?.isOpen, true)
      const { body } = await to.cluster.json<JsonObject>({ method: 'GET', path: indexPath(name, '_search') })
      assert.match(JSON.stringify(body), /movie 4/)
    } finally {
      await deleteTestIndex(from.cluster, index)
      await deleteTestIndex(to.cluster, name)
      if (isOneServer)
        await to.cluster.json({ method: 'DELETE', path: `/_snapshot/${reading.repository}`, accept: [404] })
    }
  })
}

test('a restore that nobody watches any more is found again, watched to its end and settled', async () => {
  const name = 'restore-resumed'
  await using side = await openSnapshotSide('target', 'opensearch-2.19.4', name)
  try {
    await createTestIndex(side.cluster, name, { settings: { refresh_interval: '9s' } })
    await putDocuments(side.cluster, name, movies(0, 4))
    await register(side)
    await takeSnapshot(side, 'one', name)
    const stop = new AbortController()
    await using proxy = await startFaultProxy(side.url, ({ url = '' }) => {
      if (url.includes('/_restore')) stop.abort(new Error('killed'))
      return undefined
    })
    const journal = new MemoryNotes()
    const more = { journal, overExisting: true, relax: true, source: side.cluster }
    await using cluster = await openCluster('target', { nodes: [proxy.url] })
    await assert.rejects(
      restoreSnapshot(cluster, restoreRequest(side, 'one', { ...more, signal: stop.signal })),
      /killed/,
    )
    assert.equal(journal.list()[0]?.phase, 'restoring')
    const again = await restoreSnapshot(side.cluster, restoreRequest(side, 'one', more))
    assert.equal(again.isResumed, true)
    assert.deepEqual(
      again.indexes.map(({ documents, isReplaced }) => [documents, isReplaced]),
      [[4, true]],
    )
    assert.equal(journal.kept.size, 0)
    const { body } = await side.cluster.json<JsonObject>({ method: 'GET', path: indexPath(name, '_settings') })
    assert.match(JSON.stringify(body), /"refresh_interval":"9s"/)
  } finally {
    await deleteTestIndex(side.cluster, name)
  }
})

test('a data stream is restored by its name, by a pattern or with everything; over one that is there it is refused early', {
  skip: missingJava('opensearch-2.19.4') ?? false,
}, async () => {
  const stream = 'restored-stream'
  await using side = await openSnapshotSide('target', 'opensearch-2.19.4', 'streams')
  const { cluster } = side
  const call = (method: 'PUT' | 'POST' | 'DELETE', path: string, body?: object) =>
    cluster.json({ method, path, ...(body && { body }), accept: [404] })
  await call('PUT', `/_index_template/${stream}`, { index_patterns: [stream], data_stream: {}, priority: 500 })
  try {
    await call('PUT', `/_data_stream/${stream}`)
    await call('POST', `/${stream}/_doc`, { '@timestamp': '2026-01-01T00:00:00Z' })
    await call('POST', `/${stream}/_rollover`)
    await call('POST', `/${stream}/_doc`, { '@timestamp': '2026-01-02T00:00:00Z' })
    await register(side)
    const { indexes: held } = await takeSnapshot(side, 'streams', stream)
    assert.equal(held.length, 2)
    const journal = new MemoryNotes()
    const restore = (wish: RestoreWish, overExisting = false) =>
      restoreSnapshot(cluster, restoreRequest(side, 'streams', { wish, overExisting, journal }))
    const refused = {
      code: 'RESTORE_REFUSED',
      message:
        /has a data stream restored-stream, over which nothing can be restored: its write index cannot be closed/,
      remedy: /--rename-pattern .*, or delete it there first/,
    }
    await assert.rejects(restore({ indices: stream }), refused)
    await assert.rejects(restore({ indices: 'restored-*' }, true), refused)
    assert.deepEqual(journal.phases, [], 'nothing was closed')
    const rename = { pattern: 'restored', replacement: 'again' }
    for (const indices of [stream, 'restored-*', undefined]) {
      const { indexes } = await restore({ indices, rename })
      assert.deepEqual(
        indexes.map(({ name, documents }) => [name, documents]),
        held.map((name) => [name.replace('restored', 'again'), 1]),
      )
      const { body } = await cluster.json<{ count: number }>({ method: 'GET', path: '/again-stream/_count' })
      assert.equal(body.count, 2, 'the stream itself is there')
      await call('DELETE', '/_data_stream/again-stream')
    }
    await assert.rejects(restore({ indices: '*,-restored-stream', rename }), { code: 'INDEX_MISSING' })
    // An index behind a stream, by its own name, is an index like others.
    const [first = ''] = held
    const { indexes } = await restore({ indices: first, rename: { pattern: '^.*$', replacement: 'restored-alone' } })
    assert.deepEqual(
      indexes.map(({ name, documents }) => [name, documents]),
      [['restored-alone', 1]],
    )
    await deleteTestIndex(cluster, 'restored-alone')
  } finally {
    for (const name of [stream, 'again-stream']) await call('DELETE', `/_data_stream/${name}`)
    await call('DELETE', `/_index_template/${stream}`)
  }
})
