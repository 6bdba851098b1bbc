// Both sides of a move in tests: opened stores, filled with AWS's own client so that what is read was not written by us.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { parseObjectLocation } from '../../src/model/object-location.ts'
import { MoveJournal } from '../../src/objectstore/move-journal.ts'
import { type MoveRequest, type MoveResult, moveObjects } from '../../src/objectstore/move-objects.ts'
import type { ObjectEntry, ObjectStore } from '../../src/objectstore/object-store.ts'
import { openStore } from '../../src/objectstore/open-store.ts'
import { plainSettings, type StoreSettings, type WriteSettings } from '../../src/objectstore/store-settings.ts'
import { accessKeyId, type StartedStore, secretAccessKey } from './object-stores.ts'

export const clientOf = (store: StartedStore, options: object = {}): S3Client =>
  new S3Client({
    endpoint: store.url,
    region: store.region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    ...options,
  })

let buckets = 0
/** A new bucket with a name of its own. */
export async function makeBucket(client: S3Client): Promise<string> {
  const bucket = `b${process.pid}-${Date.now().toString(36)}-${buckets++}`
  await client.send(new CreateBucketCommand({ Bucket: bucket }))
  return bucket
}

export async function fill(
  client: S3Client,
  bucket: string,
  objects: Readonly<Record<string, Buffer | string>>,
): Promise<void> {
  const entries = Object.entries(objects)
  for (let from = 0; from < entries.length; from += 32)
    await Promise.all(
      entries
        .slice(from, from + 32)
        .map(([key, body]) => client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }))),
    )
}

export const remove = (client: S3Client, bucket: string, key: string) =>
  client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }))

export async function readObject(client: S3Client, bucket: string, key: string): Promise<Buffer> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
  return Buffer.from(await (Body as { transformToByteArray(): Promise<Uint8Array> }).transformToByteArray())
}

/** A bucket of a store, as a location. */
export const bucketAt = (bucket: string, url: string): string => `s3://${bucket}?endpoint=${url}&region=us-east-1`

export function open(
  text: string,
  side: 'source' | 'target',
  settings: Partial<StoreSettings> = {},
  writing: WriteSettings = {},
): Promise<ObjectStore> {
  const location = parseObjectLocation(text, side === 'source' ? 'SOURCE' : 'TARGET')
  return openStore({
    location,
    side,
    settings: { ...plainSettings, accessKeyId, secretAccessKey, ...settings },
    writing,
    env: {},
  })
}

export async function listAll(store: ObjectStore, prefix = ''): Promise<ObjectEntry[]> {
  const entries: ObjectEntry[] = []
  for await (const page of store.list(prefix)) entries.push(...page)
  return entries
}

export async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'indexferry-objects-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** Short pauses: what is tested is that it is tried again. */
export const quickRetries = { attempts: 14, firstMs: 5, maxMs: 50 }

/** A whole move with a journal in `state`. */
export async function move(
  state: string,
  source: ObjectStore,
  target: ObjectStore,
  options: Partial<MoveRequest> = {},
): Promise<MoveResult> {
  const { sourcePrefix = '', targetPrefix = '' } = options
  using journal = MoveJournal.open(state, source.placeOf(sourcePrefix), target.placeOf(targetPrefix))
  return await moveObjects({
    source,
    target,
    sourcePrefix,
    targetPrefix,
    journal,
    skip: 'never',
    deleteExtra: false,
    transfers: 16,
    partSize: 5 * 1024 * 1024,
    serverSide: 'auto',
    rounds: 3,
    restart: false,
    signal: new AbortController().signal,
    retries: quickRetries,
    ...options,
  })
}
