// What the campaign of killed object copies moves, from where to where, and what must hold in the end.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { access, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ListMultipartUploadsCommand, type S3Client } from '@aws-sdk/client-s3'
import type { StartedStore } from '../objectstores/object-stores.ts'
import type { PlayedOss } from '../objectstores/oss-quirks.ts'
import { repositoryFiles } from '../objectstores/snapshot-files.ts'
import { clientOf, fill, makeBucket, readObject } from '../objectstores/store-sides.ts'

const MiB = 1024 ** 2

export type Objects = Readonly<Record<string, Buffer>>

/** Two large objects, many small ones, and a snapshot repository. */
export function campaignObjects(chance: () => number): Objects {
  const bytes = (size: number) => {
    const block = Buffer.from(Array.from({ length: 4096 }, () => Math.floor(chance() * 256)))
    const made = Buffer.alloc(size, block)
    for (let at = 0; at + 4 <= size; at += 4096) made.writeUInt32BE(at, at)
    return made
  }
  const objects: Record<string, Buffer> = {
    'a-large': bytes(22 * MiB + 5),
    'z large+é': bytes(33 * MiB),
    empty: Buffer.alloc(0),
  }
  for (let n = 0; n < 80; n++) objects[`small/${n}`] = bytes(100 + Math.floor(chance() * 20_000))
  for (const [key, text] of Object.entries(repositoryFiles(1))) objects[`repository/${key}`] = Buffer.from(text)
  return objects
}

export interface Place {
  readonly url: string
  readonly env: Readonly<Record<string, string>>
  /** Throws unless everything is there, nothing else, and nothing half. */
  check(objects: Objects): Promise<void>
  clear(): Promise<void>
}

export async function bucketPlace(store: StartedStore, url: string): Promise<Place> {
  const client = clientOf(store)
  const bucket = await makeBucket(client)
  return {
    url: `s3://${bucket}/base?endpoint=${url}`,
    env: store.env,
    check: (objects) => checkBucket(store, client, bucket, objects),
    clear: () => rm(join(store.folder, bucket, 'base'), { recursive: true, force: true }),
  }
}

export async function ossPlace(oss: PlayedOss, client: S3Client): Promise<Place> {
  const bucket = await makeBucket(client)
  const { accessKeyId = '', secretAccessKey = '' } = await client.config.credentials()
  return {
    url: `oss://${bucket}/base?endpoint=${oss.endpoint}&region=${oss.region}`,
    env: { OSS_ACCESS_KEY_ID: accessKeyId, OSS_ACCESS_KEY_SECRET: secretAccessKey },
    check: (objects) => checkBucket(oss.store, client, bucket, objects),
    clear: () => rm(join(oss.store.folder, bucket, 'base'), { recursive: true, force: true }),
  }
}

/** The files of the store's own folder are what it holds; it is asked for uploads that nobody has ended. */
async function checkBucket(store: StartedStore, client: S3Client, bucket: string, objects: Objects): Promise<void> {
  const folder = join(store.folder, bucket, 'base')
  await checkFiles(folder, objects)
  for (const key of ['a-large', 'small/1', 'repository/index-1'])
    assert.ok((await readObject(client, bucket, `base/${key}`)).equals(objects[key] as Buffer), key)
  const { Uploads: left = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))
  assert.deepEqual(
    left.map(({ Key }) => Key),
    [],
    'no upload is left behind',
  )
}

export function folderPlace(path: string): Place {
  return {
    url: path,
    env: {},
    check: async (objects) => {
      await checkFiles(path, objects)
      await assert.rejects(access(join(path, '.indexferry')), 'no temporary file is left behind')
    },
    clear: () => rm(path, { recursive: true, force: true }),
  }
}

async function checkFiles(folder: string, objects: Objects): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const found = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
  assert.deepEqual(found.sort(), Object.keys(objects).sort())
  const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
  for (const [key, bytes] of Object.entries(objects))
    assert.equal(digest(await readFile(join(folder, key))), digest(bytes), key)
}

export async function fillFolder(path: string, objects: Objects): Promise<void> {
  for (const [key, bytes] of Object.entries(objects)) {
    await mkdir(dirname(join(path, key)), { recursive: true })
    await writeFile(join(path, key), bytes)
  }
}

export async function fillBase(store: StartedStore, objects: Objects): Promise<Place> {
  const client = clientOf(store)
  const bucket = await makeBucket(client)
  await fill(client, bucket, Object.fromEntries(Object.entries(objects).map(([key, bytes]) => [`base/${key}`, bytes])))
  return {
    url: `s3://${bucket}/base?endpoint=${store.url}`,
    env: store.env,
    check: (all) => checkBucket(store, client, bucket, all),
    clear: async () => {},
  }
}
