// The highest version in an index that already holds documents. Copied documents get versions above it.
import type { Cluster } from '../cluster/cluster.ts'
import { IndexferryError } from '../foundation/errors.ts'
import { openSearchSource } from '../source/open-search-source.ts'

/** What is added to it must stay a whole number that JavaScript can tell from the next one. */
const versionRoom = 2 ** 32

/** Throws TARGET_NOT_EMPTY when versions above them are out of reach. Reads ids and versions of all documents, without their sources: servers neither sort nor aggregate by `_version`. */
export async function highestVersion(cluster: Cluster, index: string, signal: AbortSignal): Promise<number> {
  const source = await openSearchSource({
    cluster,
    index,
    fields: [],
    wantsVersion: true,
    documentBytesMax: 64 * 1024 * 1024,
    readers: 1,
  })
  let highest = 0
  for (const partition of await source.listPartitions()) {
    for await (const batch of source.readBatches(partition, undefined, { signal, batchBytes: () => 1024 * 1024 })) {
      for (let row = 0; row < batch.count; row++) highest = Math.max(highest, batch.version[row] as number)
    }
  }
  if (highest <= Number.MAX_SAFE_INTEGER - versionRoom) return highest
  const sentence = `${cluster.name}: documents of index ${index} have versions up to ${highest}, which leave no room for higher ones`
  throw new IndexferryError('TARGET_NOT_EMPTY', sentence, {
    side: cluster.side,
    remedy: 'Write into another index (--rename), or delete this one.',
    fields: { index },
  })
}
