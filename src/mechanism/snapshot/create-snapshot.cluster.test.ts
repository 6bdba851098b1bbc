// Taking snapshots on real servers: progress, resumed watches, the ends that a snapshot can have, and what is refused.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { bulkDocuments, createTestIndex, deleteTestIndex, putDocuments } from '../../../test/documents/fill-index.ts'
import {
  busyMsMax,
  MemoryNotes,
  never,
  note,
  notes,
  openSnapshotSide,
  register,
  restoreRequest,
  type SnapshotSide,
  takeSnapshot,
} from '../../../test/documents/snapshot-sides.ts'
import { startFaultProxy } from '../../../test/faults/fault-proxy.ts'
import { openCluster } from '../../cluster/open-cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import { beginSnapshot, createSnapshot, watchSnapshot } from './create-snapshot.ts'
import { readIndexStates } from './index-states.ts'
import {
  cleanUpRepository,
  deleteSnapshot,
  listRepositories,
  listSizedSnapshots,
  showSnapshot,
} from './manage-snapshots.ts'
import { registerRepository } from './register-repository.ts'
import { restoreSnapshot } from './restore-snapshot.ts'
import { listRunning, type SnapshotProgress } from './snapshot-progress.ts'
import { type SnapshotWish, wishOfBody } from './snapshot-wish.ts'

const index = 'taking-movies'
const large = 'taking-large'
let side: SnapshotSide
let old: SnapshotSide

before(async () => {
  side = await openSnapshotSide('source', 'opensearch-2.19.4', 'taking')
  old = await openSnapshotSide('source', 'elasticsearch-5.6.16', 'taking-old')
  for (const { cluster } of [side, old]) {
    await createTestIndex(cluster, index, { shards: 2 })
    await putDocuments(cluster, index, [{ id: 'a', source: '{"n":1}' }])
    await createTestIndex(cluster, large)
    // A segment for each: only whole files count as done.
    for (let segment = 0; segment < 6; segment++) {
      await bulkDocuments(cluster, large, [
        { id: `n${segment}`, source: `{"t":"${randomBytes(40_000).toString('base64')}"}` },
      ])
    }
  }
  await register(side)
  await register(old, { max_snapshot_bytes_per_sec: '60kb' })
})

after(async () => {
  for (const each of [side, old]) {
    await deleteTestIndex(each.cluster, index)
    await deleteTestIndex(each.cluster, large)
    await each[Symbol.asyncDispose]()
  }
})

const request = (of: SnapshotSide, snapshot: string, wish: SnapshotWish) => ({
  repository: of.repository,
  snapshot,
  wish,
  signal: never(),
  note,
  busyMsMax,
})

test('a slow snapshot: begun once, not to be restored yet, watched, stopped by deleting', async () => {
  const slow = request(old, 'slow', { indices: large, includeGlobalState: false })
  assert.deepEqual(await beginSnapshot(old.cluster, slow), { isNew: true })
  assert.deepEqual(await beginSnapshot(old.cluster, slow), { isNew: false })
  const [running] = await listRunning(old.cluster, old.repository)
  assert.equal(running?.snapshot, 'slow')
  await assert.rejects(restoreSnapshot(old.cluster, restoreRequest(old, 'slow')), {
    code: 'SNAPSHOT_UNFINISHED',
    message: /slow is still being taken/,
  })
  const stop = new AbortController()
  const seen: SnapshotProgress[] = []
  const watching = watchSnapshot(old.cluster, {
    ...slow,
    signal: stop.signal,
    onProgress: (progress) => {
      seen.push(progress)
      if (progress.bytes.done > 0 || seen.length > 60) stop.abort(new Error('seen enough'))
    },
  })
  await assert.rejects(watching, /seen enough/)
  const last = seen.at(-1)
  assert.ok(last && last.bytes.done > 0 && last.bytes.done < last.bytes.total, JSON.stringify(last))
  assert.equal(
    await deleteSnapshot(old.cluster, old.repository, 'slow', { forMs: busyMsMax, signal: never(), note }),
    true,
  )
  assert.deepEqual(await listSizedSnapshots(old.cluster, old.repository, { sizes: false, signal: never() }), [])
})

test('versions that take one snapshot at a time: told so, with what to do', async () => {
  // The words of 5.6, which on a small node says them only when the other is nearly done.
  const reason = '[taking-old:slow] a snapshot is already running'
  const body = JSON.stringify({ error: { type: 'concurrent_snapshot_execution_exception', reason }, status: 503 })
  await using proxy = await startFaultProxy(old.url, ({ method }) =>
    method === 'PUT' ? { answer: 503, body, headers: { 'content-type': 'application/json' } } : undefined,
  )
  await using cluster = await openCluster('source', { nodes: [proxy.url] })
  await assert.rejects(createSnapshot(cluster, { ...request(old, 'second', { indices: index }), busyMsMax: 0 }), {
    code: 'SNAPSHOT_BUSY',
    message: /a snapshot is already running/,
    remedy: /one snapshot at a time/,
  })
})

