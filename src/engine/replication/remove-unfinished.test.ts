// Which indexes a stopped replication may take with it: what its notes say, also those of a process before.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { IndexferryError } from '../../foundation/errors.ts'
import type { CopyUnit } from '../../mechanism/copy-unit.ts'
import type { JsonValue } from '../../model/json.ts'
import { type Catalog, openCatalog } from '../catalog.ts'
import type { ClusterLease } from './cluster-pool.ts'
import { removeUnfinished } from './remove-unfinished.ts'
import { noReplicationCounts, type ReplicationRecord } from './replication-record.ts'

const bootstrap = { bytesTotal: 1, documentsTotal: 1, documentsDone: 0, startedMs: 1, endedMs: undefined }
const record: ReplicationRecord = {
  number: 1,
  request: { follower: 'f', connection: 'c', leaderIndex: 'l', roles: undefined, settings: {}, isAgain: false },
  remote: { domain: 'd', connectionId: undefined },
  state: 'BOOTSTRAPPING',
  reason: '',
  cause: undefined,
  startedMs: 1,
  bootstrap,
  isClearing: false,
  counts: noReplicationCounts,
}
const unit: CopyUnit = { name: 'l', sourceIndex: 'l', targetIndex: 'f', targetUuid: 'u', isMade: true }

let folder: string
let catalog: Catalog
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'indexferry-unfinished-'))
  catalog = openCatalog(folder)
})
after(async () => {
  catalog.close()
  await rm(folder, { recursive: true })
})

let keys = 0
/** `noted`: what is known of the index. */
function end(noted: CopyUnit | undefined, changed: Partial<ReplicationRecord>, lease?: () => Promise<ClusterLease>) {
  const writer = catalog.claimCopy({ key: `k${keys++}`, command: 'c', source: 's', target: 't' })
  if (noted) writer.recordPlan([{ name: 'l', target: 'f', definition: noted as unknown as JsonValue }])
  return removeUnfinished({ ...record, ...changed }, writer, lease)
}

const refusing = (code: 'PRIVILEGE_MISSING' | 'CREDENTIALS_WRONG' | 'CONNECTION_LOST') => () =>
  Promise.reject(new IndexferryError(code, 'no', { side: 'target' }))

test('an index that is finished, was there before, or was not made yet is no matter', async () => {
  const lease = () => assert.fail('the cluster is asked')
  assert.equal(await end(unit, { bootstrap: { ...bootstrap, endedMs: 5 } }, lease), 'none')
  assert.equal(await end(unit, { bootstrap: undefined }, lease), 'none')
  assert.equal(await end(unit, { request: { ...record.request, isAgain: true } }, lease), 'none')
  assert.equal(await end({ ...unit, targetUuid: undefined }, {}, lease), 'none')
  assert.equal(await end(undefined, {}, lease), 'none')
})

test('one that is not known to have been made for it is left', async () => {
  const lease = () => assert.fail('the cluster is asked')
  assert.equal(await end({ ...unit, isMade: undefined }, {}, lease), 'left')
  assert.equal(await end({ ...unit, isMade: false }, {}, lease), 'left')
})

test('one that may not be deleted in the name of the caller is left; other errors are told', async () => {
  assert.equal(await end(unit, {}), 'left')
  assert.equal(await end(unit, {}, refusing('PRIVILEGE_MISSING')), 'left')
  assert.equal(await end(unit, {}, refusing('CREDENTIALS_WRONG')), 'left')
  await assert.rejects(end(unit, {}, refusing('CONNECTION_LOST')), { code: 'CONNECTION_LOST' })
})
