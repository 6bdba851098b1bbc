// A range of a source object on its way into the target: small ones through memory that is used over and over, large ones passed
// through as they come.
import { createHash, type Hash } from 'node:crypto'
import { BufferPool } from '../foundation/buffer-pool.ts'
import { md5Of } from './object-checksum.ts'
import type { ObjectBody, ObjectRange, OpenedObject } from './object-store.ts'
import type { Transfer } from './transfer.ts'

const bufferedMax = 256 * 1024
/** Between two connections, for what one has ahead of the other. */
const streamBytes = 512 * 1024
const pool = new BufferPool(32 * bufferedMax)

/** What sending so much takes of the memory that all transfers share. */
export const memoryFor = (length: number): number => (length <= bufferedMax ? length : 2 * streamBytes)

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
  try {
    return await (isSmall ? sendBuffered(request, opened) : sendStreamed(transfer, request, opened))
  } finally {
    // The rest of a body that the target did not want holds a connection.
    await opened.body.return?.()
  }
}

async function sendBuffered({ range, md5: known, send }: SendRequest, opened: OpenedObject): Promise<Sent> {
  const first = await opened.body.next()
  // Most small objects come in one piece, which needs no copy of its own.
  const isWhole = !first.done && first.value.length === range.length
  const bytes = isWhole ? first.value : pool.take(range.length).subarray(0, range.length)
  let filled = first.done || isWhole ? 0 : first.value.copy(bytes)
  for await (const chunk of opened.body) filled += chunk.copy(bytes, filled)
  const md5 = known ?? md5Of(bytes)
  const etag = await send({ length: range.length, bytes, md5 }, opened)
  // Only now: a connection that broke may still hold it.
  if (!isWhole) pool.give(bytes)
  return { etag, md5 }
}

async function sendStreamed(
  { slots, signal }: Transfer,
  { range, md5: known, send }: SendRequest,
  { head, body }: OpenedObject,
): Promise<Sent> {
  const hash = known === undefined ? createHash('md5') : undefined
  const stream = new PassingBody(body, async (chunk) => {
    hash?.update(chunk)
    if (slots.isLimited) await slots.pay(chunk.length, signal)
  })
  try {
    const etag = await send(
      { length: range.length, stream, ...(known === undefined ? {} : { md5: known }) },
      { head, body },
    )
    return { etag, md5: known ?? (hash as Hash).digest() }
  } catch (error) {
    // What the source did wrong reaches us only as a request that broke off.
    throw stream.failure ?? error
  }
}

class PassingBody implements AsyncIterableIterator<Buffer> {
  failure: unknown
  readonly #body: AsyncIterableIterator<Buffer>
  readonly #each: (chunk: Buffer) => Promise<void>

  constructor(body: AsyncIterableIterator<Buffer>, each: (chunk: Buffer) => Promise<void>) {
    this.#body = body
    this.#each = each
  }

  async next(): Promise<IteratorResult<Buffer>> {
    try {
      const result = await this.#body.next()
      if (!result.done) await this.#each(result.value)
      return result
    } catch (error) {
      this.failure = error
      throw error
    }
  }

  async return(): Promise<IteratorResult<Buffer>> {
    await this.#body.return?.()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
