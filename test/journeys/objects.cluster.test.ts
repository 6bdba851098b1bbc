// `indexferry object …` as a user runs it: between S3, OSS and folders, killed and started again.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { lookup } from 'node:dns'
import { Agent } from 'node:http'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MoveResult } from '../../src/objectstore/move-objects.ts'
import { startConnectProxy } from '../faults/tunnel-proxies.ts'
import { startChangingProxy } from '../objectstores/changing-proxy.ts'
import {
  accessKeyId,
  missingFor,
  type StartedStore,
  secretAccessKey,
  startObjectStore,
} from '../objectstores/object-stores.ts'
import { type PlayedOss, playOss } from '../objectstores/oss-quirks.ts'
import { repositoryFiles } from '../objectstores/snapshot-files.ts'
import { clientOf, fill, listAll, makeBucket, open, readObject } from '../objectstores/store-sides.ts'
import { Indexferry } from './indexferry.ts'

const skip = missingFor('versitygw') ?? missingFor('s3proxy') ?? missingFor('gofakes3') ?? false
const MiB = 1024 ** 2
let s3: StartedStore
let other: StartedStore
let oss: PlayedOss

before(async () => {
  if (skip) return
  ;[s3, other, oss] = await Promise.all([startObjectStore('s3proxy'), startObjectStore('versitygw'), playOss()])
})
after(async () => {
  await Promise.all([s3, other, oss].map((each) => each?.[Symbol.asyncDispose]()))
})

const localhost = (_: string, options: object, done: never) => lookup('localhost', options, done)

/** AWS's own client on the bucket in the host name, without what OSS refuses. */
const ossClient = () =>
  clientOf(oss.store, {
    endpoint: oss.endpoint,
    forcePathStyle: false,
    requestHandler: { httpAgent: new Agent({ lookup: localhost as never }) },
  })

interface Told {
  readonly verdict: string
  readonly differences: number
  readonly extra: number
  readonly listed: readonly { key: string; kind: string }[]
}

test('a snapshot repository goes from S3 to OSS, is audited, and goes on with a job of ossimport', {
  skip,
}, async () => {
  await using indexferry = await Indexferry.install()
  const env = { ...s3.env, OSS_ACCESS_KEY_ID: accessKeyId, OSS_ACCESS_KEY_SECRET: secretAccessKey }
  const from = await makeBucket(clientOf(s3))
  const to = await makeBucket(ossClient())
  const below = (prefix: string, files: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(files).map(([key, body]) => [`${prefix}/${key}`, body]))
  // Names with what the document's FAQ warns of.
  const special = { 'indices/a b/0/__x+y': 'plus', 'indices/a%20b/0/__é': 'percent' }
  await fill(clientOf(s3), from, below('snap', { ...repositoryFiles(0), ...special }))
  const source = `s3://${from}/snap?endpoint=${s3.url}`
  const target = `oss://${to}/my/snapshot/directory?endpoint=${oss.endpoint}&region=${oss.region}`
  const copied = await indexferry.json<MoveResult>(['object', 'copy', source, target, '--skip-existing'], { env })
  assert.deepEqual([copied.copied, copied.skipped, copied.repositories], [copied.objects, 0, ['']])
  const audit = await indexferry.json<Told>(['object', 'audit', source, target, '--level', 'detailed'], { env })
  assert.deepEqual([audit.verdict, audit.differences, audit.extra], ['equal', 0, 0])
  assert.deepEqual(oss.refusals, [])
  // Nothing has a nameless folder in its name.
  const viaOss = await open(`oss://${to}?endpoint=${oss.endpoint}&region=${oss.region}`, 'target')
  const keys = (await listAll(viaOss)).map(({ key }) => key)
  assert.ok(keys.every((key) => key.startsWith('my/snapshot/directory/') && !key.includes('//')))

  await fill(clientOf(s3), from, below('snap', repositoryFiles(1)))
  const job = (lines: readonly string[]) =>
    [
      `srcType=s3`,
      `srcAccessKey="${accessKeyId}"`,
      `srcSecretKey="${secretAccessKey}"`,
      `srcDomain=${s3.url}`,
      `srcBucket=${from}`,
      'srcPrefix=snap/',
      'destType=oss',
      `destAccessKey=${accessKeyId}`,
      `destSecretKey=${secretAccessKey}`,
      `destDomain=${oss.endpoint}`,
      `destBucket=${to}`,
      'destPrefix=my/snapshot/directory/',
      'jobName=local_test',
      'importSince=0',
      ...lines,
    ].join('\n')
  const importing = await indexferry.write(
    'local_job.cfg',
    job(['jobType=import', 'isSkipExistFile=true', 'isSkipExistFiles=1']),
  )
  const auditing = await indexferry.write('audit_job.cfg', job(['jobType=audit', 'auditMode=detail']))
  const before = await indexferry.run(['object', 'copy', '--ossimport-job', auditing], { env: {} })
  assert.equal(before.code, 3, before.stdout + before.stderr)
  assert.match(before.stdout, /"index-1" is missing at the target/)
  const words = ['object', 'copy', '--ossimport-job', importing, '--target-region', oss.region]
  const ended = await indexferry.run([...words, '--json'], { env: {} })
  assert.equal(ended.code, 0, ended.stdout + ended.stderr)
  assert.match(ended.stderr, /not understood and have no effect: isSkipExistFiles/)
  const moved = JSON.parse(ended.stdout) as MoveResult
  assert.deepEqual([moved.extra, moved.rounds], [0, 1])
  assert.ok(moved.skipped > 10, 'what was there is not moved again')
  const after = await indexferry.run(['object', 'audit', '--ossimport-job', auditing], { env: {} })
  assert.equal(after.code, 0, after.stdout + after.stderr)
  const text = `${await indexferry.stateText()}${ended.stdout}${ended.stderr}${after.stdout}`
  assert.ok(!text.includes(secretAccessKey), 'no secret is left anywhere')
})

