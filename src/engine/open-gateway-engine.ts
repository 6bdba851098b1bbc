// What lives behind the gateway's own calls, put together: its catalog, the connections between domains, the remotes that may be read,
// and the tasks that read them.
import type { Cluster } from '../cluster/cluster.ts'
import type { Connection } from '../cluster/connection.ts'
import { openCluster } from '../cluster/open-cluster.ts'
import { assert } from '../foundation/assert.ts'
import { isErrorOf } from '../foundation/errors.ts'
import { abandonReindex } from '../mechanism/reindex/abandon-reindex.ts'
import { runReindex } from '../mechanism/reindex/run-reindex.ts'
import type { ClusterRole } from '../model/cluster-role.ts'
import type { ClusterVersion } from '../model/cluster-version.ts'
import { sourceOptions } from '../source/options.ts'
import { ActiveCluster } from './active-cluster.ts'
import { removeRecordedWrites } from './catalog-recorded-writes.ts'
import { Connections, type ConnectionsOptions } from './connections/connections.ts'
import { type GatewayDatabase, openGatewayDatabase } from './gateway-database.ts'
import { openPatiently } from './open-patiently.ts'
import { everything, notesOfExpression, RecordedWrites, type RecordSettings } from './recorded-writes.ts'
import { createRemoteOpener, type RemoteSettings } from './remote/open-remote.ts'
import type { RemoteOpener } from './remote/remote-opener.ts'
import { AutoFollowRules } from './replication/auto-follow.ts'
import { BulkReplicationRunner } from './replication/bulk-replication-runner.ts'
import { checkRolesOfRule, type RolesOnConnection } from './replication/check-roles-of-rule.ts'
import type { RemoteFinder } from './replication/find-remote.ts'
import { createLeaderIndexes } from './replication/leader-indexes.ts'
import { existingIndexes, matchingIndexes } from './replication/local-indexes.ts'
import { GatewayReplications } from './replication/open-replications.ts'
import type { LeaderIndexes, ReplicationCaller } from './replication/replications.ts'
import { countFigures, type TaskFigures } from './task-figures.ts'
import type { RunTask, TaskRunner } from './tasks/task.ts'
import { openTaskRunner, type TaskRunnerOptions } from './tasks/task-runner.ts'
import type { OwnCheck } from './throttle-watch.ts'

export interface GatewayEngineOptions extends Pick<TaskRunnerOptions, 'describeError' | 'onEvent'> {
  readonly stateFolder: string
  /** The local cluster. */
  readonly cluster: Connection
  /** The one that traffic can be switched to. */
  readonly standby?: Connection | undefined
  /** `caller`: tasks speak to the local cluster with the headers of the call that began them. */
  readonly clusterCredentials: 'caller' | 'own'
  readonly reindex: RemoteSettings & {
    readonly createIndex: 'fromSource' | 'dynamic'
    readonly tasksMax: number
    readonly keepFinishedMs: number
  }
  readonly domains: ConnectionsOptions['domains']
  readonly endpoints: ConnectionsOptions['endpoints']
  /** Indexes whose writes are recorded. */
  readonly record?: RecordSettings | undefined
  /** Between two sweeps of a leader without sequence numbers; as long as of a copy when not given. */
  readonly sweepIntervalMs?: number | undefined
  /** The user's own check whether replications may read. */
  readonly throttleCheck?: OwnCheck | undefined
  readonly warn: (text: string) => void
  readonly onFigures?: (figures: TaskFigures) => void
}

