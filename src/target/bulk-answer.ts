// Reads the answer of a `_bulk` request: one outcome per document, in the order of the request.
import { isNodeGone } from '../cluster/answer-errors.ts'
import { IndexferryError } from '../foundation/errors.ts'
import { withoutExcerpt } from './request-excerpt.ts'

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
  readonly status: number
  readonly error?: string | { readonly type?: unknown; readonly reason?: unknown; readonly caused_by?: unknown } | null
}

/** A reason may quote the whole document. */
const reasonLengthMax = 4_000

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
  const items = parseItems(bytes)
  if (items.length !== count) throw invalid(`has ${items.length} items for ${count} documents`)
  let written = 0
  let unchanged = 0
  const refused: RefusedItem[] = []
  for (const [at, item] of items.entries()) {
    const result = resultOf(item)
    const { status } = result
    const { type, reason } = errorOf(result)
    const outcome = judge(status, type, reason)
    if (outcome === 'written') written++
    else if (outcome === 'unchanged') unchanged++
    else refused.push({ at, outcome, status, type, reason })
  }
  return { written, unchanged, refused }
}

function parseItems(bytes: Buffer): readonly unknown[] {
  let answer: { readonly items?: unknown } | null
  try {
    answer = JSON.parse(bytes.toString('utf8')) as typeof answer
  } catch (cause) {
    throw invalid('is not JSON', cause)
  }
  const items = answer?.items
  if (!Array.isArray(items)) throw invalid('has no items')
  return items
}

/** `{"index": {…}}`, whatever the operation. An item without a status says nothing about its document. */
function resultOf(item: unknown): BulkItem {
  const result: unknown = typeof item === 'object' && item !== null ? Object.values(item)[0] : undefined
  const isItem =
    typeof result === 'object' && result !== null && 'status' in result && typeof result.status === 'number'
  if (!isItem) throw invalid('has an item without a status')
  return result as BulkItem
}

/**
 * Before 2.0 an error is a text such as `MapperParsingException[failed to parse]; nested: …`, behind the name of the node when
 * another one has said it: `RemoteTransportException[[name][address][action]]; nested: MapperParsingException[…]`.
 */
function errorOf({ error }: BulkItem): { type: string; reason: string } {
  if (typeof error === 'string') {
    const told = /^RemoteTransportException\[.*?; nested: (.*)$/s.exec(error)?.[1] ?? error
    return { type: /^\w+/.exec(told)?.[0] ?? 'error', reason: withoutExcerpt(error).slice(0, reasonLengthMax) }
  }
  if (typeof error !== 'object' || error === null) return { type: '', reason: '' }
  const { type, reason, caused_by } = error
  const nested = caused_by === undefined ? '' : `; caused by ${JSON.stringify(caused_by)}`
  return {
    type: typeof type === 'string' ? type : 'error',
    reason: withoutExcerpt(`${typeof reason === 'string' ? reason : ''}${nested}`).slice(0, reasonLengthMax),
  }
}

/**
 * `_bulk` answers 200 as a whole whatever became of its items. 409 with an external version means that this or a newer copy is
 * there; with `create`, that the document is there.
 */
export function judge(status: number, type: string, reason: string): ItemOutcome {
  if (status >= 200 && status < 300) return 'written'
  if (status === 409) return 'unchanged'
  // A refused document (400) is quoted in its reason, and may hold any words.
  if (/cluster_?block/i.test(type) || (status !== 400 && /blocked by:/.test(reason))) return 'stop'
  if (status === 429 || status === 502 || status === 503 || status === 504) return 'again'
  if (isNodeGone(status, type)) return 'again'
  if (/rejected_?execution|circuit_?breaking|unavailable_?shards|process_?cluster_?event_?timeout/i.test(type))
    return 'again'
  if (status === 401 || status === 403) return 'stop'
  if (/index_?not_?found|index_?missing|index_?closed/i.test(type)) return 'stop'
  return 'refused'
}
