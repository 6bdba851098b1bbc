// Writes batches to one index of a cluster with `_bulk`, so that twice is the same as once.
import type { Cluster } from '../cluster/cluster.ts'
import { indexPath } from '../cluster/paths.ts'
import { backoffMs } from '../foundation/backoff.ts'
import { monotonicMs, sleep } from '../foundation/clock.ts'
import { IndexferryError, isErrorOf } from '../foundation/errors.ts'
import type { DocumentBatch } from '../model/document-batch.ts'
import { type BulkOutcome, type RefusedItem, readBulkAnswer } from './bulk-answer.ts'
import { type BulkForm, encodeBulkBody, releaseBulkBody, rowsWithin } from './bulk-body.ts'
import type { DocumentTarget, RejectedDocument, WriteResult } from './target.ts'
import { WritePace } from './write-pace.ts'

export interface BulkTargetOptions {
  readonly cluster: Cluster
  readonly index: string
  readonly form: BulkForm
  /** The mapping type in the path, where the version has types and all documents have the same. */
  readonly documentType?: string | undefined
  readonly writersMax: number
  readonly bodyBytesMax: number
}

const backoff = { firstMs: 100, maxMs: 15_000 }

/** A target that cannot be reached at all for this long ends the run; the same command goes on where it stopped. */
const unreachableMsMax = 10 * 60_000

/** A document that the target refuses with a server error (500) gets this many tries before that counts as for good. */
const serverErrorsMax = 5

export class BulkTarget implements DocumentTarget {
  private readonly options: BulkTargetOptions
  private readonly pace: WritePace
  private readonly path: string
  private readonly query: Record<string, string>
  private isReachable = true

  constructor(options: BulkTargetOptions) {
    this.options = options
    this.pace = new WritePace(options)
    // Of each item its status and its error are read; the rest would be most of what the target sends.
    this.query = options.cluster.capabilities.filterPath ? { filter_path: 'errors,items.*.status,items.*.error' } : {}
    this.path = indexPath(
      options.index,
      options.documentType ? `${encodeURIComponent(options.documentType)}/_bulk` : '_bulk',
    )
  }

  get limitedBy(): string | undefined {
    if (!this.isReachable) return 'target cannot be reached'
    if (this.pace.isRefused) return 'target refuses work (429)'
    return this.pace.isFull ? 'target' : undefined
  }

  get bodyBytes(): number {
    return this.pace.bodyBytes
  }

  get writers(): number {
    return this.pace.writers
  }

  ready(signal: AbortSignal): Promise<void> {
    return this.pace.ready(signal)
  }

  async writeBatch(batch: DocumentBatch, signal: AbortSignal): Promise<WriteResult> {
    const rows = Int32Array.from({ length: batch.count }, (_, row) => row)
    const result = { written: 0, unchanged: 0, rejected: [] as RejectedDocument[] }
    const parts: Promise<void>[] = []
    // A batch is at most a few bodies; each takes its own place in flight.
    for (let from = 0; from < rows.length; ) {
      const to = rowsWithin(batch, rows, from, Math.max(this.pace.bodyBytes * 1.5, 1))
      parts.push(this.writeRows(batch, rows.subarray(from, to), result, signal))
      from = to
    }
    await Promise.all(parts)
    return result
  }

  /** Sends rows again and again until each one is taken or refused for good. */
  private async writeRows(
    batch: DocumentBatch,
    allRows: Int32Array,
    result: { written: number; unchanged: number; rejected: RejectedDocument[] },
    signal: AbortSignal,
  ): Promise<void> {
    let rows = allRows
    let pauses = 0
    for (let attempt = 1; rows.length > 0; attempt++) {
      const outcome = await this.send(batch, rows, signal)
      if ('asWhole' in outcome) {
        if (rows.length === 1) {
          result.rejected.push({ row: rows[0] as number, ...outcome.asWhole })
          return
        }
        const middle = rows.length >> 1
        await this.writeRows(batch, rows.subarray(0, middle), result, signal)
        rows = rows.subarray(middle)
        attempt = 0
        continue
      }
      result.written += outcome.written
      result.unchanged += outcome.unchanged
      const again: number[] = []
      for (const item of outcome.refused) {
        const row = rows[item.at] as number
        if (item.outcome === 'stop') throw this.stopReason(item)
        if (item.outcome === 'again' || (item.status >= 500 && attempt < serverErrorsMax)) again.push(row)
        else result.rejected.push({ row, status: item.status, type: item.type, reason: item.reason })
      }
      if (again.length > 0) {
        this.pace.refused()
        // A target that takes some of them is at work: then the pause does not grow with each remnant.
        pauses = outcome.written > 0 ? 1 : pauses + 1
        await sleep(backoffMs(pauses, backoff), signal)
      }
      rows = Int32Array.from(again)
    }
  }

  /** One request; passing refusals of the whole request and lost connections are sent again here. */
  private async send(batch: DocumentBatch, rows: Int32Array, signal: AbortSignal): Promise<BulkOutcome | RefusedBody> {
    let unreachableSince: number | undefined
    for (let attempt = 1; ; attempt++) {
      await this.pace.enter(signal)
      let failure: unknown
      let bytes = 0
      try {
        const body = encodeBulkBody(batch, rows, 0, rows.length, this.options.form)
        bytes = body.length
        return await this.post(body, rows.length, signal)
      } catch (error) {
        failure = error
      } finally {
        this.pace.leave()
      }
      signal.throwIfAborted()
      if (isBodyTooLarge(failure)) {
        this.pace.tooLarge(bytes)
        return { asWhole: tooLarge }
      }
      const invalid = invalidDocument(failure)
      if (invalid) return { asWhole: invalid }
      if (!(failure instanceof IndexferryError) || failure.definition.retry === 'never') throw failure
      if (isErrorOf(failure, 'TARGET_READ_ONLY', 'TARGET_FULL')) throw failure
      if (isErrorOf(failure, 'CLUSTER_BUSY')) {
        this.pace.refused()
      } else {
        unreachableSince ??= monotonicMs()
        this.isReachable = false
        if (monotonicMs() - unreachableSince > unreachableMsMax) throw failure
      }
      await sleep(backoffMs(attempt, backoff), signal)
    }
  }

  private async post(body: Buffer, count: number, signal: AbortSignal): Promise<BulkOutcome> {
    const started = monotonicMs()
    const answer = await this.options.cluster.bytes({
      method: 'POST',
      path: this.path,
      query: this.query,
      body,
      contentType: 'ndjson',
      retry: 'none',
      signal,
    })
    const outcome = readBulkAnswer(answer.body, count)
    this.isReachable = true
    this.pace.taken(body.length, monotonicMs() - started)
    releaseBulkBody(body)
    return outcome
  }

  private stopReason({ status, type, reason }: RefusedItem): IndexferryError {
    const { cluster, index } = this.options
    const isFull = /flood|read-only-allow-delete|read_only_allow_delete|disk/i.test(reason)
    const isBlocked = /block/i.test(type) || /blocked by:/.test(reason)
    const code = isBlocked
      ? isFull
        ? 'TARGET_FULL'
        : 'TARGET_READ_ONLY'
      : /closed/i.test(type)
        ? 'INDEX_CLOSED'
        : status === 404
          ? 'INDEX_MISSING'
          : 'PRIVILEGE_MISSING'
    return new IndexferryError(code, `target ${cluster.name}: index ${index} cannot be written: ${reason}`, {
      side: 'target',
      fields: { index, status },
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

type Refusal = Omit<RejectedDocument, 'row'>

/** The target took nothing of a body because of some of it; which documents these are, halves of it tell. */
interface RefusedBody {
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
