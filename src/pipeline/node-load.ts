// Watches how busy the nodes of a cluster are, so that a copy waits while they have enough other work.
import type { Cluster } from '../cluster/cluster.ts'
import { sleep } from '../foundation/clock.ts'
import { IndexferryError } from '../foundation/errors.ts'
import type { Throttle } from './throttle.ts'

const intervalMs = 3_000

/** Of the busiest node each; undefined where the cluster does not tell. */
export interface NodeLoad {
  /** 0–1. */
  readonly processor: number | undefined
  /** 0–1. */
  readonly heap: number | undefined
  /** Requests that wait to be written. */
  readonly writeQueue: number | undefined
}

/** What a node may have at most; undefined is no limit. */
export type LoadLimits = NodeLoad

interface NodeStats {
  readonly os?: { readonly cpu?: { readonly percent?: number; readonly usage?: number } }
  readonly jvm?: { readonly mem?: { readonly heap_used_percent?: number } }
  readonly thread_pool?: Readonly<Record<string, { readonly queue?: number }>>
}

/** Processors before 2.0 as `usage`; writes before 6.3 in the pool `bulk`. */
export async function readNodeLoad(cluster: Cluster, signal: AbortSignal): Promise<NodeLoad> {
  const { body } = await cluster.json<{ readonly nodes?: Readonly<Record<string, NodeStats>> }>({
    method: 'GET',
    path: '/_nodes/stats/os,jvm,thread_pool',
    signal,
  })
  const nodes = Object.values(body.nodes ?? {})
  return {
    processor: mostOf(nodes, ({ os }) => os?.cpu?.percent ?? os?.cpu?.usage, 100),
    heap: mostOf(nodes, ({ jvm }) => jvm?.mem?.heap_used_percent, 100),
    writeQueue: mostOf(nodes, ({ thread_pool: pools }) => pools?.write?.queue ?? pools?.bulk?.queue, 1),
  }
}

function mostOf(nodes: readonly NodeStats[], read: (node: NodeStats) => number | undefined, unit: number) {
  const found = nodes.map(read).filter((value) => value !== undefined)
  return found.length > 0 ? Math.max(...found) / unit : undefined
}

/** Why to wait, of the first limit that is passed: `source load 91 % > 80 %`. */
export function reasonToWait(side: string, load: NodeLoad, limits: LoadLimits): string | undefined {
  const percent = (part: number) => `${Math.round(part * 100)} %`
  const isAbove = (value: number | undefined, most: number | undefined): value is number =>
    value !== undefined && most !== undefined && value > most
  const { processor, heap, writeQueue } = load
  if (isAbove(processor, limits.processor)) {
    return `${side} load ${percent(processor)} > ${percent(limits.processor as number)}`
  }
  if (isAbove(heap, limits.heap)) return `${side} heap ${percent(heap)} > ${percent(limits.heap as number)}`
  if (isAbove(writeQueue, limits.writeQueue)) return `${side} write queue ${writeQueue} > ${limits.writeQueue}`
  return undefined
}

export interface WatchedNodes {
  readonly side: 'source' | 'target'
  readonly cluster: Cluster
  readonly throttle: Throttle
  /** As they are now. */
  readonly limits: () => LoadLimits
  readonly note: (text: string) => void
  readonly signal: AbortSignal
}

/** Holds the throttle while a node has more than the limits say; ends with the signal. */
export async function watchNodes({ side, cluster, throttle, limits, note, signal }: WatchedNodes): Promise<void> {
  const by = `${side} nodes`
  let isTold = false
  while (!signal.aborted) {
    const now = limits()
    if (Object.values(now).every((limit) => limit === undefined)) throttle.hold(by, undefined)
    else {
      try {
        throttle.hold(by, reasonToWait(side, await readNodeLoad(cluster, signal), now))
      } catch (error) {
        if (signal.aborted) return
        if (!(error instanceof IndexferryError)) throw error
        // Not a reason to stop or to wait: whether the side can be reached, reading and writing will tell.
        throttle.hold(by, undefined)
        if (!isTold) note(`how busy the ${side} is cannot be seen, so that nothing waits for it: ${error.message}`)
        isTold = true
      }
    }
    await sleep(intervalMs, signal).catch(() => {})
  }
}
