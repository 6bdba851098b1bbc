// Requests to one bucket over HTTP, signed. Thin on purpose: of a move of many small objects, a general library costs most of the
// processor time.
import type { IncomingHttpHeaders } from 'node:http'
import type { BodyStream } from '../cluster/body-stream.ts'
import type { NodeAddress } from '../cluster/connection.ts'
import { type Exchanged, exchange } from '../cluster/exchange.ts'
import type { HostPool } from '../cluster/host-pool.ts'
import { now } from '../foundation/clock.ts'
import { IndexferryError, type Side } from '../foundation/errors.ts'
import type { BucketAddress } from './bucket-endpoint.ts'
import { HeldCredentials } from './held-credentials.ts'
import type { CredentialSource, StoreCredentials } from './store-credentials.ts'
import { type Refusal, readRefusal, refused, type StorePlace, storeError } from './store-failures.ts'
import { encodeKey, encodeText, type Query, queryOnTheWire, type StoreDialect, StoreSigner } from './store-signature.ts'

export interface BucketRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  /** Undefined: of the bucket itself. */
  readonly key?: string
  readonly query?: Readonly<Record<string, string | undefined>>
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer | AsyncIterable<Buffer> | undefined
  /** Of a body. */
  readonly length?: number
  /** Hand the body of the answer on while it arrives. */
  readonly isStreamed?: boolean
  readonly signal?: AbortSignal | undefined
}

export interface BucketAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer | BodyStream
}

export interface BucketClientOptions {
  readonly bucket: string
  readonly side: Side
  readonly name: string
  readonly dialect: StoreDialect
  readonly region: string
  readonly addressIn: (region: string) => BucketAddress
  /** Whether the region was a guess that the store may correct. */
  readonly followsRegion: boolean
  readonly credentials: CredentialSource | undefined
  readonly poolTo: (origin: string) => HostPool
  readonly readTimeoutMs: number
}

/** Lists of 1,000 keys of 1,024 characters, each of them written as %XX%XX%XX. */
const answerBytesMax = 64 * 1024 * 1024
/** A buffer that is written in one piece looks like silence while a slow connection takes it. */
const sliceBytes = 256 * 1024
/** A refusal may teach a region, then a time, then that credentials have ended. */
const attemptsMax = 4

/** What a request was made with, which others may have bettered by the time it is answered. */
interface Used {
  readonly region: string
  readonly skewMs: number
  readonly credentials: StoreCredentials | undefined
}

/** By what Amazon says that a bucket is in another region; without a name in answers to HEAD. */
const elsewhere = new Set([
  'PermanentRedirect',
  'TemporaryRedirect',
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
  'IncorrectEndpoint',
  'MovedPermanently',
  '',
])
/** Sessions that have ended, and keys that were replaced by others meanwhile. */
const ended = new Set([
  'ExpiredToken',
  'TokenRefreshRequired',
  'SecurityTokenExpired',
  'InvalidToken',
  'InvalidAccessKeyId',
])
/** Signatures hold for a quarter of an hour; what is less is nobody's reason to refuse them. */
const skewMsMin = 60_000

export class BucketClient {
  readonly dialect: StoreDialect
  private readonly options: BucketClientOptions
  private readonly signer: StoreSigner
  private address: BucketAddress
  private region: string
  private pool: HostPool
  private readonly credentials: HeldCredentials | undefined
  /** How far the clock of the store is ahead of ours. */
  private skewMs = 0

  constructor(options: BucketClientOptions) {
    this.options = options
    this.dialect = options.dialect
    this.signer = new StoreSigner(options.dialect)
    this.region = options.region
    this.address = options.addressIn(options.region)
    this.pool = options.poolTo(this.address.origin)
    this.credentials = options.credentials && new HeldCredentials(options.credentials)
  }

  get place(): StorePlace {
    const { side, name } = this.options
    return { side, name, address: nodeAddress(this.address.origin) }
  }

  /** `what` completes "cannot …". Answers of another status than 2xx are errors. */
  async send(what: string, request: BucketRequest): Promise<BucketAnswer> {
    for (let attempt = 1; ; attempt++) {
      request.signal?.throwIfAborted()
      const credentials = await this.credentials?.get()
      const used = { region: this.region, skewMs: this.skewMs, credentials }
      const answer = await this.exchange(what, request, credentials)
      if (answer.status < 300) return answer
      const refusal = readRefusal(answer.status, answer.headers, answer.body as Buffer)
      const isBetter = attempt < attemptsMax && (await this.adapt(refusal, answer, used))
      if (isBetter && !isStream(request.body)) continue
      // What has passed through is not here any more: whoever sends it has it sent again.
      throw refused(refusal, this.place, what, this.dialect, { isPassing: isBetter })
    }
  }

