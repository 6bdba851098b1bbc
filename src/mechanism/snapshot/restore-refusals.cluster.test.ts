// Every refusal of a restore on real servers, with its code and sentence, and that nothing was changed by it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createTestIndex, deleteTestIndex, putDocuments } from '../../../test/documents/fill-index.ts'
import {
  MemoryNotes,
  moveRepository,
  openSnapshotSide,
  register,
  restoreRequest,
  type SnapshotSide,
  takeSnapshot,
} from '../../../test/documents/snapshot-sides.ts'
import { startFaultProxy } from '../../../test/faults/fault-proxy.ts'
import type { ServerName } from '../../../test/servers/catalogue.ts'
import { openCluster } from '../../cluster/open-cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import { readIndexStates } from './index-states.ts'
import { requireRepository } from './register-repository.ts'
import { restoreSnapshot } from './restore-snapshot.ts'

const documents = [{ id: 'a', source: '{"n":1}' }]

/** A snapshot of one index on one server, and its repository moved to where the other can read it. */
async function movedSnapshot(source: ServerName, target: ServerName, name: string) {
  const from = await openSnapshotSide('source', source, name)
  const to = await openSnapshotSide('target', target, name)
  await createTestIndex(from.cluster, name)
  await putDocuments(from.cluster, name, documents)
  await register(from)
  await takeSnapshot(from, 'snap', name)
  await moveRepository(from, to)
  return {
    from,
    to,
    async [Symbol.asyncDispose]() {
      await deleteTestIndex(from.cluster, name)
      await deleteTestIndex(to.cluster, name)
      await from[Symbol.asyncDispose]()
      await to[Symbol.asyncDispose]()
    },
  }
}

const hasWayAround = (code: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof IndexferryError)
  assert.equal(error.code, code)
  assert.match(error.message, message)
  assert.match(error.remedy, /indexferry copy/)
  return true
}

const versionRefusals = [
  ['opensearch-2.19.4', 'opensearch-1.3.14', 'RESTORE_TARGET_OLDER', /taken by OpenSearch 2\.19\.4, which is newer/],
  ['opensearch-1.3.14', 'opensearch-3.8.0', 'RESTORE_TOO_FAR', /OpenSearch 1\.3\.14, which is more than one major/],
  [
    'opensearch-1.3.14',
    'elasticsearch-7.17.29',
    'RESTORE_OTHER_PRODUCT',
    /OpenSearch 1\.3\.14, which the target does not/,
  ],
] as const

for (const [source, target, code, message] of versionRefusals) {
  test(`${code}: a snapshot of ${source} on ${target}`, async () => {
    const name = `refused-${code.toLowerCase().replaceAll('_', '-')}`
    await using moved = await movedSnapshot(source, target, name)
    await register(moved.to, { readonly: true })
    const journal = new MemoryNotes()
    const restoring = restoreSnapshot(moved.to.cluster, restoreRequest(moved.to, 'snap', { journal }))
    await assert.rejects(restoring, hasWayAround(code, message))
    assert.deepEqual(journal.phases, [])
  })
}

const unreadable = [
  ['elasticsearch-7.10.2', 'RESTORE_TARGET_OLDER'],
  ['opensearch-2.19.4', 'RESTORE_OTHER_PRODUCT'],
] as const

for (const [target, code] of unreadable) {
  test(`${code}: ${target} cannot even read the repository of elasticsearch-7.17.29`, async () => {
    const name = `unreadable-${target}`
    await using moved = await movedSnapshot('elasticsearch-7.17.29', target, name)
    const registering = register(moved.to, { readonly: true })
    await assert.rejects(registering, hasWayAround(code, /a version wrote it whose repositories this one cannot read/))
    const restoring = restoreSnapshot(moved.to.cluster, restoreRequest(moved.to, 'snap'))
    await assert.rejects(restoring, hasWayAround(code, /cannot read/))
  })
}

