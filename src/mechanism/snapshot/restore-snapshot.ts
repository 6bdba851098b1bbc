// Restores a snapshot, for the first time or over what an earlier one left: close, restore, watch, open, put back. Whatever happens in
// between, no index stays closed: what is closed is noted first, and the next run mends what a killed one left.
import type { Cluster } from '../../cluster/cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import { now } from '../../foundation/clock.ts'
import { IndexferryError, isErrorOf } from '../../foundation/errors.ts'
import { currentProcess } from '../../foundation/process-identity.ts'
import type { JsonObject } from '../../model/json.ts'
import { isWhole, type ShardsOfAnswer } from '../../source/search-answer.ts'
import { relaxedSettings, type SavedSettings, writeSettings } from '../../target/relaxed-settings.ts'
import { type CheckRestoreRequest, checkRestore, planRestore, type RestorePlan } from './check-restore.ts'
import { explained, subjectOf } from './explain-refusal.ts'
import { closeIndexes, openIndexes, readIndexStates } from './index-states.ts'
import { readFinalSettings } from './relax-restore.ts'
import { isAbandoned, type RestoreJournal, type RestoreNote, restoreId } from './restore-notes.ts'
import { bodyOfRestore } from './restore-wish.ts'
import type { SnapshotFacts } from './snapshot-facts.ts'
import { snapshotPath } from './snapshot-names.ts'
import { waitWhileBusy } from './wait-while-busy.ts'
import { comesFromSnapshot, type RecoveryProgress, type RestoredHealth, watchRecovery } from './watch-recovery.ts'

export interface RestoreRequest extends CheckRestoreRequest {
  readonly journal: RestoreJournal
  /** Without replicas and refresh until everything is there. Needs `source`, which knows what they are to be in the end. */
  readonly relax: boolean
  readonly note: (text: string) => void
  readonly onProgress?: (progress: RecoveryProgress) => void
  readonly stalledMsMax?: number
  /** How long to wait for other snapshots and restores, where the version does one at a time. Default: not at all. */
  readonly busyMsMax?: number
}

/** Indexes that are closed must not wait as long. */
const busyWhileClosedMs = 60_000

export interface RestoredIndex {
  readonly name: string
  /** In the snapshot. */
  readonly from: string
  readonly documents: number
  readonly health: string
  readonly shards: number
  /** It was there before, and was closed meanwhile. */
  readonly isReplaced: boolean
}

export interface RestoreResult {
  readonly snapshot: SnapshotFacts
  readonly indexes: readonly RestoredIndex[]
  readonly startMs: number
  readonly endMs: number
  /** An earlier run had begun it; this one only watched. */
  readonly isResumed: boolean
}

/** What this process is at, so that one restore does not mend another. */
const running = new Set<string>()

export async function restoreSnapshot(cluster: Cluster, request: RestoreRequest): Promise<RestoreResult> {
  const startMs = now()
  const begun = await findBegun(cluster, request)
  if (begun) request.note('the restore was begun before: watching it')
  else await mendRestores(cluster, request)
  const { plan, note } = begun ?? (await beginRestore(cluster, request))
  running.add(note.id)
  try {
    return await finishRestore(cluster, request, { plan, note, startMs, isResumed: begun !== undefined })
  } finally {
    running.delete(note.id)
  }
}

async function finishRestore(
  cluster: Cluster,
  request: RestoreRequest,
  { plan, note, startMs, isResumed }: Begun & { readonly startMs: number; readonly isResumed: boolean },
): Promise<RestoreResult> {
  const health = await watchToTheEnd(cluster, request, note)
  await settle(cluster, note)
  const indexes = await describeIndexes(cluster, plan, note, health)
  request.journal.remove(note.id)
  return { snapshot: plan.facts, indexes, startMs, endMs: now(), isResumed }
}

interface Begun {
  readonly plan: RestorePlan
  readonly note: RestoreNote
}

/** The same restore of an earlier run, if the cluster has taken it on. */
async function findBegun(cluster: Cluster, request: RestoreRequest): Promise<Begun | undefined> {
  const { repository, snapshot, journal } = request
  if (journal.list().every((note) => note.snapshot !== snapshot || note.repository !== repository)) return undefined
  const plan = await planRestore(cluster, request)
  const id = idOf(request, plan)
  const note = journal.list().find((each) => each.id === id)
  if (note?.phase !== 'restoring') return undefined
  if (!isAbandoned(note, running)) {
    throw new IndexferryError('COPY_RUNNING', `the same restore is already running in process ${note.owner.pid}`, {
      remedy: 'Wait for it or stop it.',
    })
  }
  const { names } = note
  const states = await readIndexStates(cluster, names)
  if (!names.every((name) => states.get(name)?.isOpen)) return undefined
  if (!(await comesFromSnapshot(cluster, { names, repository, snapshot }))) return undefined
  // From now on it is this process's.
  journal.save(note)
  return { plan, note }
}

const idOf = ({ repository, snapshot }: RestoreRequest, { targets }: RestorePlan): string =>
  restoreId(
    repository,
    snapshot,
    targets.map(({ name }) => name),
  )

/**
 * Opens what killed restores on this cluster left closed, and puts back their settings. Called by every restore, and by whoever gives
 * one up. Resolves with the indexes that were opened.
 */
