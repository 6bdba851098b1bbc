// Follows one index: looks where the source stands, reads what is new, writes it, moves the cursors, and carries deletes.
//
// The order that makes it safe: the numbers and ids of a batch are noted → the target holds it → the cursor passes it. A crash anywhere
// repeats some writes, whose versions make that harmless.
import { backoffMs } from '../foundation/backoff.ts'
import { monotonicMs, sleep } from '../foundation/clock.ts'
import { asIndexferryError, IndexferryError } from '../foundation/errors.ts'
import { addCounts, type DocumentCounts, noCounts } from '../model/counts.ts'
import type { DocumentBatch } from '../model/document-batch.ts'
import type { SequencePartition } from '../model/partition.ts'
import { carryBatches } from '../pipeline/carry-batches.ts'
import type { Throttle } from '../pipeline/throttle.ts'
import type { ChangeSource, IndexMark, ShardMark } from '../source/change-source.ts'
import type { DeletesResult, VersionedDelete } from '../target/delete-versions.ts'
import type { DocumentTarget, RejectedDocument } from '../target/target.ts'
import type { DocumentTransform } from '../transform/document-transform.ts'
import type { CopyUnit } from './copy-unit.ts'
import { bytesOnTheWayMax } from './document-copy.ts'
import { FollowDeletes } from './follow-deletes.ts'
import type { FollowCursor, FollowedShard, FollowJournal, FollowStatus } from './follow-journal.ts'
import { RecentWrites } from './recent-writes.ts'
import type { Turns } from './turns.ts'
import { WallTimes } from './wall-times.ts'
import { noteWritten, type WrittenIds } from './written-ids.ts'

/** Keeps the definition of the target like that of the source. */
export interface FollowedDefinition {
  /** After a look at the source: what its documents are mapped by is on the target when it resolves. Throws DEFINITION_NOT_CARRIED. */
  beforeDocuments(signal: AbortSignal): Promise<void>
  /** Called with each look; does something now and then. */
  nowAndThen(signal: AbortSignal): Promise<void>
  /** What the target did not take, and why. */
  readonly refused: readonly string[]
}

/** Up to which instants of the monotonic clock everything, and every delete, is on the target. */
export interface ReachedInstants {
  readonly writesUpToMs: number | undefined
  readonly deletesUpToMs: number | undefined
}

export interface FollowUnitOptions {
  readonly unit: CopyUnit
  readonly source: ChangeSource
  readonly transform: DocumentTransform
  readonly target: DocumentTarget
  readonly sendDeletes: (deletes: readonly VersionedDelete[]) => Promise<DeletesResult>
  /** Throws unless the target index is still the one that was prepared: a bulk request would make one anew. */
  readonly checkTarget: () => Promise<void>
  readonly definition?: FollowedDefinition | undefined
  readonly journal: FollowJournal
  readonly written: WrittenIds
  readonly throttle: Throttle
  readonly readers: number
  readonly keepRejected: (batch: DocumentBatch, rejected: readonly RejectedDocument[]) => Promise<void>
  readonly onBatch: (counts: DocumentCounts) => void
  readonly onStatus: (status: FollowStatus, shards: readonly FollowedShard[], reached: ReachedInstants) => void
  /** Whether somebody waits for it to catch up: then it looks and searches as often as it can. */
  readonly isHurried?: (() => boolean) | undefined
  /** Shared by many that are followed: how many of them carry at a time. */
  readonly turns?: Turns | undefined
  readonly stop: AbortSignal
  readonly abort: AbortSignal
}

/** Between two looks: right after a change, and when nothing has changed for long. */
const pauseMs = { least: 100, most: 2_000, growth: 1.5 }
/** After changes that took long to carry both sides rest for a part of that time, and no longer than this: more changes wait already. */
const busyPause = { share: 1 / 3, mostMs: 300 }
/** Between two moments in which indexes that rest are looked at. */
const momentsMs = 500
/** Between two looks while somebody waits. */
const hurriedPauseMs = 50
/** A look that is answered late delays everything behind it. */
const faultBackoff = { firstMs: 200, maxMs: 10_000 }
/** How often what `status` shows is noted while nothing changes, and how often cursors are while much does. */
const quietNoteMs = 3_000
const busyNoteMs = 1_000

