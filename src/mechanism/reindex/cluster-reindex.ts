// The cluster's own `_reindex`: started as a task of the cluster, watched, throttled and cancelled from here.
import type { Cluster } from '../../cluster/cluster.ts'
import { sleep } from '../../foundation/clock.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../model/json.ts'
import type { ReindexFailure, ReindexRequest, ReindexStatus } from '../../model/reindex.ts'

/** The call that reads the staging indexes instead of the remote. */
export async function startClusterReindex(
  cluster: Cluster,
  request: ReindexRequest,
  stagings: readonly string[],
  requestsPerSecond: number,
): Promise<string> {
  const { source, dest, conflicts, maxDocs, script, slices, scroll, timeout, refresh, waitForActiveShards } = request
  const { body } = await cluster.json<{ readonly task: string }>({
    method: 'POST',
    path: '/_reindex',
    query: {
      wait_for_completion: false,
      requests_per_second: Number.isFinite(requestsPerSecond) ? requestsPerSecond : -1,
      slices: source.sort === undefined ? slices : 1,
      refresh,
      scroll,
      timeout,
      wait_for_active_shards: waitForActiveShards,
      // A parameter of the URL alone; `dest` knows no such field.
      require_alias: dest.requireAlias || undefined,
    },
    body: {
      conflicts,
      ...(maxDocs === undefined ? {} : { max_docs: maxDocs }),
      source: {
        index: [...stagings],
        size: source.size,
        ...(source.sort === undefined ? {} : { sort: [{ _seq_no: 'asc' }] }),
      },
      dest: {
        index: dest.index,
        op_type: dest.opType,
        ...(dest.versionType === 'internal' ? {} : { version_type: dest.versionType }),
        ...(dest.pipeline === undefined ? {} : { pipeline: dest.pipeline }),
        ...(dest.routing === 'keep' ? {} : { routing: dest.routing }),
      },
      script: script ?? {},
    },
  })
  return body.task
}

/** A reindex out of these stagings that is running already: its id was not noted before the process died. */
export async function findClusterReindex(cluster: Cluster, name: string): Promise<string | undefined> {
  const { body } = await cluster.json<{
    readonly nodes?: Record<string, { readonly tasks?: Record<string, JsonValue> }>
  }>({
    method: 'GET',
    path: '/_tasks',
    query: { actions: '*reindex', detailed: true },
  })
  for (const { tasks } of Object.values(body.nodes ?? {})) {
    for (const [id, task] of Object.entries(tasks ?? {})) {
      if (!isJsonObject(task) || typeof task.parent_task_id === 'string') continue
      // Behind the name stands what tells staging indexes apart; without the hyphen, task 1 would take that of task 12 for its own.
      if (String(task.description).includes(`${name}-`)) return id
    }
  }
  return undefined
}

export interface ClusterReindexEnd {
  readonly status: ReindexStatus
  readonly failures: readonly ReindexFailure[]
}

export interface WatchOptions {
  readonly requestsPerSecond: () => number
  readonly onStatus: (status: ReindexStatus) => void
  readonly cancel: AbortSignal
  readonly stop: AbortSignal
}

const firstLookMs = 50
const lookMsMax = 1_000

/** Resolves when the cluster's task has ended; undefined when the cluster does not know it any more. */
export async function watchClusterReindex(
  cluster: Cluster,
  task: string,
  options: WatchOptions,
): Promise<ClusterReindexEnd | undefined> {
  const path = `/_tasks/${encodeURIComponent(task)}`
  let rate = options.requestsPerSecond()
  let isCancelled = false
  for (let pause = firstLookMs; ; pause = Math.min(lookMsMax, pause * 2)) {
    options.stop.throwIfAborted()
    const { status, body } = await cluster.json<JsonObject>({ method: 'GET', path, accept: [404] })
    if (status === 404 || !isJsonObject(body)) return undefined
    if (body.completed === true) return readEnd(body, cluster)
    if (isJsonObject(body.task)) options.onStatus(readStatus(body.task.status))
    if (options.cancel.aborted && !isCancelled) {
      isCancelled = true
      await cluster.json({ method: 'POST', path: `${path}/_cancel`, accept: [404], retry: 'safe' })
      pause = firstLookMs
    }
    const now = options.requestsPerSecond()
    if (now !== rate && !isCancelled) {
      rate = now
      const query = { requests_per_second: Number.isFinite(now) ? now : -1 }
      await cluster.json({
        method: 'POST',
        path: `/_reindex/${encodeURIComponent(task)}/_rethrottle`,
        query,
        retry: 'safe',
      })
      pause = firstLookMs
    }
    const waking = isCancelled ? options.stop : AbortSignal.any([options.stop, options.cancel])
    await sleep(pause, waking).catch((error: unknown) => {
      if (!waking.aborted) throw error
    })
  }
}

function readEnd(body: JsonObject, cluster: Cluster): ClusterReindexEnd {
  const { response, error } = body
  if (isJsonObject(error)) {
    const { type, reason } = error
    throw new IndexferryError('REQUEST_REFUSED', `${cluster.name}: ${String(type)}: ${String(reason)}`, {
      side: cluster.side,
      fields: { errorType: String(type), reason: String(reason), serverError: JSON.stringify(error) },
    })
  }
  const answer = isJsonObject(response) ? response : {}
  const failures = Array.isArray(answer.failures) ? answer.failures.filter(isJsonObject) : []
  const read = readStatus(answer)
  const status = typeof answer.canceled === 'string' ? { ...read, reasonCancelled: answer.canceled } : read
  return { status, failures: failures.map(readFailure) }
}

function readStatus(value: JsonValue | undefined): ReindexStatus {
  const status: JsonObject = isJsonObject(value) ? value : {}
  const retries: JsonObject = isJsonObject(status.retries) ? status.retries : {}
  const number = (given: JsonValue | undefined) => (typeof given === 'number' ? given : 0)
  const rate = number(status.requests_per_second)
  return {
    total: number(status.total),
    created: number(status.created),
    updated: number(status.updated),
    deleted: number(status.deleted),
    batches: number(status.batches),
    versionConflicts: number(status.version_conflicts),
    noops: number(status.noops),
    bulkRetries: number(retries.bulk),
    searchRetries: number(retries.search),
    throttledMs: number(status.throttled_millis),
    requestsPerSecond: rate > 0 ? rate : Number.POSITIVE_INFINITY,
    throttledUntilMs: number(status.throttled_until_millis),
    reasonCancelled: typeof status.canceled === 'string' ? status.canceled : undefined,
    slices: Array.isArray(status.slices)
      ? status.slices.map((slice: JsonValue) => (isJsonObject(slice) ? readStatus(slice) : undefined))
      : undefined,
  }
}

function readFailure(failure: JsonObject): ReindexFailure {
  const { index, type, id, cause, status, shard, node, reason } = failure
  if (id !== undefined) {
    return {
      kind: 'bulk',
      index: String(index),
      type: typeof type === 'string' ? type : undefined,
      id: String(id),
      cause: cause ?? null,
      status: Number(status),
    }
  }
  return {
    kind: 'search',
    index: typeof index === 'string' ? index : undefined,
    shard: typeof shard === 'number' ? shard : undefined,
    node: typeof node === 'string' ? node : undefined,
    reason: reason ?? null,
    status: typeof status === 'number' ? status : 500,
  }
}
