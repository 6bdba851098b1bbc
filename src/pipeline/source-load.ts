// Watches the load of the source's nodes, so that a copy waits while they are busy with other work.
import type { Cluster } from '../cluster/cluster.ts'
import { sleep } from '../foundation/clock.ts'
import { IndexferryError } from '../foundation/errors.ts'
import type { Throttle } from './throttle.ts'

const intervalMs = 3_000

interface NodesStats {
  readonly nodes?: Record<
    string,
    { readonly os?: { readonly cpu?: { readonly percent?: number; readonly usage?: number } } }
  >
}

/** The busiest node's processor load in 0–1, as `_nodes/stats/os` reports it (before 2.0 as `usage`); undefined when it does not. */
export async function readNodeLoad(cluster: Cluster, signal: AbortSignal): Promise<number | undefined> {
  const { body } = await cluster.json<NodesStats>({ method: 'GET', path: '/_nodes/stats/os', signal })
  const loads = Object.values(body.nodes ?? {})
    .map(({ os }) => os?.cpu?.percent ?? os?.cpu?.usage)
    .filter((percent) => percent !== undefined)
  return loads.length > 0 ? Math.max(...loads) / 100 : undefined
}

/** Holds the throttle while the load is above `loadMax()`, which may change and may be undefined; ends with the signal. */
export async function watchSourceLoad(
  cluster: Cluster,
  throttle: Throttle,
  loadMax: () => number | undefined,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const max = loadMax()
    if (max === undefined || max >= 1) {
      throttle.heldBy = undefined
    } else {
      const load = await readLoadOrNothing(cluster, signal)
      const isBusy = load !== undefined && load > max
      throttle.heldBy = isBusy ? `source load ${Math.round(load * 100)} % > ${Math.round(max * 100)} %` : undefined
    }
    await sleep(intervalMs, signal).catch(() => {})
  }
}

/** A source that cannot answer for a moment is not a reason to stop: reading will tell. */
async function readLoadOrNothing(cluster: Cluster, signal: AbortSignal): Promise<number | undefined> {
  try {
    return await readNodeLoad(cluster, signal)
  } catch (error) {
    if (error instanceof IndexferryError || signal.aborted) return undefined
    throw error
  }
}
