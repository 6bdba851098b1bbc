// The calls about tasks. Ours are named by the id of this gateway's node; all others are the cluster's. Each call is put to the cluster as
// well, in the caller's name, before ours are touched: it checks the parameters and the caller's rights, in its own words, and
// knows nothing of our tasks. `_cat/tasks` is not among them: it shows the cluster's alone.
import type { TaskRecord, TaskRunner } from '../../../engine/tasks/task.ts'
import { now } from '../../../foundation/clock.ts'
import type { ClusterVersion } from '../../../model/cluster-version.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../model/json.ts'
import { parseForPrinting } from '../body-json.ts'
import { floatOf } from '../reindex/java-values.ts'
import type { GatewayAnswer, GatewayCall, Route } from '../route.ts'
import { serverError } from '../server-errors.ts'
import { isOn, nodeName, selectTasks, timeoutMs } from './task-filter.ts'
import { type TaskPrinting, taskInfo, taskResult } from './task-info.ts'
import { emptyList, joinTasks, type OwnNode, withNodeFailure } from './task-list.ts'

export interface TaskRoutesDeps {
  readonly tasks: TaskRunner
  /** The local cluster: answers look like its version's. */
  readonly server: (call: GatewayCall) => ClusterVersion | Promise<ClusterVersion>
  /** `host:port` at which the gateway listens. */
  readonly address: () => string
}

type Answer = GatewayAnswer | 'pass'

const cancelReason = 'by user request'

export function taskRoutes(deps: TaskRoutesDeps): Route[] {
  const own =
    (handle: (call: GatewayCall, id: string) => Promise<GatewayAnswer>): Route['handle'] =>
    async (call, { task = '' }) => {
      if (!isOurs(deps, task)) return 'pass'
      const theirs = await askCluster(call)
      return theirs.refusal ?? (await handle(call, task))
    }
  return [
    {
      method: 'GET',
      path: '/_tasks/:task',
      operation: 'tasks.get',
      handle: own((call, id) => getTask(deps, call, id)),
    },
    { method: 'GET', path: '/_tasks', operation: 'tasks.list', handle: (call) => listTasks(deps, call) },
    {
      method: 'POST',
      path: '/_tasks/:task/_cancel',
      operation: 'tasks.cancel',
      handle: own((call, id) => cancelTask(deps, call, id)),
    },
    { method: 'POST', path: '/_tasks/_cancel', operation: 'tasks.cancel', handle: (call) => cancelTasks(deps, call) },
    // The servers take tasks of each kind under each of the three.
    ...['reindex', 'update_by_query', 'delete_by_query'].map((kind) => ({
      method: 'POST',
      path: `/_${kind}/:task/_rethrottle`,
      operation: `${kind}_rethrottle`,
      handle: own((call, id) => rethrottleTask(deps, call, id)),
    })),
  ]
}

/** Malformed ids are the cluster's to refuse, even those with our node in them. */
const isOurs = ({ tasks }: TaskRoutesDeps, id: string): boolean =>
  id.startsWith(`${tasks.nodeId}:`) && /^\d{1,15}$/.test(id.slice(tasks.nodeId.length + 1))

async function getTask(deps: TaskRoutesDeps, call: GatewayCall, id: string): Promise<GatewayAnswer> {
  const { tasks } = deps
  const isWaiting = isOn(call.query, 'wait_for_completion')
  const record = isWaiting ? await tasks.wait(id, timeoutMs(call.query), call.signal) : tasks.get(id)
  if (!record) {
    const reason = `task [${id}] isn't running and hasn't stored its results`
    return serverError(404, 'resource_not_found_exception', reason)
  }
  if (isWaiting && record.state === 'running')
    return serverError(500, 'timeout_exception', `Timed out waiting for completion of [${id}]`)
  return { status: 200, body: taskResult(record, await printingFor(deps, call)) }
}

async function listTasks(deps: TaskRoutesDeps, call: GatewayCall): Promise<Answer> {
  const { tasks } = deps
  const isWaiting = isOn(call.query, 'wait_for_completion')
  let ours = selectTasks(tasks.listRunning(), call.query, tasks.nodeId)
  if (ours.length === 0) return 'pass'
  const startedAt = now()
  const { refusal, body } = await askCluster(call)
  if (refusal) return refusal
  const groupBy = groupingOf(call)
  const list = body ?? emptyList(groupBy)
  if (isWaiting) {
    // The cluster has waited for its own tasks meanwhile.
    const limitMs = timeoutMs(call.query)
    const leftMs = Math.max(0, startedAt + limitMs - now())
    ours = await waitForAll(tasks, ours, leftMs, call.signal)
    if (ours.some(({ state }) => state === 'running'))
      return { status: 200, body: withNodeFailure(list, ownNode(deps), timedOut(deps, limitMs)) }
  } else {
    // Those that ended while the cluster was asked are not running any more.
    ours = selectTasks(tasks.listRunning(), call.query, tasks.nodeId)
  }
  const isDetailed = isOn(call.query, 'detailed')
  const printing = await printingFor(deps, call)
  const infos = ours.map((record) => taskInfo(record, isDetailed, printing))
  return { status: 200, body: joinTasks(list, infos, groupBy, ownNode(deps)) }
}

