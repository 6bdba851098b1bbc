// Requests, counters and outcomes as the catalog keeps them: exact JSON, credentials apart.
import { parseExactJson } from '../../foundation/exact-json.ts'
import type { JsonObject } from '../../model/json.ts'
import type { ReindexOutcome, ReindexRequest, ReindexStatus } from '../../model/reindex.ts'
import type { TaskStart } from './task.ts'

/** What is sealed in the catalog, and erased when the task has ended. */
export interface TaskSecrets {
  readonly password?: string | undefined
  readonly apiKey?: string | undefined
  /** For the remote. */
  readonly headers: Readonly<Record<string, string>>
  /** For the cluster, in the caller's name. */
  readonly clusterHeaders: Readonly<Record<string, string>>
}

export const secretsOf = ({ request: { remote }, clusterHeaders }: TaskStart): TaskSecrets => ({
  password: remote?.password,
  apiKey: remote?.apiKey,
  headers: remote?.headers ?? {},
  clusterHeaders,
})

/** Without credentials. JSON has no Infinity: null stands for it. */
export const printRequest = ({ remote, ...rest }: ReindexRequest): string =>
  JSON.stringify({ ...rest, remote: remote && { ...remote, password: undefined, apiKey: undefined, headers: {} } })

export function parseRequest(text: string, { password, apiKey, headers }: TaskSecrets): ReindexRequest {
  const request = parseExactJson(text) as ReindexRequest
  const { remote } = request
  return {
    ...request,
    requestsPerSecond: request.requestsPerSecond ?? Number.POSITIVE_INFINITY,
    remote: remote && { ...remote, password, apiKey, headers },
  }
}

export const printStatus = (status: ReindexStatus): string => JSON.stringify(status)

export const parseStatus = (text: string): ReindexStatus => statusOf(JSON.parse(text) as ReindexStatus)

function statusOf(status: ReindexStatus): ReindexStatus {
  return {
    ...status,
    requestsPerSecond: status.requestsPerSecond ?? Number.POSITIVE_INFINITY,
    reasonCancelled: status.reasonCancelled,
    slices: status.slices?.map((slice) => (slice ? statusOf(slice) : undefined)),
  }
}

/** Names of documents and indexes stay as they are, whatever a password may be. */
const names = new Set(['index', 'id', 'node', 'shard'])

/** What a server said may hold what it was sent: `words` are taken out of it. */
const printClean = (value: unknown, words: readonly string[]): string =>
  JSON.stringify(value, (key, inner: unknown) =>
    typeof inner === 'string' && !names.has(key)
      ? words.reduce((text, word) => text.replaceAll(word, '***'), inner)
      : inner,
  )

export const printOutcome = (outcome: ReindexOutcome, words: readonly string[]): string => printClean(outcome, words)

export function parseOutcome(text: string): ReindexOutcome {
  const outcome = parseExactJson(text) as ReindexOutcome
  return { ...outcome, status: statusOf(outcome.status) }
}

export const printError = (error: JsonObject, words: readonly string[]): string => printClean(error, words)

export const parseError = (text: string): JsonObject => parseExactJson(text) as JsonObject

const isSecretHeader = /auth|key|token|secret|cookie/i

/** What must not be seen in what the task says: the credentials themselves and the forms that they are sent in. */
export function secretWords({ password, apiKey, headers, clusterHeaders }: TaskSecrets): readonly string[] {
  const sent = [headers, clusterHeaders]
    .flatMap((each) => Object.entries(each))
    .filter(([name]) => isSecretHeader.test(name))
    .flatMap(([, value]) => [value, ...inHeader(value)])
  const words = [password, apiKey, ...sent].filter((word) => word !== undefined && word.length >= 4)
  return [...new Set(words as string[])].sort((a, b) => b.length - a.length)
}

/** `Basic …` holds the password in base64. */
function inHeader(value: string): string[] {
  const [scheme = '', credentials] = value.split(/\s+/, 2)
  if (!credentials) return []
  if (scheme.toLowerCase() !== 'basic') return [credentials]
  const decoded = Buffer.from(credentials, 'base64').toString()
  return [credentials, decoded.slice(decoded.indexOf(':') + 1)]
}
