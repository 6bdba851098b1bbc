// OSS in its own words: signatures as Alibaba's own SDK makes them, in front of a store that takes nothing else.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { lookup } from 'node:dns'
import { Agent } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { npmTool } from '../../bench/tool-cache.ts'
import { accessKeyId, missingFor, secretAccessKey } from '../../test/objectstores/object-stores.ts'
import { type PlayedOss, playOss } from '../../test/objectstores/oss-quirks.ts'
import { clientOf, listAll, makeBucket, move, open, temporaryFolder } from '../../test/objectstores/store-sides.ts'
import { IndexferryError } from '../foundation/errors.ts'
import { md5Of } from './object-checksum.ts'
import { ossDialect, StoreSigner } from './store-signature.ts'

const skip = missingFor('versitygw') ?? false
const MiB = 1024 ** 2
const sdkVersion = '6.23.0'
let oss: PlayedOss
let bucket: string

const agent = new Agent({
  lookup: ((_: string, options: object, done: never) => lookup('localhost', options, done)) as never,
})

before(async () => {
  if (skip) return
  oss = await playOss()
  bucket = await makeBucket(
    clientOf(oss.store, { endpoint: oss.endpoint, forcePathStyle: false, requestHandler: { httpAgent: agent } }),
  )
})
after(async () => {
  agent.destroy()
  await oss?.[Symbol.asyncDispose]()
})

const at = () => `oss://${bucket}?endpoint=${oss.endpoint}&region=${oss.region}`

/** The SDK, from npm into the cache of this machine; undefined where there is no network. */
async function alibabas(): Promise<{ folder: string; Client: new (options: object) => AliClient } | undefined> {
  try {
    const folder = await npmTool('ali-oss', sdkVersion)
    return { folder, Client: createRequire(join(folder, 'package.json'))(folder) }
  } catch {
    return undefined
  }
}

interface AliClient {
  put(key: string, bytes: Buffer, options?: object): Promise<{ res: { status: number } }>
  get(key: string): Promise<{ content: Buffer }>
  listV2(
    query: object,
  ): Promise<{ objects?: { name: string; size: number; etag: string }[]; nextContinuationToken?: string }>
  multipartUpload(key: string, file: string | Buffer, options: object): Promise<unknown>
}

test('objects go to OSS and back in its own words', { skip }, async () => {
  await using folder = await temporaryFolder()
  await using state = await temporaryFolder()
  const from = await open(join(folder.path, 'from'), 'target')
  const objects: Record<string, Buffer> = {
    large: randomBytes(12 * MiB),
    'a b/ü+%': Buffer.from('odd'),
    empty: Buffer.alloc(0),
  }
  for (let n = 0; n < 120; n++) objects[`many/${n}`] = Buffer.from(`number ${n}`)
  for (const [key, bytes] of Object.entries(objects)) await from.put(key, { length: bytes.length, bytes }, {})
  await using target = await open(at(), 'target')
  const before = oss.native.count
  assert.equal((await move(state.path, from, target)).copied, 123)
  assert.ok(oss.native.count > before + 123)
  // Lists come 100 at a time unless more are asked for, with ETags in capitals.
  const listed = await listAll(target)
  assert.equal(listed.length, 123)
  assert.equal(
    listed.find(({ key }) => key === 'a b/ü+%')?.etag,
    md5Of(Buffer.from('odd')).toString('hex').toUpperCase(),
  )
  const back = await open(join(folder.path, 'back'), 'target')
  await move(state.path, target, back)
  for (const [key, bytes] of Object.entries(objects)) {
    const { body } = await back.open(key, { from: 0, length: bytes.length })
    const chunks: Buffer[] = []
    for await (const chunk of body) chunks.push(Buffer.from(chunk))
    assert.ok(Buffer.concat(chunks).equals(bytes), key)
  }
  const again = await move(state.path, from, target, { skip: 'size and time' })
  assert.deepEqual([again.copied, again.skipped], [0, 123])
  // Within OSS it copies by itself.
  const [first] = await listAll(target, 'many/0')
  assert.ok(first)
  await target.copyWithin(target.addressOf(first), 'copied +/é')
  assert.equal((await target.head('copied +/é'))?.size, first.size)
  assert.deepEqual(oss.refusals, [])
})

