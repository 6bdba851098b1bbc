// What clusters say when they refuse a snapshot call, as the error that a user can act on.
import type { Cluster } from '../../cluster/cluster.ts'
import type { ErrorCode } from '../../foundation/error-codes.ts'
import { IndexferryError } from '../../foundation/errors.ts'

/** What a call is about. */
export interface RefusalSubject {
  readonly repository: string
  readonly snapshot?: string
}

interface Meaning {
  readonly when: RegExp
  readonly code: ErrorCode
  readonly remedy?: string
}

/** Looked for in `TYPE: REASON`, the first that fits. The sentences are those of the servers of test/servers, 5.6 to 9 and 1 to 3. */
const meanings: readonly Meaning[] = [
  { when: /repository_missing/, code: 'REPOSITORY_MISSING' },
  { when: /snapshot_missing/, code: 'SNAPSHOT_MISSING' },
  {
    when: /Cannot cleanup \[/,
    code: 'SNAPSHOT_BUSY',
    remedy: 'Wait until nothing takes, deletes or cleans up snapshots of this cluster, in whatever repository.',
  },
  { when: /already (exists|in-progress)|name_already_in_use/, code: 'SNAPSHOT_EXISTS' },
  {
    when: /Indices don't have primary shards/,
    code: 'SNAPSHOT_FAILED',
    remedy:
      'Bring the shards back (GET _cluster/allocation/explain says why they are missing), or take the rest with --partial.',
  },
  { when: /invalid_snapshot_name/, code: 'USAGE', remedy: 'Choose another name, such as snapshot_movies_1.' },
  {
    when: /already at limit of \[/,
    code: 'SNAPSHOT_BUSY',
    remedy: 'Wait for the others, or raise snapshot.max_concurrent_operations in the settings of the cluster.',
  },
  {
    when: /during a restore|used by a restore/,
    code: 'SNAPSHOT_BUSY',
    remedy: 'Wait until the restore from this repository is at its end, then delete.',
  },
  {
    when: /modify or unregister repository that is currently used/,
    code: 'SNAPSHOT_BUSY',
    remedy: 'Wait for the snapshot or restore that uses the repository; until then its settings cannot be changed.',
  },
  {
    when: /concurrent_snapshot_execution|snapshot_in_progress|deletion is in-progress/,
    code: 'SNAPSHOT_BUSY',
    remedy:
      'Wait for the operation that is running: versions before Elasticsearch 7.9 take, delete and clean up one snapshot at a time.',
  },
  {
    when: /Cannot close indices that are being|Cannot delete indices that are being/,
    code: 'SNAPSHOT_BUSY',
    remedy: 'Wait until the snapshot or restore that is at work on the index is at its end.',
  },
  { when: /higher than the version of this node|created with version .* higher/, code: 'RESTORE_TARGET_OLDER' },
  {
    when: /No handler for type|mapper type \[[^\]]+\].* does not exist|No type specified|unable to upgrade the mappings|[Uu]nknown \w+ type|failed to find|Failed to parse mapping/,
    code: 'RESTORE_LACKS_PLUGIN',
  },
  {
    when: /cannot be upgraded|minimum compatible version|minimum compatible index version/,
    code: 'RESTORE_INDEX_TOO_OLD',
  },
  { when: /because it's open|open index with same name/, code: 'RESTORE_INDEX_OPEN' },
  { when: /unsupported snapshot state \[IN_PROGRESS/, code: 'SNAPSHOT_UNFINISHED' },
  { when: /unsupported snapshot state \[PARTIAL|wasn't fully snapshotted|partial index/, code: 'SNAPSHOT_PARTIAL' },
  { when: /unsupported snapshot state/, code: 'SNAPSHOT_FAILED' },
  {
    when: /cannot restore index .* with \[\d+\] shards/,
    code: 'RESTORE_REFUSED',
    remedy:
      'The closed index on the target has another number of shards: delete it, or restore beside it with --rename-pattern.',
  },
  { when: /snapshot_restore/, code: 'RESTORE_REFUSED' },
]

/** Runs a snapshot call and throws what its refusal means. */
export async function explained<Result>(
  cluster: Cluster,
  subject: RefusalSubject,
  call: () => Promise<Result>,
): Promise<Result> {
  try {
    return await call()
  } catch (error) {
    throw explainRefusal(cluster, subject, error)
  }
}

export const snapshotMissing = (cluster: Cluster, repository: string, snapshot: string): IndexferryError =>
  new IndexferryError(
    'SNAPSHOT_MISSING',
    `${subjectOf(cluster)}: the repository ${repository} has no snapshot ${snapshot}`,
    {
      side: cluster.side,
      fields: { repository, snapshot },
    },
  )

export const repositoryMissing = (cluster: Cluster, repository: string): IndexferryError =>
  new IndexferryError('REPOSITORY_MISSING', `${subjectOf(cluster)} has no snapshot repository ${repository}`, {
    side: cluster.side,
    fields: { repository },
  })

export const subjectOf = (cluster: Cluster): string => `${cluster.side} ${cluster.name}`

/** Errors that are none of snapshots (connection, credentials, …) stay what they are. */
export function explainRefusal(cluster: Cluster, { repository, snapshot }: RefusalSubject, error: unknown): unknown {
  if (!(error instanceof IndexferryError)) return error
  const { errorType, reason, status } = error.fields
  if (typeof reason !== 'string') return error
  const text = `${String(errorType ?? '')}: ${reason}`
  const meaning = meanings.find(({ when }) => when.test(text))
  if (!meaning) return error
  const { code, remedy } = meaning
  if (code === 'REPOSITORY_MISSING') return repositoryMissing(cluster, repository)
  if (code === 'SNAPSHOT_MISSING' && snapshot !== undefined) return snapshotMissing(cluster, repository, snapshot)
  const what = snapshot === undefined ? `repository ${repository}` : `snapshot ${snapshot} of repository ${repository}`
  return new IndexferryError(code, `${subjectOf(cluster)}, ${what}: ${reason}`, {
    side: cluster.side,
    ...(remedy === undefined ? {} : { remedy }),
    fields: { repository, ...(snapshot === undefined ? {} : { snapshot }), status: status ?? null },
    cause: error,
  })
}
