// Documents 002 and 003 from top to bottom, on their version: movies with three documents, the full snapshot, its way from S3 to OSS, the
// restore; two documents more, the incremental snapshot over what is there; the last one with writes stopped, and the verifications.
//
// The Amazon domain is a real cluster behind a proxy that refuses what is not signed as Amazon's own library would sign it. OSS is played
// in front of a real store (oss-quirks.ts), and the plugins for repositories by a proxy that lays them into the folders of the stores.
import assert from 'node:assert/strict'
import { lookup } from 'node:dns'
import { readFile } from 'node:fs/promises'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { openCluster } from '../../src/cluster/open-cluster.ts'
import type { JourneyRecord } from '../../src/migration/snapshot-journey/journey-record.ts'
import type { MoveResult } from '../../src/objectstore/move-objects.ts'
import { createTestIndex, deleteTestIndex, openTestCluster, putDocuments } from '../documents/fill-index.ts'
import { bucketFolder } from '../documents/snapshot-sides.ts'
import { type PlayedPlugin, startPlayedPlugin } from '../faults/played-plugin.ts'
import { type SignedProxy, startSignedProxy } from '../faults/signed-proxy.ts'
import {
  accessKeyId,
  missingFor,
  type StartedStore,
  secretAccessKey,
  startObjectStore,
} from '../objectstores/object-stores.ts'
import { type PlayedOss, playOss } from '../objectstores/oss-quirks.ts'
import { clientOf, listAll, makeBucket, open } from '../objectstores/store-sides.ts'
import { missingJava, type RunningServer, startServer, useServer } from '../servers/servers.ts'
import { Indexferry } from './indexferry.ts'
import { asPlan, countOf, holders, movies, write } from './snapshot-plan.ts'

const server = 'elasticsearch-5.6.16'
const skip = missingJava(server) ?? missingFor('s3proxy') ?? missingFor('versitygw') ?? false
const role = 'arn:aws:iam::123456789012:role/TheSnapshotRole'
const env = {
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
  OSS_ACCESS_KEY_ID: accessKeyId,
  OSS_ACCESS_KEY_SECRET: secretAccessKey,
}

let s3: StartedStore
let oss: PlayedOss
let sourceBucket: string
let targetBucket: string
/** The domain of Amazon, and the cluster of Alibaba Cloud. */
let source: Cluster
let target: Cluster
let targetServer: RunningServer & AsyncDisposable
let domainPlugin: PlayedPlugin
let domain: SignedProxy
let plugin: PlayedPlugin

before(async () => {
  if (skip) return
  ;[s3, oss] = await Promise.all([startObjectStore('s3proxy'), playOss()])
  const localhost = (_: string, options: object, done: never) => lookup('localhost', options, done)
  const ossOptions = { endpoint: oss.endpoint, forcePathStyle: false }
  sourceBucket = await makeBucket(clientOf(s3))
  targetBucket = await makeBucket(
    clientOf(oss.store, { ...ossOptions, requestHandler: { httpAgent: new Agent({ lookup: localhost as never }) } }),
  )
  targetServer = await startServer(server, { repositories: [oss.store.folder] })
  const { repositoryFolder, url } = await useServer(server)
  source = await openTestCluster('source', server)
  target = await openCluster('target', { nodes: [targetServer.url] })
  const folder = await bucketFolder(repositoryFolder, s3, sourceBucket)
  domainPlugin = await startPlayedPlugin(url, 's3', () => folder)
  const keys = { accessKeyId, secretAccessKey, region: 'ap-southeast-1', service: 'es' }
  domain = await startSignedProxy(domainPlugin.url, keys)
  plugin = await startPlayedPlugin(targetServer.url, 'oss', (bucket) => join(oss.store.folder, bucket))
})

after(async () => {
  if (skip) return
  await deleteTestIndex(source, 'movies')
  for (const repository of domainPlugin.registered.keys())
    await source.json({ method: 'DELETE', path: `/_snapshot/${repository}` })
  for (const each of [plugin, domain, domainPlugin, target, source, targetServer, oss, s3])
    await each[Symbol.asyncDispose]()
})

