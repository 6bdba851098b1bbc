// The story of following: copy everything once, noting what is written, then carry what changes until it is stopped.
//
// Started again with the same words it goes on where it was, whether it was stopped or killed.
import { sleep } from '../foundation/clock.ts'
import { asIndexferryError, IndexferryError, isErrorOf } from '../foundation/errors.ts'
import { formatDuration, parseDuration } from '../foundation/quantity.ts'
import type { CopyUnit } from '../mechanism/copy-unit.ts'
import type {
  DefinitionJournal,
  FollowCursor,
  FollowedShard,
  FollowJournal,
  FollowStatus,
} from '../mechanism/follow-journal.ts'
import { checkHistory, followUnit, type ReachedInstants } from '../mechanism/follow-unit.ts'
import { Gate } from '../mechanism/gate.ts'
import { NoTarget } from '../mechanism/no-target.ts'
import { openTransform, openUnitSource, openUnitTarget } from '../mechanism/open-unit.ts'
import { checkSameIndex } from '../mechanism/prepare-target.ts'
import { Turns } from '../mechanism/turns.ts'
import { noteWritten, type WrittenIds } from '../mechanism/written-ids.ts'
import type { ChangeSource } from '../source/change-source.ts'
import { readIndexSettings } from '../source/index-settings.ts'
import { PassingFaults } from '../source/passing-faults.ts'
import { externalVersion } from '../target/bulk-body.ts'
import { deleteVersions } from '../target/delete-versions.ts'
import { readSettings, writeSettings } from '../target/relaxed-settings.ts'
import type { CopyContext } from './copy-context.ts'
import { FollowDefinitions } from './follow-definitions.ts'
import { openChanges, type SweepWishes } from './open-changes.ts'
import { prepareUnit } from './prepare-unit.ts'
import { copyUnit, restoreAll, settleUnits } from './run-copy.ts'

export interface FollowContext extends Omit<CopyContext, 'beforeWrite'> {
  readonly journal: CopyContext['journal'] & FollowJournal & DefinitionJournal
  readonly written: (unit: string) => WrittenIds
  /** How indexes without sequence numbers are followed; not at all where it is not given. */
  readonly sweeps?: SweepWishes | undefined
  readonly onStatus: (
    unit: string,
    status: FollowStatus,
    shards: readonly FollowedShard[],
    reached: ReachedInstants,
  ) => void
  /** Shared by several runs that together copy few indexes at a time. */
  readonly gate?: Gate | undefined
  /** … and how many carry changes at a time. */
  readonly turns?: Turns | undefined
  /**
   * Whether nothing is written: the target is filled already, and what the source holds is noted for the time from which on it is
   * followed. The units are in the journal, as following ones.
   */
  readonly isShadow?: boolean | undefined
  /** Throws when what the source no longer shows cannot be taken for deleted. */
  readonly beforeDeletes?: (() => Promise<void>) | undefined
  /** `FollowUnitOptions.isHurried`. */
  readonly isHurried?: (() => boolean) | undefined
  /** True when it is stopped for a while only: settings of the target that were changed are then left as they are. */
  readonly staysRelaxed?: (() => boolean) | undefined
}

/** Indexes that are copied at the same time at most; those that follow do not count. */
const backfillsMax = 4

/** Indexes whose changes are carried at the same time at most. Whoever takes longer keeps on, and another one may begin. */
const carryingMax = 32
const carryingMs = 2_000

/**
 * How long the target remembers deletes (`index.gc_deletes`, 60 s by default): a write that was sent before the delete and is carried out
 * after it must be refused. Longer than any request of ours is repeated; each delete takes some hundred bytes of the target's heap meanwhile.
 */
const deletesRemembered = '15m'

/** Between two attempts to carry a mapping that the target does not take. */
const definitionRetryMs = 5_000

/** Resolves when it was stopped. What ends an index for good is thrown when the others have been stopped, or at once when there are none. */
export async function runFollow(context: FollowContext): Promise<void> {
  const { journal, stop } = context
  if (context.source.kind === 'file') throw unsupported('source', 'a file has no changes to follow')
  if (context.target.kind === 'file') throw unsupported('target', 'a file takes no changes')
  journal.setState('preparing')
  const opened: OpenChanges = new Map()
  const copying = copyingContext(context, opened)
  const units = await settleUnits(copying)
  for (const unit of units) await refuseUnfollowable(context, unit)
  journal.setState('copying')
  const gate = context.gate ?? new Gate(backfillsMax)
  const turns = context.turns ?? new Turns(carryingMax, carryingMs)
  const failures: unknown[] = []
  let behind = units.length
  const follow = async (unit: CopyUnit): Promise<void> => {
    try {
      await followOne({ context: { ...context, turns }, copying, opened, gate }, unit, () => {
        if (--behind === 0) journal.setState('following')
      })
    } catch (error) {
      failures.push(error)
      if (!isErrorOf(error, 'PAUSED')) {
        context.plan.note(`${unit.name} is no longer followed: ${asIndexferryError(error).message}`)
      }
    }
  }
  await Promise.all(units.map(follow))
  const failure = failures.find((error) => !(stop.aborted && isErrorOf(error, 'PAUSED')))
  if (!context.staysRelaxed?.()) await restoreAll(copying, failure)
  if (failure !== undefined) throw failure
}