  /** A whole answer as it is kept in memory. */
  async ask(what: string, request: BucketRequest): Promise<{ headers: IncomingHttpHeaders; body: Buffer }> {
    const { headers, body } = await this.send(what, request)
    return { headers, body: body as Buffer }
  }

  private async exchange(
    what: string,
    request: BucketRequest,
    credentials: StoreCredentials | undefined,
  ): Promise<Exchanged> {
    const { method, body, length, isStreamed, signal } = request
    const { host, path, origin } = this.address
    const key = request.key === undefined ? '' : encodeKey(request.key)
    const query = sorted(request.query)
    const headers: Record<string, string> = { ...request.headers }
    if (length !== undefined) headers['content-length'] = String(length)
    const { name } = this.dialect
    const unsigned = {
      method,
      host,
      path: name === 'oss' ? `/${this.options.bucket}/${key}` : `${path}/${key}`,
      query,
      headers,
      body: method === 'POST' && Buffer.isBuffer(body) ? body : undefined,
    }
    const signed = credentials ? this.signer.sign(unsigned, this.region, credentials, now() + this.skewMs) : headers
    const text = queryOnTheWire(query)
    const isWhole = Buffer.isBuffer(body) && body.length <= sliceBytes
    try {
      return await exchange(
        this.pool,
        {
          origin,
          method,
          path: `${path}/${key}${text && `?${text}`}`,
          headers: signed,
          body: body === undefined || isWhole ? body : Buffer.isBuffer(body) ? slices(body) : body,
          readTimeoutMs: this.options.readTimeoutMs,
          signal,
          answerBytesMax: method === 'HEAD' ? 0 : answerBytesMax,
        },
        isStreamed
          ? { wants: (status) => status < 300, translate: (error) => storeError(error, this.place, what) }
          : undefined,
      )
    } catch (error) {
      throw storeError(error, this.place, what)
    }
  }

  /** Learns from a refusal: another region, a clock that is wrong, credentials that have ended. True when it is worth another try. */
  private async adapt({ status, code, region: named }: Refusal, { headers }: Exchanged, used: Used): Promise<boolean> {
    const region = named ?? single(headers['x-amz-bucket-region'])
    if (this.options.followsRegion && elsewhere.has(code) && region !== undefined && region !== used.region) {
      if (region !== this.region) this.moveTo(region)
      return true
    }
    // Answers to HEAD have no body that would tell a reason.
    if (code === 'RequestTimeTooSkewed' || (code === '' && status === 403)) {
      const skewMs = Date.parse(single(headers.date) ?? '') - now()
      if (Number.isNaN(skewMs) || Math.abs(skewMs - used.skewMs) < skewMsMin) return false
      this.skewMs = skewMs
      return true
    }
    const { credentials } = used
    const mayHaveEnded = ended.has(code) || (code === '' && status === 400 && credentials?.sessionToken !== undefined)
    if (!mayHaveEnded || credentials === undefined || this.credentials === undefined) return false
    this.credentials.drop(credentials)
    const next = await this.credentials.get()
    return next.accessKeyId !== credentials.accessKeyId || next.sessionToken !== credentials.sessionToken
  }

  private moveTo(region: string): void {
    this.region = region
    this.address = this.options.addressIn(region)
    const former = this.pool
    this.pool = this.options.poolTo(this.address.origin)
    void former.close()
  }

  /** An answer that cannot be what it should be. */
  invalid(reason: string): IndexferryError {
    const { side, name } = this.options
    return new IndexferryError('ANSWER_INVALID', `${side} ${name}: ${reason}`, { side })
  }

  async close(): Promise<void> {
    await this.pool.destroy()
  }
}

function nodeAddress(origin: string): NodeAddress {
  const { hostname: host, port, protocol } = new URL(origin)
  const secure = protocol === 'https:'
  return { name: origin, origin, host, port: Number(port) || (secure ? 443 : 80), secure, prefix: '' }
}

/** By the bytes of the encoded names. */
const sorted = (query: BucketRequest['query'] = {}): Query =>
  Object.entries(query)
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .sort(([left], [right]) => (encodeText(left) < encodeText(right) ? -1 : 1))

async function* slices(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += sliceBytes) yield bytes.subarray(at, at + sliceBytes)
}

const isStream = (body: BucketRequest['body']): boolean => body !== undefined && !Buffer.isBuffer(body)

const single = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header
