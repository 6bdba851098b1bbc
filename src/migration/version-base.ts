// The highest version in an index that already holds documents. Copied documents get versions above it.
import type { Cluster } from '../cluster/cluster.ts'
import { IndexferryError } from '../foundation/errors.ts'
import { readVersions } from '../source/read-versions.ts'

/** What is added to it must stay a whole number that JavaScript can tell from the next one. */
const versionRoom = 2 ** 32

/** Throws TARGET_NOT_EMPTY when versions above them are out of reach. */
export async function highestVersion(cluster: Cluster, index: string, signal: AbortSignal): Promise<number> {
  let highest = 0
  for await (const batch of readVersions(cluster, index, signal)) {
    for (let row = 0; row < batch.count; row++) highest = Math.max(highest, batch.version[row] as number)
  }
  if (highest <= Number.MAX_SAFE_INTEGER - versionRoom) return highest
  const sentence = `${cluster.name}: documents of index ${index} have versions up to ${highest}, which leave no room for higher ones`
  throw new IndexferryError('TARGET_NOT_EMPTY', sentence, {
    side: cluster.side,
    remedy: 'Write into another index (--rename), or delete this one.',
    fields: { index },
  })
}
