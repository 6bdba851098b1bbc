// OpenSearch 3.8 with the real repository-s3 plugin straight on real S3-compatible stores: what it says when it cannot use one, and a whole
// migration from a bucket of S3Proxy to one of versitygw.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { openCluster } from '../../src/cluster/open-cluster.ts'
import { registerRepository } from '../../src/mechanism/snapshot/register-repository.ts'
import type { JourneyRecord } from '../../src/migration/snapshot-journey/journey-record.ts'
import { createTestIndex, deleteTestIndex, putDocuments } from '../documents/fill-index.ts'
import { note } from '../documents/snapshot-sides.ts'
import {
  accessKeyId,
  missingFor,
  type StartedStore,
  secretAccessKey,
  startObjectStore,
} from '../objectstores/object-stores.ts'
import { clientOf, makeBucket } from '../objectstores/store-sides.ts'
import { missingJava, type RunningServer, startServer } from '../servers/servers.ts'
import { Indexferry } from './indexferry.ts'
import { asPlan, countOf, holders, movies } from './snapshot-plan.ts'

const skip = missingJava('opensearch-3.8.0-s3') ?? missingFor('s3proxy') ?? missingFor('versitygw') ?? false

let s3proxy: StartedStore
let versitygw: StartedStore
let server: RunningServer & AsyncDisposable
let cluster: Cluster

before(async () => {
  if (skip) return
  ;[s3proxy, versitygw] = await Promise.all([startObjectStore('s3proxy'), startObjectStore('versitygw')])
  const client = (name: string, { url, region }: StartedStore) => ({
    [`s3.client.${name}.endpoint`]: url,
    [`s3.client.${name}.protocol`]: 'http',
    [`s3.client.${name}.path_style_access`]: true,
    [`s3.client.${name}.region`]: region,
  })
  server = await startServer('opensearch-3.8.0-s3', {
    settings: { ...client('default', s3proxy), ...client('other', versitygw) },
  })
  cluster = await openCluster('source', { nodes: [server.url] })
})

after(async () => {
  for (const each of [cluster, server, s3proxy, versitygw]) await each?.[Symbol.asyncDispose]()
})

const keys = { access_key: accessKeyId, secret_key: secretAccessKey }
/** Stores without server-side encryption of their own refuse what the plugin asks for by itself. */
const plain = { server_side_encryption_type: 'bucket_default' }

test('what the plugin cannot use is explained', { skip }, async () => {
  const bucket = await makeBucket(clientOf(s3proxy))
  const register = (more: Record<string, string>) =>
    registerRepository(cluster, {
      repository: 's3',
      definition: { type: 's3', settings: { bucket, base_path: 'my/directory', ...keys, ...more } },
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
})

test('from a bucket of one store to a bucket of another, cycle by cycle', { skip }, async () => {
  await using indexferry = await Indexferry.install()
  const from = await makeBucket(clientOf(s3proxy))
  const to = await makeBucket(clientOf(versitygw))
  const plan = await indexferry.write(
    'plan.yaml',
    asPlan({
      name: 'plugin',
      indices: 'movies',
      source: {
        cluster: server.url,
        repository: { name: 'from', type: 's3', settings: { bucket: from, base_path: 'snap', ...keys, ...plain } },
        store: { location: `s3://${from}/snap?endpoint=${s3proxy.url}` },
      },
      target: {
        cluster: server.url,
        repository: {
          name: 'to',
          type: 's3',
          settings: { bucket: to, base_path: 'my/directory', client: 'other', ...keys, ...plain },
        },
        store: { location: `s3://${to}/my/directory?endpoint=${versitygw.url}` },
      },
      restore: { rename_pattern: '^', rename_replacement: 'restored-' },
      cut_over: { alias: 'movies-live' },
    }),
  )
  const { env } = s3proxy
  await createTestIndex(cluster, 'movies', { shards: 2 })
  await putDocuments(cluster, 'movies', movies(0, 3))
  await indexferry.json(['migrate', plan], { env })
  assert.equal(await countOf(cluster, 'restored-movies'), 3)
  await putDocuments(cluster, 'movies', movies(3, 5))
  const last = await indexferry.json<JourneyRecord>(['migrate', plan, '--cut-over'], { env })
  assert.equal(last.state, 'completed')
  assert.ok(last.verification.length === 5 && last.verification.every(({ isGood }) => isGood))
  assert.equal(await countOf(cluster, 'restored-movies'), 5)
  assert.deepEqual(await holders(cluster, 'movies-live'), ['restored-movies'])
  const state = await indexferry.stateText()
  assert.ok(!state.includes(secretAccessKey), 'no secret is left in the state folder')
  await deleteTestIndex(cluster, 'movies')
})
