// Reads ids, routings and versions of all documents of an index, without their sources: servers neither sort nor aggregate by `_version`.
import type { Cluster } from '../cluster/cluster.ts'
import type { DocumentBatch } from '../model/document-batch.ts'
import { openSearchSource } from './open-search-source.ts'
import type { SearchSelection } from './selection.ts'

export const versionsOf = (cluster: Cluster, index: string): SearchSelection => ({
  cluster,
  index,
  fields: [],
  wantsVersion: true,
  documentBytesMax: 64 * 1024 * 1024,
  readers: 1,
})

export const versionBatchBytes = 1024 * 1024

/** A batch is the caller's until the next one is asked for. */
export async function* readVersions(
  cluster: Cluster,
  index: string,
  signal: AbortSignal,
): AsyncGenerator<DocumentBatch> {
  await using source = await openSearchSource(versionsOf(cluster, index))
  for (const partition of await source.listPartitions()) {
    const batches = source.readBatches(partition, undefined, { signal, batchBytes: () => versionBatchBytes })
    for await (const batch of batches) {
      yield batch
      batch.release()
    }
  }
}
