// The log of a gateway's writes: which documents may have changed by calls that passed through it.
//
// What a call may change is durable before it is passed on. When it is answered, it gets the next number, by which readers find it; so whoever
// reads a document after that sees what the call did. A call that got no answer may still be carried out: it gets a number at once and another
// one later. So does all that was under way when a gateway died.
//
// The file is that of a thread of its own (recorded-writes-keeper.ts), so that no other call waits for the disk.
import { monotonicMs, now } from '../foundation/clock.ts'
import { asIndexferryError, IndexferryError } from '../foundation/errors.ts'
import { fitsPattern } from '../source/index-expression.ts'
import { bytesOfRow, patternMark, rowOfNote, type WriteNote, type WrittenRow } from './catalog-recorded-writes.ts'
import { afterLostMs, type RecordedIds, type RecordedWritesKeeper, type SettledRow } from './recorded-writes-keeper.ts'
import { ThreadCalls } from './thread-calls.ts'

export interface RecordSettings {
  /** Names and patterns with `*` of indexes. */
  readonly indexes: readonly string[]
  readonly bytesMax: number
  readonly keepMs: number
}

export interface RecordedPage extends RecordedIds {
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
/** What a gateway that is there again finds and that names no documents may be a task of the cluster. */
const leftMs = 600_000
const tidyEveryMs = 5_000
/** Of calls that wait for the disk: one that hangs must not fill the memory. */
const waitingMax = 20_000
const waitingBytesMax = 64 * 1024 * 1024

interface Waiting {
  readonly rows: readonly WrittenRow[]
  readonly resolve: (rows: number[]) => void
  readonly reject: (error: unknown) => void
}

interface Opened {
  readonly id: string
  readonly aliases: readonly { readonly alias: string; readonly index: string }[]
  readonly hasLeft: boolean
}

export class RecordedWrites implements AsyncDisposable {
  /** Another id: what was read before says nothing any more. */
  readonly id: string
  /**
   * What an earlier process left and what names no documents, when there is some. It gets numbers now and then for ten minutes; who knows more
   * has it go on (`renew`) or end (`lost`).
   */
  readonly left: { renew(): void; lost(): void } | undefined
  private readonly thread: ThreadCalls<RecordedWritesKeeper>
  private readonly settings: RecordSettings
  private readonly aliases = new Map<string, Set<string>>()
  private readonly timer: NodeJS.Timeout
  private readonly onTrouble: (error: IndexferryError) => void
  private waiting: Waiting[] = []
  private waitingBytes = 0
  private flushing: Promise<void> | undefined
  /** To be numbered with the next call to the thread that shows numbers. */
  private settled: SettledRow[] = []
  /** Rows of calls under way. */
  private readonly open = new Map<number, OpenRow>()
  private leftUntilMs = monotonicMs() + leftMs
  private isTidying = false
  private closing: Promise<void> | undefined
  /** Grows with each name that is new. */
  private namesLearnt = 0

  /** Throws STATE_UNUSABLE. */
  static async open(
    stateFolder: string,
    settings: RecordSettings,
    onTrouble: (error: IndexferryError) => void,
  ): Promise<RecordedWrites> {
    const place = { folder: stateFolder, names: settings.indexes }
    const thread = new ThreadCalls<RecordedWritesKeeper>('recorded-writes-thread', import.meta.url, place)
    try {
      return new RecordedWrites(thread, settings, onTrouble, await thread.call('open', monotonicMs()))
    } catch (error) {
      await thread[Symbol.asyncDispose]()
      throw error
    }
  }

