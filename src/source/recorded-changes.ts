// Sees changes by the log of a gateway through which all clients write: for sources without sequence numbers.
//
// The log names documents that may have changed. Each look reads on in it, looks these documents up by their ids, and numbers them as a sweep would
// that saw only them: what is new or another gets the next number, and so does what is gone. All documents are swept once at the beginning, when the
// log says that more may have changed than it can name, and now and then to find writers that go around the gateway.
import { randomUUID } from 'node:crypto'
import { monotonicMs, now, sleep } from '../foundation/clock.ts'
import { AroundWrites } from './around-writes.ts'
import type { ChangeSource, IndexMark, NumberRange, SweepFigures } from './change-source.ts'
import { digestOf, keyOf, versionOf } from './document-key.ts'
import { isTooLarge } from './passing-faults.ts'
import type { RecordedLog, RecordedPage } from './recorded-log.ts'
import type { NotedRow, RecordedNotes, RecordedPlace } from './recorded-notes.ts'
import { doubtAndExplain } from './selection.ts'
import type { DocumentSource } from './source.ts'
import { openSweepChanges, type SweepChanges, type SweepChangesOptions } from './sweep-changes.ts'
import type { SweptDocument } from './sweep-notes.ts'

export interface RecordedChangesOptions extends Omit<SweepChangesOptions, 'firstInMs' | 'watch'> {
  readonly notes: RecordedNotes
  readonly log: RecordedLog
  /** Between two sweeps that look for writers around the gateway; `intervalMs` is that between two that the log asks for. */
  readonly fullIntervalMs: number
  /** So many documents were changed by nothing that the log knows. */
  readonly onAround: (documents: number) => void
}

/** Ids in one search. */
const idsAtOnce = 500
/** A look reads pages for so long, and the next one goes on. */
const lookMs = 2_000
/** A sweep that sees a document at the same time has it looked up once more. */
const attemptsMax = 10
const acknowledgeEveryMs = 5_000
/** Of documents that are only looked at. */
const batchBytes = 4 * 1024 * 1024

export async function openRecordedChanges(options: RecordedChangesOptions): Promise<RecordedChanges> {
  const around = new AroundWrites()
  const state: SweepOrder = { wantedMs: undefined, isLater: false, mayTell: false }
  const place = options.notes.readPlace()
  const sweptAgoMs = place?.sweptAtMs === undefined ? Number.POSITIVE_INFINITY : Math.max(0, now() - place.sweptAtMs)
  const swept = await openSweepChanges({
    ...options,
    intervalMs: options.fullIntervalMs,
    firstInMs: place?.isSwept ? Math.max(0, options.fullIntervalMs - sweptAgoMs) : 0,
    wantedUpToMs: () => latest(state.wantedMs, options.wantedUpToMs?.()),
    watch: () => around.watch(options.notes, state.mayTell),
  })
  return new RecordedChanges(options, swept, around, state)
}

/** Of some ids: what was noted before they were looked up, and what was found. */
interface LookUp {
  readonly ids: readonly string[]
  readonly before: readonly NotedRow[]
  readonly found: readonly SweptDocument[]
}

/** What the sweeps are asked for. */
interface SweepOrder {
  /** All of before this instant is to be looked at. */
  wantedMs: number | undefined
  /** … and more was ordered since. */
  isLater: boolean
  /** Whether the next sweep is one that the log did not ask for. */
  mayTell: boolean
}

export class RecordedChanges implements ChangeSource {
  readonly kind = 'recorded'
  readonly documents: DocumentSource
  readonly firstCopy: DocumentSource
  readonly listMax: number
  private readonly options: RecordedChangesOptions
  private readonly swept: SweepChanges
  private readonly around: AroundWrites
  private readonly order: SweepOrder
  private place: RecordedPlace | undefined
  private upToMs = Number.NEGATIVE_INFINITY
  private orderedAgainMs = 0
  /** The beginning of the last sweep that was taken note of. */
  private sweptSinceMs: number | undefined
  private toldAbout = true
  private acknowledgedMs = 0

