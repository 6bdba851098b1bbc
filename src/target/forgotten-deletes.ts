// Waits until an index has forgotten the versions of documents that were deleted from it.
//
// A server remembers the version of a deleted document for `index.gc_deletes` (60 s by default), and refuses a write with a lower external version
// as if a newer document were there: 409, the answer to a repetition. So what is copied into an index that was emptied a moment ago would count
// as copied and be nowhere. What is remembered takes memory of the version map, in which there is nothing else after a refresh (tried on
// Elasticsearch 1.7, 5.6, 6.8, 7.10, 8.19 and 9.1 and on OpenSearch 1.3, 2.19 and 3.8).
import type { Cluster } from '../cluster/cluster.ts'
import { indexPath } from '../cluster/paths.ts'
import { monotonicMs, sleep } from '../foundation/clock.ts'
import { isErrorOf } from '../foundation/errors.ts'
import { formatDuration, parseDuration } from '../foundation/quantity.ts'
import { readSettings } from './relaxed-settings.ts'

const rememberedMsDefault = 60_000
const pauseMs = 1_000
/** The server's clock for this goes in steps of a fifth of a second. */
const roomMs = 1_000

export interface ForgettingOptions {
  /** Told why it takes long. */
  readonly note: (text: string) => void
  readonly signal: AbortSignal
}

/** What was deleted before this call is no reason any more to refuse a write. An index that others write to is waited for as long as it remembers. */
export async function untilDeletesForgotten(
  cluster: Cluster,
  index: string,
  { note, signal }: ForgettingOptions,
): Promise<void> {
  if (!cluster.capabilities.clusterCalls) return
  const sinceMs = monotonicMs()
  for (let isTold = false; await remembersDeletes(cluster, index, signal); isTold = true) {
    // Asked again each time, so that a user who lowers it need not wait.
    const { gc_deletes: setting } = await readSettings(cluster, index, ['gc_deletes'])
    const rememberedMs = parseDuration(setting ?? '') ?? rememberedMsDefault
    if (monotonicMs() - sinceMs > rememberedMs + roomMs) return
    const sentence = `documents were deleted from ${index} not long ago, and the target remembers their versions for ${formatDuration(rememberedMs)} (index.gc_deletes): waiting, or older documents of these ids would be refused`
    if (!isTold) note(sentence)
    await sleep(pauseMs, signal)
  }
}

interface SegmentStatistics {
  readonly _all?: { readonly primaries?: { readonly segments?: { readonly version_map_memory_in_bytes?: number } } }
}

async function remembersDeletes(cluster: Cluster, index: string, signal: AbortSignal): Promise<boolean> {
  try {
    // It also lets go of what is old enough.
    await cluster.json({ method: 'POST', path: indexPath(index, '_refresh'), retry: 'safe', signal })
    const { body } = await cluster.json<SegmentStatistics>({
      method: 'GET',
      path: indexPath(index, '_stats/segments'),
      retry: 'safe',
      signal,
    })
    return (body._all?.primaries?.segments?.version_map_memory_in_bytes ?? 0) > 0
  } catch (error) {
    if (!isErrorOf(error, 'PRIVILEGE_MISSING')) throw error
    return false
  }
}
