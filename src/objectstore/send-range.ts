// A range of a source object on its way into the target: small ones through memory that is used over and over, large ones passed
// through as they come.
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { BufferPool } from '../foundation/buffer-pool.ts'
import { md5Of } from './object-checksum.ts'
import type { ObjectBody, ObjectRange, OpenedObject } from './object-store.ts'
import type { Transfer } from './transfer.ts'

const bufferedMax = 8 * 1024 * 1024
/** Between two connections, for what one has ahead of the other. */
const streamBytes = 512 * 1024
const pool = new BufferPool(3 * bufferedMax)

/** What sending so much takes of the memory that all transfers share. */
export const memoryFor = (length: number): number => (length <= bufferedMax ? length : 4 * streamBytes)

export interface Sent {
  readonly etag: string
  /** Of what was sent. */
  readonly md5: Buffer
}

export interface SendRequest {
  readonly key: string
  readonly range: ObjectRange
  /** Of the version that is wanted. */
  readonly etag: string
  /** The MD5 by what the source says: the store checks it, and nobody has to compute it. */
  readonly md5?: Buffer | undefined
  readonly send: (body: ObjectBody, opened: OpenedObject) => Promise<string>
}

export async function sendRange(transfer: Transfer, request: SendRequest): Promise<Sent> {
  const { key, range, etag } = request
  const { source, signal } = transfer
  const isSmall = range.length <= bufferedMax
  if (isSmall) await transfer.slots.pay(range.length, signal)
  const opened = await source.open(key, range, { ...(etag ? { etag } : {}), signal })
  return isSmall ? sendBuffered(request, opened) : sendStreamed(transfer, request, opened)
}

async function sendBuffered({ range, md5: known, send }: SendRequest, opened: OpenedObject): Promise<Sent> {
  const bytes = pool.take(range.length).subarray(0, range.length)
  let filled = 0
  for await (const chunk of opened.body) filled += chunk.copy(bytes, filled)
  const md5 = known ?? md5Of(bytes)
  const etag = await send({ length: range.length, bytes, md5 }, opened)
  // Only now: a connection that broke may still hold it.
  pool.give(bytes)
  return { etag, md5 }
}

async function sendStreamed(
  { slots, signal }: Transfer,
  { range, md5: known, send }: SendRequest,
  opened: OpenedObject,
): Promise<Sent> {
  const hash = createHash('md5')
  async function* passing() {
    for await (const chunk of opened.body) {
      await slots.pay(chunk.length, signal)
      if (known === undefined) hash.update(chunk)
      yield chunk
    }
  }
  const stream = Readable.from(passing(), { objectMode: false, highWaterMark: streamBytes })
  // What the source did wrong would reach us only as a request that broke off.
  let failure: unknown
  stream.on('error', (error) => {
    failure = error
  })
  try {
    const etag = await send({ length: range.length, stream, ...(known === undefined ? {} : { md5: known }) }, opened)
    return { etag, md5: known ?? hash.digest() }
  } catch (error) {
    throw failure ?? error
  } finally {
    stream.destroy()
  }
}
