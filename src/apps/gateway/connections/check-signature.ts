// Checks the signature (SigV4) of a call with Amazon's own signer: signed once more with our copy of the key, it must come out the same.
import { createHash, timingSafeEqual } from 'node:crypto'
import { now } from '../../../foundation/clock.ts'
import type { GatewayCall } from '../route.ts'
import { apiRefusal } from './api-refusal.ts'

export interface AccessKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** Amazon's own allowance for clocks that differ. */
const toleranceMinutes = 5

interface Claim {
  readonly accessKeyId: string
  readonly day: string
  readonly region: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
  readonly date: string
}

type SignedCall = Pick<GatewayCall, 'method' | 'url' | 'headers'>

/** Throws a refusal in Amazon's words unless the call is signed with one of the keys. */
export async function checkSignature(call: SignedCall, body: Buffer, keys: readonly AccessKey[]): Promise<void> {
  const claim = readClaim(call)
  const key = keys.find(({ accessKeyId }) => accessKeyId === claim.accessKeyId)
  if (!key || call.headers['x-amz-security-token'] !== undefined) {
    // The keys of the configuration are lasting ones; a session's token belongs to another key.
    throw apiRefusal('UnrecognizedClientException', 'The security token included in the request is invalid.')
  }
  checkDate(claim.date)
  checkBody(call, body)
  const wanted = await signAgain(call, body, claim, key)
  const given = Buffer.from(claim.signature)
  if (given.length === wanted.length && timingSafeEqual(given, wanted)) return
  throw apiRefusal(
    'InvalidSignatureException',
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and ' +
      'signing method. Consult the service documentation for details.',
  )
}

