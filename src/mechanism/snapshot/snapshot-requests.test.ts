// What is asked of clusters: bodies, settings, policies, and how their words are understood.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Cluster } from '../../cluster/cluster.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import { currentProcess } from '../../foundation/process-identity.ts'
import { parseClusterVersion } from '../../model/cluster-version.ts'
import type { JsonObject } from '../../model/json.ts'
import { parseObjectLocation } from '../../model/object-location.ts'
import { explainRepository } from './explain-repository.ts'
import { iamPolicies } from './iam-policies.ts'
import { checkDefinition, differingSettings, leadsTo, withoutSecrets, withRegionRule } from './repository-settings.ts'
import { isAbandoned, RestoreNotes, restoreId } from './restore-notes.ts'
import { bodyOfRestore, restoreWishOfBody } from './restore-wish.ts'
import { renamed, selectIndexes } from './select-indexes.ts'
import { decodeProgress, decodeSizes, secondsLeft } from './snapshot-progress.ts'
import { bodyOfWish, fitsWish, wishOfBody, withExclusions } from './snapshot-wish.ts'

const silent = () => {}

test('the region rule of Amazon domains', () => {
  const told: string[] = []
  const apply = (settings: JsonObject) => withRegionRule({ type: 's3', settings }, (text) => told.push(text)).settings
  const role = 'arn:aws:iam::1:role/x'
  const endpoint = { bucket: 'b', endpoint: 's3.amazonaws.com', role_arn: role }
  assert.deepEqual(apply({ bucket: 'b', region: 'ap-southeast-1', role_arn: role }), endpoint)
  assert.deepEqual(apply({ bucket: 'b', region: 'us-east-1', role_arn: role }), endpoint)
  assert.equal(told.length, 2)
  for (const settings of [
    { bucket: 'b', region: 'eu-west-1', role_arn: role },
    { bucket: 'b', region: 'us-east-1' },
    { bucket: 'b', region: 'us-east-1', endpoint: 'other', role_arn: role },
  ]) {
    assert.deepEqual(apply(settings), settings)
  }
})

test('settings: compared as texts, without secrets; secrets are not shown', () => {
  assert.deepEqual(differingSettings({ compress: 'true', readonly: 'false' }, { compress: true }), [])
  assert.deepEqual(differingSettings({ bucket: 'a' }, { bucket: 'b', secret_access_key: 'x' }), [
    { name: 'bucket', is: 'a', wanted: 'b' },
  ])
  const shown = withoutSecrets({
    access_key_id: 'LTAI',
    secret_access_key: 's',
    access_key: 'k',
    secret_key: 't',
    role_arn: 'r',
  })
  assert.deepEqual(shown, {
    access_key_id: 'LTAI',
    secret_access_key: '***',
    access_key: '***',
    secret_key: '***',
    role_arn: 'r',
  })
  assert.throws(() => checkDefinition({ type: 's3', settings: {} }), { code: 'USAGE', message: /bucket/ })
  assert.throws(() => checkDefinition({ type: 's3', settings: { bucket: 'b', base_path: '/a' } }), { code: 'USAGE' })
})

test('a repository leads to where its objects were moved, or not', () => {
  const leads = (type: string, settings: JsonObject, moved: string) =>
    leadsTo({ type, settings }, parseObjectLocation(moved, 'TARGET'))
  const oss = { bucket: 'eric', base_path: 'my/snapshot/directory' }
  assert.equal(leads('oss', oss, 'oss://eric/my/snapshot/directory'), true)
  assert.equal(leads('oss', oss, 'oss://eric/my/snapshot/directory/'), true)
  assert.equal(leads('oss', oss, 'oss://eric'), false)
  assert.equal(leads('oss', oss, 'oss://other/my/snapshot/directory'), false)
  assert.equal(leads('fs', { location: '/srv/a/' }, 'file:///srv/a'), true)
  assert.equal(leads('fs', { location: 'a' }, '/srv/a'), true)
  assert.equal(leads('fs', { location: 'a' }, '/srv/ba'), false)
  assert.equal(leads('s3', { bucket: 'a' }, '/srv/a'), false)
})