  constructor(options: RecordedChangesOptions, swept: SweepChanges, around: AroundWrites, order: SweepOrder) {
    this.options = options
    this.swept = swept
    this.around = around
    this.order = order
    this.documents = swept.documents
    this.firstCopy = swept.firstCopy
    this.listMax = swept.listMax
    this.place = options.notes.readPlace()
    if (this.place?.isSwept) order.mayTell = true
    else this.orderSweep()
  }

  async look(signal: AbortSignal): Promise<IndexMark> {
    const startMs = monotonicMs()
    const underWayMs = await this.readLog(signal)
    const isComplete = underWayMs !== undefined
    const mark = await this.swept.look(signal)
    this.noteSweep(isComplete)
    // What a call has done that is not answered yet may be there already, and is in the log later.
    if (isComplete && this.order.wantedMs === undefined && !this.order.isLater && this.isSweptAsWanted())
      this.upToMs = Math.max(this.upToMs, startMs - underWayMs)
    await this.acknowledge(signal)
    return { ...mark, upToMs: this.upToMs }
  }

  /** Who ends following, as a switch does, wants to know of writers around the gateway before. */
  private isSweptAsWanted(): boolean {
    const wantedMs = this.options.wantedUpToMs?.()
    return wantedMs === undefined || (this.swept.sweptSinceMs ?? Number.NEGATIVE_INFINITY) > wantedMs
  }

  get sweepFigures(): SweepFigures | undefined {
    const { sweepFigures: figures } = this.swept
    return figures && { ...figures, everyMs: undefined }
  }

  show(): Promise<void> {
    return this.swept.show()
  }

  countLive(shard: number, ranges: readonly NumberRange[], width: number, signal: AbortSignal) {
    return this.swept.countLive(shard, ranges, width, signal)
  }

  sumLive(shard: number, ranges: readonly NumberRange[], width: number, signal: AbortSignal) {
    return this.swept.sumLive(shard, ranges, width, signal)
  }

  listLive(shard: number, ranges: readonly NumberRange[], signal: AbortSignal): Promise<ReadonlySet<number>> {
    return this.swept.listLive(shard, ranges, signal)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.swept[Symbol.asyncDispose]()
  }

  /** How long ago the oldest call began that is under way, when it has come to the end. */
  private async readLog(signal: AbortSignal): Promise<number | undefined> {
    const { log } = this.options
    const startMs = monotonicMs()
    let place = this.place ?? (await this.begin(signal))
    for (;;) {
      const page = await log.read(place.position, signal)
      if (page.log === place.log) {
        await this.takePage(page, signal)
        place = this.keep({ ...place, position: page.position })
        if (page.isComplete) return page.underWayMs
      } else place = await this.begin(signal)
      if (monotonicMs() - startMs > lookMs) return undefined
    }
  }

  /** In a log that is new to it: all is looked at, from before its first page on. */
  private async begin(signal: AbortSignal): Promise<RecordedPlace> {
    const reader = this.place?.reader ?? randomUUID()
    const { log, position } = await this.options.log.register(reader, signal)
    this.orderSweep()
    return this.keep({ log, position, reader, isSwept: false, sweptAtMs: this.place?.sweptAtMs })
  }

  private keep(place: RecordedPlace): RecordedPlace {
    const { wantedMs, isLater } = this.order
    const kept = { ...place, isSwept: wantedMs === undefined && !isLater }
    if (JSON.stringify(kept) !== JSON.stringify(this.place)) this.options.notes.savePlace(kept)
    this.place = kept
    return kept
  }

  private async takePage({ ids, sweep }: RecordedPage, signal: AbortSignal): Promise<void> {
    if (sweep) this.orderSweep()
    this.around.name(ids)
    for (let left = ids, attempt = 1; left.length > 0; attempt++) {
      const lookUps = await this.swept.steadily(() => this.lookUp(left, signal), signal)
      const again: string[] = []
      for (const lookUp of lookUps) {
        if (!this.note(lookUp, attempt === attemptsMax)) again.push(...lookUp.ids)
        // Others have a turn between two parts.
        await sleep(0, signal)
      }
      left = again
    }
  }

