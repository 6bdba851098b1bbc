// The log of a gateway's writes: which documents may have changed by calls that passed through it.
//
// What a call may change is durable before it is passed on. When it is answered, it gets the next number, by which readers find it; so whoever
// reads a document after that sees what the call did. A call that got no answer may still be carried out: it gets a number at once and another
// one later. So does all that was under way when a gateway died.
import { monotonicMs, now } from '../foundation/clock.ts'
import { asIndexferryError, IndexferryError } from '../foundation/errors.ts'
import { fitsPattern } from '../source/index-expression.ts'
import { RecordedWritesFile, type StoredWrite, type WriteNote } from './catalog-recorded-writes.ts'

export interface RecordSettings {
  /** Names and patterns with `*` of indexes. */
  readonly indexes: readonly string[]
  readonly bytesMax: number
  readonly keepMs: number
}

export interface RecordedPage {
  readonly position: number
  readonly ids: readonly string[]
  /** Something that names no ids may have changed the index, or what was recorded is no longer there. */
  readonly sweep: boolean
  /** Nothing that was answered before this call comes later. */
  readonly isComplete: boolean
  /** How long ago the oldest call began that is not answered yet; 0 when there is none. */
  readonly underWayMs: number
}

interface OpenRow {
  readonly name: string
  readonly beganMs: number
  /** When it got its last number; when it began, before it had one. */
  readonly numberedMs: number
}

// Durations are taken from the monotonic clock; the wall clock says only how old something is on the disk.

/** A call that is under way for so long gets a number before its answer. */
const longMs = 30_000
/** The servers themselves give a write up after a minute (`timeout`). */
const afterLostMs = 90_000
/** What a gateway that is there again finds and that names no documents may be a task of the cluster, which nobody watches any more. */
const unwatchedMs = 600_000
const unwatchedEveryMs = 60_000
const flushPauseMsMax = 50
const tidyEveryMs = 5_000
const rowsAtOnce = 1_000
/** Of a page, over all names, before it is taken apart; a row of each name at least. */
const parsedBytesMax = 4 * 1024 * 1024
/** Under this name stands what may concern every index; the rest of it is a pattern. */
const patternMark = '*'

interface Waiting {
  readonly notes: readonly WriteNote[]
  readonly resolve: (rows: number[]) => void
  readonly reject: (error: unknown) => void
}

export class RecordedWrites implements Disposable {
  private readonly file: RecordedWritesFile
  private readonly settings: RecordSettings
  private readonly aliases = new Map<string, Set<string>>()
  private readonly timer: NodeJS.Timeout
  private waiting: Waiting[] = []
  /** Nothing else goes on while the disk is waited for; so that is at most half of the time, and more calls share one transaction. */
  private flushAgainMs = 0
  /** To be numbered with the next transaction. */
  private settled: (readonly [row: number, againMs: number | null])[] = []
  /** Rows of calls under way. */
  private readonly open = new Map<number, OpenRow>()
  /** Of an earlier process, and until when they get numbers now and then. */
  private readonly unwatched = new Map<number, number>()
  private readonly onTrouble: (error: IndexferryError) => void
  /** Grows with each name that is new. */
  private namesLearnt = 0

  constructor(stateFolder: string, settings: RecordSettings, onTrouble: (error: IndexferryError) => void) {
    this.settings = settings
    this.onTrouble = onTrouble
    this.file = new RecordedWritesFile(stateFolder, settings.indexes)
    for (const { alias, index } of this.file.listAliases()) this.keepAlias(alias, index)
    const startMs = monotonicMs()
    const left = this.file.listUnsettled()
    for (const { row, isWide } of left) if (isWide) this.unwatched.set(row, startMs + unwatchedMs)
    this.file.number(left.map(({ row }) => [row, Math.ceil(startMs + afterLostMs)]))
    this.timer = setInterval(() => this.tidy(), tidyEveryMs).unref()
  }

  /** Another id: what was read before says nothing any more. */
  get id(): string {
    return this.file.id
  }

  /** What `covers` has said of a name holds as long as this is the same. */
  get generation(): number {
    return this.namesLearnt
  }

  /** Whether a write under this name, an index or an alias, is recorded. What is reckoned from the date may lead anywhere. */
  covers(name: string): boolean {
    if (isReckoned(name)) return true
    return this.settings.indexes.some((pattern) => fitsPattern(name, pattern)) || this.aliases.has(name)
  }

  /** Of a call that is not passed on yet. */
  ticket(): WriteTicket {
    return new WriteTicket(this)
  }

