// The second half of a cycle: restore what was moved, over what the cycle before has restored.
import { IndexferryError } from '../../foundation/errors.ts'
import { planRestore, type RestorePlan } from '../../mechanism/snapshot/check-restore.ts'
import { type RestoreRequest, restoreSnapshot } from '../../mechanism/snapshot/restore-snapshot.ts'
import { renameOf } from '../../mechanism/snapshot/restore-wish.ts'
import { readSnapshot } from '../../mechanism/snapshot/snapshot-facts.ts'
import { writeSettings } from '../../target/relaxed-settings.ts'
import { blockForm, blockSetting } from './block-writes.ts'
import { chosenIndexes } from './chosen-indexes.ts'
import { type JourneyContext, updateCycle } from './journey-context.ts'
import { comparablePlace } from './take-and-move.ts'

export async function restoreCycle(context: JourneyContext): Promise<void> {
  const { target, journal, note } = context
  const request = requestOf(context, await chooseIndexes(context))
  const planned = await planRestore(target, request)
  noteTargets(context, planned)
  const result = await restoreSnapshot(target, request)
  await keepBlocks(context, planned)
  const restored = result.indexes.map(({ from, name, documents }) => ({ from, name, documents }))
  updateCycle(context, { restored })
  const left = journal.record.targets.filter((name) => !restored.some((each) => each.name === name))
  if (left.length > 0) note(`not in this snapshot any more, and left on the target as they were: ${left.join(', ')}`)
  for (const { name, documents } of restored) note(`${name}: ${documents} documents restored`)
}

async function chooseIndexes({ plan, target, journal }: JourneyContext): Promise<readonly string[]> {
  const snapshot = journal.record.cycle.snapshot as string
  const { indexes } = await readSnapshot(target, plan.target.repository.name, snapshot)
  const chosen = chosenIndexes(plan.indices, indexes, `the snapshot ${snapshot}`)
  if (chosen.length > 0) return chosen
  throw new IndexferryError('INDEX_MISSING', `the snapshot ${snapshot} holds none of the indexes of the plan`, {
    side: 'source',
  })
}

function requestOf(context: JourneyContext, indexes: readonly string[]): RestoreRequest {
  const { plan, source, journal, restoreNotes, signal, note, onProgress } = context
  const { restore } = plan
  return {
    repository: plan.target.repository.name,
    snapshot: journal.record.cycle.snapshot as string,
    wish: {
      indices: indexes.join(','),
      rename: renameOf(restore.renamePattern, restore.renameReplacement),
      ...(Object.keys(restore.indexSettings).length > 0 ? { indexSettings: restore.indexSettings } : {}),
      ignoreIndexSettings: [...restore.ignoreIndexSettings, ...blockToDrop(context)],
      includeGlobalState: false,
      // Restored, the alias of the switch would lead here before anything is verified: aliases come with the switch.
      includeAliases: plan.cutOver.alias === undefined,
      partial: plan.snapshot.partial,
    },
    // What is not ours to replace was refused before.
    overExisting: true,
    moved: comparablePlace(plan.target),
    source,
    relax: restore.relax,
    stalledMsMax: restore.stalledMsMax,
    busyMsMax: plan.snapshot.busyMsMax,
    journal: restoreNotes,
    signal,
    note,
    onProgress: (progress) => onProgress({ kind: 'restore', progress }),
  }
}

/** The block of the source is in its last snapshot; the target is there to be written to. */
const blockToDrop = ({ journal }: JourneyContext): string[] =>
  journal.record.blocks.length > 0 ? [`index.${blockSetting}`] : []

/** Indexes that could not be written to before the migration blocked them stay so. */
async function keepBlocks({ target, journal }: JourneyContext, { targets }: RestorePlan): Promise<void> {
  for (const { index, before } of journal.record.blocks) {
    if (before[blockSetting] !== 'true') continue
    const restored = targets.find(({ from }) => from === index)
    if (restored) await writeSettings(target, restored.name, blockForm(target, before))
  }
}

/**
 * An index that is there and was not restored by this migration is somebody else's. Names are noted before the first restore: what has
 * them afterwards is ours, however that restore ended.
 */
function noteTargets({ plan, target, journal }: JourneyContext, { targets }: RestorePlan): void {
  const ours = new Set(journal.record.targets)
  const others = targets.filter(({ name, state }) => state && !ours.has(name)).map(({ name }) => name)
  if (others.length > 0 && !plan.restore.overExisting) {
    const shown = `${others.slice(0, 10).join(', ')}${others.length > 10 ? ', …' : ''}`
    throw new IndexferryError(
      'RESTORE_INDEX_OPEN',
      `the target ${target.name} has indexes of the same name that this migration has not restored: ${shown}`,
      {
        side: 'target',
        remedy:
          'Delete them, restore beside them with restore.rename_pattern, or replace them with restore.over_existing: true.',
        fields: { index: others[0] ?? null },
      },
    )
  }
  const added = targets.map(({ name }) => name).filter((name) => !ours.has(name))
  if (added.length > 0) journal.update({ targets: [...ours, ...added] })
}
