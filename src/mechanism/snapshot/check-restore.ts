// What stands against a restore, before anything is closed: each refusal with the way around it.
import type { Cluster } from '../../cluster/cluster.ts'
import { formatMadeBy, refuseSnapshot, type SnapshotRefusal } from '../../cluster/snapshot-versions.ts'
import type { ErrorCode } from '../../foundation/error-codes.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import { formatVersion } from '../../model/cluster-version.ts'
import type { ObjectLocation } from '../../model/object-location.ts'
import { checkDisks } from './check-disks.ts'
import { checkLiveIndexes } from './check-live-indexes.ts'
import { type ChosenParts, checkStreams, chooseParts } from './choose-parts.ts'
import { describeFailures } from './create-snapshot.ts'
import { subjectOf } from './explain-refusal.ts'
import { type IndexState, readIndexStates } from './index-states.ts'
import { requireRepository } from './register-repository.ts'
import type { RestoreWish } from './restore-wish.ts'
import { readSnapshot, type SnapshotFacts } from './snapshot-facts.ts'
import { findRunning } from './snapshot-progress.ts'

export interface CheckRestoreRequest {
  readonly repository: string
  readonly snapshot: string
  readonly wish: RestoreWish
  /** Open indexes of the same name are closed for the time of the restore. */
  readonly overExisting: boolean
  /** Where the objects were moved to. */
  readonly moved?: ObjectLocation | undefined
  /** Where the snapshot comes from, if it still can be asked: it tells what the snapshot does not. */
  readonly source?: Cluster | undefined
  readonly signal: AbortSignal
}

export interface RestoreTarget {
  /** In the snapshot. */
  readonly from: string
  readonly name: string
  /** Undefined: it is not there yet. */
  readonly state: IndexState | undefined
}

export interface RestorePlan {
  readonly facts: SnapshotFacts
  readonly targets: readonly RestoreTarget[]
  readonly streams: ChosenParts['streams']
  /** What the cluster is asked for: names of indexes, and of data streams in place of those that make them up. */
  readonly indices: readonly string[]
}

/** Throws the first refusal. Nothing is changed, but for an index that tries out definitions and is deleted again. */
export async function checkRestore(cluster: Cluster, request: CheckRestoreRequest): Promise<RestorePlan> {
  const plan = await planRestore(cluster, request)
  const { facts, targets, streams } = plan
  checkState(cluster, facts, request.wish)
  checkVersions(cluster, facts)
  await checkStreams(cluster, streams)
  checkNames(cluster, targets, request.overExisting)
  if (request.source) await checkLiveIndexes(cluster, request.source, targets, request.signal)
  await checkDisks(cluster, facts, targets, request.wish)
  return plan
}

/** Which index becomes which. */
export async function planRestore(
  cluster: Cluster,
  { repository, snapshot, wish, moved }: CheckRestoreRequest,
): Promise<RestorePlan> {
  await requireRepository(cluster, repository, moved)
  if (await findRunning(cluster, repository, snapshot)) throw unfinished(cluster, repository, snapshot)
  const facts = await readSnapshot(cluster, repository, snapshot)
  const { indexes, streams, asked } = chooseParts(cluster, facts, wish)
  const states = await readIndexStates(
    cluster,
    indexes.map(({ name }) => name),
  )
  checkAliases(cluster, indexes, states)
  return {
    facts,
    targets: indexes.map(({ from, name }) => ({ from, name, state: states.get(name) })),
    streams,
    indices: asked,
  }
}

const unfinished = (cluster: Cluster, repository: string, snapshot: string): IndexferryError =>
  new IndexferryError('SNAPSHOT_UNFINISHED', `${subjectOf(cluster)}: the snapshot ${snapshot} is still being taken`, {
    side: cluster.side,
    fields: { repository, snapshot },
  })

function checkAliases(
  cluster: Cluster,
  names: readonly { readonly name: string }[],
  states: ReadonlyMap<string, IndexState>,
): void {
  for (const { name } of names) {
    const owner = [...states].find(([index, { aliases }]) => index !== name && aliases.includes(name))
    if (!owner) continue
    throw new IndexferryError('RESTORE_REFUSED', `${subjectOf(cluster)}: ${name} is an alias of ${owner[0]} there`, {
      side: cluster.side,
      remedy: 'Restore under another name with --rename-pattern and --rename-replacement, or remove the alias.',
      fields: { index: name },
    })
  }
}

function checkState(cluster: Cluster, facts: SnapshotFacts, wish: RestoreWish): void {
  const told = `${subjectOf(cluster)}: the snapshot ${facts.name}`
  const refuse = (code: ErrorCode, sentence: string): never => {
    throw new IndexferryError(code, `${told} ${sentence}`, {
      side: cluster.side,
      fields: { repository: facts.repository, snapshot: facts.name, state: facts.state },
    })
  }
  const { state, shards, failures } = facts
  if (state === 'IN_PROGRESS') throw unfinished(cluster, facts.repository, facts.name)
  if (state === 'PARTIAL' && !wish.partial) {
    refuse('SNAPSHOT_PARTIAL', `lacks ${shards.failed} of ${shards.total} shards${describeFailures(failures)}`)
  }
  if (state !== 'SUCCESS' && state !== 'PARTIAL') refuse('SNAPSHOT_FAILED', `is ${state}${describeFailures(failures)}`)
}

const versionRefusals: Readonly<Record<SnapshotRefusal, { code: ErrorCode; why: string }>> = {
  'target older': { code: 'RESTORE_TARGET_OLDER', why: 'which is newer than the target' },
  'too far': { code: 'RESTORE_TOO_FAR', why: 'which is more than one major version behind the target' },
  'other product': { code: 'RESTORE_OTHER_PRODUCT', why: 'which the target does not read' },
}

function checkVersions(cluster: Cluster, { name, madeBy }: SnapshotFacts): void {
  const refusal = madeBy && refuseSnapshot(madeBy, cluster.version)
  if (!refusal) return
  const { code, why } = versionRefusals[refusal]
  throw new IndexferryError(
    code,
    `${subjectOf(cluster)} is ${formatVersion(cluster.version)}; the snapshot ${name} was taken by ${formatMadeBy(madeBy)}, ${why}`,
    { side: cluster.side, fields: { snapshot: name } },
  )
}

function checkNames(cluster: Cluster, targets: readonly RestoreTarget[], overExisting: boolean): void {
  const seen = new Map<string, string>()
  for (const { from, name } of targets) {
    const other = seen.get(name)
    if (other !== undefined) {
      throw new IndexferryError('TARGETS_COLLIDE', `${other} and ${from} would both be restored as ${name}`, {
        remedy:
          'Give a rename that keeps the names apart, as in --rename-pattern "(.+)" --rename-replacement "restored-\\$1".',
      })
    }
    seen.set(name, from)
  }
  const open = targets.filter(({ state }) => state?.isOpen)
  if (overExisting || open.length === 0) return
  const names = open.map(({ name }) => name)
  throw new IndexferryError(
    'RESTORE_INDEX_OPEN',
    `${subjectOf(cluster)} has ${names.length === 1 ? 'an open index' : `${names.length} open indexes`} of the same name: ${names.slice(0, 10).join(', ')}${names.length > 10 ? ', …' : ''}`,
    { side: cluster.side, fields: { index: names[0] ?? null } },
  )
}