test('what is wrong is told: secret, names with a slash in front, the other interface', { skip }, async () => {
  const isCode = (code: string) => (error: unknown) => error instanceof IndexferryError && error.code === code
  await assert.rejects(listAll(await open(at(), 'source', { secretAccessKey: 'wrong' })), isCode('CREDENTIALS_WRONG'))
  await using target = await open(at(), 'target')
  await assert.rejects(target.put('/nameless', { length: 1, bytes: Buffer.from('x') }, {}), (error: unknown) => {
    assert.ok(error instanceof IndexferryError && error.code === 'REQUEST_REFUSED')
    return /InvalidObjectName/.test(error.message) && /base path of the source \(a \/ as %2F\)/.test(error.remedy)
  })
  const before = oss.native.count
  await using asS3 = await open(at(), 'target', { signature: 's3' })
  const bytes = Buffer.from('by S3')
  await asS3.put(
    'by-s3',
    { length: bytes.length, bytes, md5: md5Of(bytes) },
    { contentType: 'text/x-odd', metadata: { tenant: 'blue' } },
  )
  assert.equal(oss.native.count, before)
  const head = await target.head('by-s3')
  assert.deepEqual([head?.headers.contentType, head?.headers.metadata?.tenant], ['text/x-odd', 'blue'])
})

test("Alibaba's own SDK signs as we do, and reads and writes the same", { skip }, async (context) => {
  const sdk = await alibabas()
  if (!sdk) return context.skip(`ali-oss ${sdkVersion} cannot be had from npm`)
  const options = {
    region: 'oss-cn-hangzhou',
    accessKeyId,
    accessKeySecret: secretAccessKey,
    bucket,
    endpoint: oss.endpoint,
  }
  const client = new sdk.Client({ ...options, authorizationV4: true, agent, urllib: undefined })
  const before = oss.native.count
  await using own = await open(at(), 'target')
  const key = 'sdk/ü +%&=.txt'
  await client.put(key, Buffer.from('theirs'), { headers: { 'Content-Type': 'text/plain' } })
  const { body } = await own.open(key, { from: 0, length: 6 })
  assert.equal((await body.next()).value?.toString(), 'theirs')
  for await (const _ of body);
  const bytes = randomBytes(6 * MiB)
  const upload = await own.createUpload('sdk/parts', bytes.length, 5 * MiB, {})
  const parts = []
  for (const [place, piece] of [bytes.subarray(0, 5 * MiB), bytes.subarray(5 * MiB)].entries())
    parts.push({
      number: place + 1,
      size: piece.length,
      etag: await own.putPart(upload, place + 1, { length: piece.length, bytes: piece }),
    })
  await own.completeUpload(upload, parts)
  assert.ok((await client.get('sdk/parts')).content.equals(bytes))
  const theirs: unknown[] = []
  for (let token: string | undefined, more = true; more; ) {
    const page = await client.listV2({
      prefix: 'sdk/',
      'max-keys': '1',
      ...(token ? { 'continuation-token': token } : {}),
    })
    for (const { name, size, etag } of page.objects ?? []) theirs.push([name, size, etag.replaceAll('"', '')])
    token = page.nextContinuationToken
    more = token !== undefined && token !== null
  }
  assert.deepEqual(
    (await listAll(own, 'sdk/')).map((entry) => [entry.key, entry.size, entry.etag]),
    theirs,
  )
  assert.ok(oss.native.count > before + 6)
  assert.deepEqual(
    oss.refusals.filter((line) => line.includes('sdk')),
    [],
  )
})

test("a signature equals that of Alibaba's own SDK, letter by letter", { skip }, async (context) => {
  const sdk = await alibabas()
  if (!sdk) return context.skip(`ali-oss ${sdkVersion} cannot be had from npm`)
  const signing = createRequire(join(sdk.folder, 'package.json'))(join(sdk.folder, 'lib/common/signUtils.js'))
  const signer = new StoreSigner(ossDialect)
  const credentials = { accessKeyId, secretAccessKey, sessionToken: 'a-token' }
  const request = {
    method: 'PUT',
    host: 'movies.oss-cn-hangzhou.aliyuncs.com',
    path: '/movies/a%20b/%C3%BC%2B%27',
    query: [
      ['partNumber', '3'],
      ['uploadId', 'A/B='],
      ['uploads', ''],
    ] as const,
    headers: { 'content-type': 'text/plain', 'content-md5': 'XrY7u+Ae7tCTyyK7j1rNww==', 'x-oss-meta-one': 'two' },
  }
  const headers = signer.sign(request, 'cn-hangzhou', credentials, Date.parse('2026-03-01T12:00:00Z'))
  const { authorization, ...others } = headers
  const theirs = signing.authorizationV4(
    accessKeyId,
    secretAccessKey,
    'cn-hangzhou',
    'PUT',
    { headers: { ...others, host: request.host }, queries: { partNumber: '3', uploadId: 'A/B=', uploads: null } },
    'movies',
    "a b/ü+'",
    ['host'],
  )
  assert.equal(authorization, theirs)
})