test('what no snapshot refers to is cleaned up when no snapshot is under way any more', async () => {
  const slow = { ...side, repository: 'taking-slowly', folder: `${side.folder}-slowly` }
  await register(slow, { max_snapshot_bytes_per_sec: '60kb' })
  try {
    await beginSnapshot(slow.cluster, request(slow, 'slow', { indices: large, includeGlobalState: false }))
    await assert.rejects(cleanUpRepository(side.cluster, side.repository), { code: 'SNAPSHOT_BUSY' })
    const told: string[] = []
    const wait = { forMs: busyMsMax, signal: never(), note: (text: string) => told.push(text) }
    const cleaning = cleanUpRepository(side.cluster, side.repository, wait)
    await deleteSnapshot(slow.cluster, slow.repository, 'slow', { forMs: busyMsMax, signal: never(), note })
    assert.ok((await cleaning).deletedBlobs >= 0)
    assert.match(told.join(), /waiting for another snapshot or restore/)
  } finally {
    await side.cluster.json({ method: 'DELETE', path: '/_snapshot/taking-slowly', accept: [404] })
    await rm(slow.folder, { recursive: true, force: true })
  }
})

test('a snapshot is taken once; the same name with other content is refused', async () => {
  const wish = { indices: index, includeGlobalState: false, metadata: { why: 'test' } }
  const facts = await createSnapshot(side.cluster, request(side, 'once', wish))
  assert.deepEqual([facts.state, facts.indexes, facts.metadata?.why], ['SUCCESS', [index], 'test'])
  const again = await createSnapshot(side.cluster, request(side, 'once', wish))
  assert.equal(again.uuid, facts.uuid)
  await assert.rejects(createSnapshot(side.cluster, request(side, 'once', { indices: large })), {
    code: 'SNAPSHOT_EXISTS',
    message: /has a snapshot once already, with other content \(taking-movies\)/,
  })
  const shown = await showSnapshot(side.cluster, side.repository, 'once')
  assert.ok(shown.sizes && shown.sizes.bytes > 100)
  assert.deepEqual(
    shown.sizes.indexes.map(({ index: name, shards }) => [name, shards]),
    [[index, 2]],
  )
  const listed = await listSizedSnapshots(side.cluster, side.repository, { sizes: true, signal: never() })
  assert.deepEqual(
    listed.map(({ name, sizes }) => [name, (sizes?.bytes ?? 0) > 100]),
    [['once', true]],
  )
  assert.equal((await listRepositories(side.cluster)).find(({ repository }) => repository === 'taking')?.type, 'fs')
  assert.equal(await deleteSnapshot(side.cluster, side.repository, 'once'), true)
  assert.equal(await deleteSnapshot(side.cluster, side.repository, 'once'), false)
})

test('an alias stands for its indexes when a snapshot of older versions is found again', async () => {
  await old.cluster.json({
    method: 'POST',
    path: '/_aliases',
    body: { actions: [{ add: { index, alias: 'taking-alias' } }] },
  })
  const wish = { indices: 'taking-alias', includeGlobalState: false }
  await createSnapshot(old.cluster, request(old, 'by-alias', wish))
  const again = await createSnapshot(old.cluster, request(old, 'by-alias', wish))
  assert.deepEqual(again.indexes, [index])
})

test('"indexes" of the old document is corrected, and said', async () => {
  notes.length = 0
  const wish = wishOfBody({ indexes: index }, note)
  assert.match(notes.join(), /"indexes" is read as "indices"/)
  const facts = await createSnapshot(side.cluster, request(side, 'corrected', { ...wish, includeGlobalState: false }))
  assert.deepEqual(facts.indexes, [index])
})

test('a shard without a node: refused or FAILED without partial, PARTIAL with it', async () => {
  const name = 'taking-homeless'
  const create = {
    settings: { number_of_shards: 1, number_of_replicas: 0, 'index.routing.allocation.require._name': 'nobody' },
  }
  for (const { cluster, repository } of [side, old]) {
    await deleteTestIndex(cluster, name)
    await cluster.json({ method: 'PUT', path: indexPath(name), query: { wait_for_active_shards: 0 }, body: create })
    const wish = { indices: `${name},${index}`, includeGlobalState: false }
    const of = { ...side, cluster, repository }
    await assert.rejects(createSnapshot(cluster, request(of, 'failing', wish)), (error: unknown) => {
      assert.match(String(error), /taking-homeless|primary shards/)
      return (error as { code: string }).code === 'SNAPSHOT_FAILED'
    })
    const facts = await createSnapshot(cluster, request(of, 'partial', { ...wish, partial: true }))
    assert.equal(facts.state, 'PARTIAL')
    assert.deepEqual(
      facts.failures.map((failure) => failure.index),
      [name],
    )
    assert.equal(facts.shards.failed, 1)
    await deleteTestIndex(cluster, name)
  }
})

