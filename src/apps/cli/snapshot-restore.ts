// Restores a snapshot and watches it to the end.
import { exitCodes } from '../../foundation/error-definition.ts'
import { openRestoreNotes } from '../../mechanism/snapshot/restore-notes.ts'
import { restoreSnapshot } from '../../mechanism/snapshot/restore-snapshot.ts'
import { type RestoreWish, renameOf, restoreWishOfBody } from '../../mechanism/snapshot/restore-wish.ts'
import { withExclusions } from '../../mechanism/snapshot/snapshot-wish.ts'
import type { RecoveryProgress } from '../../mechanism/snapshot/watch-recovery.ts'
import { parseObjectLocation } from '../../model/object-location.ts'
import { printJson, printResult } from './print.ts'
import type { SnapshotCall, SnapshotValues } from './snapshot.ts'
import { given, onOff, readBody, settingsOf } from './snapshot-body.ts'
import { describeRecovery, describeRestore } from './snapshot-text.ts'

export async function runRestore(call: SnapshotCall): Promise<number> {
  const { values, cluster, note, signal, display } = call
  const { snapshots, engine } = values
  await using live = snapshots.live === undefined ? undefined : await call.openOther(snapshots.live)
  let progress: RecoveryProgress | undefined
  display.start(() => (progress ? describeRecovery(progress) : 'waiting for the first shard'))
  try {
    const result = await restoreSnapshot(cluster, {
      repository: call.repository as string,
      snapshot: call.snapshot as string,
      wish: wishOf(snapshots, note),
      overExisting: snapshots.overExisting,
      moved: snapshots.movedTo === undefined ? undefined : parseObjectLocation(snapshots.movedTo, 'TARGET'),
      source: live,
      relax: snapshots.relax,
      stalledMsMax: snapshots.stalledAfter,
      busyMsMax: snapshots.waitForOthers,
      journal: await openRestoreNotes(cluster, call.stateFolder),
      signal,
      note,
      onProgress: (latest) => {
        progress = latest
      },
    })
    display.stop()
    if (engine.json) printJson(result)
    else if (!engine.quiet) printResult(describeRestore(result))
    return exitCodes.done
  } finally {
    display.stop()
  }
}

function wishOf(values: SnapshotValues['snapshots'], note: (text: string) => void): RestoreWish {
  const fromBody = restoreWishOfBody(readBody(values.body), note)
  const { indices, exclude, renamePattern, renameReplacement, withoutAliases } = values
  const globalState = onOff(values.globalState)
  const rename = renameOf(renamePattern, renameReplacement)
  return {
    ...fromBody,
    ...given({
      rename,
      partial: values.partial,
      featureStates: values.featureState,
      ignoreIndexSettings: values.ignoreIndexSetting,
    }),
    ...(globalState === undefined ? {} : { includeGlobalState: globalState }),
    ...(withoutAliases ? { includeAliases: false } : {}),
    ...(values.indexSetting.length > 0
      ? { indexSettings: { ...fromBody.indexSettings, ...settingsOf(values.indexSetting.map(withPrefix)) } }
      : {}),
    indices: withExclusions(indices ?? fromBody.indices, exclude),
  }
}

/** Versions differ in whether they take names without it. */
const withPrefix = ([name, value]: readonly [string, string]): readonly [string, string] => [
  name.startsWith('index.') ? name : `index.${name}`,
  value,
]