test('an index that was created two major versions ago: told early by the live source, and by the target without it', async () => {
  const name = 'refused-created'
  await using first = await movedSnapshot('elasticsearch-5.6.16', 'elasticsearch-6.8.23', name)
  await register(first.to, { readonly: true })
  await restoreSnapshot(first.to.cluster, restoreRequest(first.to, 'snap'))
  // Now 6.8 has an index that 5.6 created.
  await using from = await openSnapshotSide('source', 'elasticsearch-6.8.23', `${name}-again`)
  await using to = await openSnapshotSide('target', 'elasticsearch-7.10.2', `${name}-again`)
  await register(from)
  await takeSnapshot(from, 'snap', name)
  await moveRepository(from, to)
  await register(to, { readonly: true })
  const early = restoreSnapshot(to.cluster, restoreRequest(to, 'snap', { source: from.cluster }))
  await assert.rejects(early, {
    code: 'RESTORE_INDEX_TOO_OLD',
    message: /refused-created was created by Elasticsearch 5\.6\.16/,
  })
  const late = restoreSnapshot(to.cluster, restoreRequest(to, 'snap'))
  await assert.rejects(late, { code: 'RESTORE_INDEX_TOO_OLD', message: /cannot be upgraded/ })
  assert.equal((await readIndexStates(to.cluster, [name])).size, 0)
})

test('an analysis that the target does not have: told early by the live source, and by its shards without it', async () => {
  const name = 'refused-analysis'
  await using from = await openSnapshotSide('source', 'elasticsearch-7.10.2', name)
  await using to = await openSnapshotSide('target', 'elasticsearch-7.17.29', name)
  // The 7.17 of these tests has no analysis-common.
  const settings = {
    analysis: {
      filter: { parts: { type: 'edge_ngram', min_gram: 1, max_gram: 3 } },
      analyzer: { parts: { type: 'custom', tokenizer: 'standard', filter: ['parts'] } },
    },
  }
  try {
    await createTestIndex(from.cluster, name, {
      settings,
      mapping: { properties: { t: { type: 'text', analyzer: 'parts' } } },
    })
    await register(from)
    await takeSnapshot(from, 'snap', name)
    await moveRepository(from, to)
    await register(to, { readonly: true })
    const early = restoreSnapshot(to.cluster, restoreRequest(to, 'snap', { source: from.cluster }))
    await assert.rejects(early, {
      code: 'RESTORE_LACKS_PLUGIN',
      message: /refused-analysis needs what the target does not have: .*edge_ngram/,
    })
    const late = restoreSnapshot(to.cluster, restoreRequest(to, 'snap'))
    await assert.rejects(late, { code: 'RESTORE_LACKS_PLUGIN', message: /edge_ngram/ })
  } finally {
    await deleteTestIndex(from.cluster, name)
    await deleteTestIndex(to.cluster, name)
  }
})

test('a field type that the target does not have', async () => {
  const name = 'refused-type'
  await using from = await openSnapshotSide('source', 'elasticsearch-7.17.29', name)
  await using to = await openSnapshotSide('target', 'elasticsearch-8.19.2', name)
  try {
    // The 8.19 of these tests has no mapper-extras.
    await createTestIndex(from.cluster, name, { mapping: { properties: { r: { type: 'rank_feature' } } } })
    await register(from)
    await takeSnapshot(from, 'snap', name)
    await moveRepository(from, to)
    await register(to, { readonly: true })
    const early = restoreSnapshot(to.cluster, restoreRequest(to, 'snap', { source: from.cluster }))
    await assert.rejects(early, { code: 'RESTORE_LACKS_PLUGIN', message: /rank_feature/ })
    const late = restoreSnapshot(to.cluster, restoreRequest(to, 'snap'))
    await assert.rejects(late, { code: 'RESTORE_LACKS_PLUGIN', message: /rank_feature/ })
  } finally {
    await deleteTestIndex(from.cluster, name)
    await deleteTestIndex(to.cluster, name)
  }
})

// The rest is the same on every version.
const server = 'opensearch-2.19.4'
const good = 'refusal-good'
const lacking = 'refusal-lacking'
let side: SnapshotSide

before(async () => {
  side = await openSnapshotSide('target', server, 'refusals')
  await createTestIndex(side.cluster, good)
  await putDocuments(side.cluster, good, documents)
  await deleteTestIndex(side.cluster, lacking)
  // Its primary shard finds no node.
  await side.cluster.json({
    method: 'PUT',
    path: indexPath(lacking),
    query: { wait_for_active_shards: 0 },
    body: {
      settings: { number_of_shards: 1, number_of_replicas: 0, 'index.routing.allocation.require._name': 'nobody' },
    },
  })
  await register(side)
  await takeSnapshot(side, 'whole', good)
  await side.cluster.json({
    method: 'PUT',
    path: `/_snapshot/${side.repository}/lacking`,
    query: { wait_for_completion: true },
    body: { indices: `${good},${lacking}`, partial: true, include_global_state: false },
  })
})

