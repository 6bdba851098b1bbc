// What went wrong with the remote or the cluster, as the servers tell it: the exception that their own reindex would have ended with.

import { isIP } from 'node:net'
import type { ErrorCode } from '../../../foundation/error-codes.ts'
import { asIndexferryError, type IndexferryError, isErrorOf } from '../../../foundation/errors.ts'
import { parseExactJson } from '../../../foundation/exact-json.ts'
import { type ClusterVersion, isAtLeast } from '../../../model/cluster-version.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../model/json.ts'
import type { RemoteHost } from '../../../model/reindex.ts'
import { causeBody, errorEnvelope, RefusedCall, type ServerCause } from './refused-call.ts'

export interface ServerError {
  readonly status: number
  /** `type`, `reason`, `caused_by`: what a finished task shows as `error`, and a failure as `reason`. */
  readonly error: JsonObject
  /** `{"error": {"root_cause": […], …}, "status": …}`: the answer to a call that waited. */
  readonly body: JsonObject
}

export function serverErrorOf(
  thrown: unknown,
  context: { readonly server: ClusterVersion; readonly remote?: RemoteHost | undefined },
): ServerError {
  const error = asIndexferryError(thrown)
  const { status, exception } = error instanceof RefusedCall ? error : explain(error, context)
  return { status, error: causeBody(exception), body: errorEnvelope(status, exception) }
}

type Told = { readonly status: number; readonly exception: ServerCause }
type Context = Parameters<typeof serverErrorOf>[1]

function explain(error: IndexferryError, context: Context): Told {
  if (error.code === 'REMOTE_NOT_ALLOWED') {
    return { status: 400, exception: { type: 'illegal_argument_exception', reason: error.message } }
  }
  const ours = ofGateway(error, context)
  if (ours) return ours
  const { status, serverError } = error.fields
  if (typeof serverError === 'string') return quoted(serverError)
  if (error.code === 'SOURCE_NOT_STORED') return ofMissingSource(error, context)
  if (typeof status === 'number' && status >= 300) return answered(error, status)
  const named = ofNetwork(error, context)
  // Their words for what went wrong on the network say little: ours stand behind them.
  const caused_by = { type: 'indexferry_exception', reason: `${error.message}. ${error.remedy}` }
  if (named) return { status: 500, exception: { ...named, caused_by } }
  return { status: 500, exception: { type: 'exception', reason: `${error.message}. ${error.remedy}` } }
}

/** The gateway itself is the reason. */
function ofGateway(error: IndexferryError, { server }: Context): Told | undefined {
  const reason = `${error.message}. ${error.remedy}`
  if (isErrorOf(error, 'PAUSED', 'GATEWAY_STOPPING')) {
    return { status: 503, exception: { type: 'node_closed_exception', reason } }
  }
  if (!isErrorOf(error, 'TASKS_FULL')) return undefined
  const type = server.flavour === 'opensearch' ? 'rejected_execution_exception' : 'es_rejected_execution_exception'
  return { status: 429, exception: { type, reason } }
}

/** Until types were gone, the servers named the type as well. */
function ofMissingSource({ fields: { index, id } }: IndexferryError, { server }: Context): Told {
  const isTyped = !isAtLeast(server, 'opensearch', 2) && !isAtLeast(server, 'elasticsearch', 8)
  const reason = `[${index}]${isTyped ? '[_doc]' : ''}[${id}] didn't store _source`
  return { status: 400, exception: { type: 'illegal_argument_exception', reason } }
}

/** The exception with which the cluster's own reindex has ended, whole. */
function quoted(serverError: string): Told {
  const error = parseExactJson(serverError)
  const exception = causeOf(error)
  return { status: statuses[exception.type] ?? 500, exception }
}

function causeOf(value: unknown): ServerCause {
  const { type, reason, caused_by, root_cause: _, ...details } = isJsonObject(value) ? value : {}
  return {
    type: typeof type === 'string' ? type : 'exception',
    reason: typeof reason === 'string' ? reason : '',
    // An exception without a message has null for it.
    details: reason === null ? { reason, ...details } : details,
    ...(isJsonObject(caused_by) && { caused_by: causeOf(caused_by) }),
  }
}

/** Some cluster refused: the remote one is quoted (status_exception), the local one speaks for itself. */
function answered(error: IndexferryError, status: number): Told {
  const { errorType, reason } = error.fields
  const type = typeof errorType === 'string' && errorType !== '' ? errorType : 'exception'
  const said = typeof reason === 'string' && reason !== '' ? reason : error.message
  const whole = errorIn(error.answer)
  if (error.side !== 'source') return { status, exception: whole ? causeOf(whole) : { type, reason: said } }
  const isNamed = type !== 'exception'
  const quoted = isNamed ? { error: { root_cause: [{ type, reason: said }], type, reason: said }, status } : undefined
  const exception = {
    type: 'status_exception',
    reason: `body=${whole ? error.answer : quoted ? JSON.stringify(quoted) : said}`,
    caused_by: { type: 'response_exception', reason: error.message },
  }
  // 3xx and what else is no status of an error to the servers.
  return { status: status >= 400 ? status : 500, exception }
}