function readClaim({ headers }: SignedCall): Claim {
  const header = headers.authorization
  if (!header) throw apiRefusal('MissingAuthenticationTokenException', 'Missing Authentication Token')
  const [, algorithm = '', rest = ''] = /^(\S+)\s+(.*)$/.exec(header) ?? []
  if (algorithm !== 'AWS4-HMAC-SHA256') {
    const sentence = `Unsupported AWS 'algorithm': '${algorithm.slice(0, 40)}' (only AWS4-HMAC-SHA256 for now).`
    throw apiRefusal('IncompleteSignatureException', sentence)
  }
  const parts = new Map<string, string>()
  for (const part of rest.split(/[,\s]+/)) {
    const at = part.indexOf('=')
    if (at > 0) parts.set(part.slice(0, at), part.slice(at + 1))
  }
  const date = headers['x-amz-date']
  const missing = ['Credential', 'Signature', 'SignedHeaders']
    .filter((name) => !parts.get(name))
    .map((name) => `Authorization header requires '${name}' parameter.`)
  if (typeof date !== 'string') {
    missing.push("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
  }
  if (missing.length > 0) throw apiRefusal('IncompleteSignatureException', missing.join(' '))
  const signedHeaders = (parts.get('SignedHeaders') ?? '').split(';')
  const scope = readScope(parts.get('Credential') ?? '', String(date))
  return { ...scope, signedHeaders, signature: parts.get('Signature') ?? '', date: String(date) }
}

function readScope(credential: string, date: string): Pick<Claim, 'accessKeyId' | 'day' | 'region'> {
  const [accessKeyId = '', day = '', region = '', service = '', end = '', ...more] = credential.split('/')
  if (accessKeyId === '' || end === '' || more.length > 0) {
    const sentence = `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${credential.slice(0, 200)}'`
    throw apiRefusal('IncompleteSignatureException', sentence)
  }
  const wrong = [
    ...(/^[a-z0-9-]{1,30}$/.test(region) ? [] : ['Credential should be scoped to a valid region.']),
    ...(service === 'es' ? [] : ["Credential should be scoped to correct service: 'es'."]),
    ...(end === 'aws4_request' ? [] : ["Credential should be scoped with a valid terminator: 'aws4_request'."]),
    ...(date.slice(0, 8) === day
      ? []
      : ['Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.']),
  ]
  if (wrong.length > 0) throw apiRefusal('InvalidSignatureException', wrong.join(' '))
  return { accessKeyId, day, region }
}

function checkDate(date: string): void {
  const signed = /^\d{8}T\d{6}Z$/.test(date) ? parseDate(date) : Number.NaN
  if (Number.isNaN(signed)) {
    const sentence = `Date must be in ISO-8601 'basic format'. Got '${date.slice(0, 40)}'. See http://en.wikipedia.org/wiki/ISO_8601`
    throw apiRefusal('IncompleteSignatureException', sentence)
  }
  const current = now()
  const tolerance = toleranceMinutes * 60_000
  if (signed < current - tolerance) {
    const limits = `${printDate(current - tolerance)} (${printDate(current)} - ${toleranceMinutes} min.)`
    throw apiRefusal('InvalidSignatureException', `Signature expired: ${date} is now earlier than ${limits}`)
  }
  if (signed > current + tolerance) {
    const limits = `${printDate(current + tolerance)} (${printDate(current)} + ${toleranceMinutes} min.)`
    throw apiRefusal('InvalidSignatureException', `Signature not yet current: ${date} is still later than ${limits}`)
  }
}

/** A signer believes the digest in the header; whether it is that of the body is for us to see. */
function checkBody({ headers }: SignedCall, body: Buffer): void {
  const claimed = headers['x-amz-content-sha256']
  if (claimed === undefined || claimed === createHash('sha256').update(body).digest('hex')) return
  const sentence = "The value of 'x-amz-content-sha256' is not the SHA-256 digest of the body of the request."
  throw apiRefusal('InvalidSignatureException', sentence)
}

async function signAgain(call: SignedCall, body: Buffer, claim: Claim, key: AccessKey): Promise<Buffer> {
  const { signedHeaders, region, date } = claim
  if (!signedHeaders.includes('host') || !signedHeaders.includes('x-amz-date')) {
    const sentence = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
    throw apiRefusal('InvalidSignatureException', sentence)
  }
  // Amazon wants every header of its own signed; one that is not could have been added on the way.
  const unsigned = Object.keys(call.headers).find((name) => name.startsWith('x-amz-') && !signedHeaders.includes(name))
  if (unsigned !== undefined) {
    throw apiRefusal('InvalidSignatureException', `'${unsigned}' must be a 'SignedHeader' in the AWS Authorization.`)
  }
  const [{ SignatureV4 }, { Sha256 }] = await Promise.all([
    import('@smithy/signature-v4'),
    import('@aws-crypto/sha256-js'),
  ])
  const [path = '/', query = ''] = call.url.split('?', 2)
  const headers: Record<string, string> = {}
  for (const name of signedHeaders) {
    const value = Object.hasOwn(call.headers, name) ? call.headers[name] : undefined
    headers[name] = Array.isArray(value) ? value.join(',') : (value ?? '')
  }
  const signature = new SignatureV4({
    service: 'es',
    region,
    sha256: Sha256,
    credentials: key,
    applyChecksum: false,
  })
  const request = { method: call.method, protocol: 'http:', hostname: '', path, query: bag(query), headers, body }
  const signed = await signature.sign(request, {
    signingDate: new Date(parseDate(date)),
    signableHeaders: new Set(signedHeaders),
  })
  return Buffer.from(/Signature=([0-9a-f]+)$/.exec(signed.headers.authorization ?? '')?.[1] ?? '')
}

function bag(query: string): Record<string, string | string[]> {
  const values = new Map<string, string[]>()
  for (const [name, value] of new URLSearchParams(query)) {
    const before = values.get(name)
    if (before) before.push(value)
    else values.set(name, [value])
  }
  return Object.fromEntries(values)
}

const parseDate = (date: string): number =>
  Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))

const printDate = (ms: number): string => new Date(ms).toISOString().replace(/[-:]|\.\d+/g, '')
