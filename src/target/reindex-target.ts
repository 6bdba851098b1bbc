// Writes the documents of a `_reindex` call to its destination and says of each what the servers say: created, updated, in conflict,
// or refused with their own error.
import type { Cluster } from '../cluster/cluster.ts'
import { indexPath } from '../cluster/paths.ts'
import { assert } from '../foundation/assert.ts'
import { backoffMs } from '../foundation/backoff.ts'
import { sleep } from '../foundation/clock.ts'
import type { DocumentBatch } from '../model/document-batch.ts'
import { isJsonObject } from '../model/json.ts'
import type { ReindexFailure } from '../model/reindex.ts'
import { judge } from './bulk-answer.ts'
import type { BulkForm } from './bulk-body.ts'
import { BulkSender, resendBackoff } from './bulk-sender.ts'
import { type RefusedDocument, type ReindexAnswer, readReindexAnswer } from './reindex-answer.ts'
import { quoteOnlyDocument } from './request-excerpt.ts'

export interface ReindexTargetOptions {
  readonly cluster: Cluster
  /** An index, alias or data stream. */
  readonly index: string
  readonly form: BulkForm
  readonly documentType: string | undefined
  /** What each bulk request says besides: pipeline, timeout and so on. */
  readonly parameters: Readonly<Record<string, string | boolean | undefined>>
  readonly readTimeoutMs: number | undefined
  readonly writersMax: number
  readonly bodyBytesMax: number
  /**
   * Of documents that are in conflict though nobody but this call may have written them (the answer to an earlier request was lost, or the
   * process died before it noted how far it was): which of them this call has written itself.
   */
  readonly findOwn: (conflicts: readonly Conflict[], batch: DocumentBatch, signal: AbortSignal) => Promise<Set<number>>
  /** The destination held nothing when the call began, so that whatever is in its second version was written twice by it. */
  readonly wasEmpty: boolean
  /** No two documents of the call have the same id: it reads one index. */
  readonly hasUniqueIds: boolean
}

export interface WriteOptions {
  /** The shard of the source that the documents come from, where it is known: ids are unique within it, whatever the routing. */
  readonly shard?: number | undefined
  /** Some of these documents may have been written before: the process died, or a scroll was lost and is read again. */
  readonly isReplay: boolean
  /** Told of each time that documents are sent again. */
  readonly onRetry: () => void
  readonly signal: AbortSignal
}

export interface Conflict {
  readonly row: number
  readonly index: string
  readonly shard: number | undefined
}

export interface ReindexWritten {
  created: number
  updated: number
  versionConflicts: number
  /** Conflicts among them. */
  readonly failures: Extract<ReindexFailure, { kind: 'bulk' }>[]
}

/** A document that the target refuses with a server error (500) gets this many tries before that counts as for good. */
const serverErrorsMax = 5

export class ReindexTarget {
  private readonly options: ReindexTargetOptions
  private readonly sender: BulkSender<ReindexAnswer>

  constructor(options: ReindexTargetOptions) {
    const { cluster, index, documentType, parameters } = options
    this.options = options
    const filter = 'errors,items.*.status,items.*.error,items.*._index,items.*._version'
    this.sender = new BulkSender({
      ...options,
      path: indexPath(index, documentType ? `${encodeURIComponent(documentType)}/_bulk` : '_bulk'),
      query: { ...parameters, ...(cluster.capabilities.filterPath ? { filter_path: filter } : {}) },
      readAnswer: readReindexAnswer,
    })
  }

  get bodyBytes(): number {
    return this.sender.pace.bodyBytes
  }

  ready(signal: AbortSignal): Promise<void> {
    return this.sender.pace.ready(signal)
  }

  async write(batch: DocumentBatch, options: WriteOptions): Promise<ReindexWritten> {
    const written: ReindexWritten = { created: 0, updated: 0, versionConflicts: 0, failures: [] }
    const parts: Promise<void>[] = []
    for (const rows of this.sender.bodies(batch)) parts.push(this.writeRows(batch, rows, written, options))
    await settleAll(parts)
    return written
  }