/** The exception of an answer of 2.0 or newer; undefined for what else a server or a proxy says. */
function errorIn(answer: string | undefined): JsonObject | undefined {
  if (answer === undefined || !answer.startsWith('{"error":{')) return undefined
  try {
    const body = parseExactJson(answer)
    return isJsonObject(body) && isJsonObject(body.error) && typeof body.error.type === 'string'
      ? body.error
      : undefined
  } catch {
    return undefined
  }
}

const certificates: readonly ErrorCode[] = [
  'CERTIFICATE_UNTRUSTED',
  'CERTIFICATE_EXPIRED',
  'CERTIFICATE_NAME_WRONG',
  'CERTIFICATE_REQUIRED',
]

function ofNetwork(error: IndexferryError, { server, remote }: Context): ServerCause | undefined {
  const isNewClient = isAtLeast(server, 'opensearch', 3)
  const host = remote?.hostname ?? error.message
  if (isErrorOf(error, 'HOST_UNKNOWN')) {
    return { type: 'unknown_host_exception', reason: `${host}: Name or service not known` }
  }
  if (isErrorOf(error, 'CONNECTION_REFUSED')) {
    if (!isNewClient) return { type: 'connect_exception', reason: 'Connection refused' }
    const url = remote ? `${remote.scheme}://${bracketed(remote.hostname)}:${remote.port}` : host
    const address = isIP(host) === 4 ? ` [/${host}]` : ''
    return { type: 'http_host_connect_exception', reason: `Connect to ${url}${address} failed: Connection refused` }
  }
  if (isErrorOf(error, 'CONNECTION_LOST')) return ofLoss(error, isNewClient, remote)
  if (isErrorOf(error, 'NOT_HTTP')) {
    return { type: 's_s_l_exception', reason: 'Unrecognized SSL message, plaintext connection?' }
  }
  if (isErrorOf(error, ...certificates)) {
    return { type: 's_s_l_handshake_exception', reason: 'PKIX path building failed or the peer refused the handshake' }
  }
  if (!isErrorOf(error, 'NOT_A_CLUSTER', 'ANSWER_INVALID')) return undefined
  const name = server.flavour === 'opensearch' ? 'OpenSearch' : 'Elasticsearch'
  const reason = `Response didn't include supported Content-Type, remote is likely not an ${name} instance`
  return { type: 'exception', reason }
}

function ofLoss(error: IndexferryError, isNewClient: boolean, remote: RemoteHost | undefined): ServerCause {
  if (!/timed out|in time|stopped/.test(error.message)) {
    const reason = isNewClient ? 'Connection closed by peer' : 'Connection is closed'
    return { type: 'connection_closed_exception', reason }
  }
  const ms = remote?.socketTimeoutMs ?? 30_000
  const reason = isNewClient ? `${ms} MILLISECONDS` : `${ms.toLocaleString('en-US')} milliseconds timeout on connection`
  return { type: 'socket_timeout_exception', reason }
}

const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host)

/** The status of an error that only its `type` and `reason` are left of, as of a task that has ended. */
export function statusOfError(error: JsonObject): number {
  const { type, reason, caused_by } = error
  if (type === 'status_exception') {
    const said = /"status":(\d{3})}?$/.exec(String(reason))?.[1] ?? statusIn(caused_by)
    return said === undefined ? 500 : Number(said)
  }
  return statuses[String(type)] ?? 500
}

const statusIn = (cause: JsonValue | undefined): string | undefined =>
  isJsonObject(cause) ? /was answered ([45]\d\d)\b/.exec(String(cause.reason))?.[1] : undefined

/** RestStatus of the servers' exceptions, where it is not 500. */
const statuses: Readonly<Record<string, number>> = {
  action_request_validation_exception: 400,
  cluster_block_exception: 403,
  circuit_breaking_exception: 429,
  document_parsing_exception: 400,
  es_rejected_execution_exception: 429,
  illegal_argument_exception: 400,
  index_closed_exception: 400,
  index_not_found_exception: 404,
  invalid_alias_name_exception: 400,
  invalid_index_name_exception: 400,
  mapper_parsing_exception: 400,
  open_search_rejected_execution_exception: 429,
  parse_exception: 400,
  parsing_exception: 400,
  process_cluster_event_timeout_exception: 503,
  rejected_execution_exception: 429,
  resource_already_exists_exception: 400,
  resource_not_found_exception: 404,
  script_exception: 400,
  search_phase_execution_exception: 503,
  security_exception: 403,
  unavailable_shards_exception: 503,
  validation_exception: 400,
  version_conflict_engine_exception: 409,
  x_content_parse_exception: 400,
}
