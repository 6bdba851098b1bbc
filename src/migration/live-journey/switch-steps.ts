// The steps of a switch, of traffic from one side to the other: the same for a cut-over and for the way back. Each may be repeated, so that
// after a crash the one that was noted last is begun again.
import { now } from '../../foundation/clock.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import { checkClusters, findChanged } from './cluster-identity.ts'
import { compareSides } from './compare-sides.ts'
import { blockSide, guardSide, readyGuard, unblockSide, unguardSide } from './guard-side.ts'
import type { MigrationContext } from './migration-context.ts'
import { type SideName, sidesOf } from './migration-record.ts'
import type { SwitchStep } from './migration-states.ts'
import { type MigrationStreams, untilEverything, untilReached } from './migration-streams.ts'
import { readVersions, returnUnits, versionBaseOf, whyOneWay } from './return-units.ts'
import { callHook, moveAliases, noteAliases } from './switch-traffic.ts'

export type StepWork = (context: MigrationContext, streams: MigrationStreams, signal: AbortSignal) => Promise<void>

export const switchWorks: Readonly<Record<SwitchStep, StepWork>> = {
  readying: ready,
  fencing: fence,
  draining: drain,
  comparing: compare,
  switching: lead,
  opening: open,
  returning: giveBack,
}

const bothSides: readonly SideName[] = ['source', 'target']

/** Changes of our own that the shadow has not noted yet, at most, when writes are stopped: some tenths of a second. */
const shadowBehindMax = 5_000

/** Everything that takes long, while writes go on. */
async function ready(context: MigrationContext, streams: MigrationStreams, signal: AbortSignal): Promise<void> {
  const { journal, note } = context
  const { stream } = journal.record
  const { from } = sidesOf(stream)
  const units = context.streams.unitsOf(stream)
  streams.follow(stream)
  const oneWay = await whyOneWay(context, units)
  if (oneWay !== null && oneWay !== journal.record.oneWay) note(`there will be no way back: ${oneWay}`)
  journal.update({ oneWay })
  if (oneWay !== null) return
  await readyGuard(context, from)
  const shadow = streams.followShadow(stream + 1, await returnUnits(context, units))
  await readVersions(context, units, signal)
  // Before the end of the first sweep nothing is behind, and infinitely much not looked at.
  const isNear = ({
    status,
    deletesUpToMs,
  }: {
    status: { operationsBehind: number }
    deletesUpToMs?: number | undefined
  }) => Number.isFinite(deletesUpToMs) && status.operationsBehind <= shadowBehindMax
  await untilReached(shadow, units, isNear, signal)
  // What was written while the first reading went on would be read while writes are stopped.
  await readVersions(context, units, signal)
}

async function fence(context: MigrationContext, streams: MigrationStreams, signal: AbortSignal): Promise<void> {
  const { journal, note } = context
  const { stream, attempt } = journal.record
  const { from } = sidesOf(stream)
  await checkClusters(context, bothSides, signal)
  streams.follow(stream).hurry(true)
  // Noted before the first block is put: from here on the time limit counts.
  if (attempt && attempt.fencedMs === null) journal.update({ attempt: { ...attempt, fencedMs: now() } })
  await blockSide(context, from, sourceIndexes(context), signal)
  note(`writes are stopped on the ${from}`)
}

const sourceIndexes = ({ streams, journal }: MigrationContext): string[] =>
  streams.unitsOf(journal.record.stream).map(({ sourceIndex }) => sourceIndex)

const targetIndexes = ({ streams, journal }: MigrationContext): string[] =>
  streams.unitsOf(journal.record.stream).map(({ targetIndex }) => targetIndex)

/** Everything that was acknowledged is carried; then the other side is still, too, and the way back knows all of it. */
async function drain(context: MigrationContext, streams: MigrationStreams, signal: AbortSignal): Promise<void> {
  const { stream, oneWay } = context.journal.record
  const { to } = sidesOf(stream)
  const units = context.streams.unitsOf(stream)
  const followed = streams.follow(stream)
  followed.hurry(true)
  await untilEverything(followed, units, signal)
  await streams.stopFollowed()
  await blockSide(context, to, targetIndexes(context), signal)
  if (oneWay !== null) return
  const shadow = streams.followShadow(stream + 1, context.streams.unitsOf(stream + 1))
  shadow.hurry(true)
  await untilEverything(shadow, units, signal)
  await streams.stopShadow()
}

