// Unpacks answers: what is compressed, whether we asked for it or a proxy did it unasked.
import type { IncomingHttpHeaders } from 'node:http'
import { pipeline } from 'node:stream'
import { promisify } from 'node:util'
import { createUnzip, unzip } from 'node:zlib'
import { answerBytesMax, answerTooLarge } from './exchange.ts'

const unpackWhole = promisify<Buffer, { maxOutputLength: number }, Buffer>(unzip)

/** undefined: as it is; an encoding we cannot read is an error of the caller's wording. */
export function packing(headers: IncomingHttpHeaders): 'none' | 'gzip' | 'unknown' {
  const encoding = headers['content-encoding']?.toLowerCase() ?? 'identity'
  if (encoding === 'identity' || encoding === '') return 'none'
  return encoding === 'gzip' || encoding === 'x-gzip' || encoding === 'deflate' ? 'gzip' : 'unknown'
}

export async function unpack(body: Buffer, bytesMax = answerBytesMax): Promise<Buffer> {
  if (body.length === 0) return body
  try {
    return await unpackWhole(body, { maxOutputLength: bytesMax })
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? answerTooLarge(bytesMax) : error
  }
}

/** Errors of `body` come out unchanged; those of the unpacking go through `translate`. */
export async function* unpackStream(
  body: AsyncIterable<Buffer>,
  translate: (error: Error) => Error,
): AsyncGenerator<Buffer> {
  const unpacked = createUnzip()
  let failure: Error | undefined
  async function* guarded(): AsyncGenerator<Buffer> {
    try {
      yield* body
    } catch (error) {
      failure = error as Error
      throw error
    }
  }
  // Errors come out of the iteration below.
  pipeline(guarded(), unpacked, () => {})
  try {
    for await (const chunk of unpacked) yield chunk as Buffer
  } catch (error) {
    throw failure ?? translate(error as Error)
  }
}
