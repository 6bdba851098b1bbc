// Reads the answer of a `_bulk` request as `_reindex` counts it: what was created, what replaced, and what became of the rest, in the
// server's own words.
import { IndexferryError } from '../foundation/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts'

export interface RefusedDocument {
  /** Its place in the request. */
  readonly at: number
  readonly status: number
  /** The concrete index, where the answer names it. */
  readonly index: string | undefined
  /** The server's own error object; before 2.0 a text. */
  readonly error: JsonValue
}

export interface ReindexAnswer {
  readonly created: number
  readonly updated: number
  /** How many of `updated` are now in their second version, and in any later one; only counted where they may have been sent before. */
  readonly second: number
  readonly rewritten: number
  readonly refused: readonly RefusedDocument[]
  readonly mayRepeat: boolean
}

const noErrors = Buffer.from('"errors":false')
const created = Buffer.from('"status":201')
const replaced = Buffer.from('"status":200')

const invalid = (what: string, cause?: unknown) =>
  new IndexferryError('ANSWER_INVALID', `the answer to a bulk request ${what}`, { side: 'target', cause })

/** Throws ANSWER_INVALID unless the answer has exactly one outcome for each of `count` documents. */
export function readReindexAnswer(bytes: Buffer, count: number, mayRepeat: boolean): ReindexAnswer {
  if (!mayRepeat && bytes.subarray(0, 256).includes(noErrors)) {
    const counts = { created: occurrences(bytes, created), updated: occurrences(bytes, replaced) }
    if (counts.created + counts.updated === count) return { ...counts, ...unknown, refused: [], mayRepeat }
  }
  return readItems(bytes, count, mayRepeat)
}

const unknown = { second: 0, rewritten: 0 }

/** The text cannot stand inside a string, where its quotes would be escaped. */
function occurrences(bytes: Buffer, text: Buffer): number {
  let count = 0
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + text.length)) count++
  return count
}

function readItems(bytes: Buffer, count: number, mayRepeat: boolean): ReindexAnswer {
  const items = parseItems(bytes)
  if (items.length !== count) throw invalid(`has ${items.length} items for ${count} documents`)
  const answer = { created: 0, updated: 0, ...unknown, refused: [] as RefusedDocument[], mayRepeat }
  for (const [at, item] of items.entries()) {
    const result = resultOf(item)
    const { status, error, _index: index, _version: version } = result
    // A document that a pipeline drops is answered 200, and the servers count it as updated.
    if (status === 201) answer.created++
    else if (status >= 200 && status < 300) {
      answer.updated++
      if (version === 2) answer.second++
      if (Number(version) >= 2) answer.rewritten++
    } else {
      answer.refused.push({ at, status, index: typeof index === 'string' ? index : undefined, error: error ?? null })
    }
  }
  return answer
}

function parseItems(bytes: Buffer): readonly JsonValue[] {
  let answer: unknown
  try {
    answer = JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw invalid('is not JSON', cause)
  }
  if (!isJsonObject(answer) || !Array.isArray(answer.items)) throw invalid('has no items')
  return answer.items
}

/** `{"index": {…}}`, whatever the operation. An item without a status says nothing about its document. */
function resultOf(item: JsonValue): JsonObject & { readonly status: number } {
  const result = isJsonObject(item) ? Object.values(item)[0] : undefined
  if (!isJsonObject(result) || typeof result.status !== 'number') throw invalid('has an item without a status')
  return result as JsonObject & { readonly status: number }
}
