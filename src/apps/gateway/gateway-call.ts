// A call as the handlers of routes see it.
import type { IncomingHttpHeaders } from 'node:http'
import { type CollectedAnswer, collectAnswer } from '../../cluster/collect-answer.ts'
import type { Passage } from '../../cluster/passage.ts'
import { keptHeaders } from '../../cluster/passed-headers.ts'
import type { IncomingBody } from './incoming-body.ts'
import type { Caller, GatewayCall } from './route.ts'

/** An answer of the cluster that is merged with ours is read as a whole. */
const answerBytesMax = 256 * 1024 * 1024

/** What shapes an answer; it is for us to do when the cluster's answer becomes a part of ours. */
const shaping = ['format', 'pretty', 'filter_path']

/** Headers that say something of the body or of the form of the answer. */
const ofTheBody = new Set([
  'accept',
  'accept-encoding',
  'content-encoding',
  'content-length',
  'content-type',
  'if-none-match',
])

export interface CallFacts {
  readonly method: string
  readonly url: string
  readonly segments: readonly string[]
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly caller: Caller
  readonly signal: AbortSignal
  readonly body: IncomingBody
  readonly passage: Passage
}

export function gatewayCall(facts: CallFacts): GatewayCall {
  const { rawHeaders, body, passage, ...seen } = facts
  return {
    ...seen,
    body: () => body.unpacked(),
    askCluster: async (change = {}): Promise<CollectedAnswer> => {
      const method = change.method ?? facts.method
      const url = change.url ?? withoutShaping(facts.url, facts.query)
      const bytes = change.body ?? (change.method === undefined && body.isThere ? await body.unpacked() : undefined)
      const type = facts.headers['content-type'] ?? 'application/json'
      const headers = mergedHeaders(rawHeaders, {
        accept: 'application/json',
        ...(bytes === undefined ? {} : { 'content-type': change.body === undefined ? type : 'application/json' }),
        ...change.headers,
      })
      const request = { method, url, headers, body: bytes }
      return collectAnswer(passage, request, { bytesMax: answerBytesMax, signal: facts.signal })
    },
  }
}

export function withoutShaping(url: string, query: URLSearchParams): string {
  if (!shaping.some((name) => query.has(name))) return url
  const rest = new URLSearchParams(query)
  for (const name of shaping) rest.delete(name)
  const text = rest.toString()
  return url.split('?', 1)[0] + (text ? `?${text}` : '')
}

function mergedHeaders(raw: readonly string[], plus: Readonly<Record<string, string>>): string[] {
  const replaced = new Set(Object.keys(plus).map((name) => name.toLowerCase()))
  const merged = keptHeaders(raw, (name) => !ofTheBody.has(name) && !replaced.has(name))
  return [...merged, ...Object.entries(plus).flat()]
}