async function compare(context: MigrationContext, streams: MigrationStreams, signal: AbortSignal): Promise<void> {
  const { journal, note } = context
  const { stream, oneWay } = journal.record
  // A process that went on here has begun neither; one that came from the step before has stopped both.
  await streams.stopFollowed()
  await context.streams.settle(stream)
  note(await compareSides(context, signal))
  if (oneWay !== null) return
  const units = context.streams.unitsOf(stream)
  await readVersions(context, units, signal)
  const returned = context.streams
    .unitsOf(stream + 1)
    .map((unit) => ({ ...unit, versionBase: versionBaseOf(journal.record, unit.name) }))
  context.streams.plan(stream + 1, returned)
}

async function lead(context: MigrationContext, _: MigrationStreams, signal: AbortSignal): Promise<void> {
  const { journal, settings, streams } = context
  // A process before this one may have called the hook.
  await checkClusters(context, bothSides, signal)
  if (!settings.keepAliases) {
    // By the first run only: a later one would note what that has made.
    if (journal.record.aliases === null) await noteAliases(context, streams.unitsOf(journal.record.stream))
    await moveAliases(context, 'after', signal)
  }
  await callHook(context, 'switch', signal)
  await checkClusters(context, bothSides, signal)
}

/** From here on there is only forward. The new side takes writes first; the old one never without a guard. */
async function open(context: MigrationContext): Promise<void> {
  const { journal, note } = context
  const { stream, oneWay } = journal.record
  const { from, to } = sidesOf(stream)
  await checkClusters(context, [to])
  await unguardSide(context, to)
  await unblockSide(context, to, 'open')
  note(`the ${to} takes writes`)
  if (oneWay !== null) return
  await checkClusters(context, [from])
  await guardSide(context, from, sourceIndexes(context))
  await unblockSide(context, from, 'open')
}

/** Writes first: their users have waited longest. Whatever fails is tried again until it works. */
async function giveBack(context: MigrationContext, streams: MigrationStreams): Promise<void> {
  const { journal, note } = context
  const { stream, attempt } = journal.record
  const { from, to } = sidesOf(stream)
  await streams.stopShadow()
  streams.calm()
  const isLedBack = await leadBackFirst(context, from)
  await moveAliases(context, 'before')
  await unblockSide(context, from, 'as before')
  if (attempt?.fencedMs != null) note(`writes go on on the ${from}`)
  if (attempt?.isHookCalled && !isLedBack) await leadBack(context)
  // Not before traffic was led back: where the other side can have no guard, it would take what nobody carries.
  await checkClusters(context, [to])
  await unblockSide(context, to, 'as before')
}

/**
 * Where the hook has switched what is the address of a side, it has to be switched back before anything is opened: else the wrong side would be.
 * Answers with whether it was.
 */
export async function leadBackFirst(context: MigrationContext, from: SideName): Promise<boolean> {
  const { attempt, aliases } = context.journal.record
  // A side on which nothing is to be put back may be the reason why the switch is given up.
  const sides = aliases === null ? [from] : bothSides
  const isOther = attempt?.isHookCalled === true && (await findChanged(context, sides)) !== undefined
  if (isOther) await leadBack(context)
  await checkClusters(context, sides)
  return isOther
}

/** Also when the user stops: traffic would stay where it is refused. */
async function leadBack(context: MigrationContext): Promise<void> {
  try {
    await callHook(context, 'back', new AbortController().signal)
  } catch (error) {
    if (!(error instanceof IndexferryError)) throw error
    // Traffic that was led to the other side is refused there; only its owner can lead it back.
    context.note(`traffic was to be led back, and could not: ${error.message}`)
  }
}