test('bodies of snapshots: "indexes" is corrected, unknown parts are named', () => {
  const told: string[] = []
  assert.equal(wishOfBody({ indexes: 'movies' }, (text) => told.push(text)).indices, 'movies')
  assert.equal(told.length, 1)
  assert.equal(restoreWishOfBody({ indexes: ['a', 'b'] }, silent).indices, 'a,b')
  assert.throws(() => wishOfBody({ indexes: 'a', indices: 'b' }, silent), { code: 'USAGE' })
  assert.throws(() => wishOfBody({ indizes: 'a' }, silent), { code: 'USAGE', message: /indizes/ })
  assert.throws(() => restoreWishOfBody({ rename_pattern: 'a' }, silent), { code: 'USAGE' })
  const none = { snapshotMetadata: false, featureStates: false }
  assert.deepEqual(bodyOfWish({ indices: 'a', metadata: { x: 1 }, featureStates: ['none'] }, none, silent), {
    indices: 'a',
    include_global_state: true,
  })
  assert.deepEqual(bodyOfRestore({ ignoreIndexSettings: ['a', 'b'], includeAliases: false }, ['x'], true), {
    indices: 'x',
    include_global_state: false,
    include_aliases: false,
    ignore_index_settings: 'a,b',
  })
  assert.equal(withExclusions(undefined, ['a', 'b*']), '*,-a,-b*')
})

test('whether a snapshot that is there holds what is asked for', () => {
  const fits = (indexes: string[], indices?: string, includesGlobalState: boolean | null = true) =>
    fitsWish({ indexes, includesGlobalState }, { indices })
  assert.equal(fits(['a'], 'a'), true)
  assert.equal(fits(['a', 'b'], 'a*,b'), true)
  assert.equal(fits(['a'], 'a', false), false)
  assert.equal(fits(['a'], 'a,b'), undefined)
  assert.equal(fits(['a', 'c'], 'a*'), undefined)
  assert.equal(fits(['a'], '*,-b'), true)
  assert.equal(fits(['a', 'b'], '*,-b'), undefined)
})

test('which indexes of a snapshot are meant, and their new names', () => {
  const names = ['logs-1', 'logs-2', 'movies']
  assert.deepEqual(selectIndexes(undefined, names, 's', 'target'), names)
  assert.deepEqual(selectIndexes('logs-*,-logs-2', names, 's', 'target'), ['logs-1'])
  assert.deepEqual(selectIndexes('movies', names, 's', 'target'), ['movies'])
  assert.throws(() => selectIndexes('none', names, 's', 'target'), { code: 'INDEX_MISSING', side: 'target' })
  assert.equal(renamed('movies', { pattern: '(.+)', replacement: 'restored-$1' }), 'restored-movies')
  assert.equal(renamed('aXbX', { pattern: 'X', replacement: '-' }), 'a-b-')
  assert.throws(() => renamed('a', { pattern: '(', replacement: '' }), { code: 'USAGE' })
})

test('progress in the form of 5.6 and of 7', () => {
  const old = {
    stats: {
      number_of_files: 8,
      processed_files: 2,
      total_size_in_bytes: 100,
      processed_size_in_bytes: 25,
      time_in_millis: 1000,
    },
  }
  assert.deepEqual(decodeProgress(old).bytes, { total: 100, done: 25 })
  assert.equal(secondsLeft(decodeProgress(old)), 3)
  const stats = {
    incremental: { file_count: 4, size_in_bytes: 40 },
    processed: { file_count: 1, size_in_bytes: 10 },
    total: { file_count: 9, size_in_bytes: 90 },
  }
  assert.deepEqual(decodeProgress({ stats }).files, { total: 4, done: 1 })
  assert.equal(decodeSizes({ stats }).bytes, 90)
})

