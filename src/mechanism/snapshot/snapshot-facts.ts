// What a cluster says about a snapshot, in one form for all versions.
import type { Cluster } from '../../cluster/cluster.ts'
import { type MadeBy, madeByOfId } from '../../cluster/snapshot-versions.ts'
import { isJsonObject, type JsonObject } from '../../model/json.ts'
import { repositoryMissing, snapshotMissing } from './explain-refusal.ts'
import { whileUsing } from './explain-repository.ts'
import { repositoryPath, snapshotPath } from './snapshot-names.ts'

export type SnapshotState = 'SUCCESS' | 'PARTIAL' | 'FAILED' | 'IN_PROGRESS' | 'INCOMPATIBLE'

export interface ShardFailure {
  readonly index: string
  readonly shard: number
  readonly reason: string
}

export interface SnapshotFacts {
  readonly repository: string
  readonly name: string
  readonly uuid: string | null
  readonly state: SnapshotState
  /** What took it, as the server writes it; null before 2.0. */
  readonly version: string | null
  readonly madeBy: MadeBy | undefined
  readonly indexes: readonly string[]
  readonly dataStreams: readonly string[]
  readonly featureStates: readonly string[]
  /** Null where the version does not say. */
  readonly includesGlobalState: boolean | null
  readonly metadata: JsonObject | null
  readonly startMs: number
  /** Null while it is being taken. */
  readonly endMs: number | null
  readonly shards: { readonly total: number; readonly successful: number; readonly failed: number }
  readonly failures: readonly ShardFailure[]
}

/** Throws SNAPSHOT_MISSING and REPOSITORY_MISSING. */
export async function readSnapshot(cluster: Cluster, repository: string, name: string): Promise<SnapshotFacts> {
  const facts = await findSnapshot(cluster, repository, name)
  if (facts) return facts
  throw snapshotMissing(cluster, repository, name)
}

/** Undefined when there is no such snapshot. */
export async function findSnapshot(
  cluster: Cluster,
  repository: string,
  name: string,
): Promise<SnapshotFacts | undefined> {
  const path = snapshotPath(repository, name)
  const { status, body } = await whileUsing(cluster, { repository, snapshot: name }, () =>
    cluster.json<JsonObject>({ method: 'GET', path, accept: [404] }),
  )
  if (status !== 404) return decodeSnapshots(repository, body, cluster.version.flavour)[0]
  const text = JSON.stringify(body)
  if (/repository_?missing_?exception/i.test(text)) throw repositoryMissing(cluster, repository)
  return undefined
}

/** All snapshots of a repository, oldest first. */
export async function listSnapshots(cluster: Cluster, repository: string): Promise<readonly SnapshotFacts[]> {
  const { body } = await whileUsing(cluster, { repository }, () =>
    cluster.json<JsonObject>({ method: 'GET', path: repositoryPath(repository, '_all') }),
  )
  const found = decodeSnapshots(repository, body, cluster.version.flavour)
  return found.sort((a, b) => a.startMs - b.startMs || (a.name < b.name ? -1 : 1))
}

const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : [])

/** The answer to `GET _snapshot/REPOSITORY/NAME`; `flavour` of the cluster that gave it, for snapshots without a version. */
function decodeSnapshots(repository: string, body: unknown, flavour: MadeBy['flavour']): SnapshotFacts[] {
  const list = isJsonObject(body) && Array.isArray(body.snapshots) ? body.snapshots : []
  return list.filter(isJsonObject).map((entry) => decodeSnapshot(repository, entry, flavour))
}

function decodeSnapshot(repository: string, entry: JsonObject, flavour: MadeBy['flavour']): SnapshotFacts {
  const shards = isJsonObject(entry.shards) ? entry.shards : {}
  const end = Number(entry.end_time_in_millis ?? 0)
  const state = String(entry.state) as SnapshotState
  const features = Array.isArray(entry.feature_states) ? entry.feature_states : []
  return {
    repository,
    name: String(entry.snapshot),
    uuid: typeof entry.uuid === 'string' ? entry.uuid : null,
    state,
    version: typeof entry.version === 'string' ? entry.version : null,
    madeBy: madeByOf(entry, flavour),
    indexes: texts(entry.indices),
    dataStreams: texts(entry.data_streams),
    featureStates: features.map((each) => (isJsonObject(each) ? String(each.feature_name) : String(each))),
    includesGlobalState: typeof entry.include_global_state === 'boolean' ? entry.include_global_state : null,
    metadata: isJsonObject(entry.metadata) ? entry.metadata : null,
    startMs: Number(entry.start_time_in_millis ?? 0),
    endMs: state === 'IN_PROGRESS' || end === 0 ? null : end,
    shards: {
      total: Number(shards.total ?? 0),
      successful: Number(shards.successful ?? 0),
      // While it is being taken, shards that are not there yet are counted as failed.
      failed: state === 'IN_PROGRESS' ? 0 : Number(shards.failed ?? 0),
    },
    failures: decodeFailures(entry.failures),
  }
}

/**
 * The text has the release, while ids are those of indexes since Elasticsearch 8.11. Only the id knows the product: Elasticsearch makes
 * 135.24.92 of what OpenSearch 1.3 took.
 */
function madeByOf({ version, version_id }: JsonObject, flavour: MadeBy['flavour']): MadeBy | undefined {
  const byId = madeByOfId(version_id)
  const match = /^(\d+)\.(\d+)\.(\d+)/.exec(String(version ?? ''))
  if (!match || byId?.flavour === 'opensearch') return byId
  const [, major, minor, patch] = match.map(Number)
  return {
    flavour: byId ? 'elasticsearch' : flavour,
    major: major as number,
    minor: minor as number,
    patch: patch as number,
  }
}

function decodeFailures(value: unknown): ShardFailure[] {
  return (Array.isArray(value) ? value : []).filter(isJsonObject).map(({ index, shard_id, reason }) => ({
    index: String(index),
    shard: Number(shard_id ?? 0),
    reason: String(reason ?? 'no reason is given'),
  }))
}
