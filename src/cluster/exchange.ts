// One request and its answer over one connection pool. The handler is called by the HTTP parser itself: no streams and no
// promise for each chunk in between, which is half of the CPU time that reading an answer takes.
import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import { IndexferryError } from '../foundation/errors.ts'
import { BodyStream } from './body-stream.ts'

/** A request as it goes over the wire. */
export interface WireRequest {
  /** Where `pool` leads to more than one service. */
  readonly origin?: string
  readonly method: string
  /** With prefix and query. */
  readonly path: string
  readonly headers: Record<string, string>
  /** A body that comes in pieces has its `content-length` among the headers. */
  readonly body: Buffer | AsyncIterable<Buffer> | undefined
  readonly readTimeoutMs: number
  readonly signal: AbortSignal | undefined
  /** Of an answer that is read as a whole. */
  readonly answerBytesMax: number
}

export interface Exchanged<Body extends Buffer | BodyStream = Buffer | BodyStream> {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Body
}

/** No answer that is read as a whole may be larger, unless a connection says less; larger ones are streamed. */
export const answerBytesMax = 1024 ** 3

/** Asking again would bring the same again. */
export const answerTooLarge = (bytesMax: number): IndexferryError =>
  new IndexferryError('ANSWER_INVALID', `is larger than ${bytesMax} bytes, the limit for what is read as a whole`)

export interface StreamWish {
  /** Whether an answer of this status is handed on while it arrives; others are read as a whole. */
  wants(status: number): boolean
  /** What the reader of the stream is told when the connection fails in the middle. */
  translate(error: Error): Error
}

export function exchange(pool: Dispatcher, request: WireRequest, stream?: StreamWish): Promise<Exchanged> {
  return new Promise((resolve, reject) => {
    const { origin, method, path, headers, body, readTimeoutMs } = request
    const handler = new AnswerHandler(request, stream, resolve, reject)
    if (handler.settled) return
    pool.dispatch(
      {
        method: method as Dispatcher.HttpMethod,
        ...(origin === undefined ? {} : { origin }),
        path,
        headers,
        // Pieces are written as they come, and asked for no faster than the connection takes them.
        body: (body ?? null) as Buffer | null,
        headersTimeout: readTimeoutMs,
        bodyTimeout: readTimeoutMs,
      },
      handler,
    )
  })
}

class AnswerHandler implements Dispatcher.DispatchHandler {
  readonly #signal: AbortSignal | undefined
  readonly #bytesMax: number
  readonly #stream: StreamWish | undefined
  readonly #resolve: (exchanged: Exchanged) => void
  readonly #reject: (error: unknown) => void
  #controller: Dispatcher.DispatchController | undefined
  #status = 0
  #headers: IncomingHttpHeaders = {}
  #body: BodyStream | undefined
  /** The whole answer where its length was announced, else its chunks. */
  #buffer: Buffer | undefined
  #chunks: Buffer[] = []
  #length = 0
  settled = false

  constructor(
    { signal, answerBytesMax: bytesMax }: WireRequest,
    stream: StreamWish | undefined,
    resolve: (exchanged: Exchanged) => void,
    reject: (error: unknown) => void,
  ) {
    this.#signal = signal
    this.#bytesMax = bytesMax
    this.#stream = stream
    this.#resolve = resolve
    this.#reject = reject
    if (signal?.aborted) this.#onAbort()
    else signal?.addEventListener('abort', this.#onAbort)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.settled) controller.abort(new Error('aborted before it was sent'))
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    // 1xx only announces the answer.
    if (status < 200) return
    this.#status = status
    this.#headers = headers
    if (this.#stream?.wants(status)) {
      this.#body = new BodyStream(controller, this.#stream.translate)
      this.settled = true
      this.#resolve({ status, headers, body: this.#body })
      return
    }
    const length = Number(headers['content-length'])
    if (length > 0 && length <= this.#bytesMax) this.#buffer = Buffer.allocUnsafe(length)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#body) {
      this.#body.push(chunk)
      return
    }
    const start = this.#length
    this.#length += chunk.length
    if (this.#buffer && this.#length <= this.#buffer.length) chunk.copy(this.#buffer, start)
    else this.#chunks.push(chunk)
    if (this.#length > this.#bytesMax) controller.abort(answerTooLarge(this.#bytesMax))
  }

  onResponseEnd(): void {
    this.#signal?.removeEventListener('abort', this.#onAbort)
    if (this.#body) {
      this.#body.end()
      return
    }
    if (this.settled) return
    this.settled = true
    const whole = this.#buffer?.length === this.#length ? this.#buffer : undefined
    this.#resolve({
      status: this.#status,
      headers: this.#headers,
      body: whole ?? Buffer.concat(this.#chunks, this.#length),
    })
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    this.#signal?.removeEventListener('abort', this.#onAbort)
    if (this.#body) {
      this.#body.fail(error)
      return
    }
    if (this.settled) return
    this.settled = true
    this.#reject(error)
  }

  readonly #onAbort = (): void => {
    const reason: unknown = this.#signal?.reason
    this.#signal?.removeEventListener('abort', this.#onAbort)
    const error = reason instanceof Error ? reason : new Error(String(reason))
    this.#body?.fail(error)
    if (!this.settled) this.#reject(reason)
    this.settled = true
    this.#controller?.abort(error)
  }
}