test('the policies of the documents, and those of China', () => {
  const { trustPolicy, bucketPolicy, passRolePolicy, blanks } = iamPolicies({ bucket: 'eric-es-index-backups' })
  assert.deepEqual(bucketPolicy, {
    Version: '2012-10-17',
    Statement: [
      { Action: ['s3:ListBucket'], Effect: 'Allow', Resource: ['arn:aws:s3:::eric-es-index-backups'] },
      {
        Action: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
        Effect: 'Allow',
        Resource: ['arn:aws:s3:::eric-es-index-backups/*'],
      },
    ],
  })
  assert.deepEqual(trustPolicy, {
    Version: '2012-10-17',
    Statement: [{ Sid: '', Effect: 'Allow', Principal: { Service: 'es.amazonaws.com' }, Action: 'sts:AssumeRole' }],
  })
  assert.match(JSON.stringify(passRolePolicy), /iam:PassRole/)
  assert.deepEqual(blanks, ['ACCOUNT', 'SNAPSHOT-ROLE', 'REGION', 'DOMAIN'])
  const china = iamPolicies({ bucket: 'b-b', domainArn: 'arn:aws-cn:es:cn-north-1:1:domain/d' })
  assert.match(JSON.stringify(china), /arn:aws-cn:s3:::b-b/)
  assert.match(JSON.stringify(china), /arn:aws-cn:iam::ACCOUNT/)
  assert.throws(() => iamPolicies({ bucket: 's3://b' }), { code: 'USAGE' })
  assert.throws(() => iamPolicies({ bucket: 'b-b', partition: 'aws', roleArn: 'arn:aws-cn:iam::1:role/x' }), {
    code: 'USAGE',
  })
  assert.throws(() => iamPolicies({ bucket: 'b-b', roleArn: 'arn:aws:s3:::x' }), { code: 'USAGE', message: /role/ })
})

const cluster = { side: 'source', name: 'https://c', version: parseClusterVersion('elasticsearch-7.10.2') } as Cluster

/** What nodes and stores say, and what of it a user is told first. */
const causes: readonly (readonly [string, RegExp, RegExp])[] = [
  ["[r] location [/x] doesn't match any of the locations specified by path.repo", /path\.repo/, /path\.repo/],
  ['[r] repository type [oss] does not exist', /plugin elasticsearch-repository-oss/, /every node/],
  [
    "[r] [[n1, 'RemoteTransportException[[node-2][10.0.0.1:9300][internal:admin/repository/verify]]; nested: RepositoryVerificationException[[r] a file written by master to the store [/x] cannot be accessed on the node [{node-2}{id}]",
    /told by node-2.*not every node sees the same folder/,
    /Mount/,
  ],
  [
    'User: arn:aws:iam::1:user/u is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/x',
    /may not pass the role/,
    /snapshot iam/,
  ],
  [
    '[r] path is not accessible on master node; AmazonS3Exception: Access Denied (Status Code: 403; Error Code: AccessDenied)',
    /may not use the bucket/,
    /s3:ListBucket/,
  ],
  ['[r] NoSuchBucket: The specified bucket does not exist', /bucket does not exist/, /name of the bucket/],
  ['[r] InvalidAccessKeyId', /does not accept the credentials/, /keystore/],
  [
    "[r] AuthorizationHeaderMalformed: the region 'us-east-1' is wrong; expecting 'ap-southeast-1'",
    /another region/,
    /region of the bucket/,
  ],
  ['[r] UnknownHostException: oss-x', /do not reach/, /endpoint/],
]

test('why a repository cannot be used', () => {
  for (const [reason, sentence, remedy] of causes) {
    const error = new IndexferryError('REQUEST_REFUSED', reason, {
      fields: { status: 500, errorType: 'repository_verification_exception', reason },
    })
    const explained = explainRepository(cluster, 'r', error)
    assert.ok(explained instanceof IndexferryError && explained.code === 'REPOSITORY_UNUSABLE', reason)
    assert.match(explained.message, sentence)
    assert.match(explained.remedy, remedy)
  }
  const other = new IndexferryError('CONNECTION_LOST', 'gone')
  assert.equal(explainRepository(cluster, 'r', other), other)
})

test('notes of restores outlive their process, and tell whose they are', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'indexferry-notes-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  const names = ['b', 'a']
  const id = restoreId('r', 's', names)
  assert.equal(id, restoreId('r', 's', ['a', 'b']))
  const note = {
    id,
    repository: 'r',
    snapshot: 's',
    phase: 'closing',
    names,
    closed: ['a'],
    settings: {},
    owner: currentProcess(),
  } as const
  new RestoreNotes(folder).save(note)
  const [read] = new RestoreNotes(folder).list()
  assert.deepEqual(read, note)
  assert.equal(isAbandoned(note, new Set()), true)
  assert.equal(isAbandoned(note, new Set([id])), false)
  assert.equal(isAbandoned({ ...note, owner: { ...note.owner, pid: 999_999_999 } }, new Set()), true)
  const parent = { ...note.owner, pid: process.ppid, startTicks: '1' }
  assert.equal(isAbandoned({ ...note, owner: parent }, new Set()), true)
  new RestoreNotes(folder).remove(id)
  assert.deepEqual(readdirSync(folder), [])
})
