// An answer of the gateway's own as bytes, in the form that was asked for: `format` or Accept, `pretty`, `filter_path`; with the headers that
// servers of the cluster's family put on theirs.
import type { IncomingHttpHeaders } from 'node:http'
import { isJsonObject, type JsonValue } from '../../model/json.ts'
import { filterPath } from './filter-path.ts'
import { printCbor, printCompact, printPretty, printYaml } from './print-json.ts'
import type { GatewayAnswer } from './route.ts'
import { serverError } from './server-errors.ts'

/** What the cluster puts on its own answers, learned from one of them. */
export interface FamilyHeaders {
  readonly json: string
  /** `x-elastic-product` and the like, without which newer clients refuse an answer. */
  readonly fixed: Readonly<Record<string, string>>
}

/** Elasticsearch up to 7 and OpenSearch. */
export const usualHeaders: FamilyHeaders = { json: 'application/json; charset=UTF-8', fixed: {} }

export interface RenderedAnswer {
  readonly status: number
  /** Flat: name, value, name, value … */
  readonly headers: readonly string[]
  readonly body: Buffer
}

export interface Asked {
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
}

type Format = 'json' | 'yaml' | 'cbor' | 'smile'

export function renderAnswer(answer: GatewayAnswer, asked: Asked, family: FamilyHeaders): RenderedAnswer {
  const opaque = asked.headers['x-opaque-id']
  const headers: Record<string, string> = {
    ...(typeof opaque === 'string' ? { 'X-Opaque-Id': opaque } : {}),
    ...family.fixed,
    ...answer.headers,
  }
  const { body } = answer
  if (body === undefined || Buffer.isBuffer(body)) return finish(answer.status, headers, body ?? Buffer.alloc(0))
  const format = formatOf(asked)
  if (format === 'smile') return renderAnswer(noSmile, { query: new URLSearchParams(), headers: {} }, family)
  const [type, bytes] = print(filtered(body as JsonValue, asked.query), format, asked.query, family)
  if (!Object.keys(headers).some((name) => name.toLowerCase() === 'content-type')) headers['content-type'] = type
  return finish(answer.status, headers, bytes)
}

const noSmile = serverError(
  406,
  'not_acceptable_exception',
  'calls that the gateway answers itself are answered as JSON, YAML or CBOR, not as SMILE',
)

function finish(status: number, headers: Readonly<Record<string, string>>, body: Buffer): RenderedAnswer {
  const flat = Object.entries(headers).flat()
  return { status, headers: [...flat, 'content-length', String(body.length)], body }
}

/** `format` wins over Accept, and what was sent over nothing; what is not known counts as not said (AbstractRestChannel). */
function formatOf({ query, headers }: Asked): Format {
  const asked = query.get('format')
  return (asked === null ? named(headers.accept) : named(asked)) ?? named(headers['content-type']) ?? 'json'
}

function named(text: string | undefined): Format | undefined {
  const word = text?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const [, name] = /^(?:application\/(?:vnd\.(?:elasticsearch|opensearch)\+)?)?(json|yaml|cbor|smile)$/.exec(word) ?? []
  return name as Format | undefined
}

/** Errors are never filtered, so that nobody is left without a reason. */
function filtered(body: JsonValue, query: URLSearchParams): JsonValue {
  const filters = query.get('filter_path')
  const isError = isJsonObject(body) && 'error' in body && 'status' in body
  return filters && !isError ? filterPath(body, filters) : body
}

function print(body: JsonValue, format: Format, query: URLSearchParams, family: FamilyHeaders): [string, Buffer] {
  if (format === 'yaml') return ['application/yaml', Buffer.from(printYaml(body))]
  if (format === 'cbor') return ['application/cbor', printCbor(body)]
  const isPretty = query.has('pretty') && query.get('pretty') !== 'false'
  return [family.json, Buffer.from(isPretty ? printPretty(body) : printCompact(body))]
}
