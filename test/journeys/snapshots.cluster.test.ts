// The commands of documents 002 and 003 on Elasticsearch 5.6, as a user types them, through the built program; a restore that is killed
// while its index is closed; and signed requests to what believes to be an Amazon domain.
import assert from 'node:assert/strict'
import { cp } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { readIndexStates } from '../../src/mechanism/snapshot/index-states.ts'
import { createTestIndex, deleteTestIndex, putDocuments } from '../documents/fill-index.ts'
import { openSnapshotSide, type SnapshotSide } from '../documents/snapshot-sides.ts'
import { startFaultProxy } from '../faults/fault-proxy.ts'
import { startSignedProxy } from '../faults/signed-proxy.ts'
import { eventually, Indexferry } from './indexferry.ts'

const server = 'elasticsearch-5.6.16'
const index = 'document-movies'
const movies = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => ({ id: `m${from + at}`, source: `{"title":"movie ${from + at}"}` }))

let from: SnapshotSide
let to: SnapshotSide
let user: Indexferry

before(async () => {
  user = await Indexferry.install()
  from = await openSnapshotSide('source', server, 'eric-snapshot-repository')
  to = await openSnapshotSide('target', server, 'eric-moved')
  await createTestIndex(from.cluster, index)
  await putDocuments(from.cluster, index, movies(0, 3))
})

after(async () => {
  for (const name of [index, `restored-${index}`]) await deleteTestIndex(from.cluster, name)
  for (const each of [from, to]) await each[Symbol.asyncDispose]()
  await user[Symbol.asyncDispose]()
})

const snapshot = (...words: string[]) => ['snapshot', ...words]
const rename = ['--rename-pattern', '^', '--rename-replacement', 'restored-']

test('register, create, move, restore, and again over what is there', async () => {
  const { repository, url } = from
  const registered = await user.json<{ outcome: string; nodes: string[] }>(
    snapshot('register', url, repository, '--location', from.folder, '--setting', 'compress=true'),
  )
  assert.equal(registered.outcome, 'registered')
  assert.equal(registered.nodes.length, 1)
  // As the old document has it.
  const body = await user.write('body.json', JSON.stringify({ indexes: index }))
  const created = await user.run(
    snapshot('create', url, repository, 'snapshot_movies_1', '--body', body, '--global-state', 'off'),
  )
  assert.equal(created.code, 0, created.stderr)
  assert.match(created.stderr, /"indexes" is read as "indices"/)
  assert.match(created.stdout, /snapshot_movies_1: SUCCESS\n {2}start .* \(\d{13}\)\n {2}end {3}.* \(\d{13}\)/)
  assert.match(created.stdout, new RegExp(`\\n {2}${index}`))

  await cp(from.folder, to.folder, { recursive: true })
  const reading = ['--side', 'target', '--location', to.folder, '--readonly', '--moved-to', to.folder]
  await user.json(snapshot('register', url, to.repository, ...reading))
  await user.fails(snapshot('register', url, 'eric-other', '--location', to.folder, '--moved-to', '/srv/x'), {
    code: 'REPOSITORY_MISMATCH',
    exit: 2,
  })
  const restored = await user.json<{ indexes: { documents: number }[] }>(
    snapshot('restore', url, to.repository, 'snapshot_movies_1', '--indices', index, ...rename),
  )
  assert.deepEqual(
    restored.indexes.map(({ documents }) => documents),
    [3],
  )

  await putDocuments(from.cluster, index, movies(3, 5))
  await user.json(snapshot('create', url, repository, 'snapshot_movies_2', '--indices', index))
  await cp(from.folder, to.folder, { recursive: true })
  const again = snapshot('restore', url, to.repository, 'snapshot_movies_2', '--indices', index, ...rename)
  const { error } = await user.fails(again, { code: 'RESTORE_INDEX_OPEN', exit: 7 })
  assert.match(error.remedy, /--over-existing/)
  const over = await user.run([...again, '--over-existing'])
  assert.match(over.stdout, /5 documents .*over the one before/, over.stderr)
})

test('list, show, status, delete', async () => {
  const { repository, url } = from
  const listed = await user.run(snapshot('list', url, repository, '--sizes'))
  assert.match(listed.stdout, /snapshot_movies_1 +SUCCESS .* 5\.6\.16 +1 +1\/1 +\d/)
  assert.match((await user.run(snapshot('list', url))).stdout, /eric-moved +fs +.* +readonly/)
  assert.match((await user.run(snapshot('show', url, repository, 'snapshot_movies_2'))).stdout, /added by it/)
  assert.match((await user.run(snapshot('status', url, repository))).stdout, /no snapshot is being taken/)
  assert.match((await user.run(snapshot('status', url, repository, 'snapshot_movies_2'))).stdout, /SUCCESS/)
  await user.fails(snapshot('delete', url, repository, 'snapshot_movies_2'), { code: 'USAGE', exit: 2 })
  assert.match((await user.run(snapshot('delete', url, repository, 'snapshot_movies_2', '--yes'))).stdout, /^deleted/)
  await user.fails(snapshot('show', url, repository, 'snapshot_movies_2'), { code: 'SNAPSHOT_MISSING', exit: 6 })
})