/**
 * Does what can be done before anything is copied, so that whoever asks is told what stands against it: makes the plan, looks at the source, and
 * creates the target. Run again, also later, it finds out whether the source is still the one that was followed.
 */
export async function prepareFollow(context: FollowContext): Promise<void> {
  const opened: OpenChanges = new Map()
  const copying = copyingContext(context, opened)
  for (const unit of await settleUnits(copying)) {
    await refuseUnfollowable(context, unit)
    await using source = await openFollowed(context, unit)
    opened.set(unit.name, source)
    await settleCursors(context, unit, source)
    const noted = context.journal.listIndexes().find(({ name }) => name === unit.name)
    if (noted?.state === 'planned' && !context.intoExisting) await prepareUnit(copying, unit, noted)
  }
}

/** By unit. */
type OpenChanges = Map<string, ChangeSource>

const copyingContext = (context: FollowContext, opened: OpenChanges): CopyContext => ({
  ...context,
  openSource: async (unit) => opened.get(unit.name)?.firstCopy ?? openUnitSource(context.source, unit, context.reading),
  beforeWrite: (unit) => noteWritten(context.written(unit)),
  onListed: (unit) => mapFirstCopy(context, unit),
  carriesDeletes: true,
})

interface FollowRun {
  readonly context: FollowContext
  readonly copying: CopyContext
  readonly opened: OpenChanges
  readonly gate: Gate
}

async function followOne(run: FollowRun, planned: CopyUnit, onCopied: () => void): Promise<void> {
  const { context, copying, opened, gate } = run
  const { journal } = context
  await using source = await openFollowed(context, planned)
  opened.set(planned.name, source)
  if (source.kind === 'sweep') tellSweeps(context, planned)
  if (source.kind === 'recorded')
    context.plan.note(`${planned.name} is followed by the log of the gateway in front of it`)
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
  if (source.kind === 'sequence') await tellOtherShards(context, unit)
  if (!context.isShadow) await rememberDeletes(context, unit)
  await followCopied(context, unit, source)
}

function tellSweeps({ plan, sweeps }: FollowContext, { name }: CopyUnit): void {
  const pause = formatDuration(sweeps?.intervalMs ?? 0)
  plan.note(
    `${name} is followed by sweep, for want of sequence numbers: the ids and versions of all documents are read again and again, ${pause} or as long as it takes apart`,
  )
}

/** Versions are made of the numbers of one shard, so they can be compared only among documents of one source shard. */
async function tellOtherShards({ source, target, plan }: FollowContext, unit: CopyUnit): Promise<void> {
  if (source.kind === 'file' || target.kind === 'file') return
  const here = await readIndexSettings(source.cluster, unit.sourceIndex)
  if (here.shards === 1) return
  const there = await readIndexSettings(target.cluster, unit.targetIndex)
  const isSame = (['shards', 'routingPartition', 'routingShards'] as const).every((what) => here[what] === there[what])
  if (isSame && here.routingShards !== undefined) return
  plan.note(
    `${unit.targetIndex} (${there.shards} shards) divides documents with routing among its shards otherwise than ${unit.name} (${here.shards} shards): ids must not be deleted and made again under another routing (docs/following.md)`,
  )
}

async function followCopied(context: FollowContext, unit: CopyUnit, source: ChangeSource): Promise<void> {
  const { target, journal } = context
  if (target.kind === 'file') return
  const { cluster } = target
  const isShadow = context.isShadow === true
  await using writer = isShadow
    ? new NoTarget()
    : await openUnitTarget(target, unit, { ...context.writing, resumeFrom: undefined })
  context.onTarget(writer)
  const base = unit.versionBase ?? 0
  const withSweeps = (status: FollowStatus): FollowStatus => ({ ...status, sweep: source.sweepFigures })
  await followUnit({
    unit,
    source,
    transform: await openTransform(unit, context.edits, context.transformModule),
    target: writer,
    sendDeletes: async (deletes) => {
      await context.beforeDeletes?.()
      if (isShadow) return { deleted: 0, kept: 0, missing: 0 }
      const place = { index: unit.targetIndex, documentType: unit.documentType }
      return deleteVersions(cluster, place, deletes, AbortSignal.any([context.stop, context.abort]))
    },
    checkTarget: () => checkSameIndex(cluster, unit.targetIndex, unit.targetUuid),
    definition: isShadow ? undefined : definitionsOf(context, unit),
    journal: {
      readCursors: (name) => journal.readCursors(name),
      readStatus: (name) => journal.readStatus(name),
      saveCursors: (name, cursors) => journal.saveCursors(name, cursors),
      noteFollowing: (name, note) => journal.noteFollowing(name, { ...note, status: withSweeps(note.status) }),
    },
    written: context.written(unit.name),
    throttle: context.throttle,
    readers: context.reading.readers,
    turns: context.turns,
    keepRejected: (batch, rejected) =>
      context.rejected.append(unit.targetIndex, batch, rejected, (row) => externalVersion(batch, row, base)),
    onBatch: (counts) => context.progress.add(counts),
    onStatus: (status, ...told) => context.onStatus(unit.name, withSweeps(status), ...told),
    isHurried: context.isHurried,
    stop: context.stop,
    abort: context.abort,
  })
}

