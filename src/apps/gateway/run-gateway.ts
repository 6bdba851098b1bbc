// The whole gateway: the engine behind its own calls, their routes, and the server in front.
import type { GatewayConfig } from '../../config/gateway/gateway-config.ts'
import { type GatewayEngine, openGatewayEngine } from '../../engine/open-gateway-engine.ts'
import type { TaskFigures } from '../../engine/task-figures.ts'
import type { TaskEvent } from '../../engine/tasks/task.ts'
import { now } from '../../foundation/clock.ts'
import { asIndexferryError } from '../../foundation/errors.ts'
import type { ClusterVersion } from '../../model/cluster-version.ts'
import type { ReindexRequest } from '../../model/reindex.ts'
import { bothGuards, type CallGuard, type Inspection } from './call-guard.ts'
import { connectionRoutes } from './connections/connection-routes.ts'
import { WriteGuard } from './follower-writes/write-guard.ts'
import { clusterRoutes } from './own-calls/cluster-routes.ts'
import { GatewayMetrics } from './own-calls/metrics.ts'
import { ownRoutes } from './own-calls/own-routes.ts'
import { recordedWritesRoutes } from './recorded-writes/reader-routes.ts'
import { RecordGuard } from './recorded-writes/record-guard.ts'
import { RunningTasks } from './recorded-writes/running-tasks.ts'
import { reindexRoutes } from './reindex/reindex-route.ts'
import { serverErrorOf } from './reindex/server-error.ts'
import { replicationRoutes } from './replication/replication-routes.ts'
import { createLog, type Log } from './request-log.ts'
import type { GatewayCall, Route } from './route.ts'
import { openTraffic, type RunningGateway, startGateway } from './start-gateway.ts'
import { ClusterSwitch, type Switched } from './switch/switch-cluster.ts'
import { switchObstacle } from './switch/switch-obstacle.ts'
import { createTaskLog } from './tasks/task-log.ts'
import { taskRoutes } from './tasks/task-routes.ts'

