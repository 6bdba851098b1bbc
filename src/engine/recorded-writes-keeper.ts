// What is done with the file of recorded writes, on the thread of the log. Each call is done as a whole before the next, and leaves what was to be
// numbered for the next when it fails: whoever reads after that is told so, and not that nothing was written.
import { fitsPattern } from '../source/index-expression.ts'
import { patternMark, RecordedWritesFile, type StoredWrite, type WrittenRow } from './catalog-recorded-writes.ts'

/** A row whose call has ended. `againMs`: when it is to get another number, as it may still be carried out. */
export type SettledRow = readonly [row: number, againMs: number | null]

export interface RecordedQuestion {
  /** The index, and aliases that lead to it. */
  readonly names: readonly string[]
  readonly after: number
  readonly idsMax: number
}

export interface RecordedIds {
  readonly position: number
  readonly ids: readonly string[]
  /** Something that names no ids may have changed the index, or what was recorded is no longer there. */
  readonly sweep: boolean
  /** Nothing that was answered before this call comes later. */
  readonly isComplete: boolean
}

export interface TidyOrder {
  /** By the monotonic clock of the process, which threads do not share. */
  readonly nowMs: number
  readonly wallMs: number
  /** Under way for so long that they are shown before their end. */
  readonly long: readonly number[]
  readonly bytesMax: number
  readonly keepMs: number
  /** Until when what an earlier process left gets numbers now and then. */
  readonly leftUntilMs: number
}

/** The servers themselves give a write up after a minute (`timeout`). */
export const afterLostMs = 90_000
const leftEveryMs = 60_000
const rowsAtOnce = 1_000
/** Of a page, over all names, before it is taken apart; a row of each name at least. */
const parsedBytesMax = 4 * 1024 * 1024

export class RecordedWritesKeeper {
  private readonly file: RecordedWritesFile
  private settled: SettledRow[] = []
  /** Of an earlier process, and without ids: it may be a task of the cluster that goes on. */
  private readonly left = new Set<number>()

  constructor(folder: string, names: readonly string[]) {
    this.file = new RecordedWritesFile(folder, names)
  }

  /** To be called once, before all others. */
  open(nowMs: number) {
    const unsettled = this.file.listUnsettled()
    for (const { row, isWide } of unsettled) if (isWide) this.left.add(row)
    this.file.number(unsettled.map(({ row }) => [row, Math.ceil(nowMs + afterLostMs)]))
    return { id: this.file.id, aliases: this.file.listAliases(), hasLeft: this.left.size > 0 }
  }

  /** Durable, also against a power cut, when it returns. */
  insert(rows: readonly WrittenRow[], atMs: number): number[] {
    return this.file.insert(rows, atMs)
  }

  register(settled: readonly SettledRow[], index: string, reader: string, atMs: number): number {
    this.number(settled)
    this.file.noteReader(index, reader, this.file.lastNumber, atMs)
    return this.file.lastNumber
  }

  acknowledge(index: string, reader: string, position: number, atMs: number): void {
    this.file.noteReader(index, reader, Math.min(position, this.file.lastNumber), atMs)
  }

  /** Durable. Answers with the rows that say that all of the index may have changed. */
  addAliases(aliases: readonly string[], index: string, atMs: number): number[] {
    return this.file.addAliases(aliases, index, atMs)
  }

  read(settled: readonly SettledRow[], { names, after, idsMax }: RecordedQuestion): RecordedIds {
    this.number(settled)
    const last = this.file.lastNumber
    if (after < this.file.begins || after > last) return { position: last, ids: [], sweep: true, isComplete: true }
    const most = { rows: rowsAtOnce, bytes: Math.floor(parsedBytesMax / (names.length + 1)) }
    const pages = [...names, patternMark].map((name) => this.file.list(name, after, most))
    // Behind the last row of a page that is not whole stands more of the same name.
    const end = Math.min(
      last,
      ...pages.map(({ writes, isWhole }) => (isWhole ? last : (writes.at(-1)?.number ?? last))),
    )
    const found = pages.flatMap(({ writes }) => writes).filter(({ number }) => number <= end)
    return collect(
      found.sort((a, b) => a.number - b.number),
      { names, end, idsMax, isComplete: end === last },
    )
  }

  tidy(settled: readonly SettledRow[], order: TidyOrder): void {
    const { nowMs, wallMs, keepMs, leftUntilMs } = order
    this.number(settled)
    // Kept until it is answered, whoever has read it.
    this.file.number(order.long.map((row) => [row, Number.MAX_SAFE_INTEGER]))
    if (nowMs >= leftUntilMs) {
      this.file.number([...this.left].map((row) => [row, Math.ceil(nowMs + afterLostMs)]))
      this.left.clear()
    }
    const againMs = (row: number) => (this.left.has(row) ? Math.ceil(nowMs + leftEveryMs) : null)
    this.file.number(this.file.listDue(Math.floor(nowMs)).map((row) => [row, againMs(row)]))
    this.file.removeRead(wallMs - keepMs)
    this.file.limit(order.bytesMax, wallMs - keepMs)
  }

  close(settled: readonly SettledRow[]): void {
    try {
      this.number(settled)
    } finally {
      this.file[Symbol.dispose]()
    }
  }

  /** What could not be numbered is kept: without it, readers would be told that there is nothing. */
  private number(settled: readonly SettledRow[]): void {
    this.settled = this.settled.concat(settled)
    this.file.number(this.settled)
    this.settled = []
  }
}

interface Frame extends Pick<RecordedQuestion, 'names' | 'idsMax'>, Pick<RecordedIds, 'isComplete'> {
  readonly end: number
}

function collect(found: readonly StoredWrite[], { names, end, idsMax, isComplete }: Frame): RecordedIds {
  const ids = new Set<string>()
  let sweep = false
  let position = 0
  for (const { number, name, ids: written } of found) {
    // A page holds one call at least.
    if (ids.size > 0 && ids.size + (written?.length ?? 0) > idsMax) {
      return { position, ids: [...ids], sweep, isComplete: false }
    }
    position = number
    if (name === patternMark)
      sweep ||= (written ?? ['*']).some((pattern) => names.some((each) => fitsPattern(each, pattern)))
    else if (written === undefined) sweep = true
    else for (const id of written) ids.add(id)
  }
  return { position: end, ids: [...ids], sweep, isComplete }
}