  /** Durable when it resolves; throws WRITE_NOT_RECORDED. */
  async begin(notes: readonly WriteNote[]): Promise<WriteTicket> {
    const ticket = new WriteTicket(this)
    await ticket.add(notes)
    return ticket
  }

  /** Several calls share one transaction. */
  insert(notes: readonly WriteNote[]): Promise<number[]> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ notes, resolve, reject })
      if (this.waiting.length > 1) return
      const pauseMs = this.flushAgainMs - monotonicMs()
      if (pauseMs <= 0) setImmediate(() => this.flush())
      else setTimeout(() => this.flush(), Math.min(pauseMs, flushPauseMsMax))
    })
  }

  /** `isLost`: nobody knows whether it was carried out. */
  settle(rows: readonly number[], isLost: boolean): void {
    const againMs = isLost ? Math.ceil(monotonicMs() + afterLostMs) : null
    for (const row of rows) {
      this.open.delete(row)
      this.settled.push([row, againMs])
    }
  }

  /** A number for now; they stay open. */
  renew(rows: readonly number[]): void {
    for (const row of rows) {
      this.keepOpen(row, monotonicMs())
      this.settled.push([row, Number.MAX_SAFE_INTEGER])
    }
  }

  /** Where a reader begins that is to see what happens from now on. What is under way comes later. */
  register(index: string, reader: string): number {
    this.numberSettled()
    this.file.noteReader(index, reader, this.file.lastNumber, now())
    return this.file.lastNumber
  }

  /** A reader has all up to this position, and will not ask for it again. */
  acknowledge(index: string, reader: string, position: number): void {
    this.file.noteReader(index, reader, Math.min(position, this.file.lastNumber), now())
  }

  /**
   * Aliases that lead to a recorded index. With one that is new, all of the index may have changed: now, by what was passed on under it before, and
   * once more later, by what of that is still under way. Calls under a name that was recorded all the time are numbered at their end anyway.
   */
  learnAliases(index: string, aliases: readonly string[]): void {
    const fresh = aliases.filter((alias) => !this.aliases.get(alias)?.has(index))
    if (fresh.length === 0) return
    const wasRecorded = fresh.every((alias) => this.covers(alias))
    const rows = this.file.addAliases(fresh, index, now())
    for (const alias of fresh) this.keepAlias(alias, index)
    this.settle(rows, !wasRecorded)
  }

  read(index: string, after: number, idsMax: number): RecordedPage {
    this.numberSettled()
    const last = this.file.lastNumber
    const names = [index, ...[...this.aliases].filter(([, leads]) => leads.has(index)).map(([alias]) => alias)]
    const underWayMs = this.underWayMs(new Set([...names, patternMark]))
    if (after < this.file.begins || after > last)
      return { position: last, ids: [], sweep: true, isComplete: true, underWayMs }
    const most = { rows: rowsAtOnce, bytes: Math.floor(parsedBytesMax / (names.length + 1)) }
    const pages = [...names, patternMark].map((name) => this.file.list(name, after, most))
    // Behind the last row of a page that is not whole stands more of the same name.
    const end = Math.min(
      last,
      ...pages.map(({ writes, isWhole }) => (isWhole ? last : (writes.at(-1)?.number ?? last))),
    )
    const found = pages.flatMap(({ writes }) => writes).filter(({ number }) => number <= end)
    const page = collect(
      found.sort((a, b) => a.number - b.number),
      { names, end, idsMax, isComplete: end === last },
    )
    return { ...page, underWayMs }
  }

  [Symbol.dispose](): void {
    clearInterval(this.timer)
    this.flush()
    try {
      this.numberSettled()
    } finally {
      this.file[Symbol.dispose]()
    }
  }

  private flush(): void {
    const { waiting } = this
    if (waiting.length === 0) return
    this.waiting = []
    const startMs = monotonicMs()
    try {
      const rows = this.file.insert(
        waiting.flatMap(({ notes }) => notes),
        now(),
      )
      let at = 0
      for (const { notes, resolve } of waiting) {
        const own = rows.slice(at, at + notes.length)
        at += notes.length
        const beganMs = monotonicMs()
        for (const [place, row] of own.entries())
          this.open.set(row, { name: notes[place]?.name ?? patternMark, beganMs, numberedMs: beganMs })
        resolve(own)
      }
    } catch (error) {
      for (const { reject } of waiting) reject(notRecorded(error))
    }
    const endMs = monotonicMs()
    this.flushAgainMs = endMs + (endMs - startMs)
  }

  private numberSettled(): void {
    const { settled } = this
    if (settled.length === 0) return
    this.file.number(settled)
    this.settled = []
  }

  private tidy(): void {
    const [wallMs, nowMs] = [now(), monotonicMs()]
    try {
      this.numberSettled()
      const long = [...this.open].filter(([, { numberedMs }]) => nowMs - numberedMs > longMs).map(([row]) => row)
      for (const row of long) this.keepOpen(row, nowMs)
      // Kept until it is answered, whoever has read it.
      this.file.number(long.map((row) => [row, Number.MAX_SAFE_INTEGER]))
      this.file.number(this.file.listDue(Math.floor(nowMs)).map((row) => [row, this.againOf(row, nowMs)]))
      this.file.removeRead(wallMs - this.settings.keepMs)
      this.file.limit(this.settings.bytesMax, wallMs - this.settings.keepMs)
    } catch (error) {
      this.onTrouble(asIndexferryError(error))
    }
  }

  /** Until when a row that got another number is to have the next; null when that was the last. */
  private againOf(row: number, nowMs: number): number | null {
    const untilMs = this.unwatched.get(row)
    if (untilMs === undefined) return null
    if (nowMs < untilMs) return Math.ceil(nowMs + unwatchedEveryMs)
    this.unwatched.delete(row)
    return null
  }

  private keepOpen(row: number, numberedMs: number): void {
    const known = this.open.get(row)
    if (known) this.open.set(row, { ...known, numberedMs })
  }

  private underWayMs(names: ReadonlySet<string>): number {
    const nowMs = monotonicMs()
    let oldestMs = nowMs
    for (const { name, beganMs } of this.open.values()) if (names.has(name)) oldestMs = Math.min(oldestMs, beganMs)
    return Math.ceil(nowMs - oldestMs)
  }

  private keepAlias(alias: string, index: string): void {
    const leads = this.aliases.get(alias) ?? new Set()
    leads.add(index)
    this.aliases.set(alias, leads)
    this.namesLearnt++
  }
}

