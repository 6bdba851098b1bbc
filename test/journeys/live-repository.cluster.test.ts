// A snapshot that is taken while documents are written, and moved while the next one is taken, an older one is deleted and the repository is
// cleaned up: what is restored from where it was moved to is the named snapshot, exactly. What that is, the original repository says.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { MoveResult } from '../../src/objectstore/move-objects.ts'
import { createTestIndex, deleteTestIndex } from '../documents/fill-index.ts'
import { bucketFolder, openSnapshotSide, type SnapshotSide } from '../documents/snapshot-sides.ts'
import { seededChance } from '../faults/seeded-chance.ts'
import { startChangingProxy } from '../objectstores/changing-proxy.ts'
import { missingFor, type StartedStore, startObjectStore } from '../objectstores/object-stores.ts'
import { clientOf, makeBucket } from '../objectstores/store-sides.ts'
import { missingJava, useServer } from '../servers/servers.ts'
import { startWriters } from './follow-writers.ts'
import { Indexferry } from './indexferry.ts'

const server = 'opensearch-2.19.4'
const index = 'living'
const skip = missingJava(server) ?? missingFor('s3proxy') ?? false

let store: StartedStore
let side: SnapshotSide
let user: Indexferry

before(async () => {
  if (skip) return
  user = await Indexferry.install()
  store = await startObjectStore('s3proxy')
  side = await openSnapshotSide('source', server, 'living')
})
after(async () => {
  if (skip) return
  for (const name of [index, `original-${index}`, `moved-${index}`]) await deleteTestIndex(side.cluster, name)
  await side.cluster.json({ method: 'DELETE', path: '/_snapshot/living-moved', accept: [404] })
  for (const each of [side, store, user]) await each[Symbol.asyncDispose]()
})

const snapshot = (...words: string[]) => ['snapshot', ...words]

test('what is restored is the named snapshot', { skip }, async () => {
  const { cluster, url, repository, folder } = side
  const bucket = await makeBucket(clientOf(store))
  const moved = await bucketFolder((await useServer(server)).repositoryFolder, store, bucket)
  await createTestIndex(cluster, index, {
    shards: 2,
    mapping: { properties: { group: { type: 'long' }, at: { type: 'long' } } },
  })
  await user.json(snapshot('register', url, repository, '--location', folder))
  const create = (name: string) =>
    user.json<{ state: string }>(snapshot('create', url, repository, name, '--indices', index))
  const writers = startWriters({ source: cluster, index, chance: seededChance(11), ids: 3_000, pauseMs: 5 })
  try {
    await create('older')
    await create('named')
    // The first objects are on their way, and held until all that is done.
    const begun = Promise.withResolvers<void>()
    const changed = Promise.withResolvers<void>()
    await using held = await startChangingProxy(store.url, {
      before: async ({ method }) => {
        if (method !== 'PUT') return undefined
        begun.resolve()
        await changed.promise
        return undefined
      },
    })
    const to = `s3://${bucket}/base?endpoint=${held.url}`
    const copy = user.start(['object', 'copy', folder, to, '--transfers', '2', '--json'], { env: store.env })
    await begun.promise
    await create('next')
    await user.json(snapshot('delete', url, repository, 'older', '--yes'))
    await user.json(snapshot('cleanup', url, repository))
    changed.resolve()
    const ended = await copy.ended
    assert.equal(ended.code, 0, ended.stderr)
    const { rounds } = JSON.parse(ended.stdout) as MoveResult
    assert.ok(rounds > 1, 'the repository was seen to change')
  } finally {
    await writers.stop()
  }
  const place = join(moved, 'base')
  const lead = ['--location', place, '--readonly', '--side', 'target']
  await user.json(snapshot('register', url, 'living-moved', ...lead))
  const restore = (from: string, as: string) => {
    const rename = ['--rename-pattern', '^', '--rename-replacement', as]
    return user.json(snapshot('restore', url, from, 'named', '--indices', index, ...rename))
  }
  await restore(repository, 'original-')
  await restore('living-moved', 'moved-')
  const same = await user.verify([`${url}/original-${index}`, `${url}/moved-${index}`])
  assert.equal(same.verdict, 'equal')
  const live = await user.verify([`${url}/${index}`, `${url}/moved-${index}`], { code: 3 })
  assert.notEqual(live.verdict, 'equal', 'the index has gone on since')
})