/** Resolves when it was stopped; throws what ends following for good. An index that is closed may be opened again. */
export async function followUnit(options: FollowUnitOptions): Promise<void> {
  const follower = new UnitFollower(options)
  try {
    await followOn(options, follower)
  } finally {
    await follower.close()
  }
  follower.tell('following')
}

async function followOn(options: FollowUnitOptions, follower: UnitFollower): Promise<void> {
  let faults = 0
  while (!options.stop.aborted) {
    try {
      const pause = await follower.round()
      faults = 0
      await sleep(pause, options.stop)
    } catch (error) {
      options.abort.throwIfAborted()
      if (options.stop.aborted) break
      const known = asIndexferryError(error)
      if (known.side !== 'target') follower.interrupted()
      if (known.definition.retry === 'never' && known.code !== 'INDEX_CLOSED') {
        follower.tell('stopped', known)
        throw known
      }
      follower.tell('waiting', known)
      await sleep(backoffMs(++faults, faultBackoff), options.stop).catch(() => {})
    }
  }
}

class UnitFollower {
  private readonly options: FollowUnitOptions
  private readonly cursors: Map<number, FollowCursor>
  private readonly deletes: FollowDeletes
  private readonly recent = new RecentWrites()
  private readonly deletedBefore: number
  private readonly times = new WallTimes()
  private missed: SequencePartition[] = []
  private carried = noCounts
  private mark: IndexMark | undefined
  private writesUpToMs: number | undefined
  private safeUpToMs = Number.NEGATIVE_INFINITY
  private awaited: { readonly ms: number; readonly highest: ReadonlyMap<number, number> } | undefined
  private idlePauseMs = pauseMs.least
  private notedMs = 0
  private shown = ''

  constructor(options: FollowUnitOptions) {
    this.options = options
    const { unit, journal, source, written, stop, abort } = options
    this.cursors = new Map(journal.readCursors(unit.name).map((cursor) => [cursor.shard, cursor]))
    this.deletedBefore = journal.readStatus(unit.name)?.deleted ?? 0
    this.deletes = new FollowDeletes({
      source,
      written,
      recent: this.recent,
      versionBase: unit.versionBase ?? 0,
      send: async (deletes) => {
        // A delete with a version makes an index that is missing, too.
        await options.checkTarget()
        return options.sendDeletes(deletes)
      },
      isHurried: options.isHurried,
      signal: AbortSignal.any([stop, abort]),
    })
  }

  /** Returns how long to wait before the next one. */
  async round(): Promise<number> {
    const { source, stop, abort } = this.options
    this.times.look()
    const startMs = monotonicMs()
    const mark = await source.look(AbortSignal.any([stop, abort]))
    if (this.mark && isElsewhere(this.mark, mark)) this.interrupted()
    this.mark = mark
    checkHistory(this.options.unit, mark, this.cursors)
    const upToMs = mark.upToMs ?? this.safeUpTo(mark, startMs)
    const open = mark.shards.filter(({ shard, safe }) => safe >= this.position(shard))
    const isNew = open.length > 0 || this.missed.length > 0
    if (isNew) await this.takeTurn(() => this.carry(open, upToMs))
    if (stop.aborted) return 0
    this.writesUpToMs = upToMs
    await this.options.definition?.nowAndThen(AbortSignal.any([stop, abort]))
    this.stepDeletes(mark, { lookedMs: startMs, upToMs })
    this.tell('following')
    if (this.missed.length > 0) return 10
    if (this.options.isHurried?.()) return hurriedPauseMs
    const tookMs = monotonicMs() - startMs
    // A search waits for looks.
    if (isNew || this.deletes.isBusy) this.idlePauseMs = pauseMs.least
    else this.idlePauseMs = Math.min(pauseMs.most, this.idlePauseMs * pauseMs.growth)
    return isNew
      ? Math.min(busyPause.mostMs, Math.max(pauseMs.least, busyPause.share * tookMs))
      : together(this.idlePauseMs)
  }

