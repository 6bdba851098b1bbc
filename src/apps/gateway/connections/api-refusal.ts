// Refusals in the form of Amazon's JSON APIs: a status, a header with the exception's name, a body with a message.
import { now } from '../../../foundation/clock.ts'
import type { ErrorCode } from '../../../foundation/error-codes.ts'
import { asIndexferryError, IndexferryError } from '../../../foundation/errors.ts'
import { sourceStack } from '../../source-stack.ts'
import type { GatewayAnswer } from '../route.ts'

/** The statuses of botocore's models of both versions, and of the errors that all of Amazon's APIs share. */
const statuses = {
  ValidationException: 400,
  SerializationException: 400,
  InvalidPaginationTokenException: 400,
  MissingAuthenticationTokenException: 403,
  IncompleteSignatureException: 403,
  InvalidSignatureException: 403,
  UnrecognizedClientException: 403,
  UnknownOperationException: 404,
  DisabledOperationException: 409,
  LimitExceededException: 409,
  ResourceAlreadyExistsException: 409,
  ResourceNotFoundException: 409,
  RequestEntityTooLargeException: 413,
  InternalException: 500,
} as const

export type ExceptionName = keyof typeof statuses

export const apiRefusal = (exception: ExceptionName, message: string): IndexferryError =>
  new IndexferryError('API_CALL_REFUSED', message, { fields: { exception } })

const exceptions: Partial<Record<ErrorCode, ExceptionName>> = {
  CONNECTION_EXISTS: 'ResourceAlreadyExistsException',
  CONNECTION_LIMIT: 'LimitExceededException',
  CONNECTION_UNKNOWN: 'ResourceNotFoundException',
  CONNECTION_STATE_WRONG: 'DisabledOperationException',
  PAGE_TOKEN_INVALID: 'InvalidPaginationTokenException',
}

/** `log` gets what is no refusal but a failure of ours. */
export function answerOf(thrown: unknown, log: (failure: string) => void): GatewayAnswer {
  const error = asIndexferryError(thrown)
  const name = error.code === 'API_CALL_REFUSED' ? (error.fields.exception as ExceptionName) : exceptions[error.code]
  const exception = name ?? 'InternalException'
  if (name === undefined) {
    const { cause } = error
    log(error.code === 'INTERNAL' && cause instanceof Error ? `${error.message} ${sourceStack(cause)}` : error.message)
  }
  const message = error.message.replace(/^[a-z]/, (letter) => letter.toUpperCase())
  return jsonAnswer(statuses[exception], { message }, { 'x-amzn-errortype': exception })
}

/** Bytes, so that the answer is not printed as a cluster's would be (`?pretty`, `filter_path`). */
export function jsonAnswer(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): GatewayAnswer {
  return {
    status,
    headers: {
      'content-type': 'application/json',
      // Clients whose clock is wrong set it right by this, and sign again.
      date: new Date(now()).toUTCString(),
      'x-amzn-requestid': crypto.randomUUID(),
      ...headers,
    },
    body: Buffer.from(JSON.stringify(body)),
  }
}
