// Writes batches to one index of a cluster with `_bulk`, so that twice is the same as once.
import type { Cluster } from '../cluster/cluster.ts'
import { indexPath } from '../cluster/paths.ts'
import { backoffMs } from '../foundation/backoff.ts'
import { sleep } from '../foundation/clock.ts'
import { IndexferryError } from '../foundation/errors.ts'
import type { DocumentBatch } from '../model/document-batch.ts'
import { type BulkOutcome, type RefusedItem, readBulkAnswer } from './bulk-answer.ts'
import type { BulkForm } from './bulk-body.ts'
import { BulkSender, type BulkSenderOptions, resendBackoff } from './bulk-sender.ts'
import type { DocumentTarget, RejectedDocument, WriteResult } from './target.ts'
import { hasUnversioned, UnversionedOrder } from './unversioned-order.ts'

export interface BulkTargetOptions {
  readonly cluster: Cluster
  readonly index: string
  readonly form: BulkForm
  /** The mapping type in the path, where the version has types and all documents have the same. */
  readonly documentType?: string | undefined
  readonly writersMax: number
  readonly bodyBytesMax: number
  readonly onRequest?: BulkSenderOptions<BulkOutcome>['onRequest']
}

/** A document that the target refuses with a server error (500) gets this many tries before that counts as for good. */
const serverErrorsMax = 5

/**
 * Not for the copies that `index.write.wait_for_active_shards` wants: while an index is filled it has no replicas, and each request would
 * wait a minute for them in vain. Before 5.0 it is not known, and servers pass over what they do not know.
 */
export const withoutWaiting = { wait_for_active_shards: 1 } as const

export class BulkTarget implements DocumentTarget {
  private readonly options: BulkTargetOptions
  private readonly sender: BulkSender<BulkOutcome>
  private readonly order = new UnversionedOrder()

  constructor(options: BulkTargetOptions) {
    const { cluster, index, documentType } = options
    this.options = options
    this.sender = new BulkSender({
      ...options,
      path: indexPath(index, documentType ? `${encodeURIComponent(documentType)}/_bulk` : '_bulk'),
      // Of each item its status and its error are read; the rest would be most of what the target sends.
      query: {
        ...withoutWaiting,
        ...(cluster.capabilities.filterPath ? { filter_path: 'errors,items.*.status,items.*.error' } : {}),
        // Documents are to be what they are on the source, whatever pipeline the index has for its clients.
        ...(cluster.capabilities.defaultPipelines ? { pipeline: '_none' } : {}),
      },
      readAnswer: readBulkAnswer,
    })
  }

  get limitedBy(): string | undefined {
    return this.sender.limitedBy
  }

  get bodyBytes(): number {
    return this.sender.pace.bodyBytes
  }

  get writers(): number {
    return this.sender.pace.writers
  }

  ready(signal: AbortSignal): Promise<void> {
    return this.sender.pace.ready(signal)
  }

  async writeBatch(batch: DocumentBatch, signal: AbortSignal): Promise<WriteResult> {
    const isOrdered = this.options.form.versionBase !== undefined && hasUnversioned(batch)
    return isOrdered ? this.order.write(batch, (rest) => this.writeAll(rest, signal)) : this.writeAll(batch, signal)
  }

  private async writeAll(batch: DocumentBatch, signal: AbortSignal): Promise<WriteResult> {
    const result = { written: 0, unchanged: 0, rejected: [] as RejectedDocument[] }
    const parts: Promise<void>[] = []
    // A batch is at most a few bodies; each takes its own place in flight.
    for (const rows of this.sender.bodies(batch)) parts.push(this.writeRows(batch, rows, result, signal))
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
      const outcome = await this.sender.send(batch, rows, signal)
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
        this.sender.pace.refused()
        // A target that takes some of them is at work: then the pause does not grow with each remnant.
        pauses = outcome.written > 0 ? 1 : pauses + 1
        await sleep(backoffMs(pauses, resendBackoff), signal)
      }
      rows = Int32Array.from(again)
    }
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