  /**
   * What was acknowledged may not be safe yet, for seconds in an index with `index.translog.durability: async`. So an instant counts once all
   * that had a number by then is safe.
   */
  private safeUpTo({ shards }: IndexMark, startMs: number): number {
    const { awaited } = this
    if (awaited && shards.every(({ shard, safe }) => safe >= (awaited.highest.get(shard) ?? -1))) {
      this.safeUpToMs = awaited.ms
      this.awaited = undefined
    }
    if (shards.every(({ safe, highest }) => safe >= highest)) {
      this.safeUpToMs = startMs
      this.awaited = undefined
    } else {
      this.awaited ??= { ms: startMs, highest: new Map(shards.map(({ shard, highest }) => [shard, highest])) }
    }
    return this.safeUpToMs
  }

  private async takeTurn(work: () => Promise<void>): Promise<void> {
    const { turns } = this.options
    await (turns ? turns.take(work) : work())
  }

  /** What is new can be searched on the source, and the target is ready for it. Nothing of it is under way any more when it ends. */
  private async prepare(signal: AbortSignal): Promise<void> {
    const { source, checkTarget, definition } = this.options
    const readyTarget = async () => {
      await checkTarget()
      await definition?.beforeDocuments(signal)
    }
    for (const outcome of await Promise.allSettled([source.show(signal), readyTarget()])) {
      if (outcome.status === 'rejected') throw outcome.reason
    }
  }

  private async carry(open: readonly ShardMark[], upToMs: number): Promise<void> {
    const { options } = this
    if (options.stop.aborted) return
    await this.prepare(AbortSignal.any([options.stop, options.abort]))
    const fresh = open.map((shard) => this.partition(shard.shard, this.position(shard.shard), shard.safe + 1))
    const again = this.missed
    const note = noteWritten(options.written)
    const moving = new Set(fresh.map(({ id }) => id))
    const documents = new Map<string, number>()
    await carryBatches({
      source: options.source.documents,
      transform: options.transform,
      target: options.target,
      partitions: [...fresh, ...again].map((partition) => ({ partition, after: undefined })),
      readers: options.readers,
      throttle: options.throttle,
      bytesOnTheWayMax,
      beforeWrite: async (batch, changed, partition) => {
        await note(batch, changed, partition)
        this.recent.add((partition as SequencePartition).shard, changed)
      },
      keepRejected: async (batch, rejected) => {
        const rows = rejected.map(({ row }) => row)
        this.recent.refused(this.cursors.keys(), batch, rows)
        await options.keepRejected(batch, rejected)
      },
      onProgress: ({ partition, position, isDone, counts }, batch) => {
        this.carried = addCounts(this.carried, batch)
        options.onBatch(batch)
        const { id, shard, to } = partition as SequencePartition
        documents.set(id, counts.read)
        if (moving.has(id)) this.move(shard, isDone ? to : position)
        if (monotonicMs() - this.notedMs > busyNoteMs) this.tell('following')
      },
      stop: options.stop,
      abort: options.abort,
    })
    if (options.stop.aborted) return
    this.missed = []
    for (const { id, from, to } of fresh) this.deletes.read(to - from, documents.get(id) ?? 0)
    this.writesUpToMs = upToMs
  }

  private stepDeletes(mark: IndexMark, times: { readonly lookedMs: number; readonly upToMs: number }): void {
    const positions = new Map([...this.cursors.values()].map(({ shard, position }) => [shard, position]))
    const found = this.deletes.step(mark, positions, times)
    if (found) this.missed = found.missed.map((number) => this.partition(found.shard, number, number + 1))
  }

  /**
   * The source may have been killed, or another copy of a shard may answer now. Searches show operations before they are durable, and those
   * that were not are undone by that: what seemed deleted may be back, and what seemed overwritten may have to be read under its old number.
   */
  interrupted(): void {
    this.deletes.reset()
  }

