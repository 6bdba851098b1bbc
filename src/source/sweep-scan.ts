// One sweep: looks at every document of an index and gives numbers to those that changed since the sweep before.
import { sleep } from '../foundation/clock.ts'
import { IndexferryError } from '../foundation/errors.ts'
import { digestOf, keyOf, versionOf } from './document-key.ts'
import { ScrollSource } from './scroll-source.ts'
import type { SearchSelection } from './selection.ts'
import type { SweepNotes } from './sweep-notes.ts'

/** Answers hold ids only, or whole documents. */
const batchBytes = { ids: 8 * 1024 * 1024, contents: 4 * 1024 * 1024 }
/** Rows that are looked through at once for documents that are gone. */
const rowsAtOnce = 10_000
/** Documents that are looked up in the notes at once: some milliseconds, in which nothing else of this process goes on. */
const seenAtOnce = 1_000

export interface SweepOptions {
  readonly selection: SearchSelection
  readonly windowMax: number
  readonly notes: SweepNotes
  /** Whether documents are read as well, and compared with what was carried. */
  readonly byContents: boolean
  /** Throws when the index that was swept is not the one that was meant to be: then nothing counts as gone. */
  readonly checkIndex: () => Promise<void>
  /** Filled with the rows of what is there; somebody else who sees documents meanwhile adds theirs. */
  readonly seen?: RowSet
  readonly signal: AbortSignal
}

/**
 * A document that is there all the time is seen, whatever happens on the way: the parts of a scroll are told apart by id, and one that is lost
 * is read again as a whole. So what was there before and is not seen is gone.
 */
export async function sweep(options: SweepOptions): Promise<void> {
  const { selection, notes, byContents, signal } = options
  const knownRows = notes.rows()
  const { seen = new RowSet() } = options
  const contents = byContents ? {} : { fields: [] }
  const source = new ScrollSource({ ...selection, ...contents, wantsVersion: true }, { windowMax: options.windowMax })
  for (const partition of await source.listPartitions()) {
    const reading = { signal, batchBytes: () => (byContents ? batchBytes.contents : batchBytes.ids) }
    for await (const batch of source.readBatches(partition, undefined, reading)) {
      const documents = Array.from({ length: batch.count }, (_, row) => ({
        key: keyOf(batch, row),
        version: versionOf(batch, row),
        digest: byContents ? digestOf(batch, row) : undefined,
      }))
      batch.release()
      for (let at = 0; at < documents.length; at += seenAtOnce) {
        for (const row of notes.see(documents.slice(at, at + seenAtOnce))) seen.add(row)
        await sleep(0, signal)
      }
    }
  }
  await options.checkIndex()
  await takeOutUnseen(notes, seen, knownRows, signal)
}

async function takeOutUnseen(notes: SweepNotes, seen: RowSet, knownRows: number, signal: AbortSignal): Promise<void> {
  for (let after = 0; ; ) {
    const rows = notes.listRows(after, knownRows, rowsAtOnce)
    const last = rows.at(-1)
    if (last === undefined) return
    notes.takeOut(rows.filter((row) => !seen.has(row)))
    after = last
    // Others have a turn between two parts.
    await sleep(0, signal)
  }
}

/** One bit for each row. */
export class RowSet {
  private bits = new Uint8Array(8192)

  add(row: number): void {
    const at = row >> 3
    if (at >= this.bits.length) {
      const wider = new Uint8Array(Math.max(at + 1, this.bits.length * 2))
      wider.set(this.bits)
      this.bits = wider
    }
    this.bits[at] = (this.bits[at] as number) | (1 << (row & 7))
  }

  has(row: number): boolean {
    return ((this.bits[row >> 3] ?? 0) & (1 << (row & 7))) !== 0
  }
}

export const notTheSame = (selection: SearchSelection): IndexferryError =>
  new IndexferryError(
    'SOURCE_MADE_ANEW',
    `the source index ${selection.index} was deleted or made anew during a sweep`,
    {
      side: 'source',
      fields: { index: selection.index },
    },
  )