test('a restore that is killed while its index is closed: the next one mends it', async () => {
  const name = `restored-${index}`
  const isOpen = async () => (await readIndexStates(to.cluster, [name])).get(name)?.isOpen
  await using proxy = await startFaultProxy(to.url, ({ url = '' }) =>
    url.includes('/_restore') ? { silent: true } : undefined,
  )
  const words = [to.repository, 'snapshot_movies_1', '--indices', index, ...rename, '--over-existing']
  const { child, ended } = user.start(snapshot('restore', proxy.url, ...words))
  await eventually('the restore is asked for', async () => proxy.seen.find((call) => call.includes('/_restore')))
  child.kill('SIGKILL')
  await ended
  assert.equal(await isOpen(), false)
  // Any restore on this cluster mends it, also one that is refused.
  const other = await user.run(snapshot('restore', to.url, to.repository, 'snapshot_movies_9'))
  assert.match(other.stderr, /was cut off: opening restored-document-movies again/)
  assert.match(other.stderr, /SNAPSHOT_MISSING/)
  assert.equal(await isOpen(), true)
  const { indexes } = await user.json<{ indexes: { documents: number }[] }>(snapshot('restore', to.url, ...words))
  assert.deepEqual(
    indexes.map(({ documents }) => documents),
    [3],
  )
  assert.equal(await isOpen(), true)
})

test('Ctrl-C stops the watching, not the snapshot, and says so', async () => {
  await using proxy = await startFaultProxy(from.url, ({ url = '' }) =>
    url.startsWith(`/_snapshot/${from.repository}/interrupted`) && proxy.seen.some((call) => call.startsWith('PUT'))
      ? { silent: true }
      : undefined,
  )
  const words = snapshot('create', proxy.url, from.repository, 'interrupted', '--indices', index)
  const { child, ended } = user.start(words)
  await eventually('the snapshot is asked for', async () => proxy.seen.find((call) => call.startsWith('PUT')))
  // The first asks, the second ends at once.
  await eventually('the command ends', async () => {
    child.kill('SIGINT')
    return child.exitCode ?? undefined
  })
  const { code, stderr } = await ended
  assert.match(stderr, /pausing: what the cluster has begun goes on without this command/)
  assert.equal(code, 130)
})

test('every call to an Amazon domain is signed so that Amazon’s own library accepts it', async () => {
  const keys = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'a-very-secret-key' }
  await using domain = await startSignedProxy(from.url, { ...keys, region: 'ap-southeast-1', service: 'es' })
  const env = { AWS_ACCESS_KEY_ID: keys.accessKeyId, AWS_SECRET_ACCESS_KEY: keys.secretAccessKey }
  const signed = ['--source-sigv4-region', 'ap-southeast-1']
  const s3 = ['--bucket', 'eric-es-index-backups', '--region', 'ap-southeast-1', '--base-path', 'my/snapshots']
  const role = ['--role-arn', 'arn:aws:iam::123456789012:role/TheSnapshotRole', '--server-side-encryption']
  // This server has no plugin for S3, and says so; what it was asked is what counts.
  const { error } = await user.fails(
    snapshot('register', domain.url, 'eric-s3', ...s3, ...role, ...signed),
    { code: 'REPOSITORY_UNUSABLE', exit: 6 },
    { env },
  )
  assert.match(error.message, /the plugin repository-s3 is missing/)
  const put = domain.seen.find(({ method }) => method === 'PUT')
  assert.equal(put?.path, '/_snapshot/eric-s3?verify=false')
  assert.deepEqual(JSON.parse(put.body), {
    type: 's3',
    settings: {
      bucket: 'eric-es-index-backups',
      base_path: 'my/snapshots',
      endpoint: 's3.amazonaws.com',
      role_arn: 'arn:aws:iam::123456789012:role/TheSnapshotRole',
      server_side_encryption: true,
    },
  })
  const created = await user.json<{ state: string }>(
    snapshot('create', domain.url, from.repository, 'signed', '--indices', index, ...signed),
    { env },
  )
  assert.equal(created.state, 'SUCCESS')
  assert.ok(domain.seen.length > 5)
  assert.deepEqual(
    domain.seen.filter(({ isGood }) => !isGood),
    [],
  )
  const wrong = { ...env, AWS_SECRET_ACCESS_KEY: 'another-key' }
  await user.fails(
    snapshot('list', domain.url, from.repository, ...signed),
    { code: 'CREDENTIALS_WRONG', exit: 6 },
    { env: wrong },
  )
})

test('policies, and options that belong elsewhere', async () => {
  const iam = await user.json<Record<string, unknown>>(
    snapshot(
      'iam',
      '--bucket',
      'eric-es-index-backups',
      '--role-arn',
      'arn:aws:iam::123456789012:role/TheSnapshotRole',
    ),
  )
  assert.match(JSON.stringify(iam.bucketPolicy), /"arn:aws:s3:::eric-es-index-backups\/\*"/)
  const usage = { code: 'USAGE', exit: 2 } as const
  await user.fails(snapshot('restore', to.url, 'r', 's', '--metadata', '{}'), usage)
  await user.fails(snapshot('create', to.url, 'r', 's', '--target-user', 'x'), usage)
  await user.fails(snapshot('create', to.url, 'r'), usage)
  await user.fails(snapshot('destroy', to.url), usage)
  await user.fails(snapshot('list', `${to.url}/index`), { code: 'LOCATION_INVALID', exit: 2 })
})
