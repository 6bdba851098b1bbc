// Lists of tasks as the servers print them (ListTasksResponse): by nodes, by parents or flat, ours joined to the cluster's.
import { isJsonObject, type JsonObject, type JsonValue } from '../../../model/json.ts'
import { nodeName } from './task-filter.ts'

export interface OwnNode {
  readonly id: string
  /** `host:port` at which the gateway listens. */
  readonly address: string
}

/** What the cluster said, with our tasks in it. */
export function joinTasks(
  theirs: JsonObject,
  infos: readonly JsonObject[],
  groupBy: string,
  node: OwnNode,
): JsonObject {
  if (infos.length === 0) return theirs
  switch (groupBy) {
    case 'none':
      return { ...theirs, tasks: [...((theirs.tasks as readonly JsonValue[] | undefined) ?? []), ...infos] }
    case 'parents':
      return { ...theirs, tasks: { ...objectOf(theirs.tasks), ...byId(infos) } }
    default:
      return { ...theirs, nodes: { ...objectOf(theirs.nodes), [node.id]: nodeBody(node, byId(infos)) } }
  }
}

/** A list without any task. */
export const emptyList = (groupBy: string): JsonObject => {
  if (groupBy === 'none') return { tasks: [] }
  return groupBy === 'parents' ? { tasks: {} } : { nodes: {} }
}

/** What kept our node from answering; the servers put such failures first. */
export function withNodeFailure(list: JsonObject, node: OwnNode, cause: JsonObject): JsonObject {
  const { task_failures, node_failures, ...rest } = list
  const reason = `Failed node [${node.id}]`
  const failure = { type: 'failed_node_exception', reason, node_id: node.id, caused_by: cause }
  return {
    ...(task_failures !== undefined && { task_failures }),
    node_failures: [...((node_failures as readonly JsonValue[] | undefined) ?? []), failure],
    ...rest,
  }
}

const objectOf = (value: JsonValue | undefined): JsonObject => (isJsonObject(value) ? value : {})

const byId = (infos: readonly JsonObject[]): JsonObject =>
  Object.fromEntries(infos.map((info) => [`${info.node}:${info.id}`, info]))

const nodeBody = ({ address }: OwnNode, tasks: JsonObject): JsonObject => ({
  name: nodeName,
  transport_address: address,
  host: address.replace(/:\d+$/, ''),
  ip: address,
  roles: [],
  tasks,
})