  private constructor(
    thread: ThreadCalls<RecordedWritesKeeper>,
    settings: RecordSettings,
    onTrouble: (error: IndexferryError) => void,
    { id, aliases, hasLeft }: Opened,
  ) {
    this.thread = thread
    this.settings = settings
    this.onTrouble = onTrouble
    this.id = id
    for (const { alias, index } of aliases) this.keepAlias(alias, index)
    if (hasLeft) this.left = { renew: () => this.keepLeftUntil(Infinity), lost: () => this.keepLeftUntil(0) }
    this.timer = setInterval(() => void this.tidy(), tidyEveryMs).unref()
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

  /** Calls that come while the disk is written to share the next transaction. */
  insert(notes: readonly WriteNote[]): Promise<number[]> {
    const rows = notes.map(rowOfNote)
    const bytes = rows.reduce((sum, row) => sum + bytesOfRow(row), 0)
    const isFull = this.waiting.length >= waitingMax || this.waitingBytes + bytes > waitingBytesMax
    if (this.closing !== undefined || (isFull && this.waiting.length > 0))
      return Promise.reject(notRecorded(this.refusal()))
    return new Promise((resolve, reject) => {
      this.waiting.push({ rows, resolve, reject })
      this.waitingBytes += bytes
      this.flushing ??= this.flush()
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
  register(index: string, reader: string): Promise<number> {
    return this.thread.call('register', this.takeSettled(), index, reader, now())
  }

  /** A reader has all up to this position, and will not ask for it again. */
  async acknowledge(index: string, reader: string, position: number): Promise<void> {
    await this.thread.call('acknowledge', index, reader, position, now())
  }

  /**
   * Aliases that lead to a recorded index. With one that is new, all of the index may have changed: now, by what was passed on under it before, and
   * once more later, by what of that is still under way. Calls under a name that was recorded all the time are numbered at their end anyway.
   */
  async learnAliases(index: string, aliases: readonly string[]): Promise<void> {
    const fresh = aliases.filter((alias) => !this.aliases.get(alias)?.has(index))
    if (fresh.length === 0) return
    const wasRecorded = fresh.every((alias) => this.covers(alias))
    const rows = await this.thread.call('addAliases', fresh, index, now())
    for (const alias of fresh) this.keepAlias(alias, index)
    // Not before, so that it says of all that passed by meanwhile, too.
    this.settle(rows, !wasRecorded)
  }

  async read(index: string, after: number, idsMax: number): Promise<RecordedPage> {
    const names = [index, ...[...this.aliases].filter(([, leads]) => leads.has(index)).map(([alias]) => alias)]
    // At the same instant: what is not settled is under way.
    const underWayMs = this.underWayMs(new Set([...names, patternMark]))
    const page = await this.thread.call('read', this.takeSettled(), { names, after, idsMax })
    return { ...page, underWayMs }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.closing ??= this.close()
    return this.closing
  }

  private async close(): Promise<void> {
    clearInterval(this.timer)
    await this.flushing
    try {
      await this.thread.call('close', this.takeSettled())
    } finally {
      await this.thread[Symbol.asyncDispose]()
    }
  }

  private async flush(): Promise<void> {
    // All that is there in this turn of the loop goes together.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.waiting.length > 0) {
      const { waiting } = this
      this.waiting = []
      this.waitingBytes = 0
      try {
        const written = waiting.flatMap(({ rows }) => rows)
        this.keepBegun(waiting, await this.thread.call('insert', written, now()))
      } catch (error) {
        for (const { reject } of waiting) reject(notRecorded(error))
      }
    }
    this.flushing = undefined
  }

  private keepBegun(waiting: readonly Waiting[], rows: readonly number[]): void {
    const beganMs = monotonicMs()
    let at = 0
    for (const { rows: written, resolve } of waiting) {
      const own = rows.slice(at, at + written.length)
      at += written.length
      for (const [place, row] of own.entries())
        this.open.set(row, { name: written[place]?.name ?? patternMark, beganMs, numberedMs: beganMs })
      resolve(own)
    }
  }

  private refusal(): IndexferryError {
    return this.closing !== undefined
      ? new IndexferryError('STATE_UNUSABLE', 'its log is closed')
      : new IndexferryError('STATE_UNUSABLE', `${this.waiting.length} calls wait for the disk already`)
  }

  private takeSettled(): SettledRow[] {
    const { settled } = this
    this.settled = []
    return settled
  }

  private async tidy(): Promise<void> {
    // A disk that hangs is not given more and more to do.
    if (this.isTidying) return
    this.isTidying = true
    try {
      const [wallMs, nowMs] = [now(), monotonicMs()]
      const long = [...this.open].filter(([, { numberedMs }]) => nowMs - numberedMs > longMs).map(([row]) => row)
      for (const row of long) this.keepOpen(row, nowMs)
      const { leftUntilMs } = this
      const { bytesMax, keepMs } = this.settings
      await this.thread.call('tidy', this.takeSettled(), { wallMs, nowMs, long, leftUntilMs, bytesMax, keepMs })
    } catch (error) {
      this.onTrouble(asIndexferryError(error))
    } finally {
      this.isTidying = false
    }
  }

  private keepLeftUntil(ms: number): void {
    this.leftUntilMs = ms
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

/** Date math, `<orders-{now/d}>`: only the server knows which index it is. */
export const isReckoned = (name: string): boolean => name.startsWith('<')

/** Whatever an expression of several names and patterns may mean; what cannot be told (date math) is taken for everything. */
export function notesOfExpression(expression: string): WriteNote[] {
  const parts = expression.split(',').filter((part) => part !== '')
  // Without a name before it, it meant all others until 5.x.
  if (parts[0]?.startsWith('-')) return [everything]
  const wanted = parts.filter((part) => !part.startsWith('-'))
  // Until 5.x a name may have a plus sign.
  return wanted.map((part): WriteNote => noteOfName(part.replace(/^\+/, '')))
}

function noteOfName(name: string): WriteNote {
  if (name === '_all' || isReckoned(name)) return everything
  return name.includes('*') ? { name: patternMark, ids: [name] } : { name, ids: undefined }
}

export const everything: WriteNote = { name: patternMark, ids: ['*'] }

const notRecorded = (cause: unknown): IndexferryError =>
  new IndexferryError(
    'WRITE_NOT_RECORDED',
    `the write was not passed on, because the gateway cannot record it: ${asIndexferryError(cause).message}`,
    { cause },
  )