test('names, missing repositories, cleanup', async () => {
  for (const name of ['Movies', 'a b', '_x', 'a,b', 'a/b', '']) {
    await assert.rejects(createSnapshot(side.cluster, request(side, name, {})), { code: 'USAGE' }, name)
  }
  const nowhere = request({ ...side, repository: 'nowhere' }, 'x', {})
  await assert.rejects(createSnapshot(side.cluster, nowhere), { code: 'REPOSITORY_MISSING' })
  // Not while anybody takes a snapshot, into whatever repository of the cluster.
  const wait = { forMs: busyMsMax, signal: never(), note }
  assert.equal((await cleanUpRepository(side.cluster, side.repository, wait)).deletedBlobs >= 0, true)
  await assert.rejects(cleanUpRepository(old.cluster, old.repository), { code: 'USAGE', message: /cannot clean up/ })
})

test('repositories that cannot be used, each with its cause', async () => {
  const put = (type: string, settings: Record<string, string | boolean>) =>
    registerRepository(old.cluster, {
      repository: 'taking-bad',
      definition: { type, settings },
      replace: false,
      verify: true,
      note,
    })
  await assert.rejects(put('fs', { location: '/nowhere/x' }), { code: 'REPOSITORY_UNUSABLE', remedy: /path\.repo/ })
  const s3 = put('s3', { bucket: 'b', role_arn: 'arn:aws:iam::1:role/x', region: 'ap-southeast-1' })
  await assert.rejects(s3, { code: 'REPOSITORY_UNUSABLE', message: /the plugin repository-s3 is missing/ })
  const oss = put('oss', { bucket: 'b', endpoint: 'http://o', secret_access_key: 'very-secret-key' })
  await assert.rejects(oss, { code: 'REPOSITORY_UNUSABLE', message: /elasticsearch-repository-oss is missing/ })
  await assert.rejects(register(old, { compress: true }), {
    code: 'REPOSITORY_DIFFERS',
    message: /compress is not set instead of true, max_snapshot_bytes_per_sec is 60kb instead of not set/,
  })
})

test('no index stays closed: a restore that is refused after closing opens it again', async () => {
  await takeSnapshot(side, 'reopen', index)
  await using proxy = await startFaultProxy(side.url, ({ url = '' }) =>
    url.includes('/_restore')
      ? {
          answer: 500,
          body: '{"error":{"type":"snapshot_restore_exception","reason":"no"},"status":500}',
          headers: { 'content-type': 'application/json' },
        }
      : undefined,
  )
  await using cluster = await openCluster('target', { nodes: [proxy.url] })
  const journal = new MemoryNotes()
  const restoring = restoreSnapshot(cluster, restoreRequest(side, 'reopen', { overExisting: true, journal }))
  await assert.rejects(restoring, { code: 'RESTORE_REFUSED' })
  assert.deepEqual(journal.phases, ['closing', 'restoring'])
  assert.equal(journal.kept.size, 0)
  assert.ok(
    proxy.seen.some((call) => /POST .*_close/.test(call)),
    'it was closed',
  )
  assert.equal((await readIndexStates(side.cluster, [index])).get(index)?.isOpen, true)
})

test('replicas and refresh are relaxed during a restore, and put back from the live source', async () => {
  await side.cluster.json({
    method: 'PUT',
    path: indexPath(index, '_settings'),
    body: { index: { refresh_interval: '7s', number_of_replicas: '2' } },
  })
  await takeSnapshot(side, 'relaxed', index)
  const rename = { pattern: '^taking', replacement: 'relaxed' }
  const wish = { indices: index, rename }
  const unknown = restoreSnapshot(side.cluster, restoreRequest(side, 'relaxed', { wish, relax: true }))
  await assert.rejects(unknown, { code: 'USAGE', remedy: /--live/ })
  const bodies: string[] = []
  await using proxy = await startFaultProxy(side.url, (incoming) => {
    if (incoming.url?.includes('/_restore')) incoming.on('data', (chunk: Buffer) => bodies.push(chunk.toString()))
    return undefined
  })
  await using cluster = await openCluster('target', { nodes: [proxy.url], gzip: 'off' })
  try {
    await restoreSnapshot(cluster, restoreRequest(side, 'relaxed', { wish, relax: true, source: side.cluster }))
    assert.match(bodies.join(''), /"index\.number_of_replicas":"0"/)
    const { body } = await side.cluster.json<Record<string, { settings: { index: Record<string, string> } }>>({
      method: 'GET',
      path: indexPath('relaxed-movies', '_settings'),
    })
    const settings = body['relaxed-movies']?.settings.index
    assert.deepEqual([settings?.refresh_interval, settings?.number_of_replicas], ['7s', '2'])
  } finally {
    await deleteTestIndex(side.cluster, 'relaxed-movies')
  }
})
