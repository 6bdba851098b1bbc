// A call that is refused as the servers refuse it: in their envelope, with their types, words and statuses.
import { IndexferryError, redact } from '../../../foundation/errors.ts'
import type { JsonObject, JsonValue } from '../../../model/json.ts'

/** An exception as the servers print it. */
export interface ServerCause {
  readonly type: string
  readonly reason: string
  readonly caused_by?: ServerCause
  /** `line` and `col` of a parsing_exception, and what else an exception says about itself. */
  readonly details?: JsonObject
}

export const illegalArgument = (reason: string, caused_by?: ServerCause): ServerCause => ({
  type: 'illegal_argument_exception',
  reason,
  ...(caused_by && { caused_by }),
})

export class RefusedCall extends IndexferryError {
  readonly status: number
  readonly exception: ServerCause

  constructor(status: number, exception: ServerCause) {
    super('API_CALL_REFUSED', exception.reason)
    this.status = status
    this.exception = exception
  }
}

export const refuse = (exception: ServerCause): RefusedCall => new RefusedCall(400, exception)

/** ActionRequestValidationException: all complaints in one sentence. */
export const refuseInvalid = (complaints: readonly string[]): RefusedCall =>
  refuse({
    type: 'action_request_validation_exception',
    reason: `Validation Failed: ${complaints.map((complaint, index) => `${index + 1}: ${complaint};`).join('')}`,
  })

/** `{"error": {…}, "status": …}`. */
export const errorEnvelope = (status: number, exception: ServerCause): JsonObject => ({
  error: { root_cause: [causeBody(withoutCause(rootCause(exception)))], ...causeBody(exception) },
  status,
})

/** The exception alone, as failures and finished tasks carry it. */
export function causeBody({ type, reason, details, caused_by }: ServerCause): JsonObject {
  const body: JsonObject = { type, reason: redact(reason), ...details }
  return caused_by ? { ...body, caused_by: causeBody(caused_by) as JsonValue } : body
}

const withoutCause = ({ type, reason, details }: ServerCause): ServerCause => ({
  type,
  reason,
  ...(details && { details }),
})

/** What OpenSearchException.guessRootCauses finds: a parser's complaint is looked into as long as it is about another one's. */
function rootCause(exception: ServerCause): ServerCause {
  const { type, caused_by } = exception
  const isParsers = type === 'x_content_parse_exception' && caused_by && /pars(e|ing)_exception$/.test(caused_by.type)
  return isParsers ? rootCause(caused_by) : exception
}
