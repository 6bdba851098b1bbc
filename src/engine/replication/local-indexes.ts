// Which of some names, or of a pattern, are indexes of the local cluster.
import { indexPath } from '../../cluster/paths.ts'
import type { ClusterLease } from './cluster-pool.ts'
import type { ReplicationCaller } from './replications.ts'

/** Names of one call together, so that its first line stays below the 4,096 bytes that servers take. */
const namesBytesMax = 2_000
/** Nobody waits for a local cluster that is away: the next look asks again. */
const patienceMs = 5_000

/** Open and closed ones; aliases and data streams of these names are none. */
export async function existingIndexes(
  open: (caller: ReplicationCaller) => Promise<ClusterLease>,
  names: readonly string[],
  caller: ReplicationCaller,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  await using lease = await open(caller)
  for (const group of groupsOf(names)) {
    const { body } = await lease.cluster.json<Record<string, unknown>>({
      method: 'GET',
      path: indexPath(group.join(','), '_settings/index.uuid'),
      query: { ignore_unavailable: true },
      retryForMs: patienceMs,
      signal,
    })
    const asked = new Set(group)
    for (const name of Object.keys(body ?? {})) if (asked.has(name)) found.add(name)
  }
  return found
}

/** Open ones; names that are not there match nothing. */
export async function matchingIndexes(
  open: (caller: ReplicationCaller) => Promise<ClusterLease>,
  pattern: string,
  caller: ReplicationCaller,
  signal: AbortSignal,
): Promise<readonly string[]> {
  await using lease = await open(caller)
  const { body } = await lease.cluster.json<Record<string, unknown>>({
    method: 'GET',
    path: indexPath(pattern, '_settings/index.uuid'),
    query: { ignore_unavailable: true, allow_no_indices: true, expand_wildcards: 'open' },
    accept: [404],
    retryForMs: patienceMs,
    signal,
  })
  const names = Object.entries(body ?? {}).filter(
    ([, value]) => typeof value === 'object' && value !== null && 'settings' in value,
  )
  return names.map(([name]) => name)
}

function groupsOf(names: readonly string[]): string[][] {
  const groups: string[][] = []
  let length = namesBytesMax
  for (const name of names) {
    const bytes = encodeURIComponent(name).length + 1
    if (length + bytes > namesBytesMax) {
      groups.push([])
      length = 0
    }
    groups.at(-1)?.push(name)
    length += bytes
  }
  return groups
}