export interface GatewaySurroundings {
  /** Takes whole lines of the log. */
  readonly write: (line: string) => void
  readonly warn: (text: string) => void
  /** Of indexferry. */
  readonly version: string
  /** Names the proxy for what is no cluster. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
}

/** Whose words are spoken before the cluster has said what it is. */
const unknownServer: ClusterVersion = { flavour: 'opensearch', number: '2.19.0', major: 2, minor: 19, patch: 0 }

/** Resolves when it listens; tasks and connections of an earlier run go on from then. */
export async function runGateway(config: GatewayConfig, surroundings: GatewaySurroundings): Promise<RunningGateway> {
  const metrics = new GatewayMetrics()
  const engine = await openEngine(config, surroundings, metrics)
  try {
    const traffic = await openTraffic(config, engine.active)
    const guard = new SwitchedGuard(engine)
    const tasks = new RunningTasks()
    const clusterSwitch = new ClusterSwitch({
      traffic,
      active: engine.active,
      obstacle: () => switchObstacle(engine),
      onSwitched: (switched) => {
        guard.forget()
        logSwitch(createLog(surroundings.write, now), switched)
      },
    })
    const nodes = { cluster: config.cluster.nodes, standby: config.standby?.nodes ?? [] }
    const gateway: RunningGateway = await startGateway(config, {
      ...surroundings,
      traffic,
      routes: [
        ...routesOf(config, engine, metrics, surroundings, () => new URL(gateway.url).host),
        ...clusterRoutes({
          traffic,
          active: engine.active,
          clusterSwitch,
          nodes,
          clusterCredentials: config.access.clusterCredentials,
        }),
      ],
      guard: guardOf(config.replication.backend === 'indexferry' ? guard : undefined, engine, tasks),
      onEnd: (end) => metrics.callEnded(end),
      onConnection: () => {
        metrics.connectionOpened()
        return () => metrics.connectionClosed()
      },
    })
    tasks.settleLeft(engine.recorded?.left, () => traffic.way.passage)
    metrics.watchReplications(() => engine.replications.list())
    engine.resume()
    return {
      ...gateway,
      close: async () => {
        await gateway.close()
        tasks[Symbol.dispose]()
        await engine[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await engine[Symbol.asyncDispose]()
    throw error
  }
}

function openEngine(
  config: GatewayConfig,
  { warn, write, env = {} }: GatewaySurroundings,
  metrics: GatewayMetrics,
): Promise<GatewayEngine> {
  const logTask = createTaskLog(write, now)
  let engine: GatewayEngine | undefined
  const opening = openGatewayEngine({
    stateFolder: config.stateFolder,
    cluster: config.cluster,
    standby: config.standby,
    clusterCredentials: config.access.clusterCredentials,
    reindex: config.reindex,
    domains: config.domains,
    endpoints: config.connections.endpoints,
    record: config.record,
    sweepIntervalMs: config.replication.sweepIntervalMs,
    throttleCheck: config.replication.throttleCheck && { ...config.replication.throttleCheck, env },
    warn,
    describeError: (error: unknown, request: ReindexRequest | undefined) =>
      serverErrorOf(error, { server: engine?.version ?? unknownServer, remote: request?.remote }).error,
    onEvent: (event) => {
      logTask(event)
      countEvent(metrics, event, warn)
    },
    onFigures: (figures) => countFigures(metrics, figures),
  })
  return opening.then((opened) => {
    engine = opened
    return opened
  })
}

function routesOf(
  config: GatewayConfig,
  engine: GatewayEngine,
  metrics: GatewayMetrics,
  { warn, version }: GatewaySurroundings,
  address: () => string,
): Route[] {
  const { tasks, remotes, connections, database } = engine
  const server = (call: GatewayCall) => engine.localVersion(call.caller.clusterHeaders)
  return [
    ...reindexRoutes({ server, tasks, remotes }),
    ...taskRoutes({ tasks, server, address }),
    ...connectionRoutes({ connections, keys: config.connections.keys, log: warn }),
    // Else they are the cluster's, like every call that has no route.
    ...(config.replication.backend === 'indexferry' ? replicationRoutes(engine) : []),
    ...recordedWritesRoutes(engine.recorded),
    ...ownRoutes({
      metrics,
      version,
      checkCluster: () => engine.checkCluster(),
      checkCatalog: () => database.transaction('process', () => undefined),
    }),
  ]
}

function guardOf(
  writes: CallGuard | undefined,
  { recorded, localVersion }: GatewayEngine,
  tasks: RunningTasks,
): CallGuard | undefined {
  const record = recorded && new RecordGuard({ log: recorded, version: localVersion, tasks })
  return writes && record ? bothGuards(writes, record) : (writes ?? record)
}

/** What a guard has seen of one cluster is not so on the other. */
class SwitchedGuard implements CallGuard {
  readonly #engine: GatewayEngine
  #guard: WriteGuard

  constructor(engine: GatewayEngine) {
    this.#engine = engine
    this.#guard = this.#fresh()
  }

  inspect(method: string, segments: readonly string[]): Inspection | undefined {
    return this.#guard.inspect(method, segments)
  }

  forget(): void {
    this.#guard = this.#fresh()
  }

  #fresh(): WriteGuard {
    return new WriteGuard({ followers: () => this.#engine.replications.followers })
  }
}

function logSwitch(log: Log, { to, url, waitedMs, left }: Switched): void {
  const behind = left === 0 ? '' : `; ${left} calls were left to the old cluster`
  log({
    event: 'switched',
    reason: `calls go to ${to} now, ${url}; waited ${waitedMs} ms for those under way${behind}`,
  })
}

function countEvent(metrics: GatewayMetrics, event: TaskEvent, warn: (text: string) => void): void {
  if (event.kind === 'broken') warn(`tasks are no longer taken: ${asIndexferryError(event.error).message}`)
  else if (event.kind === 'begun' || event.kind === 'resumed') metrics.taskStarted('reindex')
  else if (event.kind === 'ended' && event.task.state !== 'running') {
    metrics.taskEnded('reindex', event.task.state)
    const failures = event.task.outcome?.failures.length ?? 0
    if (failures > 0) metrics.rejected('document', failures)
  }
}

function countFigures(metrics: GatewayMetrics, figures: TaskFigures): void {
  metrics.documents('reindex', 'created', figures.created)
  metrics.documents('reindex', 'updated', figures.updated)
  metrics.documents('reindex', 'deleted', figures.deleted)
  metrics.documents('reindex', 'noop', figures.noops)
  metrics.documents('reindex', 'version_conflict', figures.versionConflicts)
  metrics.bytes('reindex', 'read', figures.bytesRead)
  metrics.bytes('reindex', 'written', figures.bytesWritten)
  if (figures.bulkRetries > 0) {
    metrics.retried('target', figures.bulkRetries)
    metrics.rejected('busy', figures.bulkRetries)
  }
  if (figures.searchRetries > 0) metrics.retried('source', figures.searchRetries)
}
