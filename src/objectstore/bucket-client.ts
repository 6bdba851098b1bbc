// Requests to one bucket over HTTP, signed. Thin on purpose: of a move of many small objects, a general library costs most of the
// processor time.
import type { IncomingHttpHeaders } from 'node:http'
import type { BodyStream } from '../cluster/body-stream.ts'
import type { NodeAddress } from '../cluster/connection.ts'
import { type Exchanged, exchange } from '../cluster/exchange.ts'
import type { HostPool } from '../cluster/host-pool.ts'
import { now } from '../foundation/clock.ts'
import { IndexferryError, type Side } from '../foundation/errors.ts'
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

/** Where the bucket is, which a store may know better than the user. */
export interface BucketAddress {
  readonly origin: string
  readonly host: string
  /** Before the key: empty, or `/bucket` in the path. */
  readonly path: string
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
/** Credentials that end sooner than this are asked for again. */
const freshMs = 5 * 60_000

export class BucketClient {
  readonly dialect: StoreDialect
  private readonly options: BucketClientOptions
  private readonly signer: StoreSigner
  private address: BucketAddress
  private region: string
  private pool: HostPool
  private credentials: Promise<StoreCredentials> | undefined
  /** How far the clock of the store is ahead of ours. */
  private skewMs = 0

  constructor(options: BucketClientOptions) {
    this.options = options
    this.dialect = options.dialect
    this.signer = new StoreSigner(options.dialect)
    this.region = options.region
    this.address = options.addressIn(options.region)
    this.pool = options.poolTo(this.address.origin)
  }

  get place(): StorePlace {
    const { side, name } = this.options
    return { side, name, address: nodeAddress(this.address.origin) }
  }

  /** `what` completes "cannot …". Answers of another status than 2xx are errors. */
  async send(what: string, request: BucketRequest): Promise<BucketAnswer> {
    for (let attempt = 1; ; attempt++) {
      request.signal?.throwIfAborted()
      // Others may learn something better meanwhile.
      const used = { region: this.region, skewMs: this.skewMs }
      const answer = await this.exchange(what, request)
      if (answer.status < 300) return answer
      const refusal = readRefusal(answer.status, answer.headers, answer.body as Buffer)
      if (attempt > 1 || request.body !== undefined || !(await this.adapt(refusal, answer, used)))
        throw refused(refusal, this.place, what, this.dialect)
    }
  }

  /** A whole answer as it is kept in memory. */
  async ask(what: string, request: BucketRequest): Promise<{ headers: IncomingHttpHeaders; body: Buffer }> {
    const { headers, body } = await this.send(what, request)
    return { headers, body: body as Buffer }
  }

  private async exchange(what: string, request: BucketRequest): Promise<Exchanged> {
    const { method, body, length, isStreamed, signal } = request
    const { host, path, origin } = this.address
    const key = request.key === undefined ? '' : encodeKey(request.key)
    const query = sorted(request.query)
    const headers: Record<string, string> = { ...request.headers }
    if (length !== undefined) headers['content-length'] = String(length)
    const { name } = this.dialect
    const signed = await this.sign({
      method,
      host,
      path: name === 'oss' ? `/${this.options.bucket}/${key}` : `${path}/${key}`,
      query,
      headers,
      body: method === 'POST' && Buffer.isBuffer(body) ? body : undefined,
    })
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

  private async sign(request: Parameters<StoreSigner['sign']>[0]): Promise<Record<string, string>> {
    const { credentials: source } = this.options
    if (source === undefined) return { ...request.headers }
    this.credentials ??= source()
    const asked = this.credentials
    let credentials: StoreCredentials
    try {
      credentials = await asked
      const { expiration } = credentials
      if (expiration !== undefined && expiration.getTime() - now() < freshMs && this.credentials === asked) {
        this.credentials = source()
        credentials = await this.credentials
      }
    } catch (error) {
      this.credentials = undefined
      throw error
    }
    return this.signer.sign(request, this.region, credentials, now() + this.skewMs)
  }

  /** Learns from a refusal: another region, a clock that is wrong, credentials that have ended. True when it is worth another try. */
  private async adapt(
    { code, region: named }: Refusal,
    { headers }: Exchanged,
    used: { readonly region: string; readonly skewMs: number },
  ): Promise<boolean> {
    const region = named ?? single(headers['x-amz-bucket-region'])
    const isElsewhere = ['PermanentRedirect', 'AuthorizationHeaderMalformed', 'IncorrectEndpoint', 'MovedPermanently']
    if (this.options.followsRegion && isElsewhere.includes(code) && region && region !== used.region) {
      if (region === this.region) return true
      this.region = region
      this.address = this.options.addressIn(region)
      const former = this.pool
      this.pool = this.options.poolTo(this.address.origin)
      void former.close()
      return true
    }
    if (code === 'RequestTimeTooSkewed') {
      const skew = Date.parse(single(headers.date) ?? '') - now()
      if (Number.isNaN(skew) || Math.abs(skew - used.skewMs) < 60_000) return false
      this.skewMs = skew
      return true
    }
    if (!['ExpiredToken', 'TokenRefreshRequired', 'SecurityTokenExpired'].includes(code)) return false
    this.credentials = undefined
    return true
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

const single = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header
