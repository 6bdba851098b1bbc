// Reads the answer of a `_bulk` request: one outcome per document, in the order of the request.
import { IndexferryError } from '../foundation/errors.ts'

/** What became of one document: taken, already there, to be sent again, refused for good, or a reason to stop everything. */
export type ItemOutcome = 'written' | 'unchanged' | 'again' | 'refused' | 'stop'

export interface RefusedItem {
  readonly at: number
  readonly outcome: 'again' | 'refused' | 'stop'
  readonly status: number
  readonly type: string
  readonly reason: string
}

export interface BulkOutcome {
  readonly written: number
  readonly unchanged: number
  /** The items that were neither. */
  readonly refused: readonly RefusedItem[]
}

interface BulkItem {
  readonly status?: number
  readonly error?: string | { readonly type?: string; readonly reason?: string; readonly caused_by?: unknown }
}

const statusKey = Buffer.from('"status":')
const noErrors = Buffer.from('"errors":false')
const invalid = (what: string, cause?: unknown) =>
  new IndexferryError('ANSWER_INVALID', `the answer to a bulk request ${what}`, { side: 'target', cause })

/** Throws ANSWER_INVALID unless the answer has exactly one outcome for each of `count` documents. */
export function readBulkAnswer(bytes: Buffer, count: number): BulkOutcome {
  if (bytes.subarray(0, 256).includes(noErrors)) {
    const written = countGoodStatuses(bytes)
    if (written === count) return { written, unchanged: 0, refused: [] }
  }
  return readItems(bytes, count)
}

/** Counts items by their `"status":2xx`. The text cannot stand inside a string, where its quotes would be escaped. */
function countGoodStatuses(bytes: Buffer): number {
  let count = 0
  for (let at = bytes.indexOf(statusKey); at >= 0; at = bytes.indexOf(statusKey, at)) {
    at += statusKey.length
    if (bytes[at] !== 0x32) return -1
    count++
  }
  return count
}

function readItems(bytes: Buffer, count: number): BulkOutcome {
  let items: readonly Record<string, BulkItem>[]
  try {
    items = (JSON.parse(bytes.toString('utf8')) as { items: readonly Record<string, BulkItem>[] }).items
  } catch (cause) {
    throw invalid('is not JSON', cause)
  }
  if (items?.length !== count) throw invalid(`has ${items?.length} items for ${count} documents`)
  let written = 0
  let unchanged = 0
  const refused: RefusedItem[] = []
  for (const [at, item] of items.entries()) {
    const result = Object.values(item)[0] ?? {}
    const status = result.status ?? 0
    const { type, reason } = errorOf(result)
    const outcome = judge(status, type, reason)
    if (outcome === 'written') written++
    else if (outcome === 'unchanged') unchanged++
    else refused.push({ at, outcome, status, type, reason })
  }
  return { written, unchanged, refused }
}

/** Before 2.0 an error is a text such as `MapperParsingException[failed to parse]; nested: …`. */
function errorOf({ error }: BulkItem): { type: string; reason: string } {
  if (error === undefined) return { type: '', reason: '' }
  if (typeof error === 'string')
    return { type: /^(?:\w+\[)?(\w+)/.exec(error)?.[1] ?? 'error', reason: error.slice(0, 4_000) }
  const nested = error.caused_by === undefined ? '' : `; caused by ${JSON.stringify(error.caused_by)}`
  return { type: error.type ?? 'error', reason: `${error.reason ?? ''}${nested}`.slice(0, 4_000) }
}

/**
 * `_bulk` answers 200 as a whole whatever became of its items. 409 with an external version means that this or a newer copy is
 * there; with `create`, that the document is there.
 */
export function judge(status: number, type: string, reason: string): ItemOutcome {
  if (status >= 200 && status < 300) return 'written'
  if (status === 409) return 'unchanged'
  if (/cluster_?block/i.test(type) || /blocked by:/.test(reason)) return 'stop'
  if (status === 429 || status === 502 || status === 503 || status === 504) return 'again'
  if (/rejected_?execution|circuit_?breaking|unavailable_?shards|process_?cluster_?event_?timeout/i.test(type))
    return 'again'
  if (status === 401 || status === 403) return 'stop'
  if (/index_?not_?found|index_?missing|index_?closed/i.test(type)) return 'stop'
  return 'refused'
}
