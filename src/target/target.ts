// Applies batches so that twice is the same as once. The contract; clusters and files are in the files beside.
import type { DocumentBatch } from '../model/document-batch.ts'
import type { JsonValue } from '../model/json.ts'

export interface RejectedDocument {
  readonly row: number
  readonly status: number
  readonly type: string
  readonly reason: string
}

export interface WriteResult {
  /** Documents created or replaced. */
  readonly written: number
  /** Documents that were there already in this or a newer version. */
  readonly unchanged: number
  /** Documents that the target refuses whatever the load; the rest of the batch is written. */
  readonly rejected: readonly RejectedDocument[]
  /**
   * Only of targets that cannot write the same batch twice (files): what to open the target with (`resumeFrom`) so that it holds
   * this batch and those before it, and nothing else. Stored in the same checkpoint as the positions of these batches,
   * after `flush`. Batches of such a target resolve in the order in which they were given.
   */
  readonly resumeAt?: JsonValue
}

export interface DocumentTarget extends AsyncDisposable {
  /**
   * Resolves when every document of the batch is durable in the target or is counted in `rejected`. May be called again before
   * the last call resolved; how much is really in flight at once is the target's own decision (`limits`), and callers
   * should wait on `ready()` before they read more. Passing refusals (429, 503, lost connections) are retried inside
   * for as long as it takes. Throws when writing cannot go on (blocked, full, credentials).
   */
  writeBatch(batch: DocumentBatch, signal: AbortSignal): Promise<WriteResult>
  /** Resolves when another batch would be sent soon; keeps memory bounded. */
  ready(signal: AbortSignal): Promise<void>
  /** What holds writing back right now, for progress: `target latency`, `target rejections (429)`, … or undefined. */
  readonly limitedBy: string | undefined
  /** Bytes that a body should have right now. */
  readonly bodyBytes: number
  /** Only of targets with `resumeAt`: resolves when all that was written before the call survives a crash of the machine. */
  flush?(): Promise<void>
  /** Only of targets that must be told: everything is written, the copy is complete. Disposing without it leaves what is there to go on from. */
  finish?(): Promise<void>
}
