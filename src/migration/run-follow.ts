// The story of following: copy everything once, noting what is written, then carry what changes until it is stopped.
//
// Started again with the same words it goes on where it was, whether it was stopped or killed.
import { asIndexferryError, IndexferryError, isErrorOf } from '../foundation/errors.ts'
import { parseDuration } from '../foundation/quantity.ts'
import type { CopyUnit } from '../mechanism/copy-unit.ts'
import type { FollowCursor, FollowJournal, FollowStatus } from '../mechanism/follow-journal.ts'
import { checkHistory, followUnit } from '../mechanism/follow-unit.ts'
import { openTransform, openUnitTarget, selectionOf } from '../mechanism/open-unit.ts'
import { checkSameIndex } from '../mechanism/prepare-target.ts'
import { noteWritten, type WrittenIds } from '../mechanism/written-ids.ts'
import type { ChangeSource } from '../source/change-source.ts'
import { openSequenceChanges } from '../source/sequence-changes.ts'
import { externalVersion } from '../target/bulk-body.ts'
import { deleteVersions } from '../target/delete-versions.ts'
import { readSettings, writeSettings } from '../target/relaxed-settings.ts'
import type { CopyContext } from './copy-context.ts'
import { copyUnit, restoreAll, settleUnits } from './run-copy.ts'

export interface FollowContext extends Omit<CopyContext, 'beforeWrite'> {
  readonly journal: CopyContext['journal'] & FollowJournal
  readonly written: (unit: string) => WrittenIds
  readonly onStatus: (unit: string, status: FollowStatus) => void
}

/** Indexes that are copied at the same time at most; those that follow do not count. */
const backfillsMax = 4

/**
 * How long the target remembers deletes (`index.gc_deletes`, 60 s by default): a write that was sent before the delete and is carried out
 * after it must be refused. Longer than any request of ours is repeated; each delete takes some hundred bytes of the target's heap meanwhile.
 */
const deletesRemembered = '15m'

/** Resolves when it was stopped. What ends an index for good is thrown when the others have been stopped, or at once when there are none. */
export async function runFollow(context: FollowContext): Promise<void> {
  const { journal, stop } = context
  if (context.source.kind === 'file') throw unsupported('source', 'a file has no changes to follow')
  if (context.target.kind === 'file') throw unsupported('target', 'a file takes no changes')
  journal.setState('preparing')
  const copying: CopyContext = { ...context, beforeWrite: (unit) => noteWritten(context.written(unit)) }
  const units = await settleUnits(copying)
  for (const unit of units) await refuseUnfollowable(context, unit)
  journal.setState('copying')
  const gate = new Gate(backfillsMax)
  const failures: unknown[] = []
  let behind = units.length
  const follow = async (unit: CopyUnit): Promise<void> => {
    try {
      await followOne(context, copying, unit, gate, () => {
        if (--behind === 0) journal.setState('following')
      })
    } catch (error) {
      failures.push(error)
      context.plan.note(`${unit.name} is no longer followed: ${asIndexferryError(error).message}`)
    }
  }
  await Promise.all(units.map(follow))
  const failure = failures.find((error) => !(stop.aborted && isErrorOf(error, 'PAUSED')))
  await restoreAll(copying, failure)
  if (failure !== undefined) throw failure
}

async function followOne(
  context: FollowContext,
  copying: CopyContext,
  planned: CopyUnit,
  gate: Gate,
  onCopied: () => void,
): Promise<void> {
  const { journal } = context
  await using source = await openChanges(context, planned)
  // Before anything is read: numbers of another history would not be noticed later.
  await settleCursors(context, planned, source)
  const isCopied = await gate.pass(async () => {
    if (context.stop.aborted) return false
    return (await copyUnit(copying, planned, undefined, 'following')).isComplete
  })
  if (!isCopied) return
  onCopied()
  const unit = journal.listIndexes().find(({ name }) => name === planned.name)?.definition as unknown as CopyUnit
  passBackfill(context, unit)
  await rememberDeletes(context, unit)
  await followCopied(context, unit, source)
}

