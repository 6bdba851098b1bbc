// Finds out whether somebody writes past the gateway: what a sweep finds changed, and the gateway's log does not name.
//
// Writes go on while a sweep runs, so that much of what it finds is in the log only later. Therefore it is compared with all that the log has named
// from the beginning of the sweep to the first reading of the log after its end.
import { idOfKey } from './document-key.ts'
import type { RecordedNotes } from './recorded-notes.ts'
import type { SweepNotes } from './sweep-notes.ts'

/** Enough to say that there are some. */
const foundMax = 1_000
/** With more than this nothing is said. */
const namedMax = 100_000

export class AroundWrites {
  private found: Set<string> | undefined
  private named = new Set<string>()

  /** The notes through which a sweep is to be made. `mayTell`: nothing else explains what it finds. */
  watch(notes: RecordedNotes, mayTell: boolean): SweepNotes {
    this.drop()
    if (!mayTell) return notes
    const found = new Set<string>()
    this.found = found
    const add = (keys: readonly string[]) => {
      for (const key of keys) if (found.size < foundMax) found.add(idOfKey(key))
    }
    const watched: SweepNotes = Object.create(notes)
    watched.see = (documents) => {
      const before = notes.next()
      const rows = notes.see(documents)
      const after = notes.next()
      if (after > before) add(notes.listNumbers(before, after, foundMax).map(({ key }) => key))
      return rows
    }
    watched.takeOut = (rows) => {
      if (rows.length > 0) add(notes.keysOfRows(rows.slice(0, foundMax)))
      notes.takeOut(rows)
    }
    return watched
  }

  /** The sweep under way, or the last one, has other reasons. */
  drop(): void {
    this.found = undefined
    this.named = new Set()
  }

  /** The log has named these. */
  name(ids: readonly string[]): void {
    if (!this.found || this.named.size > namedMax) return
    for (const id of ids) this.named.add(id)
  }

  /** After the end of the sweep, and all of the log read since: how many documents nobody has named. Asked once. */
  take(): number {
    const { found, named } = this
    this.drop()
    if (!found || named.size > namedMax) return 0
    return [...found].filter((id) => !named.has(id)).length
  }
}
