// Errors in the servers' own envelope: what went wrong in the gateway reads as if the cluster had said it.
import { NoAnswer } from '../../cluster/collect-answer.ts'
import type { ErrorCode } from '../../foundation/error-codes.ts'
import { asIndexferryError } from '../../foundation/errors.ts'
import type { JsonObject } from '../../model/json.ts'
import type { GatewayAnswer } from './route.ts'

/** `extra` joins the error object, as `index`, `caused_by` and the like do in the servers' answers. */
export function serverError(
  status: number,
  type: string,
  reason: string,
  extra: JsonObject = {},
  headers: Readonly<Record<string, string>> = {},
): GatewayAnswer {
  const error = { type, reason, ...extra }
  return { status, headers, body: { error: { root_cause: [error], ...error }, status } }
}

/** Statuses and types of errors that a call may end with; the servers' own types where they have one. */
const answers: Partial<Record<ErrorCode, readonly [status: number, type: string]>> = {
  REQUEST_MALFORMED: [400, 'illegal_argument_exception'],
  REQUEST_TOO_LARGE: [413, 'content_too_long_exception'],
  CLIENT_GONE: [408, 'request_timeout_exception'],
  GATEWAY_STOPPING: [503, 'node_closed_exception'],
  CONNECTION_REFUSED: [503, 'connect_exception'],
  HOST_UNKNOWN: [503, 'unknown_host_exception'],
  CONNECTION_LOST: [502, 'connection_lost_exception'],
  CREDENTIALS_WRONG: [401, 'security_exception'],
  CREDENTIALS_MISSING: [401, 'security_exception'],
  PRIVILEGE_MISSING: [403, 'security_exception'],
  REMOTE_NOT_ALLOWED: [400, 'illegal_argument_exception'],
  SWITCH_REFUSED: [409, 'illegal_state_exception'],
  SWITCH_LATE: [504, 'timeout_exception'],
  TASKS_FULL: [429, 'rejected_execution_exception'],
  CLUSTER_BUSY: [503, 'cluster_busy_exception'],
  WRITE_NOT_RECORDED: [503, 'write_not_recorded_exception'],
}

/** The answer to a call that threw. What no row knows is a defect: 500, with the error's sentence. */
export function answerForError(thrown: unknown): GatewayAnswer {
  const error = asIndexferryError(thrown)
  const known = answers[error.code]
  if (thrown instanceof NoAnswer) return serverError(thrown.status, typeOfFailure(thrown.status), sentenceOf(error))
  const [status, type] = known ?? [500, `${error.code.toLowerCase()}_exception`]
  return serverError(status, type, sentenceOf(error))
}

/** What a proxy says about a cluster that does not answer. */
export const typeOfFailure = (status: number): string =>
  ({ 400: 'illegal_argument_exception', 503: 'connect_exception', 504: 'timeout_exception' })[status] ??
  'bad_gateway_exception'

const sentenceOf = ({ message, remedy }: { message: string; remedy: string }): string =>
  remedy ? `${message}. ${remedy}` : message
