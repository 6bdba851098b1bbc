// OpenSearch 3.8 with the real repository-s3 plugin on a real S3-compatible store: register, snapshot, restore; and what the plugin says
// when it cannot.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestIndex, deleteTestIndex, putDocuments } from '../../../test/documents/fill-index.ts'
import { note, restoreRequest, takeSnapshot } from '../../../test/documents/snapshot-sides.ts'
import { accessKeyId, missingFor, secretAccessKey, startObjectStore } from '../../../test/objectstores/object-stores.ts'
import { clientOf, makeBucket } from '../../../test/objectstores/store-sides.ts'
import { missingJava, startServer } from '../../../test/servers/servers.ts'
import { openCluster } from '../../cluster/open-cluster.ts'
import { deleteSnapshot } from './manage-snapshots.ts'
import { registerRepository } from './register-repository.ts'
import { restoreSnapshot } from './restore-snapshot.ts'

const skip = missingJava('opensearch-3.8.0-s3') ?? missingFor('s3proxy')

test('a repository of type s3', { skip }, async () => {
  await using store = await startObjectStore('s3proxy')
  await using server = await startServer('opensearch-3.8.0-s3', {
    settings: {
      's3.client.default.endpoint': store.url,
      's3.client.default.protocol': 'http',
      's3.client.default.path_style_access': true,
      's3.client.default.region': store.region,
    },
  })
  await using cluster = await openCluster('target', { nodes: [server.url] })
  const bucket = await makeBucket(clientOf(store))
  const settings = { bucket, base_path: 'my/directory', access_key: accessKeyId, secret_key: secretAccessKey }
  const plain = { server_side_encryption_type: 'bucket_default' }
  const register = (more: Record<string, string>) =>
    registerRepository(cluster, {
      repository: 's3',
      definition: { type: 's3', settings: { ...settings, ...more } },
      replace: true,
      verify: true,
      note,
    })
  await assert.rejects(register({}), { message: /no server-side encryption/, remedy: /bucket_default/ })
  await assert.rejects(register({ ...plain, bucket: 'nowhere' }), { message: /the bucket does not exist/ })
  await assert.rejects(register({ ...plain, secret_key: 'another-secret' }), {
    code: 'REPOSITORY_UNUSABLE',
    message: /does not accept the credentials of the nodes/,
  })
  const registered = await register(plain)
  assert.deepEqual([registered.nodes.length, registered.snapshots], [1, 0])
  assert.equal(registered.settings.secret_key, '***')
  const side = { cluster, repository: 's3' }
  await createTestIndex(cluster, 's3-movies')
  await putDocuments(cluster, 's3-movies', [{ id: 'a', source: '{"n":1}' }])
  assert.equal((await takeSnapshot(side, 'one', 's3-movies')).state, 'SUCCESS')
  await deleteTestIndex(cluster, 's3-movies')
  const { indexes } = await restoreSnapshot(cluster, restoreRequest(side, 'one'))
  assert.deepEqual(
    indexes.map(({ documents }) => documents),
    [1],
  )
  assert.equal(await deleteSnapshot(cluster, 's3', 'one'), true)
})