/** What each edition registers at Amazon, and what arrives there by the rule of the region. */
const s3Settings = (basePath: string) => ({
  bucket: sourceBucket,
  base_path: basePath,
  region: 'ap-southeast-1',
  role_arn: role,
})
const registeredAtAmazon = (basePath: string) => ({
  bucket: sourceBucket,
  base_path: basePath,
  endpoint: 's3.amazonaws.com',
  role_arn: role,
})

/** Of the calls that change something, the paths in their order. */
const changes = (seen: readonly string[]): string[] =>
  seen.filter((call) => /^POST \/movies\/_(close|open)|_restore/.test(call)).map((call) => call.replace(/\?.*/, ''))

test('document 003: one plan, cycle by cycle, to the cut-over', { skip }, async () => {
  await using indexferry = await Indexferry.install()
  const facts = indexferry.path('facts.ndjson')
  const append = `require('fs').appendFileSync(${JSON.stringify(facts)}, require('fs').readFileSync(0) + '\\n')`
  const plan = await indexferry.write(
    'movies.yaml',
    asPlan({
      name: 'movies',
      indices: 'movies',
      source: {
        cluster: { url: domain.url, sigv4: { region: 'ap-southeast-1' } },
        repository: { name: 'eric-snapshot-repository', type: 's3', settings: s3Settings('snap') },
        store: { location: `s3://${sourceBucket}/snap?endpoint=${s3.url}` },
      },
      target: {
        cluster: plugin.url,
        repository: {
          name: 'eric-snapshot-repository',
          type: 'oss',
          settings: {
            endpoint: oss.endpoint,
            access_key_id: accessKeyId,
            secret_access_key: `\${OSS_ACCESS_KEY_SECRET}`,
            bucket: targetBucket,
            base_path: 'my/snapshot/directory',
            compress: true,
          },
        },
        store: {
          location: `oss://${targetBucket}/my/snapshot/directory?endpoint=${oss.endpoint}&region=${oss.region}`,
        },
      },
      snapshot: { name: 'snapshot_movies_{cycle}' },
      cut_over: { alias: 'movies-live' },
      hooks: [{ phase: 'switch', when: 'after', command: [process.execPath, '-e', append] }],
    }),
  )
  await createTestIndex(source, 'movies', { shards: 2 })
  const filtered = { add: { index: 'movies', alias: 'movies-old', filter: { term: { old: true } }, routing: 'r' } }
  const actions = [{ add: { index: 'movies', alias: 'movies-live' } }, filtered]
  await source.json({ method: 'POST', path: '/_aliases', body: { actions } })

  await putDocuments(source, 'movies', movies(0, 3))
  const first = await indexferry.json<JourneyRecord>(['migrate', plan], { env })
  assert.deepEqual([first.state, first.cycle.number, first.cycle.snapshot], ['waiting', 1, 'snapshot_movies_1'])
  assert.ok((first.cycle.snapshotEndMs ?? 0) >= (first.cycle.snapshotStartMs as number))
  assert.deepEqual(domainPlugin.registered.get('eric-snapshot-repository')?.settings, registeredAtAmazon('snap'))
  assert.equal(plugin.registered.get('eric-snapshot-repository')?.settings.readonly, 'true')
  assert.equal(await countOf(target, 'movies'), 3)
  assert.deepEqual(await holders(target, 'movies-live'), [], 'nothing leads there before the switch')

  await putDocuments(source, 'movies', movies(3, 5))
  const second = await indexferry.json<JourneyRecord>(['migrate', plan], { env })
  assert.deepEqual([second.state, second.cycle.snapshot], ['waiting', 'snapshot_movies_2'])
  assert.ok((second.cycle.moved?.copied ?? 0) < (second.cycle.moved?.objects ?? 0), 'what was there stays')
  assert.equal(await countOf(target, 'movies'), 5)
  const restore = 'POST /_snapshot/eric-snapshot-repository'
  assert.deepEqual(changes(plugin.seen), [
    `${restore}/snapshot_movies_1/_restore`,
    'POST /movies/_close',
    `${restore}/snapshot_movies_2/_restore`,
    'POST /movies/_open',
  ])
  const waiting = await indexferry.run(['status', 'movies'])
  assert.match(waiting.stdout, /waiting for the next cycle[\s\S]*next: another cycle[\s\S]*--cut-over/)
  assert.match(waiting.stdout, /cycle 2 +snapshot_movies_2 .* 5 documents/)

  const last = await indexferry.json<JourneyRecord>(['migrate', plan, '--cut-over'], { env })
  assert.deepEqual([last.state, last.cycle.snapshot, last.cycle.isLast], ['completed', 'snapshot_movies_final', true])
  assert.deepEqual(
    last.verification.map(({ check, found }) => [check, found]),
    [
      ['count', '5'],
      ['health', 'green'],
      ['recovery', '2 of 2 shards done'],
      ['spot check', '5 equal'],
      ['content', '5 documents equal'],
    ],
  )
  assert.deepEqual(await holders(target, 'movies-live'), ['movies'])
  const { body } = await target.json<object>({ method: 'GET', path: '/movies/_alias/movies-old' })
  const alias = Object.values(Object.values(body)[0].aliases)[0] as Record<string, unknown>
  assert.deepEqual([alias.filter, alias.index_routing], [{ term: { old: true } }, 'r'])
  assert.deepEqual([await write(source, 'movies'), await write(target, 'movies')], [403, 201])
  const told = JSON.parse(await readFile(facts, 'utf8')) as Record<string, unknown>
  assert.deepEqual([told.phase, told.when, told.alias, told.blocked], ['switch', 'after', 'movies-live', ['movies']])
  // A completed migration stays as it is.
  const again = await indexferry.json<JourneyRecord>(['migrate', plan], { env })
  assert.equal(again.cycle.number, 3)
  await indexferry.fails(['migrate', plan, '--abort'], { code: 'MIGRATION_ENDED', exit: 5 }, { env })

  assert.ok(domain.seen.length > 20)
  assert.deepEqual(
    domain.seen.filter(({ isGood }) => !isGood),
    [],
    'every call to the domain is signed as Amazon wants it',
  )
  assert.deepEqual(oss.refusals, [])
  const everything = `${await indexferry.stateText()}${JSON.stringify(last)}${waiting.stdout}`
  assert.ok(!everything.includes(secretAccessKey), 'no secret is left anywhere')
  await deleteTestIndex(target, 'movies')
  await deleteTestIndex(source, 'movies')
})