  /** What is there, and what was noted before. Noted itself once it is known that all of it was shown. */
  private async lookUp(ids: readonly string[], signal: AbortSignal): Promise<LookUp[]> {
    const lookUps: LookUp[] = []
    for (let at = 0; at < ids.length; at += idsAtOnce) {
      const part = ids.slice(at, at + idsAtOnce)
      const before = this.options.notes.rowsOfIds(part)
      lookUps.push({ ids: part, before, found: await this.read(part, signal) })
    }
    return lookUps
  }

  /** What is there, and what of the noted is not. False when it has to be looked up once more; `isLast`: then it is not. */
  private note({ ids, before, found }: LookUp, isLast: boolean): boolean {
    const { notes } = this.options
    const rows = notes.see(found)
    this.swept.alsoSeen(rows)
    const there = new Set(rows)
    const after = new Map(notes.rowsOfIds(ids).map((noted) => [noted.row, noted.number]))
    const unseen = before.filter(({ row }) => !there.has(row) && after.has(row))
    const same = unseen.filter(({ row, number }) => isLast || after.get(row) === number)
    notes.takeOut(same.map(({ row }) => row))
    return same.length === unseen.length
  }

  private async read(ids: readonly string[], signal: AbortSignal): Promise<SweptDocument[]> {
    const found: SweptDocument[] = []
    try {
      for await (const batch of this.swept.documents.readIds(ids, { signal, batchBytes: () => batchBytes })) {
        for (let row = 0; row < batch.count; row++) {
          found.push({ key: keyOf(batch, row), version: versionOf(batch, row), digest: digestOf(batch, row) })
        }
        batch.release()
      }
      return found
    } catch (error) {
      signal.throwIfAborted()
      if (!isTooLarge(error) || ids.length === 1) throw doubtAndExplain(error, this.options.selection)
      const middle = ids.length >> 1
      return [...(await this.read(ids.slice(0, middle), signal)), ...(await this.read(ids.slice(middle), signal))]
    }
  }

  /** A sweep that begins from now on. */
  private orderSweep(): void {
    const { order, swept, around } = this
    order.mayTell = false
    // What is found may be what it is ordered for.
    around.drop()
    const { wantedMs } = order
    const hasBegun = wantedMs !== undefined && (swept.beganMs ?? 0) > wantedMs
    if (hasBegun || (wantedMs === undefined && monotonicMs() < this.orderedAgainMs)) order.isLater = true
    else order.wantedMs = monotonicMs()
  }

  private noteSweep(isComplete: boolean): void {
    const { order, swept, options } = this
    const since = swept.sweptSinceMs
    if (!this.toldAbout && isComplete) {
      this.toldAbout = true
      const count = this.around.take()
      if (count > 0) options.onAround(count)
    }
    if (since !== undefined && since !== this.sweptSinceMs) {
      this.sweptSinceMs = since
      // Told once all of the log was read that was written before its end.
      this.toldAbout = false
      this.orderedAgainMs = monotonicMs() + Math.max(options.intervalMs, swept.sweepFigures?.tookMs ?? 0)
      if (order.wantedMs !== undefined && since > order.wantedMs) order.wantedMs = undefined
      if (this.place) this.keep({ ...this.place, sweptAtMs: now() })
    }
    if (order.isLater && order.wantedMs === undefined && monotonicMs() >= this.orderedAgainMs) {
      order.wantedMs = monotonicMs()
      order.isLater = false
    }
    if (order.wantedMs === undefined && !order.isLater) order.mayTell = this.toldAbout
  }

  private async acknowledge(signal: AbortSignal): Promise<void> {
    const { place } = this
    if (!place || monotonicMs() - this.acknowledgedMs < acknowledgeEveryMs) return
    await this.options.log.acknowledge(place.reader, place.position, signal)
    this.acknowledgedMs = monotonicMs()
  }
}

const latest = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? (one ?? other) : Math.max(one, other)
