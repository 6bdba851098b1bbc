// Hands requests of others on to a cluster as they came, and its answers back while they arrive: the wire of the gateway. Unlike
// HttpCluster it adds nothing, repeats nothing that the cluster may have seen, and judges no status.
import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { type Dispatcher, errors } from 'undici'
import type { ErrorCode } from '../foundation/error-codes.ts'
import { IndexferryError } from '../foundation/errors.ts'
import { type Authenticator, authenticator } from './authentication.ts'
import type { ResolvedConnection } from './connection.ts'
import { explainNetworkError, isTimeout } from './network-errors.ts'
import { type ClusterNode, failedToConnect, NodeRing } from './node-ring.ts'
import { encodeStrictly, queryString } from './outgoing.ts'
import { type HeaderChange, passedRequestHeaders, type RawHeaders } from './passed-headers.ts'
import type { TlsParameters } from './tls.ts'

export interface PassedRequest {
  readonly method: string
  /** Path and query as they came; begins with `/`. */
  readonly url: string
  readonly headers: RawHeaders
  /** A stream is read as fast as the cluster takes it, and not before a connection stands. Signed requests need a buffer. */
  readonly body: Buffer | Readable | undefined
}

export interface PassedHead {
  readonly status: number
  readonly statusText: string
  readonly rawHeaders: RawHeaders
  readonly headers: IncomingHttpHeaders
}

/** Slows the cluster down. */
export interface Flow {
  pause(): void
  resume(): void
}

/** Told what comes back, in this order; nothing more after `end` or `fail`, and nothing after `cancel`. */
export interface PassedReceiver {
  start(head: PassedHead, flow: Flow): void
  data(chunk: Buffer): void
  end(): void
  fail(failure: PassageFailure): void
}

export interface PassageFailure {
  /** What a proxy answers: 503 where no connection stands, 504 where the cluster is silent, 400 for what is no HTTP, 502 otherwise. */
  readonly status: 400 | 502 | 503 | 504
  readonly error: IndexferryError
}

/** Whose credentials the cluster gets to see. */
export type CredentialsOf = 'caller' | 'own'

/** Headers by which a cluster or a proxy before it knows who asks. */
export const credentialHeaders = [
  'authorization',
  'proxy-authorization',
  'cookie',
  'es-security-runas-user',
  'es-secondary-authorization',
  'securitytenant',
  'x-proxy-user',
  'x-proxy-roles',
  'x-amz-security-token',
  'x-amz-date',
  'x-amz-content-sha256',
] as const

/** More connections than any cluster works on at a time; each costs some kilobytes. */
const connectionsMax = 2_000

const nothing: ReadonlySet<string> = new Set()

export interface PassageOptions {
  readonly credentials: CredentialsOf
  /** How long the cluster may be silent; undefined: for ever, as with the cluster itself. */
  readonly silenceMs: number | undefined
}

export class Passage {
  /** URL of the cluster, for messages. */
  readonly name: string
  readonly #ring: NodeRing
  readonly #authenticator: Authenticator
  readonly #callers: HeaderChange
  readonly #own: HeaderChange
  readonly #credentials: CredentialsOf
  readonly #silenceMs: number

  constructor(connection: ResolvedConnection, tls: TlsParameters, options: PassageOptions) {
    this.name = connection.nodes[0]?.name ?? ''
    this.#ring = new NodeRing({ ...connection, connectionsMax }, tls)
    this.#authenticator = authenticator(connection.authentication)
    this.#credentials = options.credentials
    this.#silenceMs = options.silenceMs ?? 0
    const extra = Object.keys(connection.headers).map((name) => name.toLowerCase())
    this.#callers = { without: extra.length === 0 ? nothing : new Set(extra), plus: connection.headers }
    this.#own = {
      without: new Set([...extra, ...credentialHeaders]),
      plus: { ...connection.headers, ...this.#authenticator.fixed },
    }
  }

  /** Whether bodies must be there as a whole, because a signature covers them. */
  get signs(): boolean {
    return this.#credentials === 'own' && this.#authenticator.sign !== undefined
  }

  /** Sends once; to the next node where one cannot be reached. `as` overrides whose credentials are shown. */
  send(request: PassedRequest, receiver: PassedReceiver, as: CredentialsOf = this.#credentials): { cancel(): void } {
    const attempt = new PassedExchange(request.method === 'HEAD', receiver, (node, error) => this.#explain(node, error))
    const change = as === 'own' ? this.#own : this.#callers
    const headers = passedRequestHeaders(request.headers, change)
    const sign = as === 'own' ? this.#authenticator.sign : undefined
    let left = this.#ring.nodes.length
    const next = (): void => {
      const node = this.#ring.next()
      left--
      attempt.node = node
      attempt.onReached = () => this.#ring.reached(node)
      attempt.onUnreached = () => {
        this.#ring.notReached(node)
        if (left === 0) return false
        next()
        return true
      }
      if (sign)
        void this.#signed(sign, request, headers, node).then((wire) => this.#dispatch(wire, attempt), attempt.failed)
      else this.#dispatch({ ...request, path: node.address.prefix + request.url, headers }, attempt)
    }
    next()
    return attempt
  }

  close(): Promise<void> {
    return this.#ring.close()
  }

  #dispatch(wire: Wire, attempt: PassedExchange): void {
    if (attempt.isOver) return
    attempt.node?.pool.dispatch(
      {
        method: wire.method as Dispatcher.HttpMethod,
        path: wire.path,
        headers: wire.headers as string[],
        body: wire.body ?? null,
        headersTimeout: this.#silenceMs,
        bodyTimeout: this.#silenceMs,
        // undici closes a connection after HEAD and after a body of GET, lest the server misunderstands; these servers do not.
        reset: false,
      },
      attempt,
    )
  }

