// Reads a search answer as a stream: its head (`_scroll_id`, `_shards`, …), its hits in batches, and its end.
import { IndexferryError, type Side } from '../foundation/errors.ts'
import type { DocumentBatch } from '../model/document-batch.ts'
import { HitScanner } from './hit-scanner.ts'

/** What a search answer says besides its hits. */
export interface SearchHead {
  readonly timed_out?: boolean
  readonly terminated_early?: boolean
  readonly _scroll_id?: string
  readonly pit_id?: string
  readonly _shards?: {
    readonly total: number
    readonly failed: number
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
      head = parseHead(bytes, hitsAt, options.side)
      scanner = new HitScanner(windowBytes(options), options.hitBytesMax)
      scanner.push(bytes.subarray(hitsAt))
    }
    if (scanner.bytes >= options.batchBytes) yield scanner.take()
  }
  if (!scanner || !head) throw invalid(options.side, 'is cut off before its hits')
  checkEnd(scanner, options.side)
  if (scanner.count > 0) yield scanner.take()
  return head
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

function parseHead(bytes: Buffer, hitsAt: number, side: Side): SearchHead {
  let head: SearchHead
  try {
    head = JSON.parse(`${bytes.toString('utf8', 0, hitsAt)}]}}`) as SearchHead
  } catch (cause) {
    throw new IndexferryError('ANSWER_INVALID', 'the head of the search answer is not JSON', { side, cause })
  }
  if (head.timed_out)
    throw new IndexferryError('SHARD_FAILED', 'the search timed out, so that its answer is partial', { side })
  if (head._shards && head._shards.failed > 0) {
    const failure = head._shards.failures?.[0]
    const why = failure ? `: ${describeReason(failure.reason)}` : ''
    throw new IndexferryError('SHARD_FAILED', `${head._shards.failed} of ${head._shards.total} shards failed${why}`, {
      side,
      fields: { shard: failure?.shard ?? null, index: failure?.index ?? null },
    })
  }
  return head
}

/** A failure's reason: an object with type and reason, or before 2.0 a text. */
function describeReason(reason: unknown): string {
  if (typeof reason === 'string') return reason.slice(0, 500)
  const { type, reason: text } = (reason ?? {}) as { type?: string; reason?: string }
  return `${type ?? 'unknown'}: ${text ?? ''}`.slice(0, 500)
}

/** The array must have been closed, and what follows must close the answer. */
function checkEnd(scanner: HitScanner, side: Side): void {
  if (!scanner.isComplete) throw invalid(side, 'is cut off in the middle of its hits')
  try {
    JSON.parse(`{"hits":{"hits":[]${scanner.rest().toString('utf8')}`)
  } catch (cause) {
    throw new IndexferryError('ANSWER_INVALID', 'the search answer is cut off behind its hits', { side, cause })
  }
}
