// How far a snapshot is, and how large: the sums of `_status`, which every version writes differently.
import type { Cluster } from '../../cluster/cluster.ts'
import { isJsonObject, type JsonObject } from '../../model/json.ts'
import { explained } from './explain-refusal.ts'
import { repositoryPath, snapshotPath } from './snapshot-names.ts'

export interface SnapshotProgress {
  /** As `_status` has it: INIT, STARTED, SUCCESS, PARTIAL, FAILED, ABORTED. */
  readonly state: string
  readonly shards: { readonly total: number; readonly done: number; readonly failed: number }
  /** What this snapshot adds to the repository. */
  readonly files: { readonly total: number; readonly done: number }
  readonly bytes: { readonly total: number; readonly done: number }
  readonly startedMs: number
  readonly tookMs: number
}

export interface IndexSize {
  readonly index: string
  readonly shards: number
  readonly bytes: number
}

export interface SnapshotSizes {
  /** Of all files that belong to it, also those of earlier snapshots; before 6.4 only of what it added. */
  readonly bytes: number
  readonly files: number
  readonly addedBytes: number
  readonly indexes: readonly IndexSize[]
}

/** For a snapshot that is finished, the servers read one object for each of its shards. */
async function readStatus(cluster: Cluster, repository: string, snapshot: string): Promise<JsonObject> {
  const { body } = await explained(cluster, { repository, snapshot }, () =>
    cluster.json<JsonObject>({ method: 'GET', path: snapshotPath(repository, snapshot, '_status') }),
  )
  const list = isJsonObject(body) && Array.isArray(body.snapshots) ? body.snapshots : []
  return object(list[0])
}

export async function readSizes(cluster: Cluster, repository: string, snapshot: string): Promise<SnapshotSizes> {
  return decodeSizes(await readStatus(cluster, repository, snapshot))
}

export interface RunningSnapshot extends SnapshotProgress {
  readonly repository: string
  readonly snapshot: string
  readonly indexes: readonly string[]
  /** Null where the version does not say. */
  readonly includesGlobalState: boolean | null
}

/**
 * Those that are being taken now, in one repository or in all. Answered from memory: in Elasticsearch 5 and 6 every other question
 * about snapshots waits on small nodes until the shards that are being written are done.
 */
export async function listRunning(cluster: Cluster, repository?: string): Promise<readonly RunningSnapshot[]> {
  const { body } = await explained(cluster, { repository: repository ?? '_all' }, () =>
    cluster.json<JsonObject>({
      method: 'GET',
      path: repository === undefined ? '/_snapshot/_status' : repositoryPath(repository, '_status'),
    }),
  )
  const list = isJsonObject(body) && Array.isArray(body.snapshots) ? body.snapshots : []
  return list.filter(isJsonObject).map((status) => ({
    repository: String(status.repository),
    snapshot: String(status.snapshot),
    indexes: Object.keys(object(status.indices)),
    includesGlobalState: typeof status.include_global_state === 'boolean' ? status.include_global_state : null,
    ...decodeProgress(status),
  }))
}

export async function findRunning(
  cluster: Cluster,
  repository: string,
  snapshot: string,
): Promise<RunningSnapshot | undefined> {
  return (await listRunning(cluster, repository)).find((each) => each.snapshot === snapshot)
}

const object = (value: unknown): JsonObject => (isJsonObject(value) ? value : {})
const number = (value: unknown): number => Number(value ?? 0)

/** Since 6.4 in groups; before flat, and of what was added only. */
function decodeStats(value: unknown) {
  const stats = object(value)
  if (!('incremental' in stats)) {
    const files = number(stats.number_of_files)
    const bytes = number(stats.total_size_in_bytes)
    const done = { files: number(stats.processed_files), bytes: number(stats.processed_size_in_bytes) }
    return { added: { files, bytes }, done, all: { files, bytes } }
  }
  const group = (name: string, missing: { files: number; bytes: number }) => {
    if (!(name in stats)) return missing
    const { file_count, size_in_bytes } = object(stats[name])
    return { files: number(file_count), bytes: number(size_in_bytes) }
  }
  const added = group('incremental', { files: 0, bytes: 0 })
  // `processed` is there only as long as it differs.
  return { added, done: group('processed', added), all: group('total', added) }
}

export function decodeProgress(status: JsonObject): SnapshotProgress {
  const shards = object(status.shards_stats)
  const { added, done } = decodeStats(status.stats)
  const stats = object(status.stats)
  return {
    state: String(status.state ?? ''),
    shards: { total: number(shards.total), done: number(shards.done), failed: number(shards.failed) },
    files: { total: added.files, done: done.files },
    bytes: { total: added.bytes, done: done.bytes },
    startedMs: number(stats.start_time_in_millis),
    tookMs: number(stats.time_in_millis),
  }
}

export function decodeSizes(status: JsonObject): SnapshotSizes {
  const { added, all } = decodeStats(status.stats)
  const indexes = Object.entries(object(status.indices)).map(([index, entry]) => ({
    index,
    shards: number(object(object(entry).shards_stats).total),
    bytes: decodeStats(object(entry).stats).all.bytes,
  }))
  return { bytes: all.bytes, files: all.files, addedBytes: added.bytes, indexes }
}

/** From the speed so far; undefined while nothing is known. Shards that are not begun yet have no bytes, so it is a lower bound. */
export function secondsLeft({ bytes, tookMs }: Pick<SnapshotProgress, 'bytes' | 'tookMs'>): number | undefined {
  if (bytes.done <= 0 || tookMs <= 0 || bytes.total < bytes.done) return undefined
  return ((bytes.total - bytes.done) / bytes.done) * (tookMs / 1000)
}
