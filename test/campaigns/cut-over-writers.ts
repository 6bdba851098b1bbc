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
  | { readonly verb: 'check'; readonly found: ReadonlyMap<string, string> }

export class WritersInThread {
  private readonly worker: Worker
  private last: Promise<unknown> = Promise.resolve()

  constructor(options: WriterThreadOptions) {
    this.worker = new Worker(new URL('./cut-over-writer-thread.ts', import.meta.url), { workerData: options })
  }

  /** Answers with what was written so far; throws what the thread says is wrong. */
  async ask(call: WriterCall): Promise<WritingTally> {
    const asked = this.last.then(async () => {
      this.worker.postMessage(call)
      const [{ tally, error }] = (await once(this.worker, 'message')) as [{ tally: WritingTally; error?: string }]
      if (error !== undefined) throw new Error(error)
      return tally
    })
    this.last = asked.catch(() => {})
    return asked
  }

  async stop(): Promise<void> {
    try {
      await this.ask({ verb: 'stop' })
    } finally {
      await this.worker.terminate()
    }
  }
}
