import { isJsonObject, type JsonObject, type JsonValue } from '../../model/json.ts'
import type { GatewayAnswer } from './route.ts'

/** Answers may quote another cluster's whole answer. */
const lengthMax = 1_000

/**
 * Why a call of the gateway's own was not done, for the log. Undefined where it was, and where something is only not there.
 */
export function refusalReason({ status, body }: GatewayAnswer): string | undefined {
  if (status < 400 || status === 404 || Buffer.isBuffer(body) || !isJsonObject(body)) return undefined
  // Amazon's errors have nothing but a sentence.
  const { error, message, Message = message, failures } = body
  if (Array.isArray(failures)) return failuresOf(failures)
  if (isJsonObject(error)) return [...reasonsOf(error)].join(': ').slice(0, lengthMax)
  const reason = error ?? Message
  return typeof reason === 'string' ? reason : undefined
}

function failuresOf(failures: readonly JsonValue[]): string {
  const [first] = failures
  const cause = isJsonObject(first) ? (first.cause ?? first.reason) : undefined
  const reason = isJsonObject(cause) ? [...reasonsOf(cause)].join(': ') : 'see the answer'
  return `${failures.length === 1 ? '1 document was' : `${failures.length} documents were`} refused: ${reason}`
}

/** From `failed to parse field` down to what is wrong with it. */
function* reasonsOf({ reason, caused_by }: JsonObject): Generator<string> {
  if (typeof reason === 'string') yield reason
  if (isJsonObject(caused_by)) yield* reasonsOf(caused_by)
}
