// Writes what many followers note together, about every second: one transaction for all of them instead of one for each.
import { monotonicMs } from '../foundation/clock.ts'
import type { FollowCursor, FollowJournal, FollowStatus } from '../mechanism/follow-journal.ts'
import { addCounts, type DocumentCounts, noCounts } from '../model/counts.ts'
import type { CopyWriter } from './catalog-writer.ts'

type Note = Parameters<FollowJournal['noteFollowing']>[1]

interface Follower {
  readonly writer: CopyWriter
  readonly unit: string
  /** The catalog could not be written. */
  readonly onFailure: (error: unknown) => void
}

interface Pending extends Follower {
  readonly note: Note
}

const intervalMs = 1_000
/** What has not changed but in its times is written so often: only whoever looks from outside the process sees it. */
const unchangedMs = 60_000

export class FollowNotes {
  private readonly together: (work: () => void) => void
  private readonly pending = new Map<string, Pending>()
  private readonly written = new Map<string, { readonly news: string; readonly atMs: number }>()
  private readonly timer: NodeJS.Timeout

  /** `together` makes one transaction of what is written in it. */
  constructor(together: (work: () => void) => void) {
    this.together = together
    this.timer = setInterval(() => this.flush(), intervalMs)
    this.timer.unref()
  }

  note(follower: Follower, note: Note): void {
    const key = keyOf(follower.writer, follower.unit)
    const before = this.pending.get(key)?.note.carried ?? noCounts
    this.pending.set(key, { ...follower, note: { ...note, carried: addCounts(before, note.carried) } })
  }

  readCursors(writer: CopyWriter, unit: string): readonly FollowCursor[] {
    return this.pending.get(keyOf(writer, unit))?.note.cursors ?? writer.readCursors(unit)
  }

  readStatus(writer: CopyWriter, unit: string): FollowStatus | undefined {
    const noted = this.pending.get(keyOf(writer, unit))?.note.status
    return noted ?? writer.listIndexes().find(({ name }) => name === unit)?.following
  }

  /** Never throws: whose note cannot be written is told. */
  flush(): void {
    const due = [...this.pending].filter(([key, { note }]) => this.isDue(key, note))
    if (due.length === 0) return
    for (const [key] of due) this.pending.delete(key)
    try {
      this.together(() => {
        for (const [key, each] of due) this.write(key, each)
      })
    } catch (error) {
      for (const [, { onFailure }] of due) onFailure(error)
    }
  }

  /** To be called before its writer is given up. */
  flushOf(writer: CopyWriter): void {
    for (const [key, each] of this.pending) {
      if (each.writer !== writer) continue
      this.pending.delete(key)
      this.write(key, each)
      this.written.delete(key)
    }
  }

  stop(): void {
    clearInterval(this.timer)
    this.flush()
  }

  private isDue(key: string, note: Note): boolean {
    const last = this.written.get(key)
    if (last === undefined || isSome(note.carried) || monotonicMs() - last.atMs > unchangedMs) return true
    return newsOf(note) !== last.news
  }

  private write(key: string, { writer, unit, note, onFailure }: Pending): void {
    try {
      writer.noteFollowing(unit, note)
      this.written.set(key, { news: newsOf(note), atMs: monotonicMs() })
    } catch (error) {
      onFailure(error)
    }
  }
}

const keyOf = (writer: CopyWriter, unit: string): string => `${writer.id}\n${unit}`

const isSome = ({ read, rejected, skipped }: DocumentCounts): boolean => read + rejected + skipped > 0

function newsOf({ cursors, status }: Note): string {
  const { writesUpTo, deletesUpTo, operationsBehind, ...news } = status
  return JSON.stringify([cursors, news])
}