  async #signed(
    sign: NonNullable<Authenticator['sign']>,
    { method, url, body }: PassedRequest,
    headers: readonly string[],
    { address }: ClusterNode,
  ): Promise<Wire> {
    const cut = url.indexOf('?')
    const path = encodeStrictly(address.prefix + (cut < 0 ? url : url.slice(0, cut)))
    const query = cut < 0 ? [] : [...new URLSearchParams(url.slice(cut + 1))]
    const bytes = Buffer.isBuffer(body) ? body : undefined
    const signed = await sign({ node: address, method, path, query, headers: joined(headers), body: bytes })
    return { method, path: path + queryString(query), headers: Object.entries(signed).flat(), body: bytes }
  }

  #explain({ address }: ClusterNode, error: unknown): PassageFailure {
    if (error instanceof errors.InvalidArgumentError || error instanceof errors.NotSupportedError) {
      return {
        status: 400,
        error: new IndexferryError('REQUEST_MALFORMED', `the request is no HTTP: ${error.message}`),
      }
    }
    const { code, cause, remedy } =
      error instanceof IndexferryError
        ? { code: error.code as ErrorCode, cause: error.message, remedy: error.remedy }
        : explainNetworkError(error, address)
    const status = failedToConnect(error) ? 503 : isTimeout(error) ? 504 : 502
    const sentence = `the cluster behind this gateway, ${address.name}, cannot be asked: ${cause}`
    const details = { side: 'target', cause: error, ...(remedy === undefined ? {} : { remedy }) } as const
    return { status, error: new IndexferryError(code, sentence, details) }
  }
}

/**
 * Answers that may be about the message and not about what it asks: too long a line, too large headers. After one, Elasticsearch and
 * OpenSearch leave the connection open and never read from it again; the next request on it would wait for ever.
 */
const refusesTheMessage: ReadonlySet<number> = new Set([400, 413, 414, 417, 431])

interface Wire {
  readonly method: string
  readonly path: string
  readonly headers: readonly string[]
  readonly body: Buffer | Readable | undefined
}

/** A signature covers each header once. */
function joined(headers: readonly string[]): Record<string, string> {
  const byName: Record<string, string> = {}
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = (headers[at] as string).toLowerCase()
    if (name === 'content-length') continue
    const before = byName[name]
    byName[name] = before === undefined ? (headers[at + 1] as string) : `${before}, ${headers[at + 1]}`
  }
  return byName
}

/** One request on its way, over as many nodes as it takes to find one that can be reached. */
class PassedExchange implements Dispatcher.DispatchHandler {
  node: ClusterNode | undefined
  onReached: () => void = () => {}
  /** Whether another node is tried. */
  onUnreached: () => boolean = () => false
  isOver = false
  readonly #receiver: PassedReceiver
  readonly #explain: (node: ClusterNode, error: unknown) => PassageFailure
  readonly #isHead: boolean
  #controller: Dispatcher.DispatchController | undefined
  /** Bytes that are to come of an answer after which the connection is not to be used again. */
  #leftOfRefusal: number | undefined

  constructor(
    isHead: boolean,
    receiver: PassedReceiver,
    explain: (node: ClusterNode, error: unknown) => PassageFailure,
  ) {
    this.#isHead = isHead
    this.#receiver = receiver
    this.#explain = explain
  }

  /** Closes the connection to the cluster, as the one who asked has done. */
  cancel(): void {
    if (this.isOver) return
    this.isOver = true
    this.#controller?.abort(new Error('the one who asked has gone away'))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.isOver) controller.abort(new Error('cancelled before it was sent'))
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
    statusText = '',
  ): void {
    // 1xx only announces the answer.
    if (status < 200 || this.isOver) return
    this.onReached()
    const length = this.#isHead ? 0 : Number(headers['content-length'] ?? Number.NaN)
    this.#leftOfRefusal = refusesTheMessage.has(status) ? length : undefined
    this.#receiver.start({ status, statusText, headers, rawHeaders: rawHeadersOf(controller) }, controller)
    if (this.#leftOfRefusal === 0) this.#endAndClose(controller)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.isOver) return
    this.#receiver.data(chunk)
    if (this.#leftOfRefusal === undefined) return
    this.#leftOfRefusal -= chunk.length
    if (this.#leftOfRefusal === 0) this.#endAndClose(controller)
  }

  #endAndClose(controller: Dispatcher.DispatchController): void {
    this.onResponseEnd()
    controller.abort(new Error('the connection may not be used again'))
  }

  onResponseEnd(): void {
    if (this.isOver) return
    this.isOver = true
    this.#receiver.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    if (this.isOver) return
    if (failedToConnect(error) && this.onUnreached()) return
    this.failed(error)
  }

  readonly failed = (error: unknown): void => {
    if (this.isOver) return
    this.isOver = true
    this.#receiver.fail(this.#explain(this.node as ClusterNode, error))
  }
}

/** undici keeps them as bytes; HTTP's letters are those of Latin-1. */
function rawHeadersOf({ rawHeaders }: Dispatcher.DispatchController): string[] {
  if (!Array.isArray(rawHeaders)) return []
  return rawHeaders.map((part) => (typeof part === 'string' ? part : part.toString('latin1')))
}
