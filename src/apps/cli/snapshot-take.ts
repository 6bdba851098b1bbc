// Takes a snapshot, watches it, shows it.
import { exitCodes } from '../../foundation/error-definition.ts'
import { beginSnapshot, partialError, watchSnapshot } from '../../mechanism/snapshot/create-snapshot.ts'
import { showSnapshot } from '../../mechanism/snapshot/manage-snapshots.ts'
import { readSnapshot, type SnapshotFacts } from '../../mechanism/snapshot/snapshot-facts.ts'
import { findRunning, listRunning, type SnapshotProgress } from '../../mechanism/snapshot/snapshot-progress.ts'
import { type SnapshotWish, wishOfBody, withExclusions } from '../../mechanism/snapshot/snapshot-wish.ts'
import { isJsonObject } from '../../model/json.ts'
import { printError, printJson, printResult } from './print.ts'
import type { SnapshotCall, SnapshotValues } from './snapshot.ts'
import { given, onOff, readBody } from './snapshot-body.ts'
import { describeProgress, describeSnapshot, runningTable } from './snapshot-text.ts'

export async function runCreate(call: SnapshotCall): Promise<number> {
  const { values, cluster, note, signal } = call
  const { repository, snapshot } = named(call)
  const request = {
    repository,
    snapshot,
    wish: wishOf(values.snapshots, note),
    signal,
    note,
    busyMsMax: values.snapshots.waitForOthers,
  }
  const { isNew } = await beginSnapshot(cluster, request)
  if (!isNew) note(`${snapshot} was begun before, with the same content`)
  if (!values.snapshots.detach) return endOf(call, await watch(call))
  if (values.engine.json) printJson({ repository, snapshot, begun: isNew })
  else if (!values.engine.quiet) printResult(`${snapshot} is being taken; \`indexferry snapshot status\` shows it`)
  return exitCodes.done
}

const named = ({ repository, snapshot }: SnapshotCall) => ({
  repository: repository as string,
  snapshot: snapshot as string,
})

function wishOf(values: SnapshotValues['snapshots'], note: (text: string) => void): SnapshotWish {
  const fromBody = wishOfBody(readBody(values.body), note)
  const metadata: unknown = values.metadata === undefined ? undefined : JSON.parse(values.metadata)
  const globalState = onOff(values.globalState)
  return {
    ...fromBody,
    ...given({
      partial: values.partial,
      ignoreUnavailable: values.ignoreUnavailable,
      featureStates: values.featureState,
      metadata: isJsonObject(metadata) ? metadata : undefined,
    }),
    ...(globalState === undefined ? {} : { includeGlobalState: globalState }),
    indices: withExclusions(values.indices ?? fromBody.indices, values.exclude),
  }
}

async function watch(call: SnapshotCall): Promise<SnapshotFacts> {
  const { cluster, display, signal } = call
  let progress: SnapshotProgress | undefined
  display.start(() => (progress ? describeProgress(progress) : 'waiting for the first shard'))
  try {
    return await watchSnapshot(cluster, {
      ...named(call),
      signal,
      onProgress: (latest) => {
        progress = latest
      },
    })
  } finally {
    display.stop()
  }
}

/** PARTIAL has a result and an exit code of its own: scripts must not take it for done. */
function endOf({ values, cluster }: SnapshotCall, facts: SnapshotFacts): number {
  const { json, quiet } = values.engine
  if (json) printJson(facts)
  else if (!quiet) printResult(describeSnapshot(facts))
  if (facts.state !== 'PARTIAL') return exitCodes.done
  printError(partialError(cluster, facts), false)
  return exitCodes.rejected
}

export async function runStatus(call: SnapshotCall): Promise<number> {
  const { values, cluster, repository, snapshot } = call
  const { json } = values.engine
  if (repository === undefined || snapshot === undefined) {
    const running = await listRunning(cluster, repository)
    if (json) printJson({ running })
    else printResult(running.length === 0 ? 'no snapshot is being taken' : runningTable(running))
    return exitCodes.done
  }
  if (values.snapshots.watch) return endOf(call, await watch(call))
  const running = await findRunning(cluster, repository, snapshot)
  if (running) {
    if (json) printJson({ ...running, state: 'IN_PROGRESS' })
    else printResult(`${snapshot}: IN_PROGRESS\n  ${describeProgress(running)}`)
    return exitCodes.done
  }
  const facts = await readSnapshot(cluster, repository, snapshot)
  if (json) printJson(facts)
  else printResult(describeSnapshot(facts))
  return exitCodes.done
}

export async function runShow(call: SnapshotCall): Promise<number> {
  const { repository, snapshot } = named(call)
  const shown = await showSnapshot(call.cluster, repository, snapshot)
  if (call.values.engine.json) printJson(shown)
  else printResult(describeSnapshot(shown))
  return exitCodes.done
}