test('names that begin with a slash: what OSS refuses is told, and slips are caught early', { skip }, async () => {
  await using indexferry = await Indexferry.install()
  const env = { ...s3.env, OSS_ACCESS_KEY_ID: accessKeyId, OSS_ACCESS_KEY_SECRET: secretAccessKey }
  const to = await makeBucket(ossClient())
  const target = `oss://${to}?endpoint=${oss.endpoint}&region=${oss.region}`
  const { error } = await indexferry.fails(
    ['object', 'copy', indexferry.folder, `oss://${to}//my/directory?endpoint=${oss.endpoint}`],
    { code: 'LOCATION_INVALID', exit: 2 },
    { env },
  )
  assert.match(error.message, /empty part \(\/\/\)/)
  await using raw = await startObjectStore('gofakes3')
  const client = clientOf(raw)
  const bucket = await makeBucket(client)
  await fill(client, bucket, { '/nameless': 'x', good: 'y' })
  const refused = await indexferry.fails(
    ['object', 'copy', `s3://${bucket}?endpoint=${raw.url}`, target],
    { code: 'REQUEST_REFUSED', exit: 7 },
    { env },
  )
  assert.match(refused.error.message, /cannot write "\/nameless": InvalidObjectName/)
})

test('a move that is killed goes on, part by part and object by object', { skip }, async () => {
  await using indexferry = await Indexferry.install()
  const objects: Record<string, Buffer> = { 'zz-large': randomBytes(60 * MiB) }
  for (let place = 0; place < 400; place++) objects[`small/${place}`] = randomBytes(1_000)
  await using raw = await startObjectStore('gofakes3')
  const from = await makeBucket(clientOf(raw))
  await fill(clientOf(raw), from, objects)
  const to = await makeBucket(clientOf(other))
  // Counts what is sent, and kills in the middle of it.
  const sent: string[] = []
  let killInTime = () => {}
  await using proxy = await startChangingProxy(other.url, {
    before: async ({ method, url = '' }) => {
      if (method !== 'PUT') return undefined
      sent.push(url)
      await sleep(10)
      killInTime()
      return undefined
    },
  })
  const words = [
    'object',
    'copy',
    `s3://${from}?endpoint=${raw.url}`,
    `s3://${to}?endpoint=${proxy.url}`,
    '--part-size',
    '5mb',
    '--transfers',
    '4',
  ]
  const isPart = (url: string) => url.includes('partNumber')
  const kills = [() => sent.length > 150, () => proxy.done.filter(isPart).length >= 6]
  for (const isTime of kills) {
    const { child, ended } = indexferry.start(words, { env: s3.env })
    killInTime = () => {
      if (isTime()) child.kill('SIGKILL')
    }
    assert.equal((await ended).code, null, 'it was killed in the middle')
  }
  killInTime = () => {}
  const before = sent.length
  const result = await indexferry.json<MoveResult>(words, { env: s3.env })
  assert.equal(result.isResumed, true)
  assert.ok(result.skipped > 350, `${result.skipped} were there already`)
  const parts = sent.slice(before).filter(isPart).length
  // Six were at the store when it was killed, of which the four on their way may not have been noted.
  assert.ok(parts > 0 && parts <= 12 - (6 - 4), `${parts} of 12 parts were sent after the last kill`)
  const target = clientOf(other)
  for (const [key, bytes] of Object.entries(objects)) {
    if (key.startsWith('small/') && !key.endsWith('7')) continue
    assert.ok((await readObject(target, to, key)).equals(bytes), key)
  }
  const audit = await indexferry.json<Told>(['object', 'audit', words[2] as string, words[3] as string, '--exact'], {
    env: s3.env,
  })
  assert.deepEqual([audit.verdict, audit.listed], ['equal', []])
})

