// Sends bodies of documents to `_bulk`: one request at a time for each place that the pace allows. What an answer means is the business
// of whoever asked.
import type { Cluster } from '../cluster/cluster.ts'
import { backoffMs } from '../foundation/backoff.ts'
import { awakeMs, monotonicMs, sleep } from '../foundation/clock.ts'
import { IndexferryError, isErrorOf } from '../foundation/errors.ts'
import type { DocumentBatch } from '../model/document-batch.ts'
import { type BulkForm, encodeBulkBody, releaseBulkBody, rowsWithin } from './bulk-body.ts'
import { WritePace } from './write-pace.ts'

/** How a request went; those that failed are sent again or end the work. */
export interface RequestTold {
  readonly how: 'taken' | 'throttled' | 'failed'
  readonly ms: number
}

export interface BulkSenderOptions<Outcome> {
  readonly cluster: Cluster
  /** Ends in `_bulk`. */
  readonly path: string
  readonly query: Readonly<Record<string, string | number | boolean | undefined>>
  readonly form: BulkForm
  readonly writersMax: number
  readonly bodyBytesMax: number
  /** Until the first byte of an answer; the connection's own when undefined. */
  readonly readTimeoutMs?: number | undefined
  /** Told of each request; cheap. */
  readonly onRequest?: ((told: RequestTold) => void) | undefined
  /**
   * Throws ANSWER_INVALID unless the answer speaks of exactly so many documents. `mayRepeat`: the same body was sent before, and whether
   * the target took it then is not known, because the answer was lost.
   */
  readonly readAnswer: (bytes: Buffer, count: number, mayRepeat: boolean) => Outcome
}

export const resendBackoff = { firstMs: 100, maxMs: 15_000 }

/** A target that cannot be reached at all for this long ends the run; the same command goes on where it stopped. */
const unreachableMsMax = 10 * 60_000

export class BulkSender<Outcome extends object> {
  readonly pace: WritePace
  private readonly options: BulkSenderOptions<Outcome>
  private isReachable = true

  constructor(options: BulkSenderOptions<Outcome>) {
    this.options = options
    this.pace = new WritePace(options)
  }

  get limitedBy(): string | undefined {
    if (!this.isReachable) return 'target cannot be reached'
    if (this.pace.isRefused) return 'target refuses work (429)'
    return this.pace.isFull ? 'target' : undefined
  }

  /** Runs of rows of about the size that a body should have now. */
  *bodies(batch: DocumentBatch): Generator<Int32Array> {
    const rows = Int32Array.from({ length: batch.count }, (_, row) => row)
    for (let from = 0; from < rows.length; ) {
      const to = rowsWithin(batch, rows, from, Math.max(this.pace.bodyBytes * 1.5, 1))
      yield rows.subarray(from, to)
      from = to
    }
  }

  /** One request; passing refusals of the whole request and lost connections are sent again here. */
  async send(
    batch: DocumentBatch,
    rows: Int32Array,
    signal: AbortSignal,
    isReplay = false,
  ): Promise<Outcome | RefusedBody> {
    let unreachableSince: number | undefined
    let mayRepeat = isReplay
    for (let attempt = 1; ; attempt++) {
      await this.pace.enter(signal)
      let failure: unknown
      const startedMs = monotonicMs()
      let bytes = 0
      try {
        const body = encodeBulkBody(batch, rows, 0, rows.length, this.options.form)
        bytes = body.length
        return await this.post(body, rows.length, mayRepeat, signal)
      } catch (error) {
        failure = error
      } finally {
        this.pace.leave()
      }
      signal.throwIfAborted()
      const how = isErrorOf(failure, 'CLUSTER_BUSY') ? 'throttled' : 'failed'
      this.options.onRequest?.({ how, ms: monotonicMs() - startedMs })
      if (isBodyTooLarge(failure)) {
        this.pace.tooLarge(bytes)
        return { asWhole: tooLarge }
      }
      const invalid = invalidDocument(failure)
      if (invalid) return { asWhole: invalid }
      if (!(failure instanceof IndexferryError) || failure.definition.retry === 'never') throw failure
      if (failure.fields.status !== 429) mayRepeat = true
      if (isErrorOf(failure, 'TARGET_READ_ONLY', 'TARGET_FULL')) throw failure
      if (isErrorOf(failure, 'CLUSTER_BUSY')) {
        this.pace.refused()
      } else {
        unreachableSince ??= awakeMs()
        this.isReachable = false
        if (awakeMs() - unreachableSince > unreachableMsMax) throw failure
      }
      await sleep(backoffMs(attempt, resendBackoff), signal)
    }
  }

  private async post(body: Buffer, count: number, mayRepeat: boolean, signal: AbortSignal): Promise<Outcome> {
    const started = monotonicMs()
    const { cluster, path, query, readTimeoutMs, readAnswer } = this.options
    const answer = await cluster.bytes({
      method: 'POST',
      path,
      query,
      body,
      contentType: 'ndjson',
      retry: 'none',
      signal,
      ...(readTimeoutMs === undefined ? {} : { readTimeoutMs }),
    })
    const outcome = readAnswer(answer.body, count, mayRepeat)
    this.isReachable = true
    const ms = monotonicMs() - started
    this.pace.taken(body.length, ms)
    this.options.onRequest?.({ how: 'taken', ms })
    releaseBulkBody(body)
    return outcome
  }
}

/** Why the target takes a document never. */
export interface Refusal {
  readonly status: number
  readonly type: string
  readonly reason: string
}

/** The target took nothing of a body because of some of it; which documents these are, halves of it tell. */
export interface RefusedBody {
  readonly asWhole: Refusal
}

/**
 * From 5.0 on a server refuses a whole bulk request when one document breaks a rule that it checks before it looks at them one by one: an id of
 * more than 512 bytes.
 */
function invalidDocument(error: unknown): Refusal | undefined {
  if (!isErrorOf(error, 'REQUEST_REFUSED') || error.fields.status !== 400) return undefined
  const { errorType, reason } = error.fields
  if (errorType !== 'action_request_validation_exception' && !/^Validation Failed/.test(String(reason)))
    return undefined
  return { status: 400, type: String(errorType), reason: String(reason) }
}

/** 413, or a proxy's idea of it. One document alone can be too large for `http.max_content_length`. */
const isBodyTooLarge = (error: unknown): boolean =>
  error instanceof IndexferryError &&
  (error.fields.status === 413 || error.code === 'DOCUMENT_TOO_LARGE' || exceedsIndexingPressure(error))

/**
 * A body that is larger than all that the target's memory for writing may hold (`indexing_pressure.memory.limit`, a tenth of the heap)
 * is answered 429 like one that only has to wait, though waiting never helps. ES 7.9, OpenSearch.
 */
function exceedsIndexingPressure({ message }: IndexferryError): boolean {
  const operation = Number(/operation_bytes=(\d+)/.exec(message)?.[1])
  const most = Number(/max_coordinating(?:_and_primary)?_bytes=(\d+)/.exec(message)?.[1])
  return operation > most
}

const tooLarge: Refusal = {
  status: 413,
  type: 'content_too_long',
  reason: 'the document alone is larger than the target takes (http.max_content_length, or its memory for writing)',
}
