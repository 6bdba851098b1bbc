// Lists, shows, deletes and cleans up.
import type { Cluster } from '../../cluster/cluster.ts'
import { IndexferryError, isErrorOf } from '../../foundation/errors.ts'
import { formatVersion } from '../../model/cluster-version.ts'
import { isJsonObject, type JsonObject } from '../../model/json.ts'
import { explained, subjectOf } from './explain-refusal.ts'
import { explainRepository } from './explain-repository.ts'
import { placeOf, registerSecretSettings, withoutSecrets } from './repository-settings.ts'
import { listSnapshots, readSnapshot, type SnapshotFacts } from './snapshot-facts.ts'
import { repositoryPath, snapshotPath } from './snapshot-names.ts'
import { readSizes, type SnapshotSizes } from './snapshot-progress.ts'
import { type BusyWait, waitWhileBusy } from './wait-while-busy.ts'

/** Deleting reads and writes an object for every shard, and the answer comes at the end. */
const deleteTimeoutMs = 3_600_000

export interface ListedRepository {
  readonly repository: string
  readonly type: string
  readonly place: string
  readonly settings: JsonObject
}

export async function listRepositories(cluster: Cluster): Promise<readonly ListedRepository[]> {
  const { body } = await cluster.json<JsonObject>({ method: 'GET', path: '/_snapshot' })
  return Object.entries(isJsonObject(body) ? body : {}).map(([repository, entry]) => {
    const { type, settings } = isJsonObject(entry) ? entry : {}
    const own = isJsonObject(settings) ? settings : {}
    registerSecretSettings(own)
    const definition = { type: String(type), settings: own }
    return { repository, type: definition.type, place: placeOf(definition), settings: withoutSecrets(own) }
  })
}

export interface SizedSnapshot extends SnapshotFacts {
  /** Null where it was not asked for, or the snapshot holds nothing. */
  readonly sizes: SnapshotSizes | null
}

/** `sizes` asks about each snapshot by itself, which reads an object for every shard. */
export async function listSizedSnapshots(
  cluster: Cluster,
  repository: string,
  { sizes, signal }: { readonly sizes: boolean; readonly signal: AbortSignal },
): Promise<readonly SizedSnapshot[]> {
  const found = await listSnapshots(cluster, repository)
  const sized: SizedSnapshot[] = []
  for (const facts of found) {
    signal.throwIfAborted()
    sized.push({ ...facts, sizes: sizes ? await sizesOf(cluster, facts) : null })
  }
  return sized
}

export async function showSnapshot(cluster: Cluster, repository: string, name: string): Promise<SizedSnapshot> {
  const facts = await readSnapshot(cluster, repository, name)
  return { ...facts, sizes: await sizesOf(cluster, facts) }
}

const sizesOf = async (cluster: Cluster, { repository, name, state }: SnapshotFacts): Promise<SnapshotSizes | null> =>
  state === 'FAILED' || state === 'INCOMPATIBLE' ? null : readSizes(cluster, repository, name)

/** Resolves with false when it was not there. A snapshot that is being taken is stopped and removed. */
export async function deleteSnapshot(
  cluster: Cluster,
  repository: string,
  snapshot: string,
  wait?: BusyWait,
): Promise<boolean> {
  const call = () =>
    explained(cluster, { repository, snapshot }, () =>
      cluster.json({
        method: 'DELETE',
        path: snapshotPath(repository, snapshot),
        readTimeoutMs: deleteTimeoutMs,
      }),
    )
  try {
    await (wait ? waitWhileBusy(call, wait) : call())
    return true
  } catch (error) {
    if (isErrorOf(error, 'SNAPSHOT_MISSING')) return false
    throw explainRepository(cluster, repository, error)
  }
}

export interface CleanedRepository {
  readonly deletedBytes: number
  readonly deletedBlobs: number
}

/** Removes what no snapshot refers to any more, such as the remains of one that failed. No snapshot of the cluster may be under way. */
export async function cleanUpRepository(
  cluster: Cluster,
  repository: string,
  wait?: BusyWait,
): Promise<CleanedRepository> {
  if (!cluster.capabilities.repositoryCleanup) {
    const version = formatVersion(cluster.version)
    throw new IndexferryError('USAGE', `${subjectOf(cluster)} is ${version}, which cannot clean up repositories`, {
      side: cluster.side,
      remedy:
        'Register the repository with a cluster of Elasticsearch 7.4 or newer, or of OpenSearch, and clean up there.',
    })
  }
  const call = () =>
    explained(cluster, { repository }, () =>
      cluster.json<JsonObject>({
        method: 'POST',
        path: repositoryPath(repository, '_cleanup'),
        readTimeoutMs: deleteTimeoutMs,
      }),
    )
  try {
    const { body } = await (wait ? waitWhileBusy(call, wait) : call())
    const results = isJsonObject(body) && isJsonObject(body.results) ? body.results : {}
    return { deletedBytes: Number(results.deleted_bytes ?? 0), deletedBlobs: Number(results.deleted_blobs ?? 0) }
  } catch (error) {
    throw explainRepository(cluster, repository, error)
  }
}
