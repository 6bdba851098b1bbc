// Lets the cluster answer: the request goes on as it came, the answer comes back as the cluster gave it, both while they arrive.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { Flow, Passage, PassageFailure, PassedHead, PassedReceiver } from '../../cluster/passage.ts'
import { keptHeaders, passedAnswerHeaders } from '../../cluster/passed-headers.ts'
import type { IncomingBody } from './incoming-body.ts'
import { withoutOrigin } from './router.ts'

/** What is sent in place of what came. */
export interface PassChange {
  readonly url?: string
  /** Unpacked. */
  readonly body?: Buffer | Readable
}

export interface PassedCall {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly body: IncomingBody
  /** Answers for the cluster where it cannot: nothing was sent back yet. */
  fail(failure: PassageFailure): void
  /** Answers a body that could not be read. */
  refuse(error: unknown): void
  /** Told the status of what the cluster answered. */
  onAnswer(status: number): void
}

export function passThrough(passage: Passage, call: PassedCall, change: PassChange = {}): void {
  const { body } = call
  if (change.body !== undefined) {
    send(passage, call, change.body, change)
    return
  }
  // A body that a handler has read is sent from memory; a small one is read before anything is sent, so that it needs no stream.
  const whole = body.readRaw ?? (body.isThere && (body.isSmall || passage.signs) ? body.raw() : undefined)
  if (whole) whole.then((bytes) => send(passage, call, bytes, change), call.refuse)
  else send(passage, call, body.isThere ? body.stream() : undefined, change)
}

function send(passage: Passage, call: PassedCall, body: Buffer | Readable | undefined, change: PassChange): void {
  const { request, response } = call
  if (response.destroyed) return
  const { method = 'GET', rawHeaders } = request
  const url = change.url ?? withoutOrigin(request.url ?? '/')
  const headers = change.body === undefined ? rawHeaders : unpackedHeaders(rawHeaders)
  const sent = passage.send({ method, url, headers, body }, new Return(call, body))
  // The cluster cancels what nobody waits for any more when it sees the connection close.
  response.once('close', () => {
    if (!response.writableFinished) sent.cancel()
    if (body && !Buffer.isBuffer(body)) body.destroy()
  })
}

/** Of a body that is another one now. */
const unpackedHeaders = (headers: readonly string[]): string[] =>
  keptHeaders(headers, (name) => name !== 'content-encoding' && name !== 'content-length')

/** undici reads the bytes as UTF-8, Node writes Latin-1 and refuses control characters. */
const asSent = (statusText: string): string =>
  Buffer.from(statusText)
    .toString('latin1')
    .replace(/[^\t\x20-\x7e\x80-\xff]/g, ' ')

/** The way back. */
class Return implements PassedReceiver {
  readonly #call: PassedCall
  readonly #response: ServerResponse
  readonly #body: Buffer | Readable | undefined

  constructor(call: PassedCall, body: Buffer | Readable | undefined) {
    this.#call = call
    this.#response = call.response
    this.#body = body
  }

  start({ status, statusText, rawHeaders }: PassedHead, flow: Flow): void {
    const response = this.#response
    // Neither Date nor Connection of our own: the answer is the cluster's.
    response.sendDate = false
    response.removeHeader('connection')
    const chunked = this.#call.request.httpVersion !== '1.0'
    response.writeHead(status, asSent(statusText), passedAnswerHeaders(rawHeaders, chunked))
    response.on('drain', () => flow.resume())
    this.#flow = flow
    this.#call.onAnswer(status)
  }

  #flow: Flow | undefined

  data(chunk: Buffer): void {
    if (!this.#response.write(chunk)) this.#flow?.pause()
  }

  end(): void {
    this.#response.end()
  }

  fail(failure: PassageFailure): void {
    // An answer that ends here must not look whole.
    if (this.#response.headersSent) this.#response.destroy()
    else if (this.#body && !Buffer.isBuffer(this.#body) && this.#body.errored) this.#call.refuse(this.#body.errored)
    else this.#call.fail(failure)
  }
}
