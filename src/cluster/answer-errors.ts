// What an answer outside 200-299 means: from its status and what the cluster, a security plugin or a proxy wrote into it.
import type { ErrorCode } from '../foundation/error-codes.ts'

/** What the cluster says about an error, taken out of the forms of all versions. */
export interface ClusterReason {
  /** In today's spelling, such as `index_not_found_exception`; empty where the answer names none. */
  readonly type: string
  readonly reason: string
}

export interface AnswerFailure extends ClusterReason {
  readonly code: ErrorCode
  readonly remedy?: string
  readonly passing: boolean
}

const reasonLengthMax = 600

export function explainAnswer(status: number, body: string, hasCredentials: boolean): AnswerFailure {
  const said = readReason(body)
  const everything = `${said.type} ${said.reason}`
  const byReason =
    explainBlock(everything) ??
    (isNodeGone(status, everything) ? shardFailed : undefined) ??
    explainType(said.type, everything)
  const { code, remedy } = byReason ?? explainStatus(status, everything, hasCredentials)
  const isPassingStatus = passingStatuses.has(status) || isNodeGone(status, everything)
  const passing = isPassingStatus && (byReason === undefined || code === 'SHARD_FAILED')
  return { ...said, code, ...(remedy === undefined ? {} : { remedy }), passing }
}

const passingStatuses = new Set([429, 502, 503, 504])

interface Meaning {
  readonly code: ErrorCode
  readonly remedy?: string
}

const shardFailed: Meaning = { code: 'SHARD_FAILED' }

const nodeGone =
  /(?:node_?(?:closed|not_?connected|disconnected)|(?:connect|send_?request|receive_?timeout)_?transport|illegal_?index_?shard_?state|index_?shard_?(?:closed|not_?started)|shard_?not_?found|no_?longer_?primary_?shard|already_?closed)_?exception|Node not connected/i

/** A node that stops or restarts, or a shard that moves, is told as a server error (500) until another copy is taken: it passes. */
export const isNodeGone = (status: number, text: string): boolean => status >= 500 && nodeGone.test(text)

