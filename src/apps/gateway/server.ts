// The gateway's HTTP server: who calls, which route, and where there is none, on to the cluster.
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { PassageFailure } from '../../cluster/passage.ts'
import type { GatewayConfig } from '../../config/gateway/gateway-config.ts'
import { monotonicMs } from '../../foundation/clock.ts'
import { asIndexferryError, IndexferryError } from '../../foundation/errors.ts'
import { sourceStack } from '../source-stack.ts'
import { Access, unauthorised } from './access.ts'
import type { CallGuard, Inspection } from './call-guard.ts'
import { gatewayCall } from './gateway-call.ts'
import { IncomingBody } from './incoming-body.ts'
import { type PassChange, type PassedCall, passThrough } from './pass-through.ts'
import { refusalReason } from './refusal-reason.ts'
import { renderAnswer } from './render-answer.ts'
import type { Log } from './request-log.ts'
import type { Caller, GatewayAnswer, GatewayCall, Route } from './route.ts'
import { isWellEncoded, type Match, ownFolder, parsePath, Router, readLeniently, withoutOrigin } from './router.ts'
import { answerForError, serverError, typeOfFailure } from './server-errors.ts'
import type { Lease, Traffic, Way } from './traffic.ts'

/** What became of a call, for counting. */
export interface CallEnd {
  /** Of the route, or `pass`. */
  readonly operation: string
  readonly status: number
  readonly seconds: number
}

export interface ServerParts {
  readonly config: Pick<GatewayConfig, 'access' | 'limits'>
  readonly traffic: Traffic
  readonly routes: readonly Route[]
  /** Looks at calls that are not the gateway's own. */
  readonly guard?: CallGuard | undefined
  readonly log: Log
  readonly onEnd?: ((end: CallEnd) => void) | undefined
}

/** One call on its way through the server. */
interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly body: IncomingBody
  readonly caller: Caller
  /** To the cluster that this call is about. */
  readonly way: Way
  /** None for calls below our own folder, which no switch waits for. */
  readonly lease: Lease | undefined
  readonly startedAt: number
  /** Who waits to hear whether it was answered. */
  readonly watchers: ((isAnswered: boolean) => void)[]
}

interface Arrived {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly expectsContinue: boolean
  readonly path: ReturnType<typeof parsePath>
  /** Below the gateway's own folder. */
  readonly isOurs: boolean
}

/** Not worth a line in the log. */
const expected: ReadonlySet<string> = new Set(['CLIENT_GONE', 'GATEWAY_STOPPING'])

const nobody: Caller = { name: 'unknown', clusterHeaders: {} }

export class GatewayServer {
  readonly #parts: ServerParts
  readonly #router: Router
  readonly #access: Access
  readonly #stop = new AbortController()

  constructor(parts: ServerParts) {
    this.#parts = parts
    this.#router = new Router(parts.routes)
    this.#access = new Access(parts.config.access)
  }

  /** Calls of our own that still run are told to end. */
  stop(): void {
    this.#stop.abort(new IndexferryError('GATEWAY_STOPPING', 'the gateway is being stopped'))
  }

  /** The listener of `request`, and of `checkContinue` with the last argument set. */
  handle(request: IncomingMessage, response: ServerResponse, expectsContinue = false): void {
    // A client that goes away is noticed where its call is worked on.
    response.on('error', ignore)
    const path = parsePath(request.url ?? '/')
    const arrived = { request, response, expectsContinue, path, isOurs: path.segments?.[0] === ownFolder }
    if (arrived.isOurs || !this.#parts.traffic.isHeld) this.#begin(arrived)
    else void this.#beginUnheld(arrived)
  }

  /** A call that comes while traffic is switched begins when that has ended. */
  async #beginUnheld(arrived: Arrived): Promise<void> {
    const { traffic } = this.#parts
    while (traffic.isHeld) await traffic.released
    if (!arrived.response.destroyed) this.#begin(arrived)
  }

