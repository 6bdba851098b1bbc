// The sign of life of the process that runs a live migration.
import type { MigrationWriter } from './catalog-migrations.ts'

const beatEveryMs = 2_000

/** Says every other second that this process lives; aborts when the migration was taken over. */
export class MigrationLease implements Disposable {
  private readonly gone = new AbortController()
  private readonly timer: NodeJS.Timeout

  constructor(writer: MigrationWriter) {
    this.timer = setInterval(() => {
      try {
        writer.beat()
      } catch (error) {
        this.gone.abort(error)
      }
    }, beatEveryMs)
  }

  get lost(): AbortSignal {
    return this.gone.signal
  }

  [Symbol.dispose](): void {
    clearInterval(this.timer)
  }
}