function definitionsOf(context: FollowContext, unit: CopyUnit): FollowDefinitions | undefined {
  const { source, target, plan, journal } = context
  if (source.kind === 'file' || target.kind === 'file') return undefined
  const sides = { source: source.cluster, target: target.cluster }
  const { withholdAliases } = context
  return new FollowDefinitions({ unit, ...sides, definition: plan.definition, journal, withholdAliases })
}

/** What is asked once for each look while it follows, and then waited for, is asked again as well before it does. */
async function patiently<Answer>(
  { stop, abort }: FollowContext,
  ask: (signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  const signal = AbortSignal.any([stop, abort])
  const faults = new PassingFaults(signal)
  for (;;) {
    try {
      return await ask(signal)
    } catch (error) {
      if (isErrorOf(error, 'DEFINITION_NOT_CARRIED')) throw error
      await faults.pause(error)
    }
  }
}

/** What the documents of the first copy are mapped by is on the target before they are, too. Waits until it can be. */
async function mapFirstCopy(context: FollowContext, unit: CopyUnit): Promise<void> {
  const definitions = definitionsOf(context, unit)
  const { stop, abort, plan } = context
  for (let attempt = 1; !stop.aborted; attempt++) {
    try {
      return await patiently(context, async (signal) => definitions?.beforeFirstCopy(signal))
    } catch (error) {
      if (stop.aborted && !abort.aborted) return
      if (!isErrorOf(error, 'DEFINITION_NOT_CARRIED')) throw error
      if (attempt === 1) plan.note(`${unit.name} waits: ${error.message}`)
      await sleep(definitionRetryMs, stop).catch(() => {})
    }
  }
}

async function openFollowed(context: FollowContext, unit: CopyUnit): Promise<ChangeSource> {
  const { source, reading, sweeps, isShadow, plan } = context
  if (source.kind === 'file') throw unsupported('source', 'a file has no changes to follow')
  const note = (text: string) => plan.note(text)
  return openChanges({ cluster: source.cluster, unit, reading, sweeps, isShadow, note })
}

const unsupported = (side: 'source' | 'target', why: string): IndexferryError =>
  new IndexferryError('FOLLOWING_UNSUPPORTED', `this ${side} cannot be followed: ${why}`, { side })

/** Before anything is created. */
async function refuseUnfollowable(context: FollowContext, unit: CopyUnit): Promise<void> {
  if (unit.dataStream)
    throw unsupported('target', `the data stream ${unit.dataStream.name} takes no deletes by version`)
  if (
    context.target.kind === 'cluster' &&
    context.target.cluster.capabilities.mappingTypes === 'several' &&
    unit.documentType === undefined
  ) {
    throw unsupported('target', `${unit.targetIndex} has several mapping types there, and deletes name none`)
  }
  // A filter that depends on the time lets documents in without a change.
  if (/"now\b/.test(JSON.stringify(unit.aliasFilter ?? {}))) {
    throw unsupported('source', `the filter of the alias through which ${unit.sourceIndex} is read depends on the time`)
  }
  try {
    await using _ = await openFollowed(context, unit)
  } catch (error) {
    if (!isErrorOf(error, 'USAGE')) throw error
    throw new IndexferryError('FOLLOWING_UNSUPPORTED', error.message, { side: 'source', cause: error })
  }
}

/** Notes the histories of the shards when it begins; later they must be the same. */
async function settleCursors(context: FollowContext, unit: CopyUnit, source: ChangeSource): Promise<void> {
  const { journal } = context
  const noted = journal.readCursors(unit.name)
  const mark = await patiently(context, (signal) => source.look(signal))
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
  // The same is the user's own, or was set and noted by an earlier run.
  if (own >= (parseDuration(deletesRemembered) ?? 0)) return
  journal.recordSavedSettings(unit.name, settings)
  await writeSettings(target.cluster, unit.targetIndex, { gc_deletes: deletesRemembered })
}
