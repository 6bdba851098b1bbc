// The Cluster over HTTP: sends a request to one node after the other until it is answered, its time is over, or the failure is
// of a kind that another attempt cannot mend.
import { backoffMs } from '../foundation/backoff.ts'
import { awakeMs, sleep } from '../foundation/clock.ts'
import { IndexferryError, isErrorOf, type Side } from '../foundation/errors.ts'
import type { ClusterVersion } from '../model/cluster-version.ts'
import { type Authenticator, authenticator } from './authentication.ts'
import { BodyStream } from './body-stream.ts'
import type { Capabilities } from './capabilities.ts'
import type { Cluster, ClusterAnswer, ClusterRequest, ClusterStream } from './cluster.ts'
import type { ResolvedConnection } from './connection.ts'
import { type Exchanged, exchange, type StreamWish, type WireRequest } from './exchange.ts'
import { Failures, type RequestFailure } from './failures.ts'
import { packing, unpack, unpackStream } from './incoming.ts'
import { type ClusterNode, NodeRing } from './node-ring.ts'
import { type Outgoing, outgoing, queryString } from './outgoing.ts'
import type { TlsParameters } from './tls.ts'

const retryPauses = { firstMs: 200, maxMs: 10_000 }
const retryForMsDefault = 120_000

export interface Identity {
  readonly version: ClusterVersion
  readonly capabilities: Capabilities
}

export class HttpCluster implements Cluster {
  readonly side: Side
  readonly name: string
  /** Set by openCluster, which asks the cluster through this very object. */
  identity: Identity | undefined
  readonly #connection: ResolvedConnection
  readonly #closing = new AbortController()
  readonly #ring: NodeRing
  readonly #authenticator: Authenticator
  readonly #common: Readonly<Record<string, string>>
  readonly #failures: Failures

