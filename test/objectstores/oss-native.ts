// Alibaba's own interface to OSS in front of a store that speaks S3: its signature (version 4) is recomputed by its documentation,
// its words are put into those of S3, and what comes back is told as OSS tells it.
import { createHash, createHmac } from 'node:crypto'
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'
import type { Refusal, Translated } from './changing-proxy.ts'
import { accessKeyId, secretAccessKey } from './object-stores.ts'

export const isNative = ({ headers }: IncomingMessage): boolean => headers.authorization?.startsWith('OSS') === true

const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`)

const parametersOf = (url: string): [string, string][] => {
  const mark = url.indexOf('?')
  if (mark < 0) return []
  return url
    .slice(mark + 1)
    .split('&')
    .filter(Boolean)
    .map((part) => {
      const [name = '', value = ''] = part.split(/=(.*)/s)
      return [decodeURIComponent(name), decodeURIComponent(value)]
    })
}

const pathOf = (url: string): string =>
  url
    .replace(/\?.*$/s, '')
    .split('/')
    .map((part) => encode(decodeURIComponent(part)))
    .join('/')

const driftMaxMs = 15 * 60_000

/** Undefined when it is signed as OSS wants it. */
export function refuseNative({ method, url = '', headers }: IncomingMessage, region: string): Refusal | undefined {
  const match =
    /^OSS4-HMAC-SHA256 Credential=([^/,]+)\/(\d{8})\/([^/]+)\/oss\/aliyun_v4_request,\s*(?:AdditionalHeaders=([^,]*),\s*)?Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    )
  if (!match) return { status: 400, code: 'InvalidArgument', message: 'the authorization header cannot be read' }
  const [, id, date, signedRegion, additional = '', signature] = match as unknown as string[]
  if (id !== accessKeyId) return { status: 403, code: 'InvalidAccessKeyId' }
  if (signedRegion !== region) return { status: 403, code: 'InvalidBucketRegion' }
  const time = String(headers['x-oss-date'])
  const at = Date.parse(time.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (!(Math.abs(at - Date.now()) < driftMaxMs) || !time.startsWith(date as string))
    return { status: 403, code: 'RequestTimeTooSkewed' }
  if (headers['x-oss-content-sha256'] !== 'UNSIGNED-PAYLOAD')
    return { status: 400, code: 'InvalidArgument', message: 'x-oss-content-sha256 must be UNSIGNED-PAYLOAD' }
  if (Object.keys(headers).some((name) => name.startsWith('x-amz-')))
    return { status: 400, code: 'InvalidArgument', message: 'words of S3 in a request of OSS' }
  const bucket = (headers.host ?? '').split('.')[0]
  const query = url
    .replace(/^[^?]*\??/, '')
    .split('&')
    .filter(Boolean)
    // A name that came without `=` has none in the signature.
    .map((part) => part.split('=').map((text) => encode(decodeURIComponent(text))))
    .sort(([left = ''], [right = '']) => (left < right ? -1 : 1))
    .map((pair) => pair.join('='))
    .join('&')
  const more = additional.split(';').filter(Boolean)
  const lines = Object.entries(headers)
    .filter(
      ([name]) => name.startsWith('x-oss-') || name === 'content-type' || name === 'content-md5' || more.includes(name),
    )
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `${name}:${String(value).trim()}\n`)
  const canonical = [
    method,
    `/${bucket}${pathOf(url)}`,
    query,
    lines.join(''),
    more.join(';'),
    'UNSIGNED-PAYLOAD',
  ].join('\n')
  const scope = `${date}/${region}/oss/aliyun_v4_request`
  const text = ['OSS4-HMAC-SHA256', time, scope, createHash('sha256').update(canonical, 'latin1').digest('hex')].join(
    '\n',
  )
  let key: Buffer = Buffer.from(`aliyun_v4${secretAccessKey}`)
  for (const step of scope.split('/')) key = createHmac('sha256', key).update(step).digest()
  if (createHmac('sha256', key).update(text).digest('hex') === signature) return undefined
  return {
    status: 403,
    code: 'SignatureDoesNotMatch',
    message: `The canonical request is ${JSON.stringify(canonical)}`,
  }
}

const namesInS3: Readonly<Record<string, string | undefined>> = {
  'x-oss-object-acl': 'x-amz-acl',
  'x-oss-date': undefined,
  'x-oss-content-sha256': undefined,
  'x-oss-security-token': undefined,
  'x-oss-storage-class': undefined,
  authorization: undefined,
}

/** OSS writes ETags in capitals. */
const lower = (value: string): string => value.replace(/[0-9A-F]{32}/g, (etag) => etag.toLowerCase())
const upper = (value: string): string => value.replace(/[0-9a-f]{32}/g, (etag) => etag.toUpperCase())

/** The same request as S3 wants it, signed by AWS's own library. */
export async function inS3(
  { method = '', url = '', headers }: IncomingMessage,
  region: string,
  body: () => Promise<Buffer>,
) {
  const query = new Map(parametersOf(url))
  // Unless asked, OSS lists so many at a time.
  if (query.has('list-type') && !query.has('max-keys')) query.set('max-keys', '100')
  const translated: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    const other = name in namesInS3 ? namesInS3[name] : name.replace(/^x-oss-/, 'x-amz-')
    if (other === undefined || value === undefined) continue
    translated[other] = /(?:if-match|copy-source-if)/.test(name) ? lower(String(value)) : String(value)
  }
  const isCompletion = method === 'POST' && query.has('uploadId')
  const whole = isCompletion ? Buffer.from(lower((await body()).toString())) : undefined
  if (whole) translated['content-length'] = String(whole.length)
  if (isCompletion) delete translated['content-md5']
  const signer = new SignatureV4({
    service: 's3',
    region,
    sha256: Sha256,
    uriEscapePath: false,
    credentials: { accessKeyId, secretAccessKey },
  })
  const signed = await signer.sign({
    method,
    protocol: 'http:',
    hostname: headers.host as string,
    path: pathOf(url),
    query: Object.fromEntries(query),
    headers: { ...translated, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
  })
  const text = [...query].map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')
  return {
    path: `${pathOf(url)}${text && `?${text}`}`,
    headers: signed.headers,
    ...(whole ? { body: whole } : {}),
  } satisfies Translated
}

export function toldByOss(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.replace(/^x-amz-/, 'x-oss-'),
      name === 'etag' ? upper(String(value)) : value,
    ]),
  )
}

export const xmlOfOss = (text: string): string => text.replace(/<ETag>[^<]*<\/ETag>/g, upper)
