// The parameters of the URL, in the order in which the servers look at them.
import { didYouMean } from './did-you-mean.ts'
import { floatOf, numberFormat, parseInt32, parseTime } from './java-values.ts'
import { illegalArgument, refuse } from './refused-call.ts'

export interface ReindexParameters {
  readonly scroll: string | undefined
  /** Undefined: not given. */
  readonly requireAlias: boolean | undefined
  readonly refresh: boolean
  readonly timeout: string | undefined
  readonly slices: number | 'auto'
  readonly waitForActiveShards: string | undefined
  readonly requestsPerSecond: number
  readonly maxDocs: number | undefined
  readonly waitForCompletion: boolean
}

/** Those that every call takes. */
const ofEveryCall = 'pretty human error_trace filter_path format source source_content_type'.split(' ')

const known =
  'scroll require_alias refresh timeout slices wait_for_active_shards requests_per_second max_docs wait_for_completion'.split(
    ' ',
  )

/** Only what a server has asked for by its name, whether it was there or not, is suggested. */
const suggested = [
  ...['refresh', 'timeout', 'slices', 'wait_for_active_shards', 'requests_per_second', 'wait_for_completion'],
  ...['pretty', 'human', 'error_trace', 'filter_path', 'format'],
]

export function refusePipeline(query: URLSearchParams): void {
  if (!query.has('pipeline')) return
  const reason = "_reindex doesn't support [pipeline] as a query parameter. Specify it in the [dest] object instead."
  throw refuse(illegalArgument(reason))
}

export function parseParameters(query: URLSearchParams): ReindexParameters {
  const scroll = timeParameter(query, 'scroll')
  const requireAlias = query.has('require_alias') ? booleanParameter(query, 'require_alias', false) : undefined
  const refresh = booleanParameter(query, 'refresh', false)
  const timeout = timeParameter(query, 'timeout')
  const slices = parseSlices(last(query, 'slices'))
  const waitForActiveShards = activeShards(last(query, 'wait_for_active_shards'))
  const requestsPerSecond = parseRequestsPerSecond(last(query, 'requests_per_second'))
  const maxDocs = intParameter(query, 'max_docs')
  const waitForCompletion = booleanParameter(query, 'wait_for_completion', true)
  return {
    ...{ scroll, requireAlias, refresh, timeout, slices, waitForActiveShards, requestsPerSecond, maxDocs },
    waitForCompletion,
  }
}

export const refuseUnknown = (query: URLSearchParams): void =>
  refuseUnknownOf('/_reindex', query, { takes: known, suggests: suggested })

/** BaseRestHandler.unrecognized. */
export function refuseUnknownOf(
  path: string,
  query: URLSearchParams,
  { takes, suggests }: { readonly takes: readonly string[]; readonly suggests: readonly string[] },
): void {
  const unknown = [...new Set(query.keys())].filter((name) => !takes.includes(name) && !ofEveryCall.includes(name))
  if (unknown.length === 0) return
  const named = unknown.sort().map((name) => {
    const suggestion = didYouMean(name, suggests)
    return `[${name}]${suggestion && ` ->${suggestion}`}`
  })
  const word = unknown.length === 1 ? 'parameter' : 'parameters'
  throw refuse(illegalArgument(`request [${path}] contains unrecognized ${word}: ${named.join(', ')}`))
}

/** Of several the servers take the last. */
const last = (query: URLSearchParams, name: string): string | undefined => query.getAll(name).at(-1)

export function booleanParameter(query: URLSearchParams, name: string, missing: boolean): boolean {
  const text = last(query, name)
  if (text === undefined) return missing
  if (text === '' || text === 'true') return true
  if (text === 'false') return false
  throw refuse(illegalArgument(`Failed to parse value [${text}] as only [true] or [false] are allowed.`))
}

export function timeParameter(query: URLSearchParams, name: string): string | undefined {
  const text = last(query, name)
  if (text !== undefined) parseTime(text, name)
  return text
}

function intParameter(query: URLSearchParams, name: string): number | undefined {
  const text = last(query, name)
  if (text === undefined) return undefined
  const number = parseInt32(text)
  if (number !== undefined) return number
  const reason = `Failed to parse int parameter [${name}] with value [${text}]`
  throw refuse(illegalArgument(reason, numberFormat(text)))
}

function parseSlices(text: string | undefined): number | 'auto' {
  if (text === undefined) return 1
  if (text === 'auto') return 'auto'
  const slices = parseInt32(text)
  if (slices !== undefined && slices >= 1) return slices
  const reason = `[slices] must be a positive integer or the string "auto", but was [${text}]`
  throw refuse(illegalArgument(reason, slices === undefined ? numberFormat(text) : undefined))
}

/** ActiveShardCount. */
function activeShards(text: string | undefined): string | undefined {
  if (text === undefined || text === 'all') return text
  const count = parseInt32(text)
  if (count === undefined) throw refuse(illegalArgument(`cannot parse ActiveShardCount[${text}]`, numberFormat(text)))
  if (count < 0) throw refuse(illegalArgument('shard count cannot be a negative value'))
  return String(count)
}

function parseRequestsPerSecond(text: string | undefined): number {
  if (text === undefined) return Infinity
  const number = floatOf(text)
  if (number === -1) return Infinity
  if (number !== undefined && number > 0) return number
  const reason = '[requests_per_second] must be a float greater than 0. Use -1 to disable throttling.'
  throw refuse(illegalArgument(reason, number === undefined ? numberFormat(text.trim(), true) : undefined))
}