  constructor(side: Side, connection: ResolvedConnection, tls: TlsParameters) {
    this.side = side
    this.name = connection.nodes[0]?.name ?? ''
    this.#connection = connection
    this.#ring = new NodeRing(connection, tls)
    this.#authenticator = authenticator(connection.authentication)
    this.#failures = new Failures(
      side,
      this.name,
      this.#authenticator.label || otherCredentials(connection),
      connection.secrets,
    )
    this.#common = {
      'user-agent': 'indexferry',
      // `_cat` calls answer JSON too.
      accept: 'application/json',
      ...lowerCaseKeys(connection.headers),
      ...this.#authenticator.fixed,
    }
  }

  get version(): ClusterVersion {
    return this.#known().version
  }

  get capabilities(): Capabilities {
    return this.#known().capabilities
  }

  get traffic(): { readonly sent: number; readonly received: number } {
    return this.#ring.traffic
  }

  async json<Body = unknown>(request: ClusterRequest): Promise<ClusterAnswer<Body>> {
    const { status, headers, body } = await this.bytes(request)
    if (body.length === 0) return { status, headers, body: undefined as Body }
    try {
      return { status, headers, body: JSON.parse(body.toString()) as Body }
    } catch (error) {
      throw this.#failures.invalidAnswer(request, 'is not JSON', status, error)
    }
  }

  async bytes(request: ClusterRequest): Promise<ClusterAnswer<Buffer>> {
    return (await this.#send(request, false)) as Exchanged<Buffer>
  }

  async stream(request: ClusterRequest): Promise<ClusterStream> {
    const { status, headers, body } = await this.#send(request, true)
    const packed = packing(headers)
    const length = headers['content-length']
    const bytesExpected = packed === 'none' && length !== undefined ? Number(length) : undefined
    const translate = (error: Error) => this.#failures.invalidAnswer(request, 'cannot be unpacked', status, error)
    const stream = body as BodyStream
    return { status, headers, bytesExpected, body: packed === 'none' ? stream : unpackStream(stream, translate) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await this.#ring.close()
  }

  /** The request, sent as often as its policy allows; what comes back has an accepted status. */
  async #send(request: ClusterRequest, streamed: boolean): Promise<Exchanged> {
    const { signal } = request
    const message = await this.#outgoing(request)
    const patient = (request.retry ?? (isSafe(request) ? 'safe' : 'none')) === 'safe'
    const started = awakeMs()
    const timeMs = request.retryForMs ?? retryForMsDefault
    for (let attempt = 1, unsent = 0; ; attempt++) {
      const outcome = await this.#attempt(request, message, streamed)
      if (!('error' in outcome)) return outcome
      signal?.throwIfAborted()
      // A request that no node has seen may go to the next one at once, whatever its policy.
      if (outcome.unsent && outcome.passing && ++unsent < this.#ring.nodes.length) continue
      unsent = 0
      const pauseMs = Math.max(backoffMs(attempt, retryPauses), outcome.retryAfterMs)
      const spentMs = awakeMs() - started
      const isOver = this.#closing.signal.aborted || spentMs + pauseMs > timeMs
      if (!patient || !outcome.passing || isOver) throw outcome.error(attempt, spentMs)
      await this.#pause(pauseMs, signal)
    }
  }

  /** Over a cluster that was closed nothing is tried again, and nobody waits for it. */
  async #pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    const closing = this.#closing.signal
    await sleep(ms, signal ? AbortSignal.any([signal, closing]) : closing).catch((error: unknown) => {
      if (!closing.aborted || signal?.aborted) throw error
    })
  }

  #outgoing(request: ClusterRequest): Promise<Outgoing> {
    const { gzip } = this.#connection
    return outgoing(request, this.#common, {
      gzipAnswer: gzip,
      gzipBody: gzip && (this.identity?.capabilities.compressedRequests ?? false),
      strict: this.#authenticator.sign !== undefined,
    })
  }

  async #attempt(request: ClusterRequest, message: Outgoing, streamed: boolean): Promise<Exchanged | RequestFailure> {
    const node = this.#ring.next()
    const wire = await this.#wire(request, message, node)
    let answer: Exchanged
    try {
      answer = await exchange(node.pool, wire, streamed ? this.#streamWish(request, node) : undefined)
    } catch (error) {
      if (request.signal?.aborted) throw request.signal.reason
      if (isErrorOf(error, 'ANSWER_INVALID'))
        throw this.#failures.invalidAnswer(request, error.message, undefined, error)
      const failure = this.#failures.ofNetwork(request, node.address, error)
      if (failure.unsent) this.#ring.notReached(node)
      return failure
    }
    this.#ring.reached(node)
    if (answer.body instanceof BodyStream) {
      if (packing(answer.headers) !== 'unknown') return answer
      await answer.body.return()
      return this.#failures.ofPacking(request, answer)
    }
    return this.#judge(request, node, answer as Exchanged<Buffer>)
  }

  /** Unpacks an answer that was read as a whole and tells an error from an accepted status. */
  async #judge(
    request: ClusterRequest,
    node: ClusterNode,
    answer: Exchanged<Buffer>,
  ): Promise<Exchanged | RequestFailure> {
    const { status, headers } = answer
    const packed = request.method === 'HEAD' ? 'none' : packing(headers)
    if (packed === 'unknown') return this.#failures.ofPacking(request, answer)
    let { body } = answer
    try {
      if (packed === 'gzip') body = await unpack(body, this.#connection.answerBytesMax)
    } catch (error) {
      const what = isErrorOf(error, 'ANSWER_INVALID') ? error.message : 'cannot be unpacked'
      throw this.#failures.invalidAnswer(request, what, status, error)
    }
    if (isAccepted(request, status)) return { status, headers, body }
    return this.#failures.ofAnswer(request, node.address, { status, headers, body })
  }

  async #wire(request: ClusterRequest, message: Outgoing, { address }: ClusterNode): Promise<WireRequest> {
    const { method, query, body } = message
    const path = address.prefix + message.path
    const { sign } = this.#authenticator
    const headers = sign
      ? await this.#failures.signing(() => sign({ ...message, node: address, path }))
      : message.headers
    const readTimeoutMs = request.readTimeoutMs ?? this.#connection.readTimeoutMs
    const { answerBytesMax } = this.#connection
    return {
      method,
      path: path + queryString(query),
      headers,
      body,
      readTimeoutMs,
      signal: request.signal,
      answerBytesMax,
    }
  }

  #streamWish(request: ClusterRequest, node: ClusterNode): StreamWish {
    return {
      wants: (status) => isAccepted(request, status),
      translate: (error) => {
        if (request.signal?.aborted) return error
        return this.#failures.ofNetwork(request, node.address, error).error(1, 0)
      },
    }
  }

  #known(): Identity {
    if (this.identity) return this.identity
    throw new IndexferryError('INTERNAL', 'the cluster was asked for its version before it was known')
  }
}

/** Credentials that are none of the authentication: a certificate, or a header of the user's own. */
function otherCredentials({ tls, headers }: ResolvedConnection): string {
  if (tls.certFile !== undefined) return 'client certificate'
  return Object.keys(headers).some((name) => /^authorization$/i.test(name)) ? 'authorization header' : ''
}

const isSafe = ({ method }: ClusterRequest): boolean => method === 'GET' || method === 'HEAD'

const isAccepted = ({ accept }: ClusterRequest, status: number): boolean =>
  (status >= 200 && status < 300) || (accept?.includes(status) ?? false)

const lowerCaseKeys = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