/** `index [x] blocked by: [FORBIDDEN/8/index write (api)];`, in the numbers of ClusterBlock and IndexMetadata. */
function explainBlock(text: string): Meaning | undefined {
  const id = /blocked by: \[[A-Z_]+\/(\d+)\//.exec(text)?.[1]
  if (id === undefined) return undefined
  if (id === '12' || id === '13') return { code: 'TARGET_FULL' }
  if (id === '4') return { code: 'INDEX_CLOSED' }
  // 1000 is what cross-cluster replication puts on a follower.
  const follower = { code: 'TARGET_READ_ONLY', remedy: 'Stop the replication that writes to this index.' } as const
  if (id === '1000') return follower
  return ['5', '6', '8', '9', '10'].includes(id) ? { code: 'TARGET_READ_ONLY' } : undefined
}

function explainType(type: string, text: string): Meaning | undefined {
  if (type === 'index_not_found_exception' || type === 'index_missing_exception') return { code: 'INDEX_MISSING' }
  if (type === 'index_closed_exception') return { code: 'INDEX_CLOSED' }
  if (/search_?context_?missing_?exception|point in time .* not found/i.test(text)) return { code: 'CONTEXT_LOST' }
  if (/^(search_phase_execution|no_shard_available_action|unavailable_shards)_exception$/.test(type)) {
    return /all shards failed|shard/i.test(text) ? { code: 'SHARD_FAILED' } : undefined
  }
  return undefined
}

function explainStatus(status: number, text: string, hasCredentials: boolean): Meaning {
  if (status === 401) return { code: hasCredentials ? 'CREDENTIALS_WRONG' : 'CREDENTIALS_MISSING' }
  if (status === 403) return explainForbidden(text, hasCredentials)
  if (status === 413) return { code: 'DOCUMENT_TOO_LARGE' }
  if (passingStatuses.has(status)) return { code: 'CLUSTER_BUSY' }
  if (status >= 300 && status < 400) {
    return { code: 'NOT_A_CLUSTER', remedy: 'Give the URL that the answer points to, if it is the cluster.' }
  }
  return { code: 'REQUEST_REFUSED' }
}

/** AWS answers 403, not 401, to signatures and tokens it does not accept. */
function explainForbidden(text: string, hasCredentials: boolean): Meaning {
  if (/signature expired|signature not yet current/i.test(text)) {
    return { code: 'CREDENTIALS_WRONG', remedy: 'Set the clock of this machine: the signature carries its time.' }
  }
  if (/security token|request signature|unrecognizedclient|invalidclienttoken|invalid access key/i.test(text)) {
    return { code: 'CREDENTIALS_WRONG' }
  }
  if (!hasCredentials && /missing authentication token|user: anonymous/i.test(text)) {
    return { code: 'CREDENTIALS_MISSING' }
  }
  return { code: 'PRIVILEGE_MISSING' }
}

/** The cluster's own words, from `{"error": {…}}` (2.0 and newer), `{"error": "…"}` (1.x), AWS's `{"message": "…"}`, or plain text. */
function readReason(body: string): ClusterReason {
  const parsed = parseObject(body)
  if (!parsed) return { type: '', reason: plainText(body) }
  const { error } = parsed
  if (typeof error === 'string') return reasonOfString(error)
  if (isObject(error)) return reasonOfObject(error)
  const message = parsed.message ?? parsed.Message ?? parsed.reason
  return { type: '', reason: limit(typeof message === 'string' ? message : body) }
}

/**
 * The root cause says more than the error around it ("all shards failed"), but what kind of failure it is stands outside:
 * an index that is missing is missing, wherever it was noticed.
 */
function reasonOfObject(error: Record<string, unknown>): ClusterReason {
  const outer = text(error.type)
  const causes: unknown[] = Array.isArray(error.root_cause) ? error.root_cause : []
  const cause = causes.find(isObject)
  const further =
    deepest(error.caused_by) ||
    firstFailedShard(error) ||
    (outer === 'illegal_argument_exception' ? firstSuppressed(error) : '')
  const parts = [cause ? text(cause.reason) : '', further, text(error.reason)].filter(Boolean)
  const [first = '', ...rest] = [...new Set(parts)]
  const inner = cause ? text(cause.type) : ''
  const type = inner !== '' && outer === 'search_phase_execution_exception' ? inner : outer || inner
  const more = rest.filter((part) => !first.includes(part))
  // The shards failed where nothing more exact is known; `explainType` looks for both.
  const named = inner && inner !== type ? `${inner}: ` : ''
  return { type, reason: limit(named + [first, ...more].join('; ') || outer) }
}

/** What a script throws stands only there. */
function firstFailedShard({ failed_shards: failed }: Record<string, unknown>): string {
  const [first]: unknown[] = Array.isArray(failed) ? failed : []
  return isObject(first) && isObject(first.reason) ? deepest(first.reason.caused_by) : ''
}

/** OpenSearch 3 only names the analyzers of an index that it cannot build; why stands there. */
const firstSuppressed = ({ suppressed }: Record<string, unknown>): string =>
  Array.isArray(suppressed) ? deepest(suppressed[0]) : ''

function deepest(cause: unknown): string {
  let reason = ''
  for (let level = 0, at = cause; level < 10 && isObject(at); level++, at = at.caused_by) reason = text(at.reason)
  return reason
}

/** Elasticsearch 1.x: `IndexMissingException[[logs] missing]`, often wrapped: `RemoteTransportException[…]; nested: …`. */
function reasonOfString(error: string): ClusterReason {
  const nested = /^RemoteTransportException\[.*?; nested: (.*)$/s.exec(error)?.[1] ?? error
  const match = /^(\w+Exception)\[(.*)\]/s.exec(nested)
  if (!match) return { type: '', reason: limit(error) }
  const [, name = '', reason = ''] = match
  const type = name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase()
  return { type, reason: limit(reason || nested) }
}

/** A page of a proxy: its title is all a sentence can hold. */
function plainText(body: string): string {
  const title = /<title[^>]*>([^<]*)<\/title>/i.exec(body)?.[1]
  return limit(title ?? body)
}

const limit = (reason: string): string => {
  const line = reason.replace(/\s+/g, ' ').trim()
  return line.length > reasonLengthMax ? `${line.slice(0, reasonLengthMax)}…` : line
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function parseObject(body: string): Record<string, unknown> | undefined {
  if (!body.trimStart().startsWith('{')) return undefined
  try {
    const parsed: unknown = JSON.parse(body)
    return isObject(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}