export interface GatewayEngine extends AsyncDisposable {
  readonly database: GatewayDatabase
  /** Which cluster is the local one now. */
  readonly active: ActiveCluster
  readonly connections: Connections
  readonly remotes: RemoteOpener
  readonly tasks: TaskRunner
  readonly replications: GatewayReplications
  readonly leaders: LeaderIndexes
  readonly autoFollow: AutoFollowRules
  readonly bulk: BulkReplicationRunner
  /** Writes that pass through, where some are recorded. */
  readonly recorded: RecordedWrites | undefined
  /** What the local cluster is; asked with these headers until it has said so once. */
  localVersion(clusterHeaders: Readonly<Record<string, string>>): Promise<ClusterVersion>
  /** What it is, once it has said so. */
  readonly version: ClusterVersion | undefined
  /** Throws when the local cluster does not answer; one that wants credentials does. */
  checkCluster(): Promise<void>
  /** Takes up connections, tasks and replications that were under way when the gateway ended. */
  resume(): void
}

export async function openGatewayEngine(options: GatewayEngineOptions): Promise<GatewayEngine> {
  await using opening = new AsyncDisposableStack()
  const database = openGatewayDatabase(options.stateFolder)
  opening.defer(() => database[Symbol.dispose]())
  const { domains, endpoints, warn, reindex } = options
  const recorded = await openRecorded(options)
  opening.defer(() => recorded?.[Symbol.asyncDispose]())
  const connections = opening.use(new Connections({ database, domains, endpoints, log: warn }))
  const active = new ActiveCluster({ database, cluster: options.cluster, standby: options.standby })
  const local = new LocalCluster(options, active)
  const remotes = createRemoteOpener({
    config: reindex,
    local: () => local.version,
    endpoints: connections.lookupEndpoint,
    log: warn,
  })
  const tasks = opening.use(
    await openTaskRunner({
      database,
      run: recordedTask(recorded, reindexTask(options, local, remotes)),
      tasksMax: reindex.tasksMax,
      keepFinishedMs: reindex.keepFinishedMs,
      ...(options.describeError ? { describeError: options.describeError } : {}),
      ...(options.onEvent ? { onEvent: options.onEvent } : {}),
    }),
  )
  const { clusterCredentials } = options
  const replications = opening.use(
    new GatewayReplications({
      database,
      local: active,
      clusterCredentials,
      connections,
      domains,
      sweepIntervalMs: options.sweepIntervalMs ?? sourceOptions.sweepInterval.default,
      throttleCheck: options.throttleCheck,
      log: warn,
    }),
  )
  const finder: RemoteFinder = {
    connections,
    domains,
    get localNodes() {
      return active.connection.nodes
    },
  }
  const leaders = createLeaderIndexes(finder, replications.sides)
  const { autoFollow, bulk } = openManyReplications({ database, replications, leaders }, finder, opening)
  const open = opening.move()
  return {
    database,
    active,
    connections,
    remotes,
    tasks,
    replications,
    leaders,
    autoFollow,
    bulk,
    recorded,
    localVersion: (clusterHeaders) => local.askVersion(clusterHeaders),
    get version() {
      return local.version
    },
    checkCluster: () => local.check(),
    resume: () => {
      connections.resume()
      tasks.resume()
      replications.resumeAll()
      autoFollow.resume()
      bulk.resume()
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

/** A log that is not kept for a time misses writes, and must not be found later. */
async function openRecorded({ stateFolder, record, warn }: GatewayEngineOptions): Promise<RecordedWrites | undefined> {
  if (record && record.indexes.length > 0)
    return await RecordedWrites.open(stateFolder, record, (error) =>
      warn(`writes are not recorded as they should: ${error.message}`),
    )
  removeRecordedWrites(stateFolder)
  return undefined
}

/** What begins, ends and changes many replications. */
function openManyReplications(
  parts: Pick<GatewayEngine, 'database' | 'replications' | 'leaders'>,
  finder: RemoteFinder,
  opening: AsyncDisposableStack,
): Pick<GatewayEngine, 'autoFollow' | 'bulk'> {
  const { sides } = parts.replications
  const open = (caller: ReplicationCaller) => sides.leaseLocal(caller.clusterHeaders)
  const existing = (names: readonly string[], caller: ReplicationCaller, signal: AbortSignal) =>
    existingIndexes(open, names, caller, signal)
  const matching = (pattern: string, caller: ReplicationCaller, signal: AbortSignal) =>
    matchingIndexes(open, pattern, caller, signal)
  const check = (asked: RolesOnConnection, caller: ReplicationCaller) => checkRolesOfRule(finder, sides, asked, caller)
  return {
    autoFollow: opening.use(new AutoFollowRules({ ...parts, existing, check })),
    bulk: opening.use(new BulkReplicationRunner({ ...parts, existing, matching, check })),
  }
}

/** The cluster behind the gateway, in whose name it is spoken to. */
class LocalCluster {
  readonly #options: GatewayEngineOptions
  readonly #active: ActiveCluster
  readonly #versions = new Map<ClusterRole, ClusterVersion>()

  constructor(options: GatewayEngineOptions, active: ActiveCluster) {
    this.#options = options
    this.#active = active
  }

  get version(): ClusterVersion | undefined {
    return this.#versions.get(this.#active.role)
  }

  async open(clusterHeaders: Readonly<Record<string, string>>): Promise<Cluster> {
    const { clusterCredentials, warn } = this.#options
    const { role, connection: cluster } = this.#active
    const connection: Connection =
      clusterCredentials === 'own'
        ? cluster
        : {
            ...cluster,
            authentication: { kind: 'none' },
            headers: { ...cluster.headers, ...clusterHeaders },
            // Callers come and go, and with them what must not be printed.
            transientSecrets: true,
          }
    const opened = await openCluster('target', connection, warn)
    this.#versions.set(role, opened.version)
    return opened
  }

  async askVersion(clusterHeaders: Readonly<Record<string, string>>): Promise<ClusterVersion> {
    const { version } = this
    if (version) return version
    await using cluster = await this.open(clusterHeaders)
    return cluster.version
  }

  async check(): Promise<void> {
    try {
      await using _ = await openCluster('target', this.#active.connection)
    } catch (error) {
      if (!isErrorOf(error, 'CREDENTIALS_WRONG', 'CREDENTIALS_MISSING', 'PRIVILEGE_MISSING')) throw error
    }
  }
}

/** What a task writes passes no guard. */
const recordedTask =
  (recorded: RecordedWrites | undefined, run: RunTask): RunTask =>
  async (task) => {
    const { dest, script } = task.request
    // Each may name another index for each document.
    const mayBeAny = script !== undefined || dest.pipeline !== undefined
    if (!recorded || !(mayBeAny || recorded.covers(dest.index))) return run(task)
    const ticket = await recorded.begin(mayBeAny ? [everything] : notesOfExpression(dest.index))
    try {
      return await run(task)
    } finally {
      ticket.lost()
    }
  }

/** A task opens both sides for itself: each has its own credentials, and ends with its connections. */
function reindexTask(options: GatewayEngineOptions, local: LocalCluster, remotes: RemoteOpener): RunTask {
  return async ({ id, request, clusterHeaders, ...run }) => {
    const { remote } = request
    assert(remote, 'calls without a remote are passed on to the cluster')
    const { journal, cancel, stop } = run
    const isResumed = journal.lastStatus() !== undefined
    await using target = await openPatiently(
      () => local.open(clusterHeaders),
      isResumed ? stop : AbortSignal.any([cancel, stop]),
    )
    const openSource = () => remotes.open(remote)
    // A remote that nothing was read of yet is reported at once, as the servers do.
    const opening = isResumed ? openPatiently(openSource, AbortSignal.any([cancel, stop])) : openSource()
    await using source = await opening.catch(async (error: unknown) => {
      if (!stop.aborted) await abandonReindex({ request, target, journal })
      throw error
    })
    const count = countFigures(source, target, run.journal.lastStatus()?.status, options.onFigures ?? (() => {}))
    return await runReindex({
      ...run,
      onStatus: (status) => {
        count(status)
        run.onStatus(status)
      },
      request,
      source,
      target,
      createIndex: options.reindex.createIndex,
      taskName: id.replace(':', '-').toLowerCase(),
    })
  }
}
