// Two local stores, filled and looked into by AWS's own client, so that neither tool vouches for itself.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import type { StartedStore } from '../../test/objectstores/object-stores.ts'
import { clientOf, makeBucket } from '../../test/objectstores/store-sides.ts'
import { keyOf, makeObject, type ObjectSet } from './object-set.ts'

export interface FilledBucket {
  readonly store: StartedStore
  readonly bucket: string
  readonly set: ObjectSet
  /** MD5s by key. */
  readonly digests: ReadonlyMap<string, string>
}

const atOnce = 16

async function forEachOf(count: number, work: (n: number) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async () => {
    for (let n = next++; n < count; n = next++) await work(n)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

export async function fillBucket(store: StartedStore, set: ObjectSet, signal: AbortSignal): Promise<FilledBucket> {
  const client = clientOf(store)
  const bucket = await makeBucket(client)
  const digests = new Map<string, string>()
  await forEachOf(set.sizes.length, async (n) => {
    signal.throwIfAborted()
    const { key, bytes } = makeObject(set, n)
    digests.set(key, createHash('md5').update(bytes).digest('hex'))
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes }))
  })
  client.destroy()
  return { store, bucket, set, digests }
}

export async function emptyBucket(store: StartedStore): Promise<string> {
  const client = clientOf(store)
  try {
    return await makeBucket(client)
  } finally {
    client.destroy()
  }
}

/** Every store here keeps a bucket as a folder. */
export const dropBucket = (store: StartedStore, bucket: string): Promise<void> =>
  rm(join(store.folder, bucket), { recursive: true, force: true })

/** Reads everything; throws at the first thing that is not as it should be. Small objects beyond the first thousand by their ETag. */
export async function checkBucket(source: FilledBucket, store: StartedStore, bucket: string): Promise<void> {
  const client = clientOf(store)
  const listed = await listBucket(client, bucket)
  assert.equal(listed.size, source.digests.size, 'number of objects')
  for (const [key, digest] of source.digests) assert.equal(listed.get(key), digest, `ETag of ${key}`)
  const { sizes } = source.set
  await forEachOf(sizes.length, async (n) => {
    if (n >= 1_000 && (sizes[n] as number) < 4_096) return
    const key = keyOf(n)
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
    const hash = createHash('md5')
    for await (const chunk of Body as AsyncIterable<Buffer>) hash.update(chunk)
    assert.equal(hash.digest('hex'), source.digests.get(key), `content of ${key}`)
  })
  client.destroy()
}

async function listBucket(client: S3Client, bucket: string): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (let token: string | undefined, more = true; more; ) {
    const page = await client.send(new ListObjectsV2Command({ Bucket: bucket, ContinuationToken: token }))
    for (const { Key = '', ETag = '' } of page.Contents ?? []) found.set(Key, ETag.replaceAll('"', ''))
    token = page.NextContinuationToken
    more = page.IsTruncated === true
  }
  return found
}