  close(): Promise<void> {
    return this.deletes.close()
  }

  private position(shard: number): number {
    return this.cursors.get(shard)?.position ?? 0
  }

  private move(shard: number, position: number | undefined): void {
    const cursor = this.cursors.get(shard)
    if (cursor && position !== undefined) this.cursors.set(shard, { ...cursor, position })
  }

  private partition(shard: number, from: number, to: number): SequencePartition {
    const index = this.options.unit.sourceIndex
    return { kind: 'sequence', id: `${index}/${shard}/${from}-${to}`, index, shard, from, to }
  }

  /** Notes cursors and status: at once when there is news, else now and then. */
  tell(state: FollowStatus['state'], error?: IndexferryError): void {
    const { unit, journal, onStatus } = this.options
    const status: FollowStatus = {
      state,
      operationsBehind: this.behind(),
      writesUpTo: this.times.of(this.writesUpToMs),
      deletesUpTo: this.times.of(this.deletes.upToMs),
      deleted: this.deletedBefore + this.deletes.deleted,
      error: error?.toJSON(),
      definitionRefused: this.options.definition?.refused,
    }
    onStatus(status, this.shards(), { writesUpToMs: this.writesUpToMs, deletesUpToMs: this.deletes.upToMs })
    const news = JSON.stringify([
      state,
      error?.message,
      [...this.cursors.values()],
      status.deleted,
      status.definitionRefused,
      this.deletes.isPending,
    ])
    if (news === this.shown && monotonicMs() - this.notedMs < quietNoteMs) return
    journal.noteFollowing(unit.name, { cursors: [...this.cursors.values()], carried: this.carried, status })
    this.carried = noCounts
    this.shown = news
    this.notedMs = monotonicMs()
  }

  private shards(): FollowedShard[] {
    const safe = new Map(this.mark?.shards.map((mark) => [mark.shard, mark.safe]))
    return [...this.cursors.values()].map(({ shard, position }) => ({ shard, safe: safe.get(shard), position }))
  }

  private behind(): number {
    const shards = this.mark?.shards ?? []
    return shards.reduce((sum, { shard, highest }) => sum + Math.max(0, highest + 1 - this.position(shard)), 0)
  }
}

/** Indexes that rest are looked at in the same moments, so that one call asks for many of them. */
function together(pause: number): number {
  if (pause < momentsMs) return pause
  const atMs = monotonicMs()
  return Math.ceil((atMs + pause - momentsMs / 2) / momentsMs) * momentsMs - atMs
}

const isElsewhere = (before: IndexMark, mark: IndexMark): boolean =>
  mark.shards.some(({ holder }, at) => holder !== before.shards[at]?.holder)

/** Numbers of another index, or of another history of it, say nothing about what was read. */
export function checkHistory(unit: CopyUnit, mark: IndexMark, cursors: ReadonlyMap<number, FollowCursor>): void {
  const stop = (what: string): never => {
    throw new IndexferryError('SOURCE_MADE_ANEW', `the source index ${unit.sourceIndex} ${what}`, {
      side: 'source',
      fields: { index: unit.sourceIndex },
    })
  }
  if (unit.sourceUuid !== undefined && mark.uuid !== unit.sourceUuid) {
    stop(`was made anew: it is another index of the same name (UUID ${mark.uuid} instead of ${unit.sourceUuid})`)
  }
  for (const { shard, history, highest } of mark.shards) {
    const cursor = cursors.get(shard)
    if (!cursor) continue
    if (cursor.history !== null && history !== undefined && history !== cursor.history) {
      stop(`has another history on shard ${shard}: it was restored from a snapshot or brought back from an old copy`)
    }
    if (highest < cursor.position - 1) {
      stop(`lost operations on shard ${shard}: its last one is ${highest}, and ${cursor.position - 1} was read before`)
    }
  }
  if (cursors.size > 0 && cursors.size !== mark.shards.length) {
    stop(`has ${mark.shards.length} shards instead of ${cursors.size}`)
  }
}
