// Puts the refused items of a bulk call where they belong among the items of the cluster's answer, while that arrives.
import { skipValue, UNFINISHED } from '../../../foundation/json-bytes.ts'
import type { JsonObject } from '../../../model/json.ts'
import type { RefusedItem } from './allowed-lines.ts'
import { blockedError } from './blocked-answer.ts'

/** As the servers say it. `typed`: they name the mapping type, `_doc` where the call named none. */
export function refusedItem({ line, follower }: RefusedItem, typed: boolean): JsonObject {
  const { action, type = '_doc', id = null } = line
  const facts = { _index: follower, ...(typed ? { _type: type } : {}), _id: id }
  return { [action]: { ...facts, status: 403, error: blockedError(follower) } }
}

/** Where the cluster did nothing. */
export const answerOfRefused = (refused: readonly RefusedItem[], typed: boolean): JsonObject => ({
  took: 0,
  errors: true,
  items: refused.map((item) => refusedItem(item, typed)),
})

/** `answer` is the cluster's. */
export function withRefused(answer: JsonObject, refused: readonly RefusedItem[], typed: boolean): JsonObject {
  const items = Array.isArray(answer.items) ? [...answer.items] : []
  // From the front, so that each place counts those before it.
  for (const item of refused) items.splice(item.position, 0, refusedItem(item, typed))
  return { ...answer, errors: true, items }
}

const itemsKey = Buffer.from('"items":[')
const openBrace = 0x7b
const closeBracket = 0x5d
const comma = Buffer.from(',')
const nothing = Buffer.alloc(0)
/** `took`, `errors` and the like stand before the items. */
const headBytesMax = 64 * 1024

/** Of an answer of status 200 as compact JSON. */
export class BulkAnswerMerger {
  readonly #refused: readonly RefusedItem[]
  readonly #typed: boolean
  #part: 'head' | 'items' | 'rest' = 'head'
  /** The head until it is whole, then the item that was cut off. */
  #held: Buffer = nothing
  /** Items that have been handed on, of both kinds. */
  #items = 0
  #next = 0

  constructor(refused: readonly RefusedItem[], typed: boolean) {
    this.#refused = refused
    this.#typed = typed
  }

  push(chunk: Buffer): Buffer {
    if (this.#part === 'rest') return chunk
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    this.#held = nothing
    if (this.#part === 'items') return this.#mergeItems(bytes)
    const at = bytes.indexOf(itemsKey)
    if (at < 0) {
      this.#held = bytes
      return bytes.length > headBytesMax ? this.end() : nothing
    }
    this.#part = 'items'
    const start = at + itemsKey.length
    const head = bytes.toString('latin1', 0, start).replace('"errors":false', '"errors":true')
    return Buffer.concat([Buffer.from(head, 'latin1'), this.#mergeItems(bytes.subarray(start))])
  }

  /** What was held back. */
  end(): Buffer {
    const held = this.#held
    this.#held = nothing
    this.#part = 'rest'
    return held
  }

  #mergeItems(bytes: Buffer): Buffer {
    const parts: Buffer[] = []
    // Items that follow each other go on together, with the commas between them.
    let run = UNFINISHED
    let runEnd = UNFINISHED
    const endRun = () => {
      if (run !== UNFINISHED) parts.push(bytes.subarray(run, runEnd))
      run = UNFINISHED
    }
    let at = 0
    while (at < bytes.length) {
      const byte = bytes[at]
      if (byte === closeBracket) {
        endRun()
        this.#pushRefused(parts, Number.POSITIVE_INFINITY)
        this.#part = 'rest'
        return Buffer.concat([...parts, bytes.subarray(at)])
      }
      const end = byte === openBrace ? skipValue(bytes, at) : at + 1
      if (end === UNFINISHED) break
      if (byte === openBrace) {
        if ((this.#refused[this.#next]?.position ?? Number.POSITIVE_INFINITY) <= this.#items) endRun()
        this.#pushRefused(parts, this.#items)
        if (run === UNFINISHED) {
          if (this.#items > 0) parts.push(comma)
          run = at
        }
        runEnd = end
        this.#items++
      }
      at = end
    }
    endRun()
    this.#held = bytes.subarray(at)
    return Buffer.concat(parts)
  }

  /** Those whose place is not behind `position`, which moves with each of them. */
  #pushRefused(parts: Buffer[], position: number): void {
    let place = position
    for (let item = this.#refused[this.#next]; item && item.position <= place; item = this.#refused[this.#next]) {
      if (this.#items > 0) parts.push(comma)
      parts.push(Buffer.from(JSON.stringify(refusedItem(item, this.#typed))))
      this.#items++
      this.#next++
      place++
    }
  }
}