async function followCopied(context: FollowContext, unit: CopyUnit, source: ChangeSource): Promise<void> {
  const { target, journal } = context
  if (target.kind === 'file') return
  const { cluster } = target
  await using writer = await openUnitTarget(target, unit, { ...context.writing, resumeFrom: undefined })
  context.onTarget(writer)
  const base = unit.versionBase ?? 0
  await followUnit({
    unit,
    source,
    transform: await openTransform(unit, context.edits, context.transformModule),
    target: writer,
    sendDeletes: (deletes) =>
      deleteVersions(
        cluster,
        { index: unit.targetIndex, documentType: unit.documentType },
        deletes,
        AbortSignal.any([context.stop, context.abort]),
      ),
    checkTarget: () => checkSameIndex(cluster, unit.targetIndex, unit.targetUuid),
    journal,
    written: context.written(unit.name),
    throttle: context.throttle,
    readers: context.reading.readers,
    keepRejected: (batch, rejected) =>
      context.rejected.append(unit.targetIndex, batch, rejected, (row) => externalVersion(batch, row, base)),
    onBatch: (counts) => context.progress.add(counts),
    onStatus: (status) => context.onStatus(unit.name, status),
    stop: context.stop,
    abort: context.abort,
  })
}

function openChanges({ source, reading }: FollowContext, unit: CopyUnit): Promise<ChangeSource> {
  if (source.kind === 'file') throw unsupported('source', 'a file has no changes to follow')
  return openSequenceChanges(selectionOf(source.cluster, unit, reading))
}

const unsupported = (side: 'source' | 'target', why: string): IndexferryError =>
  new IndexferryError('FOLLOWING_UNSUPPORTED', `this ${side} cannot be followed: ${why}`, { side })

/** Before anything is created. */
async function refuseUnfollowable(context: FollowContext, unit: CopyUnit): Promise<void> {
  if (unit.dataStream)
    throw unsupported('target', `the data stream ${unit.dataStream.name} takes no deletes by version`)
  // A filter that depends on the time lets documents in without a change.
  if (/"now\b/.test(JSON.stringify(unit.aliasFilter ?? {}))) {
    throw unsupported('source', `the filter of the alias through which ${unit.sourceIndex} is read depends on the time`)
  }
  try {
    await using _ = await openChanges(context, unit)
  } catch (error) {
    if (!isErrorOf(error, 'USAGE')) throw error
    throw new IndexferryError('FOLLOWING_UNSUPPORTED', error.message, { side: 'source', cause: error })
  }
}

/** Notes the histories of the shards when it begins; later they must be the same. */
async function settleCursors(context: FollowContext, unit: CopyUnit, source: ChangeSource): Promise<void> {
  const { journal, stop, abort } = context
  const noted = journal.readCursors(unit.name)
  const mark = await source.look(AbortSignal.any([stop, abort]))
  checkHistory(unit, mark, new Map(noted.map((cursor) => [cursor.shard, cursor])))
  if (noted.length > 0) return
  journal.saveCursors(
    unit.name,
    mark.shards.map(({ shard, history }) => ({ shard, history: history ?? null, position: 0 })),
  )
}

/** Cursors stand at least where the copy has read to. */
function passBackfill({ journal }: FollowContext, unit: CopyUnit): void {
  const reached = new Map<number, number>()
  for (const { partition } of journal.listPartitions(unit.name)) {
    if (partition.kind !== 'sequence') continue
    reached.set(partition.shard, Math.max(partition.to, reached.get(partition.shard) ?? 0))
  }
  const cursors = journal
    .readCursors(unit.name)
    .map((cursor): FollowCursor => ({ ...cursor, position: Math.max(cursor.position, reached.get(cursor.shard) ?? 0) }))
  journal.saveCursors(unit.name, cursors)
}

/** What the setting was is noted before, and put back when following is stopped. */
async function rememberDeletes({ target, journal }: FollowContext, unit: CopyUnit): Promise<void> {
  if (target.kind === 'file') return
  const settings = await readSettings(target.cluster, unit.targetIndex, ['gc_deletes'])
  const own = settings.gc_deletes ? (parseDuration(settings.gc_deletes) ?? 0) : 0
  if (own > (parseDuration(deletesRemembered) ?? 0)) return
  journal.recordSavedSettings(unit.name, settings)
  await writeSettings(target.cluster, unit.targetIndex, { gc_deletes: deletesRemembered })
}

/** Lets some through at a time. */
class Gate {
  private free: number
  private readonly waiting: (() => void)[] = []

  constructor(places: number) {
    this.free = places
  }

  async pass<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.free === 0) await new Promise<void>((resolve) => this.waiting.push(resolve))
    else this.free--
    try {
      return await work()
    } finally {
      const next = this.waiting.shift()
      if (next) next()
      else this.free++
    }
  }
}
