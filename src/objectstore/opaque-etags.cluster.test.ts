// Buckets whose objects are encrypted with a key of the user's (SSE-KMS): their ETags look like MD5s and are none. Played by a proxy that
// changes every ETag of a real store, and says in the answers for one object how it is encrypted, as Amazon does.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { startChangingProxy } from '../../test/objectstores/changing-proxy.ts'
import { missingFor, type StartedStore, startObjectStore } from '../../test/objectstores/object-stores.ts'
import {
  bucketAt,
  clientOf,
  fill,
  makeBucket,
  move,
  open,
  readObject,
  temporaryFolder,
} from '../../test/objectstores/store-sides.ts'
import { auditObjects, type ObjectDifference } from './audit-objects.ts'
import type { ObjectStore } from './object-store.ts'

const skip = missingFor('versitygw') ?? false
let store: StartedStore
before(async () => {
  if (!skip) store = await startObjectStore('versitygw')
})
after(() => store?.[Symbol.asyncDispose]())

const other = (etags: string): string =>
  etags.replace(/\b[0-9a-f]{32}\b/g, (etag) => createHash('md5').update(`of another key ${etag}`).digest('hex'))

/** Reads only: If-Match has to be put back. */
async function encrypted(isTold: boolean) {
  const real = new Map<string, string>()
  const changed = (etags: string) => {
    for (const etag of etags.match(/\b[0-9a-f]{32}\b/g) ?? []) real.set(other(etag), etag)
    return other(etags)
  }
  return startChangingProxy(store.url, {
    before: ({ headers }) => {
      const wanted = headers['if-match']
      if (wanted) headers['if-match'] = wanted.replace(/[0-9a-f]{32}/, (etag) => real.get(etag) ?? etag)
      return undefined
    },
    xml: (_, text) => changed(text),
    headers: (_, headers) => ({
      ...headers,
      ...(headers.etag ? { etag: changed(String(headers.etag)) } : {}),
      ...(isTold && headers.etag ? { 'x-amz-server-side-encryption': 'aws:kms' } : {}),
    }),
  })
}

async function audit(source: ObjectStore, target: ObjectStore): Promise<string[]> {
  const found: ObjectDifference[] = []
  await auditObjects({
    source,
    target,
    sourcePrefix: '',
    targetPrefix: '',
    level: 'general',
    exact: true,
    transfers: 4,
    signal: new AbortController().signal,
    onDifference: (difference) => found.push(difference),
  })
  return found.map(({ key, kind }) => `${key} ${kind}`).sort()
}

test('encrypted objects are read and written once each, and an audit does not take their ETags for MD5s', {
  skip,
}, async () => {
  const client = clientOf(store)
  const [from, to] = [await makeBucket(client), await makeBucket(client)]
  const objects = { empty: '', large: randomBytes(2 * 1024 ** 2), small: 'one', 'a/b': 'two' }
  await fill(client, from, objects)
  await using told = await encrypted(true)
  let puts = 0
  await using counting = await startChangingProxy(store.url, {
    before: ({ method }) => {
      if (method === 'PUT') puts++
      return undefined
    },
  })
  await using state = await temporaryFolder()
  const source = await open(bucketAt(from, told.url), 'source')
  const target = await open(bucketAt(to, counting.url), 'target')
  const result = await move(state.path, source, target)
  assert.equal(result.copied, 4)
  for (const [key, content] of Object.entries(objects))
    assert.ok((await readObject(client, to, key)).equals(Buffer.from(content)), key)
  assert.equal(puts, 4, 'none is refused for an MD5 that is none')
  const again = await move(state.path, source, target, { skip: 'size and time' })
  assert.deepEqual([again.copied, again.skipped], [0, 4])
  assert.deepEqual(await audit(source, target), [])
  await using untold = await encrypted(false)
  const differing = await audit(await open(bucketAt(from, untold.url), 'source'), target)
  assert.deepEqual(
    differing,
    Object.keys(objects)
      .map((key) => `${key} etag`)
      .sort(),
  )
})
