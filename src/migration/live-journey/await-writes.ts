// Waits for writes that were let in before a write block was put, where there are no sequence numbers that would tell of them.
//
// Such a write is acknowledged later, and a sweep that begins before it is done may not see it. It was let in by the node that took the request, so
// that no question to the shard tells. Elasticsearch 2.3 and newer list what is under way as tasks; before, what waits and works in the pools of
// the nodes is counted, and then what the shards have done, because a write may wait where no pool shows it.
import type { Cluster } from '../../cluster/cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import { monotonicMs, sleep } from '../../foundation/clock.ts'
import { IndexferryError, isErrorOf } from '../../foundation/errors.ts'

const lookEveryMs = 100
const withinMs = 120_000
/** Counts of operations must not move for so long. */
const restMs = 2_000

/** When it resolves, every write to the indexes has ended that was let in before. Throws MIGRATION_NOT_READY when that takes minutes. */
export async function untilWritesEnded(
  cluster: Cluster,
  indexes: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { clusterCalls, taskList } = cluster.capabilities
  const give = AbortSignal.any([signal, AbortSignal.timeout(withinMs)])
  try {
    if (!clusterCalls) return await sleep(restMs, give)
    try {
      if (taskList) await untilTasksEnded(cluster, give)
      else {
        await untilPoolsPassed(cluster, give)
        await untilCountsRest(cluster, indexes, give)
      }
    } catch (error) {
      if (!isErrorOf(error, 'PRIVILEGE_MISSING')) throw error
      await untilCountsRest(cluster, indexes, give)
    }
  } catch (error) {
    if (signal.aborted || !give.aborted) throw error
    const sentence = `${cluster.name}: writes are blocked, and after ${withinMs / 1000} s some that were let in before have not ended`
    throw new IndexferryError('MIGRATION_NOT_READY', sentence, { side: cluster.side, cause: error })
  }
}

interface TaskList {
  readonly nodes?: Readonly<Record<string, { readonly tasks: Readonly<Record<string, { readonly action: string }>> }>>
  readonly node_failures?: readonly unknown[]
}

/** Those write by requests of their own, which are tasks as well, and may go on for hours on other indexes. */
const isWholeIndexTask = (action: string): boolean => /reindex|byquery|by_query/.test(action)

async function untilTasksEnded(cluster: Cluster, signal: AbortSignal): Promise<void> {
  let left: Set<string> | undefined
  while (left === undefined || left.size > 0) {
    const now: Set<string> = await listWrites(cluster, signal)
    left = left === undefined ? now : new Set([...left].filter((task) => now.has(task)))
    if (left.size > 0) await sleep(lookEveryMs, signal)
  }
}

async function listWrites(cluster: Cluster, signal: AbortSignal): Promise<Set<string>> {
  const { body } = await cluster.json<TaskList>({
    method: 'GET',
    path: '/_tasks',
    query: { actions: 'indices:data/write/*' },
    retry: 'safe',
    signal,
  })
  if ((body.node_failures ?? []).length > 0) {
    throw new IndexferryError('SHARD_FAILED', `${cluster.name}: not every node tells what it is writing`, {
      side: cluster.side,
    })
  }
  const found = new Set<string>()
  for (const [node, { tasks }] of Object.entries(body.nodes ?? {})) {
    for (const [id, { action }] of Object.entries(tasks)) if (!isWholeIndexTask(action)) found.add(`${node} ${id}`)
  }
  return found
}

interface PoolStatistics {
  readonly nodes: Readonly<
    Record<string, { readonly thread_pool?: Readonly<Record<string, PoolCounts | undefined>> } | undefined>
  >
}

interface PoolCounts {
  readonly active: number
  readonly queue: number
  readonly completed: number
}

const writingPools = ['index', 'bulk'] as const
/** From the node that takes a request to the primary, and from there to its replicas. */
const hops = 3

/** Each pool has done as much as it had before it, so often as a request may pass from node to node. */
async function untilPoolsPassed(cluster: Cluster, signal: AbortSignal): Promise<void> {
  for (let hop = 0; hop < hops; hop++) {
    let left: ReadonlyMap<string, number> = busyPools(await readPools(cluster, signal))
    do {
      await sleep(lookEveryMs, signal)
      const now = await readPools(cluster, signal)
      left = new Map(
        [...left].filter(([pool, until]) => {
          const counts = now.get(pool)
          // A node that is gone has taken its writes with it.
          return counts !== undefined && counts.active + counts.queue > 0 && counts.completed < until
        }),
      )
    } while (left.size > 0)
  }
}

const busyPools = (pools: ReadonlyMap<string, PoolCounts>): Map<string, number> =>
  new Map(
    [...pools]
      .filter(([, { active, queue }]) => active + queue > 0)
      .map(([pool, { active, queue, completed }]) => [pool, active + queue + completed]),
  )

async function readPools(cluster: Cluster, signal: AbortSignal): Promise<Map<string, PoolCounts>> {
  const { body } = await cluster.json<PoolStatistics>({
    method: 'GET',
    path: '/_nodes/stats/thread_pool',
    retry: 'safe',
    signal,
  })
  const found = new Map<string, PoolCounts>()
  for (const [node, statistics] of Object.entries(body.nodes)) {
    for (const pool of writingPools) {
      const counts = statistics?.thread_pool?.[pool]
      if (counts) found.set(`${node} ${pool}`, counts)
    }
  }
  return found
}

interface IndexingCounts {
  readonly _all: { readonly primaries: { readonly indexing?: Readonly<Record<string, unknown>> } }
}

async function untilCountsRest(cluster: Cluster, indexes: readonly string[], signal: AbortSignal): Promise<void> {
  let before = ''
  for (let sinceMs = monotonicMs(); monotonicMs() - sinceMs < restMs; ) {
    const { body } = await cluster.json<IndexingCounts>({
      method: 'GET',
      path: indexPath(indexes.join(','), '_stats/indexing'),
      retry: 'safe',
      signal,
    })
    const { index_total, delete_total, index_current, delete_current } = body._all.primaries.indexing ?? {}
    const now = JSON.stringify([index_total, delete_total, index_current, delete_current])
    if (now !== before) sinceMs = monotonicMs()
    before = now
    await sleep(lookEveryMs, signal)
  }
}