test('document 002: step by step, with its own bodies and jobs', { skip }, async () => {
  await using indexferry = await Indexferry.install()
  const ours = { env }
  const [amazon, alibaba] = [domain.url, plugin.url]
  const signed = ['--source-sigv4-region', 'ap-southeast-1']
  const snapshot = (...words: string[]) => ['snapshot', ...words]
  await createTestIndex(source, 'movies', { shards: 1 })
  await deleteTestIndex(target, 'movies')
  await putDocuments(source, 'movies', movies(0, 3))

  // Step 1: the repository, by a request that is signed.
  const s3Options = ['--bucket', sourceBucket, '--base-path', 'old', '--region', 'ap-southeast-1', '--role-arn', role]
  const more = ['--server-side-encryption', ...signed]
  await indexferry.json(snapshot('register', amazon, 'eric-old', ...s3Options, ...more), ours)
  const wanted = { ...registeredAtAmazon('old'), server_side_encryption: true }
  assert.deepEqual(domainPlugin.registered.get('eric-old'), { type: 's3', settings: wanted })
  assert.match((await indexferry.run(snapshot('list', amazon, ...signed), ours)).stdout, /eric-old +s3 /)

  // Step 2: the first snapshot, with the body of the document.
  const oldBody = await indexferry.write('body.json', '{"indexes": "movies"}')
  const taken = await indexferry.run(
    snapshot('create', amazon, 'eric-old', 'snapshot_movies_1', '--body', oldBody, ...signed),
    ours,
  )
  assert.match(taken.stdout, /snapshot_movies_1: SUCCESS\n {2}start .* \(\d{13}\)\n {2}end {3}.* \(\d{13}\)/)
  assert.match(taken.stderr, /"indexes" is read as "indices"/)
  const job = (isSkipExistFile: boolean) =>
    [
      ...['srcType=s3', `srcAccessKey=${accessKeyId}`, `srcSecretKey=${secretAccessKey}`, `srcDomain=${s3.url}`],
      ...[`srcBucket=${sourceBucket}`, 'srcPrefix=old/', 'destType=oss', `destAccessKey=${accessKeyId}`],
      ...[`destSecretKey=${secretAccessKey}`, `destDomain=${oss.endpoint}`, `destBucket=${targetBucket}`],
      ...['destPrefix=', 'jobName=local_test', 'jobType=import', `isSkipExistFile=${isSkipExistFile}`],
    ].join('\n')
  const move = async (isSkipExistFile: boolean) => {
    const file = await indexferry.write('local_job.cfg', job(isSkipExistFile))
    const words = ['object', 'copy', '--ossimport-job', file, '--target-region', oss.region]
    return indexferry.json<MoveResult>(words, { env: {} })
  }
  const moved = await move(false)
  assert.equal(moved.copied, moved.objects)
  const atOss = [
    '--side',
    'target',
    '--type',
    'oss',
    '--readonly',
    '--endpoint',
    oss.endpoint,
    '--bucket',
    targetBucket,
  ]
  const secret = await indexferry.write('secret', secretAccessKey)
  const keys = ['--access-key-id', accessKeyId, '--secret-access-key-file', secret, '--setting', 'compress=true']
  const lead = ['--moved-to', `oss://${targetBucket}`]
  await indexferry.json(snapshot('register', alibaba, 'eric-old', ...atOss, ...keys, ...lead), ours)
  const seen = await indexferry.run(
    snapshot('show', alibaba, 'eric-old', 'snapshot_movies_1', '--side', 'target'),
    ours,
  )
  assert.match(seen.stdout, /snapshot_movies_1: SUCCESS/, seen.stderr)
  const restore = (name: string, ...options: string[]) =>
    indexferry.run(snapshot('restore', alibaba, 'eric-old', name, '--body', oldBody, ...options), ours)
  const restored = await restore('snapshot_movies_1')
  assert.match(restored.stdout, /movies .* 3 documents/, restored.stderr)

  // Step 3: two documents more, and the snapshot over what is there.
  await putDocuments(source, 'movies', movies(3, 5))
  const create = snapshot('create', amazon, 'eric-old', 'snapshot_movies_2', '--indices', 'movies', ...signed)
  await indexferry.json(create, ours)
  const next = await move(true)
  assert.ok(next.skipped > 0 && next.copied > 0, 'only what is new is moved')
  assert.match(
    (await restore('snapshot_movies_2')).stderr,
    /open index of the same name: movies[\s\S]*RESTORE_INDEX_OPEN/,
  )
  const calls = plugin.seen.length
  const over = await restore('snapshot_movies_2', '--over-existing')
  assert.match(over.stdout, /movies .* 5 documents .*over the one before/, over.stderr)
  assert.deepEqual(changes(plugin.seen.slice(calls)), [
    'POST /movies/_close',
    'POST /_snapshot/eric-old/snapshot_movies_2/_restore',
    'POST /movies/_open',
  ])
  assert.equal(await countOf(target, 'movies'), await countOf(source, 'movies'))
  const { verdict } = await indexferry.verify([`${amazon}/movies`, `${alibaba}/movies`, ...signed], ours)
  assert.equal(verdict, 'equal')
  const viaOss = await open(`oss://${targetBucket}?endpoint=${oss.endpoint}&region=${oss.region}`, 'target')
  const keysThere = (await listAll(viaOss)).map(({ key }) => key)
  await viaOss[Symbol.asyncDispose]()
  assert.ok(keysThere.includes('index.latest') && keysThere.every((key) => !key.startsWith('/') && !key.includes('//')))
  assert.deepEqual(oss.refusals, [])
})