export async function mendRestores(
  cluster: Cluster,
  { journal, note: tell }: Pick<RestoreRequest, 'journal' | 'note'>,
): Promise<readonly string[]> {
  const opened: string[] = []
  for (const note of journal.list().filter((note) => isAbandoned(note, running))) {
    const states = await readIndexStates(cluster, note.closed)
    const shut = note.closed.filter((name) => states.get(name)?.isOpen === false)
    if (shut.length > 0) tell(`a restore of ${note.snapshot} was cut off: opening ${shut.join(', ')} again`)
    await settle(cluster, { ...note, closed: shut })
    opened.push(...shut)
    journal.remove(note.id)
  }
  return opened
}

async function beginRestore(cluster: Cluster, request: RestoreRequest): Promise<Begun> {
  const { journal, repository, snapshot } = request
  const plan = await checkRestore(cluster, request)
  const settings = request.relax ? await readFinalSettings(request, plan) : {}
  const note: RestoreNote = {
    id: idOf(request, plan),
    repository,
    snapshot,
    phase: 'closing',
    names: plan.targets.map(({ name }) => name),
    closed: plan.targets.filter(({ state }) => state?.isOpen).map(({ name }) => name),
    settings,
    owner: currentProcess(),
  }
  journal.save(note)
  running.add(note.id)
  try {
    await closeIndexes(cluster, repository, note.closed)
    const restoring: RestoreNote = { ...note, phase: 'restoring' }
    journal.save(restoring)
    await askForRestore(cluster, request, plan)
    return { plan, note: restoring }
  } catch (error) {
    // It did not begin: everything is as it was.
    await openIndexes(cluster, note.closed)
    journal.remove(note.id)
    throw error
  } finally {
    running.delete(note.id)
  }
}

/** Not with the signal of the user: nobody would know whether the cluster has taken it on. */
async function askForRestore(cluster: Cluster, request: RestoreRequest, plan: RestorePlan): Promise<void> {
  const { repository, snapshot, wish } = request
  const relaxed = request.relax ? { indexSettings: { ...wish.indexSettings, ...relaxedForm() } } : {}
  const body = bodyOfRestore({ ...wish, ...relaxed }, plan.indices, cluster.capabilities.featureStates)
  const post = () =>
    explained(cluster, { repository, snapshot }, () =>
      cluster.json({ method: 'POST', path: snapshotPath(repository, snapshot, '_restore'), body }),
    )
  const { busyMsMax = 0, signal, note } = request
  const hasClosed = plan.targets.some(({ state }) => state?.isOpen)
  try {
    const forMs = hasClosed ? Math.min(busyMsMax, busyWhileClosedMs) : busyMsMax
    await waitWhileBusy(post, { forMs, signal, note })
  } catch (error) {
    const isAnswerLost = isErrorOf(error, 'CONNECTION_LOST', 'CLUSTER_BUSY', 'ANSWER_INVALID')
    const names = plan.targets.map(({ name }) => name)
    if (isAnswerLost && (await comesFromSnapshot(cluster, { names, repository, snapshot }))) return
    throw error
  }
}

const relaxedForm = (): JsonObject =>
  Object.fromEntries(
    Object.entries(relaxedSettings({ keepRefresh: false, keepReplicas: false })).map(([name, value]) => [
      `index.${name}`,
      value,
    ]),
  )

async function watchToTheEnd(
  cluster: Cluster,
  request: RestoreRequest,
  note: RestoreNote,
): Promise<ReadonlyMap<string, RestoredHealth>> {
  const { repository, snapshot, signal, onProgress, stalledMsMax } = request
  try {
    return await watchRecovery(cluster, {
      names: note.names,
      repository,
      snapshot,
      signal,
      ...(onProgress ? { onProgress } : {}),
      ...(stalledMsMax === undefined ? {} : { stalledMsMax }),
    })
  } catch (error) {
    // Stopped by the user: the cluster goes on by itself, and the same command will find it.
    if (signal.aborted) throw error
    await settle(cluster, note)
    request.journal.remove(note.id)
    throw error
  }
}

/** Each part twice is the same as once. */
async function settle(cluster: Cluster, { closed, settings, names }: RestoreNote): Promise<void> {
  await openIndexes(cluster, closed)
  const wanted = Object.entries(settings)
  if (wanted.length === 0) return
  const states = await readIndexStates(cluster, names)
  for (const [name, saved] of wanted) if (states.has(name)) await writeSettings(cluster, name, saved as SavedSettings)
}

async function describeIndexes(
  cluster: Cluster,
  { targets }: RestorePlan,
  note: RestoreNote,
  health: ReadonlyMap<string, RestoredHealth>,
): Promise<RestoredIndex[]> {
  const described: RestoredIndex[] = []
  for (const { from, name } of targets) {
    described.push({
      name,
      from,
      documents: await countDocuments(cluster, name),
      health: health.get(name)?.status ?? '',
      shards: health.get(name)?.shards ?? 0,
      isReplaced: note.closed.includes(name),
    })
  }
  return described
}

/** An index that was restored without refresh shows its documents from the first refresh on. */
async function countDocuments(cluster: Cluster, name: string): Promise<number> {
  await cluster.json({ method: 'POST', path: indexPath(name, '_refresh'), retry: 'safe' })
  const { body } = await cluster.json<{ readonly count: number; readonly _shards: ShardsOfAnswer }>({
    method: 'GET',
    path: indexPath(name, '_count'),
  })
  if (isWhole(body._shards)) return body.count
  throw new IndexferryError('SHARD_FAILED', `${subjectOf(cluster)}: not every shard of ${name} could be counted`, {
    side: cluster.side,
    fields: { index: name },
  })
}
