// One suite that every store passes: what moving and comparing rest on.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import {
  missingFor,
  type StartedStore,
  type StoreName,
  startObjectStore,
} from '../../test/objectstores/object-stores.ts'
import { clientOf, listAll, makeBucket, open, temporaryFolder } from '../../test/objectstores/store-sides.ts'
import { IndexferryError } from '../foundation/errors.ts'
import { compareKeys } from './key-order.ts'
import { md5Of, multipartEtag } from './object-checksum.ts'
import type { ObjectStore } from './object-store.ts'

const MiB = 1024 ** 2

interface Place {
  readonly store: ObjectStore
  readonly started: StartedStore | undefined
  readonly bucket: string
}

async function content(store: ObjectStore, key: string, from: number, length: number): Promise<Buffer> {
  const { body } = await store.open(key, { from, length })
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

const put = (store: ObjectStore, key: string, bytes: Buffer, headers = {}) =>
  store.put(key, { length: bytes.length, bytes, md5: md5Of(bytes) }, headers)

const isCode = (code: string) => (error: unknown) => error instanceof IndexferryError && error.code === code

const checks: Readonly<Record<string, (place: Place) => Promise<void>>> = {
  'puts, looks up, reads whole and in ranges': async ({ store }) => {
    const bytes = randomBytes(100_000)
    const etag = await put(store, 'one/two', bytes)
    const head = await store.head('one/two')
    assert.equal(head?.size, bytes.length)
    assert.equal(head?.etag, etag)
    assert.ok(Math.abs((head?.modifiedMs ?? 0) - Date.now()) < 60_000)
    assert.deepEqual(await content(store, 'one/two', 0, bytes.length), bytes)
    assert.deepEqual(await content(store, 'one/two', 99_990, 10), bytes.subarray(99_990))
    assert.deepEqual(await content(store, 'one/two', 0, 1), bytes.subarray(0, 1))
    await put(store, 'empty', Buffer.alloc(0))
    assert.deepEqual(await content(store, 'empty', 0, 0), Buffer.alloc(0))
    assert.equal((await store.head('empty'))?.size, 0)
  },
  'knows what is not there, and what is another version': async ({ store }) => {
    assert.equal(await store.head('nothing'), undefined)
    await assert.rejects(content(store, 'nothing', 0, 1), isCode('OBJECT_MISSING'))
    const etag = await put(store, 'versions', Buffer.from('first'))
    await put(store, 'versions', Buffer.from('other'))
    await assert.rejects(store.open('versions', { from: 0, length: 5 }, { etag }), isCode('OBJECT_CHANGED'))
    await store.delete('versions')
    await store.delete('versions')
    assert.equal(await store.head('versions'), undefined)
    await assert.rejects(
      (async () => {
        const opened = await store.open('empty-not', { from: 0, length: 1 })
        for await (const _ of opened.body);
      })(),
      isCode('OBJECT_MISSING'),
    )
  },
  'a range beyond the end is an error, not a short answer': async ({ store }) => {
    await put(store, 'short', Buffer.from('abc'))
    await assert.rejects(content(store, 'short', 0, 10))
  },
  'lists by prefix in the order of bytes, over pages': async ({ store }) => {
    const keys = ['l/a', 'l/a-b', 'l/a.c/x', 'l/a/b', 'l/Z', 'l/é', 'l/漢', 'l0', 'l/ b', 'l/a+b', 'l/a%20b', 'l/~']
    // Services that keep objects as files cannot have l/a and l/a/b.
    const possible = keys.filter((key) => key !== 'l/a')
    const many = Array.from({ length: 45 }, (_, place) => `l/many/${place}`)
    for (let from = 0; from < many.length; from += 50)
      await Promise.all(many.slice(from, from + 50).map((key) => put(store, key, Buffer.from(key))))
    for (const key of possible) await put(store, key, Buffer.from(key))
    const listed = (await listAll(store, 'l/')).map((entry) => entry.key)
    const expected = [...possible.filter((key) => key.startsWith('l/')), ...many].sort(compareKeys)
    assert.deepEqual(listed, expected)
    assert.equal((await listAll(store, 'l/many/1')).length, 11)
    assert.deepEqual(await listAll(store, 'none/'), [])
    const [entry] = await listAll(store, 'l/Z')
    assert.equal(entry?.size, 3)
    assert.equal(entry?.etag, (await store.head('l/Z'))?.etag)
  },
  'keeps names with every character': async ({ store }) => {
    const names = [
      'a b',
      'a+b',
      'a%20b',
      'a%2Fb',
      'ünï/çödé 漢字',
      '😀',
      'q?x=1&y',
      'h#i',
      `"quo'te<>&`,
      'semi;colon',
      'star*',
      '~t',
      '.hidden',
      'x=y,z@w:!$()[]{}|^`',
    ]
    for (const name of names) await put(store, `n/${name}`, Buffer.from(name))
    assert.deepEqual(
      (await listAll(store, 'n/')).map(({ key }) => key),
      names.map((name) => `n/${name}`).sort(compareKeys),
    )
    for (const name of names) {
      const bytes = Buffer.from(name)
      assert.deepEqual(await content(store, `n/${name}`, 0, bytes.length), bytes, name)
    }
    for (const name of names) await store.delete(`n/${name}`)
    assert.deepEqual(await listAll(store, 'n/'), [])
  },
  'takes objects in parts, tells which it has, and gives them up': async ({ store, started }) => {
    const bytes = randomBytes(11 * MiB)
    const upload = await store.createUpload('parts', bytes.length, 5 * MiB, {})
    const pieces = [bytes.subarray(0, 5 * MiB), bytes.subarray(5 * MiB, 10 * MiB), bytes.subarray(10 * MiB)]
    const send = async (number: number) => {
      const piece = pieces[number - 1] as Buffer
      return {
        number,
        size: piece.length,
        etag: await store.putPart(upload, number, { length: piece.length, bytes: piece, md5: md5Of(piece) }),
      }
    }
    const third = await send(3)
    const first = await send(1)
    assert.deepEqual(await store.listParts(upload), [first, third])
    assert.equal(await store.head('parts'), undefined)
    const second = await send(2)
    const etag = await store.completeUpload(upload, [first, second, third])
    assert.deepEqual(await content(store, 'parts', 0, bytes.length), bytes)
    if (started?.name !== 'gofakes3') assert.equal((await store.head('parts'))?.etag, etag)
    // gofakes3 tells something else, as services may: copy-parts.ts reads such objects again.
    if (store.abilities.etagIsMd5 && started?.name !== 'gofakes3') assert.equal(etag, multipartEtag(pieces.map(md5Of)))
    const other = await store.createUpload('given-up', 10 * MiB, 5 * MiB, {})
    await store.abortUpload(other)
    await store.abortUpload(other)
    // S3Proxy knows no difference between an upload without parts and none.
    assert.deepEqual((await store.listParts(other)) ?? [], [])
    assert.equal(await store.head('given-up'), undefined)
  },
}

/** What only services with an address have. */
const ofServices: typeof checks = {
  'refuses content that is not what was announced': async ({ store }) => {
    await assert.rejects(
      store.put('bad', { length: 3, bytes: Buffer.from('abc'), md5: md5Of(Buffer.from('other')) }, {}),
      IndexferryError,
    )
    assert.equal(await store.head('bad'), undefined)
  },
  'keeps headers and metadata': async ({ store }) => {
    const headers = { contentType: 'text/x-odd', metadata: { tenant: 'blue' } }
    await put(store, 'headers', Buffer.from('x'), headers)
    const found = (await store.head('headers'))?.headers
    assert.equal(found?.contentType, 'text/x-odd')
    assert.equal(found?.metadata?.tenant, 'blue')
  },
  'copies by itself, whole and in parts': async ({ store, started }) => {
    const bytes = randomBytes(6 * MiB)
    const etag = await put(store, 'from +%é', bytes)
    const from = {
      bucket: store.addressOf({ key: '', size: 0, modifiedMs: 0, etag: '' }).bucket,
      key: 'from +%é',
      etag,
    }
    await store.copyWithin(from, 'copied')
    assert.deepEqual(await content(store, 'copied', 0, bytes.length), bytes)
    if (started?.name === 'gofakes3') return
    const upload = await store.createUpload('copied-parts', bytes.length, 5 * MiB, {})
    const parts = []
    for (const [place, [start, length]] of [
      [0, 5 * MiB],
      [5 * MiB, MiB],
    ].entries())
      parts.push({
        number: place + 1,
        size: length as number,
        etag: await store.copyPartWithin(from, upload, place + 1, { from: start as number, length: length as number }),
      })
    await store.completeUpload(upload, parts)
    assert.deepEqual(await content(store, 'copied-parts', 0, bytes.length), bytes)
  },
  'tells what is wrong with address, bucket and keys': async ({ started, bucket }) => {
    const { url } = started as StartedStore
    const list = (store: ObjectStore) => listAll(store)
    await assert.rejects(
      list(await open(`s3://no-such-bucket-here?endpoint=${url}`, 'source')),
      isCode('BUCKET_MISSING'),
    )
    if (started?.name === 'gofakes3') return
    const wrong = { secretAccessKey: 'wrongsecret' }
    await assert.rejects(
      list(await open(`s3://${bucket}?endpoint=${url}`, 'source', wrong)),
      isCode('CREDENTIALS_WRONG'),
    )
    const anonymous = await open(`s3://${bucket}?endpoint=${url}`, 'source', { anonymous: true })
    await assert.rejects(list(anonymous), isCode('PRIVILEGE_MISSING'))
  },
}

async function check(place: Place, names: readonly (typeof checks)[], context: { test: typeof test }): Promise<void> {
  for (const table of names) for (const [name, run] of Object.entries(table)) await context.test(name, () => run(place))
}

for (const name of ['s3proxy', 'versitygw', 'gofakes3'] satisfies StoreName[]) {
  test(`a bucket of ${name}`, { skip: missingFor(name) ?? false }, async (context) => {
    await using started = await startObjectStore(name)
    const bucket = await makeBucket(clientOf(started))
    await using store = await open(`s3://${bucket}?endpoint=${started.url}&region=us-east-1`, 'target', {
      pageSize: 10,
    })
    await check({ store, started, bucket }, [checks, ofServices], context as never)
  })
}

test('a folder', async (context) => {
  await using folder = await temporaryFolder()
  await using store = await open(folder.path, 'target')
  await check({ store, started: undefined, bucket: '' }, [checks], context as never)
})
