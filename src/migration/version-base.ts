// The highest version in an index that already holds documents. Copied documents get versions above it.
import type { Cluster } from '../cluster/cluster.ts'
import { openSearchSource } from '../source/open-search-source.ts'

/** Reads ids and versions of all documents, without their sources: servers neither sort nor aggregate by `_version`. */
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
  return highest
}
