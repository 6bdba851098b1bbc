// What a store says of region, clock and credentials, learned from its refusals: by every kind of request, also those whose body has passed
// through, and as the first request of all. What the store answers with a changed signature is gofakes3's, which checks none.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type ChangingProxy, type Interference, startChangingProxy } from '../../test/objectstores/changing-proxy.ts'
import { missingFor, type StartedStore, startObjectStore } from '../../test/objectstores/object-stores.ts'
import { clientOf, makeBucket, readObject } from '../../test/objectstores/store-sides.ts'
import { openHostPool } from '../cluster/host-pool.ts'
import { now } from '../foundation/clock.ts'
import { isErrorOf } from '../foundation/errors.ts'
import { BucketClient, type BucketClientOptions } from './bucket-client.ts'
import { addressOf } from './bucket-endpoint.ts'
import { retrying } from './retry.ts'
import { S3Store } from './s3-store.ts'
import type { StoreCredentials } from './store-credentials.ts'
import { plainSettings } from './store-settings.ts'
import { s3Dialect } from './store-signature.ts'

const skip = missingFor('gofakes3') ?? false
let store: StartedStore
let bucket: string

before(async () => {
  if (skip) return
  store = await startObjectStore('gofakes3')
  bucket = await makeBucket(clientOf(store))
})
after(() => store?.[Symbol.asyncDispose]())

const keys: StoreCredentials = { accessKeyId: 'id', secretAccessKey: 'secret' }

function connect(urlIn: (region: string) => string, options: Partial<BucketClientOptions> = {}): S3Store {
  const client = new BucketClient({
    bucket,
    side: 'target',
    name: `bucket ${bucket}`,
    dialect: s3Dialect,
    region: 'us-east-1',
    addressIn: (region) => addressOf(urlIn(region), bucket, true),
    followsRegion: true,
    credentials: async () => keys,
    poolTo: (origin) =>
      openHostPool({ origin, tls: { rejectUnauthorized: true }, connectTimeoutMs: 5_000, connectionsMax: 8 }),
    readTimeoutMs: 10_000,
    ...options,
  })
  const location = { kind: 's3', bucket, prefix: '' } as const
  return new S3Store({ client, origin: store.url, identity: 'own' }, location, 'target', plainSettings, {})
}

const content = Buffer.from('some bytes')
async function* inPieces() {
  yield content.subarray(0, 4)
  yield content.subarray(4)
}

/** Each of them as the first request that a store gets. */
const requests: Readonly<Record<string, (target: S3Store, key: string) => Promise<unknown>>> = {
  list: (target) => target.list('')[Symbol.asyncIterator]().next(),
  head: (target, key) => target.head(key),
  'put of a buffer': async (target, key) => {
    await target.put(key, { length: content.length, bytes: content }, {})
  },
  'put of a stream': async (target, key) => {
    const put = () => target.put(key, { length: content.length, stream: inPieces() }, {})
    await retrying({ attempts: 5, firstMs: 5, maxMs: 50 }, put)
  },
}

async function eachFirst(open: () => S3Store): Promise<void> {
  for (const [name, request] of Object.entries(requests)) {
    await using target = open()
    const key = name.replaceAll(' ', '-')
    await assert.doesNotReject(request(target, key), name)
    if (name.startsWith('put')) assert.ok((await readObject(clientOf(store), bucket, key)).equals(content), name)
  }
}

async function inFront(interference: Interference): Promise<ChangingProxy> {
  return startChangingProxy(store.url, interference)
}

const scopeOf = (authorization = ''): string | undefined => /Credential=[^/]+\/\d+\/([^/]+)\//.exec(authorization)?.[1]

test('a bucket in another region is found, however Amazon says so', { skip }, async () => {
  const refusals = [
    [301, 'PermanentRedirect'],
    [307, 'TemporaryRedirect'],
    [400, 'AuthorizationHeaderMalformed'],
    [400, 'IllegalLocationConstraintException'],
  ] as const
  for (const [status, code] of refusals) {
    await using wrong = await inFront({ before: () => ({ status, code, region: 'eu-west-1' }) })
    const seen = new Set<string | undefined>()
    await using right = await inFront({
      before: ({ headers }) => {
        seen.add(scopeOf(headers.authorization))
        return undefined
      },
    })
    await eachFirst(() => connect((region) => (region === 'eu-west-1' ? right.url : wrong.url)))
    assert.deepEqual([...seen], ['eu-west-1'], code)
  }
})

test('where the endpoint is named the region is told, not followed', { skip }, async () => {
  await using wrong = await inFront({
    before: () => ({ status: 400, code: 'AuthorizationHeaderMalformed', region: 'eu-west-1' }),
  })
  await using target = connect(() => wrong.url, { followsRegion: false })
  await assert.rejects(
    target.put('a', { length: content.length, bytes: content }, {}),
    (error: unknown) => isErrorOf(error, 'CREDENTIALS_WRONG') && /--target-region eu-west-1/.test(error.remedy),
  )
})

test('a clock that is wrong is set by that of the store', { skip }, async () => {
  const aheadMs = 3 * 3_600_000
  const readDate = (text = '') => Date.parse(text.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5'))
  let taken = 0
  await using later = await inFront({
    before: ({ headers }) => {
      const isClose = Math.abs(readDate(String(headers['x-amz-date'])) - now() - aheadMs) < 60_000
      if (isClose) taken++
      const date = new Date(now() + aheadMs).toUTCString()
      return isClose ? undefined : { status: 403, code: 'RequestTimeTooSkewed', headers: { date } }
    },
    translate: async (request, body) => {
      const { authorization: _, 'x-amz-date': __, ...headers } = request.headers
      return { path: request.url ?? '', headers, ...(request.method === 'PUT' ? { body: await body() } : {}) }
    },
  })
  await eachFirst(() => connect(() => later.url))
  assert.equal(taken, Object.keys(requests).length)
})

test('credentials that have ended are asked for again, once for all requests', { skip }, async () => {
  let code = 'ExpiredToken'
  await using strict = await inFront({
    before: ({ headers }) => (headers['x-amz-security-token'] === 'old' ? { status: 400, code } : undefined),
  })
  let asked = 0
  const renewing = (from: number) => async () => ({ ...keys, sessionToken: asked++ < from ? 'old' : 'new' })
  await using first = connect(() => strict.url, { credentials: renewing(1) })
  const many = Array.from({ length: 12 }, (_, place) => first.put(`at-once-${place}`, bodyOf(content), {}))
  await Promise.all(many)
  assert.equal(asked, 2)
  // Keys that were replaced.
  ;[code, asked] = ['InvalidAccessKeyId', 0]
  await using second = connect(() => strict.url, { credentials: renewing(1) })
  await second.put('replaced', bodyOf(content), {})
  code = 'ExpiredToken'
  await eachFirst(() => {
    asked = 0
    return connect(() => strict.url, { credentials: renewing(1) })
  })
  asked = 0
  await using ended = connect(() => strict.url, { credentials: renewing(1_000) })
  const isTold = (error: unknown) => isErrorOf(error, 'CREDENTIALS_WRONG') && /Get new credentials/.test(error.remedy)
  await assert.rejects(ended.put('never', bodyOf(content), {}), isTold)
  await assert.rejects(ended.put('never', { length: content.length, stream: inPieces() }, {}), isTold)
  assert.ok(asked <= 4, `asked ${asked} times`)
})

const bodyOf = (bytes: Buffer) => ({ length: bytes.length, bytes })