after(async () => {
  for (const name of [good, lacking, 'refusal-copy', `refusal-copy-${lacking}`])
    await deleteTestIndex(side.cluster, name)
  await side[Symbol.asyncDispose]()
})

test('SNAPSHOT_PARTIAL: refused, and restored as far as it goes with partial', async () => {
  const rename = { pattern: '^refusal-good$', replacement: 'refusal-copy' }
  const wish = { indices: good, rename }
  await assert.rejects(restoreSnapshot(side.cluster, restoreRequest(side, 'lacking', { wish })), {
    code: 'SNAPSHOT_PARTIAL',
    message: /lacks 1 of 2 shards: refusal-lacking\[0\]: /,
  })
  const { indexes } = await restoreSnapshot(
    side.cluster,
    restoreRequest(side, 'lacking', { wish: { ...wish, partial: true } }),
  )
  assert.deepEqual(
    indexes.map(({ name, documents: count }) => [name, count]),
    [['refusal-copy', 1]],
  )
})

test('RESTORE_NO_SPACE: larger than what the disks take up to their low watermark', async () => {
  const disk = JSON.stringify([{ node: 'n', 'disk.avail': '2000', 'disk.total': '10000' }])
  await using proxy = await startFaultProxy(side.url, ({ url = '' }) =>
    url.startsWith('/_cat/allocation')
      ? { answer: 200, body: disk, headers: { 'content-type': 'application/json' } }
      : undefined,
  )
  await using small = await openCluster('target', { nodes: [proxy.url] })
  const request = restoreRequest(side, 'whole', { wish: { rename: { pattern: '^', replacement: 'copy-' } } })
  await assert.rejects(restoreSnapshot(small, request), {
    code: 'RESTORE_NO_SPACE',
    message:
      /^target http\S+: the indexes take [\d.]+ KiB, and 2\.0 KiB are free below the low watermark of its disks$/,
    remedy: /Free disk space or add nodes/,
  })
})

test('REPOSITORY_MISSING, REPOSITORY_MISMATCH and SNAPSHOT_MISSING', async () => {
  const missing = restoreSnapshot(side.cluster, restoreRequest({ repository: 'nowhere' }, 'whole'))
  await assert.rejects(missing, { code: 'REPOSITORY_MISSING', message: /has no snapshot repository nowhere/ })
  await assert.rejects(restoreSnapshot(side.cluster, restoreRequest(side, 'none')), { code: 'SNAPSHOT_MISSING' })
  await requireRepository(side.cluster, side.repository, { kind: 'folder', path: `${side.folder}/`, prefix: '' })
  const moved = { kind: 'folder', path: '/srv/elsewhere', prefix: '' } as const
  await assert.rejects(restoreSnapshot(side.cluster, restoreRequest(side, 'whole', { moved })), {
    code: 'REPOSITORY_MISMATCH',
    message: /leads to .*refusals-target, but the snapshots are at file:\/\/\/srv\/elsewhere/,
  })
})

test('INDEX_MISSING, TARGETS_COLLIDE and names that are aliases', async () => {
  const restore = (wish: object) => restoreSnapshot(side.cluster, restoreRequest(side, 'whole', { wish }))
  await assert.rejects(restore({ indices: 'refusal-other' }), { code: 'INDEX_MISSING' })
  await assert.rejects(restore({ indices: 'other-*' }), { code: 'INDEX_MISSING', remedy: /It holds refusal-good/ })
  const both = restoreSnapshot(
    side.cluster,
    restoreRequest(side, 'lacking', { wish: { partial: true, rename: { pattern: '.+', replacement: 'one' } } }),
  )
  await assert.rejects(both, { code: 'TARGETS_COLLIDE' })
  await side.cluster.json({
    method: 'POST',
    path: '/_aliases',
    body: { actions: [{ add: { index: good, alias: 'refusal-alias' } }] },
  })
  await assert.rejects(restore({ rename: { pattern: '.+', replacement: 'refusal-alias' } }), {
    code: 'RESTORE_REFUSED',
    message: /refusal-alias is an alias of refusal-good/,
  })
})
