// How much there is to copy when a replication begins.
import type { Cluster } from '../../cluster/cluster.ts'
import { now } from '../../foundation/clock.ts'
import { readShardStatistics } from '../../source/shard-statistics.ts'
import type { Bootstrap } from './replication-record.ts'

export async function sizeOfBootstrap(leader: Cluster, index: string): Promise<Bootstrap> {
  let bytesTotal = 0
  let documentsTotal = 0
  for (const { bytes, documents } of await readShardStatistics(leader, index)) {
    bytesTotal += bytes
    documentsTotal += documents
  }
  return { bytesTotal, documentsTotal, documentsDone: 0, startedMs: now(), endedMs: undefined }
}
