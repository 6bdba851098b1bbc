// What a store or the network says, as errors of ours.
import type { IncomingHttpHeaders } from 'node:http'
import type { NodeAddress } from '../cluster/connection.ts'
import { explainNetworkError } from '../cluster/network-errors.ts'
import type { ErrorCode } from '../foundation/error-codes.ts'
import { IndexferryError, type Side } from '../foundation/errors.ts'
import type { StoreDialect } from './store-signature.ts'
import { readXml, textOf } from './xml.ts'

export interface StorePlace {
  readonly side: Side
  /** `bucket movies`. */
  readonly name: string
  readonly address: NodeAddress
}

/** What a store answers instead of what it was asked for. */
export interface Refusal {
  readonly status: number
  /** Such as NoSuchBucket; empty where the answer has no body. */
  readonly code: string
  readonly message: string
  /** Where the bucket is, when it is elsewhere. */
  readonly region: string | undefined
}

const wrongKey = new Set([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'InvalidToken',
  'ExpiredToken',
  'TokenRefreshRequired',
  'AuthorizationHeaderMalformed',
  'RequestTimeTooSkewed',
  'XAdminUserNotFound',
  'SecurityTokenExpired',
  'InvalidSecurityToken',
])

/** Of objects in storage classes like GLACIER, with 403. */
const archived = 'InvalidObjectState'

/** Passing faults that come with a 4xx status. */
const passing = new Set([
  'RequestTimeout',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'RequestLimitExceeded',
  'TooManyRequests',
  'BadDigest',
  'IncompleteBody',
  'InvalidDigest',
  'OperationAborted',
  'XAmzContentSHA256Mismatch',
])

/** `what` completes "… cannot": `read the object a/b`. */
export function storeError(error: unknown, { side, name, address }: StorePlace, what: string): IndexferryError {
  if (error instanceof IndexferryError) return error
  const { code, cause, remedy } = explainNetworkError(error, address)
  return new IndexferryError(code, `${side} ${name}: cannot ${what}: ${address.name}: ${cause}`, {
    side,
    fields: { store: name },
    cause: error,
    ...(remedy === undefined ? {} : { remedy }),
  })
}

export function readRefusal(status: number, headers: IncomingHttpHeaders, body: Buffer): Refusal {
  const root = body.length === 0 ? undefined : readXml(body.toString())
  const error = root?.name === 'Error' ? root : undefined
  const code = error && textOf(error, 'Code')
  // Answers to HEAD have no body; Amazon tells in headers where the bucket is, OSS what is wrong.
  return {
    status,
    code: code ?? (status === 301 ? 'PermanentRedirect' : String(headers['x-oss-err-code'] ?? '')),
    message: (error && textOf(error, 'Message')) || 'no reason given',
    region: (error && textOf(error, 'Region')) || undefined,
  }
}

/** `isPassing`: what stood in the way is mended, and the same again will do. */
export function refused(
  refusal: Refusal,
  place: StorePlace,
  what: string,
  dialect: StoreDialect,
  { isPassing = false }: { readonly isPassing?: boolean } = {},
): IndexferryError {
  const { status, code, message } = refusal
  const { side, name } = place
  const reason = `${code && `${code}: `}${message} (${status})`.slice(0, 500)
  const remedy = remedyFor(refusal, side, dialect)
  return new IndexferryError(isPassing ? 'STORE_BUSY' : codeOf(refusal), `${side} ${name}: cannot ${what}: ${reason}`, {
    side,
    fields: { status, store: name },
    ...(remedy === undefined ? {} : { remedy }),
  })
}

const ended = new Set(['ExpiredToken', 'TokenRefreshRequired', 'SecurityTokenExpired'])

function remedyFor(refusal: Refusal, side: Side, { name }: StoreDialect): string | undefined {
  const { code, region } = refusal
  if (code === 'InvalidObjectName')
    return 'OSS takes no names that begin with / or \\, are empty or longer than 1,023 bytes. Put what such names begin with into the base path of the source (a / as %2F), so that the rest is moved, or rename the objects.'
  if (code === 'SecondLevelDomainForbidden')
    return 'The store wants the bucket in the host name: leave out the option …-path-style on.'
  if (code === 'SignatureDoesNotMatch' && name === 'oss')
    return 'Check the secret and the region; an endpoint that speaks S3 only wants --source-signature s3 or --target-signature s3.'
  if (code === archived)
    return 'The object is archived: have the store restore it first (aws s3api restore-object, ossutil restore); the same command goes on where it stopped.'
  if (region !== undefined) return `The bucket is in the region ${region}: give it with --${side}-region ${region}.`
  if (ended.has(code)) return 'Get new credentials; the same command goes on where it stopped.'
  if (code === 'RequestTimeTooSkewed') return 'Set the clock of this machine right.'
  const ours = codeOf(refusal)
  if (ours === 'CREDENTIALS_WRONG')
    return `Check the access key of the ${side} and its secret: its options, the environment or the profile.`
  if (ours === 'PRIVILEGE_MISSING')
    return `Allow it to the key of the ${side}; docs/object-stores.md lists what is needed.`
  return ours === 'REQUEST_REFUSED' ? 'Read the reason that the store gave.' : undefined
}

function codeOf({ code, status }: Refusal): ErrorCode {
  if (code === 'NoSuchBucket') return 'BUCKET_MISSING'
  if (wrongKey.has(code)) return 'CREDENTIALS_WRONG'
  if (code === archived) return 'REQUEST_REFUSED'
  if (passing.has(code) || status === 429 || status >= 500) {
    if (status === 501 || code === 'NotImplemented') return 'REQUEST_REFUSED'
    return 'STORE_BUSY'
  }
  if (status === 412 || status === 409) return 'OBJECT_CHANGED'
  if (status === 404) return 'OBJECT_MISSING'
  if (status === 401) return 'CREDENTIALS_WRONG'
  if (status === 403) return 'PRIVILEGE_MISSING'
  return 'REQUEST_REFUSED'
}