  /** Sends rows again and again until each one is taken or refused for good. */
  private async writeRows(
    batch: DocumentBatch,
    allRows: Int32Array,
    written: ReindexWritten,
    options: WriteOptions,
  ): Promise<void> {
    const { signal } = options
    let rows = allRows
    let pauses = 0
    for (let attempt = 1; rows.length > 0; attempt++) {
      const answer = await this.sender.send(batch, rows, signal, options.isReplay)
      if ('asWhole' in answer) {
        if (rows.length > 1) {
          const middle = rows.length >> 1
          await this.writeRows(batch, rows.subarray(0, middle), written, options)
          rows = rows.subarray(middle)
          attempt = 0
          continue
        }
        const { status, type, reason } = answer.asWhole
        const refused: RefusedDocument = { at: 0, status, index: undefined, error: { type, reason } }
        written.failures.push(this.failureOf(refused, batch, rows))
        return
      }
      const again = await this.take(answer, { batch, rows, isReplay: options.isReplay, attempt, written }, signal)
      if (again.length > 0) {
        this.sender.pace.refused()
        options.onRetry()
        pauses = again.length < rows.length ? 1 : pauses + 1
        await sleep(backoffMs(pauses, resendBackoff), signal)
      }
      rows = again
    }
  }

  /** Counts what became of the documents of one request; returns the rows that go again. */
  private async take(answer: ReindexAnswer, sent: Sent, signal: AbortSignal): Promise<Int32Array> {
    const { batch, rows, attempt, written } = sent
    const isReplay = sent.isReplay || answer.mayRepeat
    const { wasEmpty, hasUniqueIds } = this.options
    // What was written twice by this call was created by it.
    const twice = !isReplay || !wasEmpty ? 0 : hasUniqueIds ? answer.rewritten : answer.second
    const again: number[] = []
    const conflicts: RefusedDocument[] = []
    const failed: RefusedDocument[] = []
    for (const item of answer.refused) {
      if (item.status === 409) conflicts.push(item)
      else if (mayBeTaken(item, attempt)) again.push(rows[item.at] as number)
      else failed.push(item)
    }
    const own = isReplay && conflicts.length > 0 ? await this.findOwn(conflicts, sent, signal) : noRows
    written.created += answer.created + twice
    written.updated += answer.updated - twice
    for (const item of conflicts) {
      if (!own.has(rows[item.at] as number)) {
        written.versionConflicts++
        written.failures.push(this.failureOf(item, batch, rows))
      } else if (this.options.form.operation === 'create' || this.options.wasEmpty) written.created++
      else written.updated++
    }
    for (const item of failed) written.failures.push(this.failureOf(item, batch, rows))
    return Int32Array.from(again)
  }

  private findOwn(items: readonly RefusedDocument[], { batch, rows }: Sent, signal: AbortSignal): Promise<Set<number>> {
    const conflicts = items.map(({ at, index, error }): Conflict => {
      const shard = isJsonObject(error) ? Number(error.shard ?? Number.NaN) : Number.NaN
      const row = rows[at] as number
      return { row, index: index ?? this.options.index, shard: Number.isNaN(shard) ? undefined : shard }
    })
    return this.options.findOwn(conflicts, batch, signal)
  }

  private failureOf(
    { at, status, index, error }: RefusedDocument,
    batch: DocumentBatch,
    rows: Int32Array,
  ): Extract<ReindexFailure, { kind: 'bulk' }> {
    const row = rows[at]
    assert(row !== undefined, 'an answer speaks of the documents that were sent')
    const { mappingTypes } = this.options.cluster.capabilities
    const own = this.options.documentType ?? batch.text(batch.typeStart[row] as number, batch.typeEnd[row] as number)
    const type = mappingTypes === 'none' ? undefined : mappingTypes === 'hidden' ? '_doc' : own
    const told = typeof error === 'string' ? { type: 'exception', reason: error } : error
    const cause = quoteOnlyDocument(told, batch.source(row))
    return { kind: 'bulk', index: index ?? this.options.index, type, id: batch.id(row), cause, status }
  }
}

interface Sent {
  readonly batch: DocumentBatch
  readonly rows: Int32Array
  readonly isReplay: boolean
  readonly attempt: number
  readonly written: ReindexWritten
}

const noRows: Set<number> = new Set()

/**
 * What a pipeline throws (500) it throws each time. Copies of a shard that `wait_for_active_shards` wants (503) were waited for by the
 * cluster already, as long as `timeout` says; the servers try neither again.
 */
const isForGood = (type: string, reason: string): boolean =>
  /processor_?exception$/i.test(type) || /^(?:\[.*?\]\[\d+\] )?Not enough active copies/.test(reason)

/** Overload passes; a block, or an index that is not there, does not. */
function mayBeTaken({ status, error }: RefusedDocument, attempt: number): boolean {
  const { type, reason } = isJsonObject(error) ? error : { type: '', reason: error }
  if (isForGood(String(type ?? ''), String(reason ?? ''))) return false
  const outcome = judge(status, String(type ?? ''), String(reason ?? ''))
  return outcome === 'again' || (outcome === 'refused' && status >= 500 && attempt < serverErrorsMax)
}

/** Waits for all, so that nothing is on its way any more when the first error is thrown. */
async function settleAll(parts: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(parts)
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}