  #begin({ request, response, expectsContinue, path: { segments, query }, isOurs }: Arrived): void {
    const lease = isOurs ? undefined : this.#parts.traffic.begin()
    if (lease) response.once('close', () => lease.letGo())
    const { limits } = this.#parts.config
    const rules = { expectsContinue, silenceMs: limits.slowClientMs, bytesMax: limits.ownRequestBytesMax }
    const caller = this.#access.identify(request.headers)
    const body = new IncomingBody(request, response, rules)
    const way = lease?.way ?? this.#parts.traffic.way
    const exchange = {
      request,
      response,
      body,
      caller: caller ?? nobody,
      way,
      lease,
      startedAt: monotonicMs(),
      watchers: [],
    }
    // What cannot be read as a path or a query is the cluster's to refuse.
    const match =
      segments && (isOurs || isWellEncoded(query)) ? this.#router.find(request.method ?? '', segments) : undefined
    const inspection = isOurs ? undefined : this.#inspect(request, segments)
    if (!caller && match?.route.open !== true) this.#refuse(exchange)
    else if (inspection) void this.#guarded(exchange, inspection, match, segments ?? [], new URLSearchParams(query))
    else if (match && segments) void this.#answer(exchange, match, segments, new URLSearchParams(query))
    else if (isOurs) this.#send(exchange, 'unknown', this.#missing(exchange, segments ?? []))
    else this.#pass(exchange)
  }

  #inspect(
    { method = '', url = '/' }: IncomingMessage,
    segments: readonly string[] | undefined,
  ): Inspection | undefined {
    return this.#parts.guard?.inspect(method, segments ?? readLeniently(url), url)
  }

  async #guarded(
    exchange: Exchange,
    inspection: Inspection,
    match: Match | undefined,
    segments: readonly string[],
    query: URLSearchParams,
  ): Promise<void> {
    const { passage } = exchange.way
    exchange.lease?.keep()
    try {
      const call = this.#callOf(exchange, segments, query)
      exchange.response.once('close', () => tell(exchange, false))
      const watch = (listener: (isAnswered: boolean) => void): void => {
        // Nothing tells whoever comes after the end. One that was answered and is not closed yet still tells at its close.
        if (exchange.response.destroyed) listener(false)
        else exchange.watchers.push(listener)
      }
      const answer = await inspection({ call, passed: this.#passedCall(exchange), passage, watch })
      if (answer === 'sent') return
      if (answer !== 'pass' && 'pass' in answer) this.#pass(exchange, answer.pass)
      else if (answer !== 'pass') {
        if (!(await this.#isRefused(exchange, 'guarded'))) this.#sendOwn(exchange, 'guarded', answer)
      } else if (match) await this.#answer(exchange, match, segments, query)
      else this.#pass(exchange)
    } catch (error) {
      this.#failed(exchange, 'guarded', error)
    } finally {
      exchange.lease?.letGo()
    }
  }

  #callOf(exchange: Exchange, segments: readonly string[], query: URLSearchParams): GatewayCall {
    const { request, response, body, caller } = exchange
    const gone = new AbortController()
    const onClose = () => {
      if (!response.writableFinished) gone.abort(new IndexferryError('CLIENT_GONE', 'the client closed the connection'))
    }
    response.once('close', onClose)
    const { method = 'GET', headers, rawHeaders } = request
    const url = withoutOrigin(request.url ?? '/')
    const signal = AbortSignal.any([gone.signal, this.#stop.signal])
    const { passage } = exchange.way
    return gatewayCall({ method, url, segments, query, headers, rawHeaders, caller, signal, body, passage })
  }

  /** Whether the cluster does not let the caller in, who is then told so. */
  async #isRefused(exchange: Exchange, operation: string): Promise<boolean> {
    const refusal = await this.#access.authorise(exchange.request.headers, exchange.way.passage)
    if (!refusal) return false
    this.#logRefusal(exchange, refusal.status, 'the cluster does not let the caller in')
    this.#send(exchange, operation, refusal)
    return true
  }

  async #answer(exchange: Exchange, match: Match, segments: readonly string[], query: URLSearchParams): Promise<void> {
    const { route, parameters } = match
    exchange.lease?.keep()
    try {
      const call = this.#callOf(exchange, segments, query)
      if (route.open !== true && (await this.#isRefused(exchange, route.operation))) return
      const answer = await route.handle(call, parameters)
      if (answer === 'pass') this.#pass(exchange)
      else this.#sendOwn(exchange, route.operation, answer)
    } catch (error) {
      this.#failed(exchange, route.operation, error)
    } finally {
      exchange.lease?.letGo()
    }
  }

  #sendOwn(exchange: Exchange, operation: string, answer: GatewayAnswer): void {
    const reason = refusalReason(answer)
    const { status } = answer
    if (reason !== undefined) this.#write(exchange, { event: status < 500 ? 'refused' : 'failed', status, reason })
    this.#send(exchange, operation, answer)
  }

  #pass(exchange: Exchange, change?: PassChange): void {
    if (exchange.lease) exchange.lease.isPassed = true
    passThrough(exchange.way.passage, this.#passedCall(exchange), change)
  }

  #passedCall(exchange: Exchange): PassedCall {
    const { request, response, body } = exchange
    return {
      request,
      response,
      body,
      fail: (failure) => this.#unreachable(exchange, failure),
      refuse: (error) => this.#failed(exchange, 'pass', error),
      onAnswer: (status) => {
        if (status === 401 || status === 403) this.#logRefusal(exchange, status, 'refused by the cluster')
        this.#ended(exchange, 'pass', status)
      },
    }
  }

  #refuse(exchange: Exchange): void {
    const { method = '', url = '/', headers } = exchange.request
    const given = headers.authorization !== undefined
    this.#logRefusal(exchange, 401, given ? 'no user or key of the gateway' : 'no credentials')
    this.#send(exchange, 'unauthorised', unauthorised(given, method, url.split('?', 1)[0] as string))
  }

  #missing({ request }: Exchange, segments: readonly string[]): GatewayAnswer {
    const methods = this.#router.methods(segments)
    const path = `/${segments.join('/')}`
    if (methods.length === 0) {
      return serverError(404, 'resource_not_found_exception', `the gateway has no call ${request.method} ${path}`)
    }
    const reason = `Incorrect HTTP method for uri [${path}] and method [${request.method}], allowed: [${methods.join(', ')}]`
    return serverError(405, 'method_not_allowed_exception', reason, {}, { Allow: methods.join(',') })
  }

  #unreachable(exchange: Exchange, { status, error }: PassageFailure): void {
    tell(exchange, false)
    this.#write(exchange, { event: status === 400 ? 'malformed' : 'failed', status, reason: error.message })
    const reason = status === 400 ? error.message : `${error.message}. ${error.remedy}`
    this.#send(exchange, 'pass', serverError(status, typeOfFailure(status), reason))
  }

  #failed(exchange: Exchange, operation: string, thrown: unknown): void {
    const answer = answerForError(thrown)
    const error = asIndexferryError(thrown)
    if (!expected.has(error.code)) {
      const stack = error.code === 'INTERNAL' && error.cause instanceof Error ? ` ${sourceStack(error.cause)}` : ''
      const event = error.code === 'INTERNAL' ? 'defect' : answer.status < 500 ? 'refused' : 'failed'
      this.#write(exchange, { event, status: answer.status, reason: error.message + stack })
    }
    // Whoever has begun an answer that it cannot end must not let it look whole.
    if (exchange.response.headersSent) exchange.response.destroy()
    else this.#send(exchange, operation, answer)
  }

  #send(exchange: Exchange, operation: string, answer: GatewayAnswer): void {
    const { request, response } = exchange
    if (response.destroyed || response.headersSent) return
    const { query } = parsePath(request.url ?? '/')
    const rendered = this.#render(answer, new URLSearchParams(query), exchange)
    response.sendDate = false
    response.removeHeader('connection')
    // Said in full: an answer of the cluster that could not be written may have left its own words.
    response.writeHead(rendered.status, STATUS_CODES[rendered.status] ?? '', rendered.headers as string[])
    response.end(request.method === 'HEAD' ? undefined : rendered.body)
    // What is left of a body that was refused is not waited for.
    if (!request.complete && rendered.status >= 400) closeAfter(request, response)
    this.#ended(exchange, operation, rendered.status)
  }

  #render(answer: GatewayAnswer, query: URLSearchParams, { request: { headers }, way: { family } }: Exchange) {
    try {
      return renderAnswer(answer, { query, headers }, family)
    } catch (error) {
      const failed = serverError(500, 'internal_exception', `the answer cannot be printed: ${String(error)}`)
      return renderAnswer(failed, { query: new URLSearchParams(), headers: {} }, family)
    }
  }

  #ended(exchange: Exchange, operation: string, status: number): void {
    const { startedAt } = exchange
    // What a server with an error of its own has done is not known.
    tell(exchange, status < 500)
    this.#parts.onEnd?.({ operation, status, seconds: (monotonicMs() - startedAt) / 1000 })
  }

  #logRefusal(exchange: Exchange, status: number, reason: string): void {
    this.#write(exchange, { event: 'refused', status, reason })
  }

  #write(
    { request, caller }: Exchange,
    event: { event: 'refused' | 'failed' | 'defect' | 'malformed'; status: number; reason: string },
  ): void {
    const { method, url, socket } = request
    this.#parts.log({ ...event, who: caller.name, from: socket.remoteAddress, method, url })
  }
}

function tell({ watchers }: Exchange, isAnswered: boolean): void {
  for (const watcher of watchers.splice(0)) watcher(isAnswered)
}

const ignore = (): void => {}

const drainMs = 2_000

/** The rest is taken in for a moment, since a client that is still sending would miss the answer if the connection were closed at once. */
function closeAfter(request: IncomingMessage, response: ServerResponse): void {
  response.once('finish', () => {
    const timer = setTimeout(() => request.destroy(), drainMs).unref()
    request.once('end', () => clearTimeout(timer)).once('close', () => clearTimeout(timer))
  })
}