async function cancelTasks(deps: TaskRoutesDeps, call: GatewayCall): Promise<Answer> {
  const { tasks } = deps
  if (selectTasks(tasks.listRunning(), call.query, tasks.nodeId).length === 0) return 'pass'
  const { refusal, body } = await askCluster(call)
  if (refusal) return refusal
  const cancelled: TaskRecord[] = []
  for (const { id } of selectTasks(tasks.listRunning(), call.query, tasks.nodeId)) {
    const record = await cancelOne(tasks, call, id)
    if (record) cancelled.push(record)
  }
  const groupBy = groupingOf(call)
  const printing = await printingFor(deps, call)
  const infos = cancelled.map((record) => taskInfo(record, false, printing))
  return { status: 200, body: joinTasks(body ?? emptyList(groupBy), infos, groupBy, ownNode(deps)) }
}

async function cancelTask(deps: TaskRoutesDeps, call: GatewayCall, id: string): Promise<GatewayAnswer> {
  const { tasks } = deps
  const running = tasks.get(id)
  if (running?.state !== 'running')
    return failed(deps, call, { type: 'resource_not_found_exception', reason: `task [${id}] is not found` })
  if (selectTasks([running], call.query, tasks.nodeId).length === 0)
    return failed(deps, call, {
      type: 'illegal_argument_exception',
      reason: `task [${id}] doesn't support this operation`,
    })
  const record = (await cancelOne(tasks, call, id)) ?? running
  return alone(deps, call, taskInfo(record, false, await printingFor(deps, call)))
}

/** Undefined: it has ended by itself. */
async function cancelOne(tasks: TaskRunner, call: GatewayCall, id: string): Promise<TaskRecord | undefined> {
  if (!tasks.cancel(id, cancelReason)) return undefined
  const record = tasks.get(id)
  return isOn(call.query, 'wait_for_completion') ? await tasks.wait(id, undefined, call.signal) : record
}

async function rethrottleTask(deps: TaskRoutesDeps, call: GatewayCall, id: string): Promise<GatewayAnswer> {
  const asked = floatOf(call.query.get('requests_per_second') ?? '')
  // -1 lifts the limit; the cluster has refused everything else that is no rate.
  const rate = asked === undefined || asked <= 0 ? Number.POSITIVE_INFINITY : asked
  const record = deps.tasks.rethrottle(id, rate)
  if (!record) return failed(deps, call, { type: 'resource_not_found_exception', reason: `task [${id}] is missing` })
  return alone(deps, call, taskInfo(record, true, await printingFor(deps, call)))
}

interface Asked {
  /** The cluster does not want this call from this caller. */
  readonly refusal?: GatewayAnswer
  /** A list that it answered. */
  readonly body?: JsonObject
}

/**
 * Puts the call to the cluster. It refuses what is malformed and what the caller may not do; about a task of ours it says that there is
 * no such node. Servers without tasks (before 2.3, and serverless ones) know no such call, which is nobody's refusal.
 */
async function askCluster(call: GatewayCall): Promise<Asked> {
  const { status, headers, body: bytes } = await call.askCluster()
  const body = parseForPrinting(bytes)
  if (status === 200) return isJsonObject(body) ? { body } : {}
  const knowsTheCall = isJsonObject(body) && isJsonObject(body.error)
  const isRefused = [401, 403, 429].includes(status) || status >= 500 || (status === 400 && knowsTheCall)
  if (!isRefused || isAway(body)) return {}
  const challenge = headers['www-authenticate']
  return {
    refusal: {
      status,
      headers: typeof challenge === 'string' ? { 'www-authenticate': challenge } : {},
      body: body ?? bytes,
    },
  }
}

/** The call was let in, and the index in which the cluster keeps its finished tasks is just being made, or is lost. */
const isAway = (body: JsonValue | undefined): boolean =>
  isJsonObject(body) && isJsonObject(body.error) && body.error.type === 'no_shard_available_action_exception'

async function waitForAll(
  tasks: TaskRunner,
  records: readonly TaskRecord[],
  limitMs: number,
  signal: AbortSignal,
): Promise<TaskRecord[]> {
  const waited = await Promise.all(records.map(({ id }) => tasks.wait(id, limitMs, signal)))
  return waited.filter((record) => record !== undefined)
}

const groupingOf = (call: GatewayCall): string => call.query.get('group_by') ?? 'nodes'

const ownNode = ({ tasks, address }: TaskRoutesDeps): OwnNode => ({ id: tasks.nodeId, address: address() })

const alone = (deps: TaskRoutesDeps, call: GatewayCall, info: JsonObject): GatewayAnswer => {
  const groupBy = groupingOf(call)
  return { status: 200, body: joinTasks(emptyList(groupBy), [info], groupBy, ownNode(deps)) }
}

const failed = (deps: TaskRoutesDeps, call: GatewayCall, cause: JsonObject): GatewayAnswer => ({
  status: 200,
  body: withNodeFailure(emptyList(groupingOf(call)), ownNode(deps), cause),
})

const timedOut = (deps: TaskRoutesDeps, afterMs: number): JsonObject => ({
  type: 'receive_timeout_transport_exception',
  reason: `[${nodeName}][${deps.address()}][cluster:monitor/tasks/lists[n]] timed out after [${afterMs}ms]`,
})

const printingFor = async ({ tasks, server }: TaskRoutesDeps, call: GatewayCall): Promise<TaskPrinting> => ({
  nodeId: tasks.nodeId,
  server: await server(call),
  human: isOn(call.query, 'human'),
})
