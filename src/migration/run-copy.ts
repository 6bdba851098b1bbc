// The story of a copy, in the order in which it happens: plan, prepare, carry, finish. Every step can be repeated, so that a copy that
// was interrupted anywhere is started again with the same words and goes on.

import { indexPath } from '../cluster/paths.ts'
import { asIndexferryError, IndexferryError } from '../foundation/errors.ts'
import type { CopyUnit } from '../mechanism/copy-unit.ts'
import { copyDocuments } from '../mechanism/document-copy.ts'
import { openTransform, openUnitSource, openUnitTarget } from '../mechanism/open-unit.ts'
import { checkSameIndex, restoreTarget } from '../mechanism/prepare-target.ts'
import type { JsonValue } from '../model/json.ts'
import type { DocumentSource } from '../source/source.ts'
import { externalVersion } from '../target/bulk-body.ts'
import { applyAliases } from '../target/create-index.ts'
import type { SavedSettings } from '../target/relaxed-settings.ts'
import type { CopyContext, NotedUnit } from './copy-context.ts'
import { type CopyPlan, planCopy } from './copy-plan.ts'
import { FileTarget } from './file-target.ts'
import { prepareUnit } from './prepare-unit.ts'

/** Indexes copied at the same time at most; small ones then do not wait for each other's creation and end. */
const lanesMax = 4

export interface CopyOutcome {
  readonly isComplete: boolean
  /** Operations that the source had taken and the copy had not when it ended; undefined where the source cannot tell. */
  readonly operationsBehind: number | undefined
}

/** Throws the first error after everything relaxed was restored. With `isComplete: false` the user stopped it. */
export async function runCopy(context: CopyContext): Promise<CopyOutcome> {
  context.journal.setState('preparing')
  const units = await settleUnits(context)
  context.journal.setState('copying')
  await using file = context.target.kind === 'file' ? new FileTarget(context) : undefined
  const outcomes: CopyOutcome[] = []
  let failure: unknown
  try {
    await inLanes(units, context, async (unit) => {
      outcomes.push(await copyUnit(context, unit, file))
    })
  } catch (error) {
    failure = error
  }
  await restoreAll(context, failure)
  if (failure !== undefined) throw failure
  const isComplete = outcomes.length === units.length && outcomes.every((outcome) => outcome.isComplete)
  const lastUnit = units.at(-1)
  if (isComplete && lastUnit) await file?.finish(lastUnit)
  return {
    isComplete,
    operationsBehind: outcomes.reduce<number | undefined>(addKnown, 0),
  }
}

/** Unknown for one index is unknown for all. */
const addKnown = (sum: number | undefined, { operationsBehind }: CopyOutcome): number | undefined =>
  sum === undefined || operationsBehind === undefined ? undefined : sum + operationsBehind

/** The units that the catalog knows, or those of a new plan, which are noted before anything is created. */
export async function settleUnits(context: CopyContext): Promise<readonly CopyUnit[]> {
  const { journal } = context
  const noted = journal.listIndexes().filter(({ definition }) => definition !== undefined)
  if (noted.length > 0) return noted.map(({ definition }) => definition as unknown as CopyUnit)
  const plan = await planCopy(context.source, context.target, context.plan)
  refuseProblems(plan)
  // All or none: a run that finds a part of the units would take them for the whole.
  journal.recordPlan(
    plan.units.map((unit) => ({
      name: unit.name,
      target: unit.targetIndex,
      definition: unit as unknown as JsonValue,
    })),
  )
  return plan.units
}

/** All problems are told at once, so that they can be mended at once. */
export function refuseProblems({ problems }: CopyPlan): void {
  const [first, ...others] = problems
  if (!first) return
  if (others.length === 0) throw first
  const sentences = problems.map(({ message, remedy }) => `${message} (${remedy})`)
  throw new IndexferryError(first.code, `${problems.length} problems:\n  ${sentences.join('\n  ')}`, {
    side: first.side,
    remedy: 'Each problem names its remedy; `indexferry assess` shows all of them as a table.',
  })
}

/** Runs `work` for all units, some at a time; the first error stops the others between units and is thrown. */
async function inLanes(
  units: readonly CopyUnit[],
  context: CopyContext,
  work: (unit: CopyUnit) => Promise<void>,
): Promise<void> {
  const waiting = [...units].reverse()
  const lanes = context.target.kind === 'file' || context.source.kind === 'file' ? 1 : lanesMax
  let failed = false
  const lane = async () => {
    for (let unit = waiting.pop(); unit && !failed && !context.stop.aborted; unit = waiting.pop()) {
      await work(unit).catch((error: unknown) => {
        failed = true
        throw error
      })
    }
  }
  const results = await Promise.allSettled(Array.from({ length: Math.min(lanes, units.length) }, lane))
  const rejected = results.find((result) => result.status === 'rejected')
  if (rejected) throw rejected.reason
}

/** `last` is the state that the index ends in. */
export async function copyUnit(
  context: CopyContext,
  planned: CopyUnit,
  file: FileTarget | undefined,
  last: 'completed' | 'following' = 'completed',
): Promise<CopyOutcome> {
  const { journal } = context
  const noted = journal.listIndexes().find(({ name }) => name === planned.name) as NotedUnit
  if (noted.state === last) return { isComplete: true, operationsBehind: 0 }
  let behind: number | undefined = 0
  let unit = planned
  if (noted.state !== 'finishing') {
    unit = await prepareUnit(context, planned, noted)
    const result = await carryUnit(context, unit, file)
    if (!result.isComplete) return { isComplete: false, operationsBehind: 0 }
    behind = result.operationsBehind
    journal.setIndexState(unit.name, 'finishing')
  }
  await finishUnit(context, unit)
  journal.setIndexState(unit.name, last)
  return { isComplete: true, operationsBehind: behind }
}

