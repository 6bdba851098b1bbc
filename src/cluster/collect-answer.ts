// An answer of a passed-on request, read as a whole.
import type { IncomingHttpHeaders } from 'node:http'
import { IndexferryError } from '../foundation/errors.ts'
import { packing, unpack } from './incoming.ts'
import type { CredentialsOf, Passage, PassageFailure, PassedRequest } from './passage.ts'

export interface CollectedAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Unpacked. */
  readonly body: Buffer
}

/** Thrown when no answer came. */
export class NoAnswer extends IndexferryError {
  readonly status: PassageFailure['status']

  constructor({ status, error }: PassageFailure) {
    super(error.code, error.message, { side: error.side, remedy: error.remedy, cause: error })
    this.status = status
  }
}

export async function collectAnswer(
  passage: Passage,
  request: PassedRequest,
  options: { readonly as?: CredentialsOf; readonly bytesMax: number; readonly signal?: AbortSignal },
): Promise<CollectedAnswer> {
  const { signal, bytesMax } = options
  signal?.throwIfAborted()
  const answer = await new Promise<CollectedAnswer>((resolve, reject) => {
    let head: { status: number; headers: IncomingHttpHeaders } = { status: 0, headers: {} }
    const chunks: Buffer[] = []
    let length = 0
    const onAbort = () => {
      sent.cancel()
      reject(signal?.reason)
    }
    const settle = (then: () => void) => {
      signal?.removeEventListener('abort', onAbort)
      then()
    }
    const receiver = {
      start: ({ status, headers }: typeof head) => {
        head = { status, headers }
      },
      data: (chunk: Buffer) => {
        chunks.push(chunk)
        length += chunk.length
        if (length <= bytesMax) return
        sent.cancel()
        settle(() => reject(tooLarge(request, bytesMax)))
      },
      end: () => settle(() => resolve({ ...head, body: Buffer.concat(chunks, length) })),
      fail: (failure: PassageFailure) => settle(() => reject(new NoAnswer(failure))),
    }
    const sent = passage.send(request, receiver, options.as)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
  if (request.method === 'HEAD' || packing(answer.headers) !== 'gzip') return answer
  return { ...answer, body: await unpack(answer.body) }
}

const tooLarge = ({ method, url }: PassedRequest, bytesMax: number): IndexferryError =>
  new IndexferryError('ANSWER_INVALID', `the answer to ${method} ${pathOf(url)} is larger than ${bytesMax} bytes`, {
    side: 'target',
  })

const pathOf = (url: string): string => url.split('?', 1)[0] as string
