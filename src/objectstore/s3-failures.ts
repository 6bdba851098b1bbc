// What a store or the network says, as errors of ours.
import type { NodeAddress } from '../cluster/connection.ts'
import { explainNetworkError } from '../cluster/network-errors.ts'
import type { ErrorCode } from '../foundation/error-codes.ts'
import { IndexferryError, type Side } from '../foundation/errors.ts'

export interface StorePlace {
  readonly side: Side
  /** `bucket movies`. */
  readonly name: string
  readonly address: NodeAddress
}

interface ServiceError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string }
  readonly Code?: string
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
export function storeError(error: unknown, place: StorePlace, what: string): IndexferryError {
  if (error instanceof IndexferryError) return error
  const { side, name, address } = place
  const service = error as ServiceError
  const status = service.$metadata?.httpStatusCode
  const fields = { ...(status === undefined ? {} : { status }), store: name }
  const told = (code: ErrorCode, reason: string, remedy?: string) =>
    new IndexferryError(code, `${side} ${name}: cannot ${what}: ${reason}`, {
      side,
      fields,
      cause: error,
      ...(remedy === undefined ? {} : { remedy }),
    })
  if (status === undefined || isCutShort(service)) {
    const { code, cause, remedy } = explainNetworkError(error, address)
    return told(code, `${address.name}: ${cause}`, remedy)
  }
  const reason = describe(service, status)
  return told(codeOf(service, status), reason)
}

/** A 200 whose body could not be read to its end, or not as XML. */
const isCutShort = (error: ServiceError): boolean =>
  (error.$metadata?.httpStatusCode ?? 0) < 300 &&
  /aborted|ECONNRESET|premature|terminated/i.test(`${error.message} ${error.name}`)

function describe(error: ServiceError, status: number): string {
  const name = error.name === 'Error' || error.name === 'UnknownError' ? '' : `${error.name}: `
  const message = error.message && error.message !== 'UnknownError' ? error.message : 'no reason given'
  return `${name}${message} (${status})`.slice(0, 500)
}

function codeOf({ name }: ServiceError, status: number): ErrorCode {
  if (name === 'NoSuchBucket') return 'BUCKET_MISSING'
  if (wrongKey.has(name)) return 'CREDENTIALS_WRONG'
  if (passing.has(name) || status === 429 || status >= 500) {
    if (status === 501 || name === 'NotImplemented') return 'REQUEST_REFUSED'
    return 'STORE_BUSY'
  }
  if (status === 412 || status === 409) return 'OBJECT_CHANGED'
  if (status === 404) return 'OBJECT_MISSING'
  if (status === 401) return 'CREDENTIALS_WRONG'
  if (status === 403) return 'PRIVILEGE_MISSING'
  if (status < 300) return 'ANSWER_INVALID'
  return 'REQUEST_REFUSED'
}
