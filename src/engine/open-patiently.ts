// Opens a cluster that may be away for a while: the machine that restarts the gateway often restarts the cluster as well.
import type { Cluster } from '../cluster/cluster.ts'
import { backoffMs } from '../foundation/backoff.ts'
import { awakeMs, sleep } from '../foundation/clock.ts'
import { IndexferryError } from '../foundation/errors.ts'

/** As long as a write waits for a target that cannot be reached (bulk-sender.ts). */
const patienceMs = 10 * 60_000
const backoff = { firstMs: 200, maxMs: 15_000 }

/** Throws the reason of `signal` when that comes first, and what no waiting helps against at once. */
export async function openPatiently(open: () => Promise<Cluster>, signal: AbortSignal): Promise<Cluster> {
  const began = awakeMs()
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted()
    try {
      return await open()
    } catch (error) {
      const isPassing = error instanceof IndexferryError && error.definition.retry !== 'never'
      if (!isPassing || awakeMs() - began > patienceMs) throw error
    }
    await sleep(backoffMs(attempt, backoff), signal)
  }
}
