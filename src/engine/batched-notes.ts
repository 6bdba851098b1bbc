// Collects progress and writes it about every second, so that a crash repeats at most seconds of work and the catalog costs nothing.

const intervalMs = 1_000

export interface BatchedNotesOptions<Note> {
  /** All notes since the last time; what they say must be durable when it is done. */
  readonly write: (notes: readonly Note[]) => void | Promise<void>
  /** The timer could not write: nothing may go on. */
  readonly onFailure: (error: unknown) => void
}

export class BatchedNotes<Note> {
  private readonly options: BatchedNotesOptions<Note>
  private notes = new Map<string, Note>()
  private readonly timer: NodeJS.Timeout
  private flushing: Promise<void> = Promise.resolve()

  constructor(options: BatchedNotesOptions<Note>) {
    this.options = options
    this.timer = setInterval(() => this.flush().catch(options.onFailure), intervalMs)
    this.timer.unref()
  }

  /** A later note of the same key takes the place of the earlier one. */
  note(key: string, note: Note): void {
    // Deleted first, so that notes are written in the order in which they came.
    this.notes.delete(key)
    this.notes.set(key, note)
  }

  /** One at a time, in order: an older state must never be written over a newer one. */
  flush(): Promise<void> {
    this.flushing = this.flushing.catch(() => {}).then(() => this.write())
    return this.flushing
  }

  /** Stops the timer; what is not flushed is lost, so flush first. */
  stop(): void {
    clearInterval(this.timer)
  }

  private async write(): Promise<void> {
    if (this.notes.size === 0) return
    const notes = [...this.notes.values()]
    this.notes = new Map()
    await this.options.write(notes)
  }
}
