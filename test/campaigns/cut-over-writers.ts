// The clients of the cut-over campaign, in a thread of their own: asked one thing after the other.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { AcknowledgedWritersOptions, AcknowledgingSide, WritingTally } from '../journeys/acknowledged-writers.ts'

export interface WriterThreadOptions extends Omit<AcknowledgedWritersOptions, 'clusters' | 'chance'> {
  readonly urls: Readonly<Record<AcknowledgingSide, string>>
  readonly seed: number
}

export type WriterCall =
  | { readonly verb: 'pause' | 'resume' | 'tally' | 'stop' }
  /** Which part of the writes are deletes from now on. */
  | { readonly verb: 'delete'; readonly share: number }
  | { readonly verb: 'check'; readonly found: ReadonlyMap<string, string> }

export class WritersInThread {
  private readonly worker: Worker
  private last: Promise<unknown> = Promise.resolve()
  private readonly ended = new AbortController()
  private stopping: Promise<void> | undefined

  constructor(options: WriterThreadOptions) {
    this.worker = new Worker(new URL('./cut-over-writer-thread.ts', import.meta.url), { workerData: options })
    this.worker.once('error', (error) => this.ended.abort(error))
    this.worker.once('exit', () => this.ended.abort(new Error('the thread of the clients has ended')))
  }

  /** Answers with what was written so far; throws what the thread says is wrong. */
  async ask(call: WriterCall): Promise<WritingTally> {
    const asked = this.last.then(async () => {
      const { signal } = this.ended
      signal.throwIfAborted()
      this.worker.postMessage(call)
      const answered = once(this.worker, 'message', { signal }).catch((error: unknown) => {
        throw signal.reason ?? error
      })
      const [{ tally, error }] = (await answered) as [{ tally: WritingTally; error?: string }]
      if (error !== undefined) throw new Error(error)
      return tally
    })
    this.last = asked.catch(() => {})
    return asked
  }

  /** Throws what a client has died of. Twice is the same as once. */
  stop(): Promise<void> {
    this.stopping ??= this.end()
    return this.stopping
  }

  private async end(): Promise<void> {
    try {
      await this.ask({ verb: 'stop' })
    } finally {
      await this.worker.terminate()
    }
  }
}