async function carryUnit(context: CopyContext, unit: CopyUnit, file: FileTarget | undefined) {
  const { journal, progress } = context
  await using source = await (context.openSource?.(unit) ?? openUnitSource(context.source, unit, context.reading))
  // The file outlives the unit, a bulk target does not.
  const isHeld = !source.isResumable
  await using target = file
    ? await file.open(unit, isHeld)
    : await openUnitTarget(context.target, unit, { ...context.writing, resumeFrom: undefined })
  const transform = await openTransform(unit, context.edits, context.transformModule)
  const expected = await source.countDocuments()
  if (expected !== undefined) {
    const documents = Math.min(expected, context.documentsMax ?? Number.POSITIVE_INFINITY)
    progress.expect(documents)
    journal.recordDefinition(unit.name, {
      target: unit.targetIndex,
      definition: unit as unknown as JsonValue,
      documentsExpected: documents,
    })
  }
  if (!file) context.onTarget(target)
  const version = (row: number, batch: Parameters<typeof externalVersion>[0]) =>
    externalVersion(batch, row, unit.versionBase ?? 0)
  let shown: Promise<void> | undefined
  const result = await copyDocuments({
    unit,
    source,
    transform,
    target,
    onRead: () => {
      shown = showEarly(context, unit)
    },
    journal,
    readers: context.reading.readers,
    throttle: context.throttle,
    documentsMax: context.documentsMax,
    once: file !== undefined,
    onWhole: () => file?.release(),
    beforeWrite: context.beforeWrite?.(unit.name),
    onListed: () => context.onListed?.(unit) ?? Promise.resolve(),
    keepRejected: (batch, rejected) =>
      context.rejected.append(unit.dataStream?.name ?? unit.targetIndex, batch, rejected, (row) => version(row, batch)),
    onBatch: (counts) => progress.add(counts),
    onPartitions: (listed, done) => progress.addPartitions(listed, done),
    stop: context.stop,
    abort: context.abort,
  })
  await shown
  tellBrokenLines(source, context)
  return result
}

/**
 * Shows what is there while the last documents are on their way: a refresh that begins when all are there makes its segments with one core,
 * and the others have nothing to do. What fails here is told by the refresh of `finishUnit`.
 */
async function showEarly({ target, abort }: CopyContext, { dataStream, targetIndex }: CopyUnit): Promise<void> {
  if (target.kind === 'file') return
  const path = indexPath(dataStream?.name ?? targetIndex, '_refresh')
  await target.cluster.json({ method: 'POST', path, retry: 'none', signal: abort }).catch(() => {})
}

function tellBrokenLines({ brokenLines }: DocumentSource, { plan }: CopyContext): void {
  if (!brokenLines || brokenLines.count === 0) return
  plan.note(`${brokenLines.count} lines are no documents and were passed over: ${brokenLines.first.join('; ')}`)
}

/** The target gets its own settings back, shows the documents, and only then its aliases. */
async function finishUnit(context: CopyContext, unit: CopyUnit): Promise<void> {
  const { target, journal } = context
  if (target.kind === 'file') return
  const index = unit.dataStream?.name ?? unit.targetIndex
  if (!unit.dataStream) {
    await checkSameIndex(target.cluster, unit.targetIndex, unit.targetUuid)
    await restoreNoted(context, unit.name)
  }
  await target.cluster.json({ method: 'POST', path: indexPath(index, '_refresh'), retry: 'safe' })
  const takesAliases = !unit.dataStream && !context.withholdAliases
  if (takesAliases && unit.definition) await applyAliases(target.cluster, index, unit.definition.aliases)
  journal.setIndexState(unit.name, 'finishing')
}

/** What restoring needs of a copy: not its source, which may be away. */
export interface Restoring extends Pick<CopyContext, 'target' | 'journal'> {
  readonly plan: Pick<CopyContext['plan'], 'note'>
}

async function restoreNoted(context: Restoring, name: string): Promise<void> {
  const { target, journal } = context
  const noted = journal.listIndexes().find((unit) => unit.name === name)
  if (target.kind === 'file' || !noted?.savedSettings || noted.isRestored) return
  // Not from the plan: of an index that was left over by a copy that began anew there is none.
  await restoreTarget(
    target.cluster,
    { name, targetIndex: noted.target },
    noted.savedSettings as SavedSettings,
    journal,
  )
}

/** Also after an error or a pause: what was relaxed is put back. What cannot be is told with the error that stopped the copy. */
export async function restoreAll(context: Restoring, failure: unknown): Promise<void> {
  const lost: string[] = []
  for (const { name } of context.journal.listIndexes()) {
    try {
      await restoreNoted(context, name)
    } catch (error) {
      if (failure === undefined) throw error
      lost.push(`${name}: ${asIndexferryError(error).message}`)
    }
  }
  if (lost.length === 0) return
  context.plan.note(
    `settings of ${lost.length} target indexes could not be restored yet and will be by the next run of the same command: ${lost.join('; ')}`,
  )
}