test('between two services with keys of their own, and what is wrong is told', { skip }, async () => {
  await using indexferry = await Indexferry.install()
  const [from, to] = [await makeBucket(clientOf(s3)), await makeBucket(clientOf(other))]
  await fill(clientOf(s3), from, { 'path/a': 'one', 'path/b': 'two', elsewhere: 'x' })
  const env = {
    INDEXFERRY_SOURCE_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  }
  const places = [`s3://${from}/path?endpoint=${s3.url}`, `s3://${to}/path?endpoint=${other.url}`]
  const keys = ['--source-access-key-id', accessKeyId]
  const ended = await indexferry.run(['object', 'copy', ...places, ...keys], { env })
  assert.equal(ended.code, 0, ended.stderr)
  assert.match(ended.stdout, /2 objects: 2 copied \(6 B\), 0 there already/)
  const without = { ...env, AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' }
  await indexferry.fails(
    ['object', 'copy', ...places, ...keys],
    { code: 'CREDENTIALS_MISSING', exit: 7 },
    { env: without },
  )
  await indexferry.fails(
    ['object', 'copy', `s3://${from}x?endpoint=${s3.url}`, places[1] as string, ...keys],
    { code: 'BUCKET_MISSING', exit: 6 },
    { env },
  )
  await indexferry.fails(
    ['object', 'copy', `s3://${from}?endpoint=http://127.0.0.1:9`, places[1] as string, ...keys],
    { code: 'CONNECTION_REFUSED', exit: 6 },
    { env },
  )
  await indexferry.fails(['object', 'copy', ...places, '--level', 'simple'], { code: 'USAGE', exit: 2 }, { env })
  await indexferry.fails(['object', 'move', ...places], { code: 'USAGE', exit: 2 }, { env })
})

test('through the HTTP proxy that the environment names', { skip }, async () => {
  await using indexferry = await Indexferry.install()
  await using proxy = await startConnectProxy({ hosts: { 'store.example': '127.0.0.1' } })
  const [from, to] = [await makeBucket(clientOf(other)), await makeBucket(clientOf(other))]
  await fill(clientOf(other), from, { a: 'one', b: 'two' })
  const { port } = new URL(other.url)
  const env = { ...other.env, http_proxy: proxy.url }
  const places = [`s3://${from}?endpoint=http://store.example:${port}`, `s3://${to}?endpoint=${other.url}`]
  const copied = await indexferry.json<MoveResult>(['object', 'copy', ...places], { env })
  assert.equal(copied.copied, 2)
  assert.deepEqual(new Set(proxy.asked), new Set([`store.example:${port}`]))
})
