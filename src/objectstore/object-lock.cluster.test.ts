// A bucket with Object Lock takes nothing without its MD5 in the request: it is played by a proxy that refuses as Amazon does.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
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

const skip = missingFor('versitygw') ?? false
const MiB = 1024 ** 2
let store: StartedStore
before(async () => {
  if (!skip) store = await startObjectStore('versitygw')
})
after(() => store?.[Symbol.asyncDispose]())

test('objects that pass through get their MD5 first where the target wants it', { skip }, async () => {
  const client = clientOf(store)
  const [from, to] = [await makeBucket(client), await makeBucket(client)]
  const objects = { parts: randomBytes(13 * MiB), whole: randomBytes(3 * MiB), small: randomBytes(1_000), empty: '' }
  await fill(client, from, objects)
  const refused: string[] = []
  await using locked = await startChangingProxy(store.url, {
    before: ({ method, url = '', headers }) => {
      if (method !== 'PUT' || headers['content-md5'] !== undefined) return undefined
      refused.push(url)
      const what = url.includes('partNumber') ? 'Part' : 'Object'
      const message = `Content-MD5 OR x-amz-checksum- HTTP header is required for Put ${what} requests with Object Lock parameters`
      return { status: 400, code: 'InvalidRequest', message }
    },
  })
  await using state = await temporaryFolder()
  await using folder = await temporaryFolder()
  const at = (bucket: string, url = store.url) => bucketAt(bucket, url)
  // From a folder nothing has an MD5 that is known before.
  await move(state.path, await open(at(from), 'source'), await open(folder.path, 'target'))
  const notes: string[] = []
  await move(state.path, await open(folder.path, 'source'), await open(at(to, locked.url), 'target'), {
    note: (text) => notes.push(text),
    transfers: 2,
  })
  for (const [key, content] of Object.entries(objects))
    assert.ok((await readObject(client, to, key)).equals(Buffer.from(content)), key)
  assert.ok(refused.length >= 1 && refused.length <= 2, `${refused.length} were refused`)
  assert.equal(notes.length, 1, notes.join('\n'))
})
