// Takes a snapshot and watches it to its end. One of the same name that holds the same is watched instead, so that the call can
// be repeated after a crash.
import type { Cluster } from '../../cluster/cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import { IndexferryError, isErrorOf } from '../../foundation/errors.ts'
import { isJsonObject } from '../../model/json.ts'
import { explained, subjectOf } from './explain-refusal.ts'
import { explainRepository } from './explain-repository.ts'
import { pollPause } from './poll-pause.ts'
import { findSnapshot, type ShardFailure, type SnapshotFacts } from './snapshot-facts.ts'
import { checkSnapshotName, snapshotPath } from './snapshot-names.ts'
import { findRunning, type SnapshotProgress } from './snapshot-progress.ts'
import { bodyOfWish, fitsWish, type SnapshotContent, type SnapshotWish } from './snapshot-wish.ts'
import { waitWhileBusy } from './wait-while-busy.ts'

export interface CreateRequest {
  readonly repository: string
  readonly snapshot: string
  readonly wish: SnapshotWish
  readonly signal: AbortSignal
  readonly note: (text: string) => void
  readonly onProgress?: (progress: SnapshotProgress) => void
  /** How long to wait for other snapshots, where the version takes one at a time. Default: not at all. */
  readonly busyMsMax?: number
}

/** Begins the snapshot, or finds the one that was begun: then `isNew` is false. Does not wait for its end. */
export async function beginSnapshot(cluster: Cluster, request: CreateRequest): Promise<{ readonly isNew: boolean }> {
  const { repository, snapshot, wish, note } = request
  checkSnapshotName(snapshot)
  const running = await findRunning(cluster, repository, snapshot)
  if (running) {
    await requireSame(cluster, { repository, snapshot, found: running }, wish)
    return { isNew: false }
  }
  const body = bodyOfWish(wish, cluster.capabilities, note)
  const put = () =>
    explained(cluster, { repository, snapshot }, () =>
      cluster.json({ method: 'PUT', path: snapshotPath(repository, snapshot), body }),
    )
  try {
    await waitWhileBusy(put, { forMs: request.busyMsMax ?? 0, signal: request.signal, note })
    return { isNew: true }
  } catch (error) {
    // The second: an answer that was lost on the way, of a call that may have arrived.
    if (isErrorOf(error, 'SNAPSHOT_EXISTS', 'CONNECTION_LOST') && (await isThere(cluster, request))) {
      return { isNew: error.code === 'CONNECTION_LOST' }
    }
    throw explainRepository(cluster, repository, error)
  }
}

/** Throws SNAPSHOT_EXISTS when it is another one. */
async function isThere(cluster: Cluster, { repository, snapshot, wish }: CreateRequest): Promise<boolean> {
  const found =
    (await findRunning(cluster, repository, snapshot)) ?? (await findSnapshot(cluster, repository, snapshot))
  if (found) await requireSame(cluster, { repository, snapshot, found }, wish)
  return found !== undefined
}

/** Takes the snapshot and waits. SUCCESS and PARTIAL are answered, whoever asked decides about the second; FAILED throws SNAPSHOT_FAILED. */
export async function createSnapshot(cluster: Cluster, request: CreateRequest): Promise<SnapshotFacts> {
  await beginSnapshot(cluster, request)
  return watchSnapshot(cluster, request)
}

/** Questions for a snapshot that was begun and is not listed yet. */
const unlistedMax = 10

/** Waits for the end of a snapshot that is being taken. Aborting the signal stops the waiting, not the snapshot. */
export async function watchSnapshot(
  cluster: Cluster,
  { repository, snapshot, signal, onProgress }: Omit<CreateRequest, 'wish' | 'note'>,
): Promise<SnapshotFacts> {
  let unlisted = 0
  for (let asked = 1; ; asked++) {
    signal.throwIfAborted()
    const running = await findRunning(cluster, repository, snapshot)
    if (running) onProgress?.(running)
    const facts = running ? undefined : await findSnapshot(cluster, repository, snapshot)
    if (facts && facts.state !== 'IN_PROGRESS') return requireUsable(cluster, facts)
    if (!running && !facts && ++unlisted > unlistedMax) {
      throw new IndexferryError(
        'SNAPSHOT_FAILED',
        `${subjectOf(cluster)}: the snapshot ${snapshot} was begun, but the repository ${repository} does not hold it any more`,
        { side: cluster.side, remedy: 'Look who deletes snapshots there, and take it again.' },
      )
    }
    await pollPause(asked, signal)
  }
}

function requireUsable(cluster: Cluster, facts: SnapshotFacts): SnapshotFacts {
  if (facts.state === 'SUCCESS' || facts.state === 'PARTIAL') return facts
  throw new IndexferryError(
    'SNAPSHOT_FAILED',
    `${subjectOf(cluster)}: the snapshot ${facts.name} ended as ${facts.state}${describeFailures(facts.failures)}`,
    { side: cluster.side, fields: { repository: facts.repository, snapshot: facts.name, state: facts.state } },
  )
}

/** `: logs[0]: no such shard, logs[1]: …`, the first few; empty when there are none. */
export function describeFailures(failures: readonly ShardFailure[], most = 3): string {
  if (failures.length === 0) return ''
  const told = failures.slice(0, most).map(({ index, shard, reason }) => `${index}[${shard}]: ${firstLine(reason)}`)
  const more = failures.length > most ? ` and ${failures.length - most} more` : ''
  return `: ${told.join('; ')}${more}`
}

const firstLine = (reason: string): string => {
  const [line = ''] = reason.split('\n')
  return line.length > 300 ? `${line.slice(0, 300)}…` : line
}

/** What a PARTIAL snapshot ends a command with. */
export const partialError = (cluster: Cluster, facts: SnapshotFacts): IndexferryError =>
  new IndexferryError(
    'SNAPSHOT_PARTIAL',
    `${subjectOf(cluster)}: the snapshot ${facts.name} lacks ${facts.shards.failed} of ${facts.shards.total} shards${describeFailures(facts.failures)}`,
    { side: cluster.side, fields: { repository: facts.repository, snapshot: facts.name, state: facts.state } },
  )

interface FoundSnapshot {
  readonly repository: string
  readonly snapshot: string
  readonly found: SnapshotContent
}

async function requireSame(
  cluster: Cluster,
  { repository, snapshot, found }: FoundSnapshot,
  wish: SnapshotWish,
): Promise<void> {
  const fits = fitsWish(found, wish) ?? (await fitsByNames(cluster, found, wish))
  if (fits) return
  throw new IndexferryError(
    'SNAPSHOT_EXISTS',
    `${subjectOf(cluster)}: the repository ${repository} has a snapshot ${snapshot} already, with other content (${found.indexes.join(', ') || 'no indexes'})`,
    { side: cluster.side, fields: { repository, snapshot } },
  )
}

/** Aliases and data streams: only the cluster knows their indexes. */
async function fitsByNames(
  cluster: Cluster,
  facts: SnapshotContent,
  { indices = '*' }: SnapshotWish,
): Promise<boolean> {
  const { body } = await cluster.json({
    method: 'GET',
    path: indexPath(indices, '_settings'),
    query: { ignore_unavailable: true, filter_path: '*.settings.index.uuid' },
    accept: [404],
  })
  const names = isJsonObject(body) ? Object.keys(body).sort() : []
  return names.length === facts.indexes.length && [...facts.indexes].sort().every((name, at) => name === names[at])
}
