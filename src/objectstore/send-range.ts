// A range of a source object on its way into the target: small ones through memory that is used over and over, large ones passed
// through as they come.
import { createHash, type Hash } from 'node:crypto'
import { BufferPool } from '../foundation/buffer-pool.ts'
import { isErrorOf } from '../foundation/errors.ts'
import { md5Of } from './object-checksum.ts'
import type { ObjectBody, ObjectRange, OpenedObject } from './object-store.ts'
import { hashRange, type Transfer } from './transfer.ts'

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
  /** The ETag of the source says nothing about its content. */
  readonly isEtagOpaque: boolean
}

export interface SendRequest {
  readonly key: string
  readonly range: ObjectRange
  /** Of the version that is wanted. */
  readonly etag: string
  /** The MD5 by the ETag of the source: the store checks it, and nobody has to compute it. */
  readonly md5?: Buffer | undefined
  readonly send: (body: ObjectBody, opened: OpenedObject) => Promise<string>
}

export async function sendRange(transfer: Transfer, request: SendRequest): Promise<Sent> {
  const isLarge = request.range.length > bufferedMax
  const readBefore = () => hashSource(transfer, request)
  const isReadBefore = transfer.wantsMd5 && isLarge && request.md5 === undefined
  try {
    return await sendOnce(transfer, request, isReadBefore ? await readBefore() : undefined)
  } catch (error) {
    if (!isLarge || isReadBefore || !isWithoutMd5(error)) throw error
    if (!transfer.wantsMd5) transfer.note('the target takes nothing without its MD5: large objects are read twice')
    transfer.wantsMd5 = true
    return await sendOnce(transfer, request, await readBefore())
  }
}

/** "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Part requests with Object Lock parameters" */
const isWithoutMd5 = (error: unknown): boolean =>
  isErrorOf(error, 'REQUEST_REFUSED') && /Content-MD5.* is required/i.test(error.message)

const hashSource = ({ source, signal }: Transfer, { key, range, etag }: SendRequest): Promise<Buffer> =>
  hashRange(source, key, range, { ...(etag ? { etag } : {}), signal })

/** `computed`: of what is passed through as it comes the MD5 is known only in the end, unless it was read before. */
async function sendOnce(transfer: Transfer, request: SendRequest, computed: Buffer | undefined): Promise<Sent> {
  const { key, range, etag } = request
  const { source, signal } = transfer
  const isSmall = range.length <= bufferedMax
  if (isSmall) await transfer.slots.pay(range.length, signal)
  const opened = await source.open(key, range, { ...(etag ? { etag } : {}), signal })
  const { isEtagOpaque = false } = opened.head
  const known = { ...request, md5: computed ?? (isEtagOpaque ? undefined : request.md5) }
  try {
    const sent = await (isSmall ? sendBuffered(known, opened) : sendStreamed(transfer, known, opened))
    return { ...sent, isEtagOpaque }
  } finally {
    // The rest of a body that the target did not want holds a connection.
    await opened.body.return?.()
  }
}

type SentBytes = Omit<Sent, 'isEtagOpaque'>

async function sendBuffered({ range, md5: known, send }: SendRequest, opened: OpenedObject): Promise<SentBytes> {
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
): Promise<SentBytes> {
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
