// Signatures of requests to object stores: AWS Signature Version 4, and Alibaba's version 4, which is made of the same steps with
// other words. One hash and one HMAC a request: the key of a day is kept.
//
// - https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
// - https://www.alibabacloud.com/help/en/oss/developer-reference/recommend-to-use-signature-version-4
import { createHash, createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import type { StoreCredentials } from './store-credentials.ts'

/** What a store calls things in its headers and signatures. */
export interface StoreDialect {
  readonly name: 's3' | 'oss'
  readonly algorithm: string
  /** Before the secret, in the first step to the key. */
  readonly keyPrefix: string
  readonly service: string
  readonly terminator: string
  /** Of the store's own headers. */
  readonly headerPrefix: string
}

export const s3Dialect: StoreDialect = {
  name: 's3',
  algorithm: 'AWS4-HMAC-SHA256',
  keyPrefix: 'AWS4',
  service: 's3',
  terminator: 'aws4_request',
  headerPrefix: 'x-amz-',
}

export const ossDialect: StoreDialect = {
  name: 'oss',
  algorithm: 'OSS4-HMAC-SHA256',
  keyPrefix: 'aliyun_v4',
  service: 'oss',
  terminator: 'aliyun_v4_request',
  headerPrefix: 'x-oss-',
}

/**
 * Bodies are held together by their MD5, in a header that is signed. A SHA-256 of them in the signature as well takes half of a
 * move's processor time and tells the store nothing more. OSS knows nothing else.
 */
const unsigned = 'UNSIGNED-PAYLOAD'

export interface Signable {
  readonly method: string
  readonly host: string
  /** As the signature has it: encoded, and at OSS with the bucket also where that is in the host name. */
  readonly path: string
  readonly query: Query
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** Of a body that is at hand and small. */
  readonly body?: Buffer | undefined
}

/** Sorted by their encoded names. */
export type Query = readonly (readonly [name: string, value: string])[]

const emptyDigest = createHash('sha256').digest('hex')
const digestOf = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex')
/** Values of headers hold bytes, one in each character, as connections send them. */
const canonicalDigest = (text: string): string => createHash('sha256').update(text, 'latin1').digest('hex')
const hmac = (key: Buffer | KeyObject, text: string): Buffer => createHmac('sha256', key).update(text).digest()

export class StoreSigner {
  private readonly dialect: StoreDialect
  private key: { readonly of: string; readonly made: KeyObject } | undefined

  constructor(dialect: StoreDialect) {
    this.dialect = dialect
  }

  /** The headers with those that the signature adds. */
  sign(request: Signable, region: string, credentials: StoreCredentials, atMs: number): Record<string, string> {
    const { algorithm, service, terminator, headerPrefix, name } = this.dialect
    const time = new Date(atMs).toISOString().replace(/[-:]|\.\d+/g, '')
    const date = time.slice(0, 8)
    const scope = `${date}/${region}/${service}/${terminator}`
    const digest = this.payloadDigest(request)
    const headers: Record<string, string> = {
      ...request.headers,
      [`${headerPrefix}date`]: time,
      [`${headerPrefix}content-sha256`]: digest,
    }
    if (credentials.sessionToken !== undefined) headers[`${headerPrefix}security-token`] = credentials.sessionToken
    const names = Object.keys(headers).filter((each) => this.isSigned(each))
    names.push('host')
    names.sort()
    const lines = names.map((each) => `${each}:${plain(each === 'host' ? request.host : (headers[each] as string))}\n`)
    // AWS lists all that is signed; Alibaba only what need not have been.
    const listed = name === 's3' ? names.join(';') : 'host'
    const canonical = [request.method, request.path, this.queryText(request.query), lines.join(''), listed, digest]
    const text = [algorithm, time, scope, canonicalDigest(canonical.join('\n'))].join('\n')
    const signature = hmac(this.keyOf(credentials, region, date), text).toString('hex')
    const parts = [
      `Credential=${credentials.accessKeyId}/${scope}`,
      `${name === 's3' ? 'SignedHeaders' : 'AdditionalHeaders'}=${listed}`,
      `Signature=${signature}`,
    ]
    headers.authorization = `${algorithm} ${parts.join(name === 's3' ? ', ' : ',')}`
    return headers
  }

  /** Only what no proxy on the way changes. */
  private isSigned(name: string): boolean {
    return name.startsWith(this.dialect.headerPrefix) || name === 'content-md5' || name === 'content-type'
  }

  private payloadDigest({ method, body }: Signable): string {
    if (this.dialect.name === 'oss') return unsigned
    if (body !== undefined) return digestOf(body)
    return method === 'PUT' ? unsigned : emptyDigest
  }

  /** A name without a value stands alone in Alibaba's signatures. */
  private queryText(query: Query): string {
    return this.dialect.name === 'oss'
      ? queryOnTheWire(query)
      : query.map(([name, value]) => `${encodeText(name)}=${encodeText(value)}`).join('&')
  }

  private keyOf({ accessKeyId, secretAccessKey }: StoreCredentials, region: string, date: string): KeyObject {
    const { keyPrefix, service, terminator } = this.dialect
    const of = `${accessKeyId} ${secretAccessKey} ${region} ${date}`
    if (this.key?.of === of) return this.key.made
    const steps = [date, region, service, terminator]
    const bytes = steps.reduce<Buffer>(hmac, Buffer.from(keyPrefix + secretAccessKey))
    // Ready made: from bytes it would be made for each request, which takes longer than the signature.
    const made = createSecretKey(bytes)
    this.key = { of, made }
    return made
  }
}

const plain = (value: string): string => value.trim().replace(/ {2,}/g, ' ')

const percent = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`

/** Everything but letters, digits and -._~ as both vendors want it. */
export const encodeText = (text: string): string =>
  /^[\w.~-]*$/.test(text) ? text : encodeURIComponent(text).replace(/[!'()*]/g, percent)

/** Slashes stay. */
export const encodeKey = (key: string): string =>
  /^[\w.~/-]*$/.test(key) ? key : key.split('/').map(encodeText).join('/')

export const queryOnTheWire = (query: Query): string =>
  query.map(([name, value]) => (value === '' ? encodeText(name) : `${encodeText(name)}=${encodeText(value)}`)).join('&')