/** One call under way, and what was recorded of it. */
export class WriteTicket {
  private readonly log: RecordedWrites
  private rows: number[] = []
  private end: { readonly isLost: boolean } | undefined

  constructor(log: RecordedWrites) {
    this.log = log
  }

  /** To be done before what the notes are about is passed on: durable when it resolves. Throws WRITE_NOT_RECORDED. */
  async add(notes: readonly WriteNote[]): Promise<void> {
    if (notes.length === 0) return
    const rows = await this.log.insert(notes)
    if (this.end) this.log.settle(rows, true)
    else this.rows.push(...rows)
  }

  /** To be called before the caller can know of the answer. */
  answered(): void {
    this.settle(false)
  }

  /** The way to the cluster, or back, broke. */
  lost(): void {
    this.settle(true)
  }

  /** It goes on for a time that nobody knows. */
  renew(): void {
    this.log.renew(this.rows)
  }

  private settle(isLost: boolean): void {
    if (this.end) return
    this.end = { isLost }
    this.log.settle(this.rows, isLost)
    this.rows = []
  }
}

interface Frame {
  readonly names: readonly string[]
  readonly end: number
  readonly idsMax: number
  readonly isComplete: boolean
}

function collect(
  found: readonly StoredWrite[],
  { names, end, idsMax, isComplete }: Frame,
): Omit<RecordedPage, 'underWayMs'> {
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

/** Date math, `<orders-{now/d}>`: only the server knows which index it is. */
export const isReckoned = (name: string): boolean => name.startsWith('<')

/** Whatever an expression of several names and patterns may mean; what cannot be told (date math) is taken for everything. */
export function notesOfExpression(expression: string): WriteNote[] {
  const parts = expression.split(',').filter((part) => part !== '' && !part.startsWith('-'))
  return parts.map((part): WriteNote => {
    if (part === '_all' || isReckoned(part)) return { name: patternMark, ids: ['*'] }
    return part.includes('*') ? { name: patternMark, ids: [part] } : { name: part, ids: undefined }
  })
}

export const everything: WriteNote = { name: patternMark, ids: ['*'] }

const notRecorded = (cause: unknown): IndexferryError =>
  new IndexferryError(
    'WRITE_NOT_RECORDED',
    `the write was not passed on, because the gateway cannot record it: ${asIndexferryError(cause).message}`,
    { cause },
  )
