// Lets the cluster itself judge a call before it is taken over: it is asked to do it with a host that no list allows and no client
// can speak to, and refuses what is wrong with the rest in the words of its version. What only we can do is left out.
import { isJsonObject, type JsonObject, type JsonValue } from '../../../model/json.ts'
import { parseForPrinting } from '../body-json.ts'
import type { GatewayAnswer, GatewayCall } from '../route.ts'
import { entryOf, type LocatedObject, type LocatedValue } from './located-json.ts'

export interface Rehearsal {
  /** Undefined: the cluster found nothing wrong. */
  readonly refusal: GatewayAnswer | undefined
  /** What the cluster warns about (deprecated fields), to be passed on with the answer. */
  readonly headers: Readonly<Record<string, string>>
}

/** Host 0 and port 0, in a scheme that is none: not listed, and where everything is listed, not reachable. */
const nowhere = '"x://0:0"'

export async function rehearse(
  call: Pick<GatewayCall, 'askCluster' | 'query' | 'headers'>,
  { text, root, isJson }: { text: string; root: LocatedValue; isJson: boolean },
): Promise<Rehearsal> {
  const type = (isJson && call.headers['content-type']) || 'application/json'
  const answer = await call.askCluster({
    method: 'POST',
    url: rehearsalUrl(call.query),
    body: Buffer.from(rehearsalText(text, root)),
    // Elasticsearch 8 wants its own media type in both or in none.
    headers: { accept: type.includes('vnd.') ? type : 'application/json', 'content-type': type },
  })
  const headers = keptHeaders(answer.headers)
  if (answer.status < 300) return { refusal: undefined, headers }
  const parsed = parseForPrinting(answer.body)
  const body = isJsonObject(parsed) ? parsed : undefined
  if (isAllRight(answer, body)) return { refusal: undefined, headers }
  return { refusal: { status: answer.status, headers, body: body ?? answer.body }, headers }
}

function keptHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const kept = ['warning', 'www-authenticate', 'retry-after'].flatMap((name) => {
    const value = headers[name]
    return value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]]
  })
  return Object.fromEntries(kept)
}

/** The host is refused or cannot be spoken to, and so everything else was found right; or there is no `_reindex` to ask. */
function isAllRight({ status, body: bytes }: ClusterSaid, body: JsonObject | undefined): boolean {
  if (status === 404 || status === 405 || noCall.test(bytes.toString())) return true
  const error: JsonValue | undefined = body?.error
  const { reason } = isJsonObject(error) ? error : {}
  return status === 500 || (typeof reason === 'string' && reason.startsWith('[0:0] not '))
}

/** Elasticsearch 1.x takes the call's name for one of an index. */
const noCall = /no handler found for uri|invalid index name \[_reindex\]/i

type ClusterSaid = Awaited<ReturnType<GatewayCall['askCluster']>>

/** Without the parameters that change how the answer looks, and those that the servers refuse with a remote. */
export function rehearsalUrl(query: URLSearchParams): string {
  const asked = new URLSearchParams(query)
  for (const name of ['filter_path', 'format']) asked.delete(name)
  // What is neither on nor off the cluster refuses.
  for (const name of ['pretty', 'human'])
    if (/^(?:true|false)?$/.test(query.getAll(name).at(-1) ?? '')) asked.delete(name)
  if (query.getAll('wait_for_completion').at(-1) === 'false') asked.delete('wait_for_completion')
  if (/^(auto|[1-9]\d{0,8})$/.test(query.getAll('slices').at(-1) ?? '')) asked.delete('slices')
  const text = asked.toString()
  return text === '' ? '/_reindex' : `/_reindex?${text}`
}

interface Edit {
  readonly at: number
  readonly end: number
  /** Filled up to the length of what it replaces, so that the places in complaints stay right. */
  readonly replacement: string
}

/** Passwords and keys of the remote are nothing that the local cluster has to know. */
export function rehearsalText(text: string, root: LocatedValue): string {
  const remote = entryOf(entryOf(root, 'source')?.value, 'remote')?.value
  if (remote?.kind !== 'object') return text
  const edits = [...hostEdit(remote), ...oursEdits(remote), ...secretEdits(text, remote)]
  let result = ''
  let done = 0
  for (const { at, end, replacement } of edits.sort((a, b) => a.at - b.at)) {
    if (end <= done) continue
    const from = Math.max(at, done)
    result += text.slice(done, from) + fill(text.slice(from, end), replacement)
    done = end
  }
  return result + text.slice(done)
}

function fill(original: string, replacement: string): string {
  if (replacement === '') return original.replace(/[^\r\n]/gu, (letter) => ' '.repeat(Buffer.byteLength(letter)))
  return replacement + ' '.repeat(Math.max(0, Buffer.byteLength(original) - replacement.length))
}

const serversFields = new Set(['host', 'username', 'password', 'headers', 'socket_timeout', 'connect_timeout'])

/**
 * A host without scheme or port may be the endpoint of a connection, and is ours to judge; with fields that nobody knows besides, the
 * servers complain about the host first.
 */
function hostEdit(remote: LocatedObject): Edit[] {
  const host = entryOf(remote, 'host')?.value
  if (host?.kind !== 'string') return []
  const isComplete = /^[a-z][a-z0-9+.-]*:\/\/.*:\d+/is.test(host.value as string)
  const isStrange = remote.entries.some((entry) => !serversFields.has(entry.name) && !isOurs(entry))
  return !isComplete && isStrange ? [] : [{ at: host.at, end: host.end, replacement: nowhere }]
}

/** What only we understand. */
const isOurs = ({ name }: { name: string }): boolean => name === 'api_key' || name === 'external' || name === 'region'

function oursEdits(remote: LocatedObject): Edit[] {
  return remote.entries.flatMap((entry, index) => {
    if (!isOurs(entry)) return []
    const next = remote.entries[index + 1]
    if (next) return [{ at: entry.nameAt, end: next.nameAt, replacement: '' }]
    const kept = remote.entries.findLast((other) => !isOurs(other))
    return [{ at: kept?.value.end ?? remote.at + 1, end: entry.value.end, replacement: '' }]
  })
}

function secretEdits(text: string, remote: LocatedObject): Edit[] {
  const password = entryOf(remote, 'password')?.value
  const headers = entryOf(remote, 'headers')?.value
  const values = headers?.kind === 'object' ? headers.entries.map(({ value }) => value) : []
  return [...(password ? [password] : []), ...values].flatMap(({ kind, at, end }) =>
    kind === 'string' && end - at > 2
      ? [{ at, end, replacement: `"${'*'.repeat(Buffer.byteLength(text.slice(at, end)) - 2)}"` }]
      : [],
  )
}
