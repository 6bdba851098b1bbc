// Reads a search answer as a stream: its head (`_scroll_id`, `_shards`, …), its hits in batches, and its end.
import { IndexferryError, type Side } from '../foundation/errors.ts'
import type { DocumentBatch } from '../model/document-batch.ts'
import { HitScanner } from './hit-scanner.ts'

export interface ShardsOfAnswer {
  readonly total: number
  readonly successful: number
  readonly failed: number
}

/**
 * Whether each shard has answered. Those that were passed over because nothing in them can match (`skipped`) count as successful. Elasticsearch
 * before 6.3 leaves a shard out that has no active copy: it is not among the failed, only missing among the successful.
 */
export const isWhole = ({ total, successful, failed }: ShardsOfAnswer): boolean => failed === 0 && successful >= total

/** What a search answer says besides its hits. */
export interface SearchHead {
  readonly timed_out?: boolean
  readonly terminated_early?: boolean
  readonly _scroll_id?: string
  readonly pit_id?: string
  readonly _shards?: ShardsOfAnswer & {
    readonly failures?: readonly { readonly reason?: unknown; readonly shard?: number; readonly index?: string }[]
  }
  readonly hits?: { readonly total?: number | { readonly value: number } }
}

export interface AnswerOptions {
  readonly side: Side
  /** Bytes of hits after which a batch is handed on though the answer goes on. */
  readonly batchBytes: number
  /** One hit may not be larger. */
  readonly hitBytesMax: number
  /** The length of the whole answer, when known. */
  readonly bytesExpected?: number | undefined
  /** Told of the head as soon as it is there, before any hit. */
  readonly onHead?: ((head: SearchHead) => void) | undefined
}

/** The head is everything before the first hit: a few hundred bytes, or more when shards report failures. */
const headBytesMax = 16 * 1024 * 1024

/**
 * Yields the hits in batches of about `batchBytes`; the last one may be small. Returns the head. Every answer that is cut off
 * or is not of the documented form throws ANSWER_INVALID, and one with a failed shard SHARD_FAILED before any hit is yielded.
 */
export async function* readSearchAnswer(
  body: AsyncIterable<Buffer>,
  options: AnswerOptions,
): AsyncGenerator<DocumentBatch, SearchHead> {
  let head: SearchHead | undefined
  let start: Buffer[] = []
  let scanner: HitScanner | undefined
  for await (const chunk of body) {
    if (scanner) {
      scanner.push(chunk)
    } else {
      start.push(chunk)
      const bytes = start.length === 1 ? chunk : Buffer.concat(start)
      const hitsAt = findHits(bytes)
      if (hitsAt < 0) {
        if (bytes.length > headBytesMax) throw invalid(options.side, 'has no hits in its first 16 MiB')
        start = [bytes]
        continue
      }
      start = []
      head = parsePart(`${bytes.toString('utf8', 0, hitsAt)}]}}`, options.side)
      options.onHead?.(head)
      checkWhole(head, options.side)
      scanner = new HitScanner(windowBytes(options), options.hitBytesMax)
      scanner.push(bytes.subarray(hitsAt))
    }
    if (scanner.bytes >= options.batchBytes) yield scanner.take()
  }
  if (!scanner || !head) throw invalid(options.side, 'is cut off before its hits')
  if (!scanner.isComplete) throw invalid(options.side, 'is cut off in the middle of its hits')
  // The servers say everything before the hits, but whoever prints an answer anew may put its keys in another order.
  const whole = { ...head, ...parsePart(`{"hits":{"hits":[]${scanner.rest().toString('utf8')}`, options.side) }
  checkWhole(whole, options.side)
  if (!whole._shards) throw invalid(options.side, 'does not say whether all shards answered')
  if (scanner.count > 0) yield scanner.takeLast()
  return whole
}

function windowBytes({ batchBytes, bytesExpected }: AnswerOptions): number {
  const chunkRoom = 64 * 1024
  return Math.min(bytesExpected ?? Number.POSITIVE_INFINITY, batchBytes * 1.25) + chunkRoom
}

const invalid = (side: Side, what: string) =>
  new IndexferryError('ANSWER_INVALID', `the search answer ${what}`, { side })

/** The place behind the `[` of `hits.hits`, or -1. Walks the structure, because `"hits":[` may stand in a shard's failure text. */
function findHits(bytes: Buffer): number {
  let depth = 0
  let key = ''
  let outerKey = ''
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === 0x22) {
      const start = at + 1
      at++
      while (at < bytes.length && bytes[at] !== 0x22) at += bytes[at] === 0x5c ? 2 : 1
      if (at >= bytes.length) return -1
      if (depth <= 2) key = bytes.toString('latin1', start, Math.min(at, start + 16))
    } else if (byte === 0x7b || byte === 0x5b) {
      if (depth === 1) outerKey = key
      if (byte === 0x5b && depth === 2 && outerKey === 'hits' && key === 'hits') return at + 1
      depth++
    } else if (byte === 0x7d || byte === 0x5d) {
      depth--
    }
  }
  return -1
}

/** What stands before or behind the hits, made whole with the brackets that it lacks. */
function parsePart(text: string, side: Side): SearchHead {
  try {
    return JSON.parse(text) as SearchHead
  } catch (cause) {
    throw new IndexferryError('ANSWER_INVALID', 'the search answer is cut off or not JSON around its hits', {
      side,
      cause,
    })
  }
}

/** No part of an answer is ever taken for the whole. */
function checkWhole({ timed_out, _shards: shards }: SearchHead, side: Side): void {
  if (timed_out)
    throw new IndexferryError('SHARD_FAILED', 'the search timed out, so that its answer is partial', { side })
  if (!shards || isWhole(shards)) return
  const failure = shards.failures?.[0]
  const why = failure ? `: ${describeReason(failure.reason)}` : ''
  const [total, failed] = [Number(shards.total), Number(shards.failed)]
  const what =
    failed > 0 ? `${failed} of ${total} shards failed` : `${Number(shards.successful)} of ${total} shards answered`
  throw new IndexferryError('SHARD_FAILED', `${what}${why}`, {
    side,
    fields: { shard: Number(failure?.shard ?? -1), index: String(failure?.index ?? '') },
  })
}

/** A failure's reason: an object with type and reason, or before 2.0 a text. */
function describeReason(reason: unknown): string {
  if (typeof reason === 'string') return reason.slice(0, 500)
  const { type, reason: text } = (reason ?? {}) as { type?: unknown; reason?: unknown }
  const parts = [type, text].filter((part) => typeof part === 'string')
  return (parts.join(': ') || 'no reason is given').slice(0, 500)
}
