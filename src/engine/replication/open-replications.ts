// All replications of a gateway: takes what is asked of them, one call at a time for each, and goes on with them at the next start.
import { sleep } from '../../foundation/clock.ts'
import { asIndexferryError, IndexferryError } from '../../foundation/errors.ts'
import { Gate } from '../../mechanism/gate.ts'
import { indexExists } from '../../mechanism/prepare-target.ts'
import { Turns } from '../../mechanism/turns.ts'
import type { JsonObject } from '../../model/json.ts'
import type { ReplicationRequest, ReplicationStatus } from '../../model/replication.ts'
import { Throttle } from '../../pipeline/throttle.ts'
import type { LocalSide } from '../active-cluster.ts'
import type { Connections } from '../connections/connections.ts'
import type { Domains } from '../connections/domain.ts'
import type { GatewayDatabase } from '../gateway-database.ts'
import { openSecretBox } from '../secret-box.ts'
import { type OwnCheck, watchSteadyCheck } from '../throttle-watch.ts'
import { analysisRefusal, checkAnalysisFiles } from './check-analysis-files.ts'
import { checkLeader, leaderRefusal } from './check-leader.ts'
import { checkRoles } from './check-roles.ts'
import { checkView } from './check-view.ts'
import { findRemote } from './find-remote.ts'
import type { FollowerSet } from './follower-names.ts'
import { overridesOf, settingRefusal } from './override-settings.ts'
import {
  followerExists,
  leaderIsFollower,
  leaderMadeAnew,
  replicationPaused,
  replicationRunning,
  replicationUnknown,
} from './refusals.ts'
import type { UnfinishedEnd } from './remove-unfinished.ts'
import { Replication } from './replication.ts'
import type { ReplicationDeps } from './replication-deps.ts'
import { ReplicationProgress } from './replication-progress.ts'
import { type RemoteCluster, userInitiated } from './replication-record.ts'
import { ReplicationTable } from './replication-table.ts'
import type { ReplicationCaller, Replications, StopEnd } from './replications.ts'
import { SideClusters } from './side-clusters.ts'
import { updateOverrides } from './update-overrides.ts'
import { watchFollowers } from './watch-followers.ts'

export interface ReplicationsOptions {
  readonly database: GatewayDatabase
  readonly local: LocalSide
  readonly clusterCredentials: 'caller' | 'own'
  readonly connections: Connections
  readonly domains: Domains
  /** Between two sweeps of a leader without sequence numbers. */
  readonly sweepIntervalMs: number
  /** Holds all of them while it says no. */
  readonly throttleCheck?: OwnCheck | undefined
  readonly log: (text: string) => void
}

const replicationsMax = 10_000
/** Indexes that are copied at the same time at most, of all replications. */
const bootstrapsMax = 4
/** Indexes whose changes are carried at the same time at most, and those that are opened after a start. */
const carryingMax = 32
const carryingMs = 2_000
const openingMax = 32
const openingMs = 5_000
const counterNotesMs = 10_000
/** How long the answer to a resume waits at most for the first look at the leader. */
const resumedMs = 5_000

export class GatewayReplications implements Replications, AsyncDisposable {
  readonly sides: SideClusters
  private readonly options: ReplicationsOptions
  private readonly table: ReplicationTable
  private readonly progress: ReplicationProgress
  private readonly deps: ReplicationDeps
  private readonly byFollower = new Map<string, Replication>()
  /** Followers that a call is just starting. */
  private readonly starting = new Set<string>()
  /** Those whose index is gone, while what is noted of them is removed. */
  private readonly dropping = new Map<string, Promise<void>>()
  private readonly closing = new AbortController()
  private readonly timer: NodeJS.Timeout
  private watching: Promise<unknown> = Promise.resolve()

  constructor(options: ReplicationsOptions) {
    const { database, local, clusterCredentials, connections, domains, sweepIntervalMs, log } = options
    this.options = options
    this.table = new ReplicationTable(database, openSecretBox(database.folder))
    this.progress = new ReplicationProgress(database.folder, database.nodeId)
    this.sides = new SideClusters({ local, clusterCredentials, connections, domains, log })
    this.deps = {
      table: this.table,
      progress: this.progress,
      sides: this.sides,
      gate: new Gate(bootstrapsMax),
      turns: new Turns(carryingMax, carryingMs),
      stateFolder: database.folder,
      sweepIntervalMs,
      log,
      throttle: new Throttle(),
      closing: AbortSignal.any([this.closing.signal, database.lostSignal]),
      onGone: (replication) => void this.dropGone(replication),
      onBroken: (error) => database.giveUp(error),
    }
    const { hasWritten } = this.progress
    for (const record of this.table.list()) {
      const replication = new Replication(this.deps, record)
      this.byFollower.set(record.request.follower, replication)
      if (!hasWritten && record.bootstrap) replication.fail(writtenLost(record.request.follower))
    }
    this.timer = setInterval(() => this.noteCounts(), counterNotesMs)
    this.timer.unref()
  }

  /** Goes on with those that were not paused when the gateway ended. */
  resumeAll(): void {
    const opening = new Turns(openingMax, openingMs)
    for (const replication of this.byFollower.values()) {
      const { state } = replication.record
      if (state !== 'BOOTSTRAPPING' && state !== 'SYNCING') continue
      void opening.take(async () => {
        // Somebody may have paused it meanwhile.
        const isMeant = replication.record.state === state && this.isFollower(replication.follower)
        if (isMeant && !this.deps.closing.aborted && !replication.isBusy) await replication.goUntilLooked()
      })
    }
    const { throttleCheck, log: note } = this.options
    const { throttle, closing: signal } = this.deps
    const checking = throttleCheck ? watchSteadyCheck(throttleCheck, { throttle, note, signal }) : Promise.resolve()
    const followers = watchFollowers({
      replications: () => [...this.byFollower.values()].filter(({ isBusy }) => !isBusy),
      sides: this.sides,
      connections: this.options.connections,
      table: this.table,
      onGone: (replication) => this.dropGone(replication),
      stop: this.deps.closing,
    })
    this.watching = Promise.all([checking, followers]).catch((error: unknown) => this.options.database.giveUp(error))
  }

  async start(request: ReplicationRequest, caller: ReplicationCaller): Promise<void> {
    const { follower } = request
    this.refuseWhenClosing()
    overridesOf(request.settings)
    if (this.starting.has(follower)) throw busy(follower)
    if (this.byFollower.size >= replicationsMax) {
      throw new IndexferryError('REPLICATION_LIMIT', `there are ${replicationsMax} replications already`)
    }
    this.starting.add(follower)
    try {
      await this.dropping.get(follower)
      const remote = await this.checkStart(request, caller)
      await this.begin(request, remote, caller)
    } finally {
      this.starting.delete(follower)
    }
  }

  private async checkStart(request: ReplicationRequest, caller: ReplicationCaller): Promise<RemoteCluster> {
    const { follower, connection, leaderIndex, roles } = request
    const { connections, domains, local: side } = this.options
    await using localLease = await this.sides.leaseLocal(caller.clusterHeaders)
    const { cluster: local } = localLease
    const finder = { connections, domains, localNodes: side.connection.nodes }
    const remote = await findRemote(finder, connection, async () => local)
    await using leaderLease = await this.sides.leaseLeader(remote, connection)
    const { cluster: leader } = leaderLease
    await checkRoles(leader, local, roles)
    if (this.isOwnFollower(remote, leaderIndex)) throw leaderIsFollower(leaderIndex)
    await checkLeader(leader, connection, leaderIndex)
    await checkView(leader, leaderIndex)
    const there = this.byFollower.get(follower)
    const exists = await indexExists(local, follower).catch((error: unknown) => {
      // The name of an alias or a data stream.
      if (asIndexferryError(error).code === 'INDEX_DIFFERS') return true
      throw error
    })
    if (there && exists) throw followerExists(follower)
    // Its `_stop` is not over, and forgets it by itself.
    if (there?.isBusy) throw busy(follower)
    // The index was deleted a moment ago.
    if (there) await this.dropGone(there)
    if (exists !== request.isAgain) {
      if (exists) throw followerExists(follower)
      return remote
    }
    return remote
  }

  /** Whether a leader is one of the indexes that this gateway itself replicates to. */
  private isOwnFollower(remote: RemoteCluster, leaderIndex: string): boolean {
    const url = this.options.domains[remote.domain]?.url
    return this.options.local.connection.nodes.some((node) => node === url) && this.isFollower(leaderIndex)
  }

  private async begin(asked: ReplicationRequest, remote: RemoteCluster, caller: ReplicationCaller): Promise<void> {
    const { follower, connection, leaderIndex } = asked
    const replication = new Replication(this.deps, this.table.insert(asked, remote, caller.clusterHeaders))
    this.byFollower.set(follower, replication)
    replication.isBusy = true
    try {
      await replication.prepare()
    } catch (error) {
      this.byFollower.delete(follower)
      await replication.dissolve(true)
      throw settingRefusal(analysisRefusal(leaderRefusal(error, connection, leaderIndex)), overridesOf(asked.settings))
    } finally {
      replication.isBusy = false
    }
    if (!this.deps.closing.aborted) replication.go()
  }

  async pause(follower: string, reason: string): Promise<void> {
    await this.change(follower, async (replication) => {
      const { state } = replication.record
      if (state === 'PAUSED' || state === 'FAILED') throw replicationPaused(follower)
      await replication.halt()
      // It may have ended by itself in the meantime.
      if (replication.record.state !== state && replication.record.state !== 'SYNCING') return
      replication.change({ state: 'PAUSED', reason, cause: undefined })
    })
  }

  async resume(follower: string, caller: ReplicationCaller, isForced = false): Promise<void> {
    const { looked } = await this.change(follower, async (replication) => {
      const { state, request, remote } = replication.record
      if (state !== 'PAUSED' && state !== 'FAILED') throw replicationRunning(follower)
      await using local = await this.sides.leaseLocal(caller.clusterHeaders)
      await using leader = await this.sides.leaseLeader(remote, request.connection)
      await checkRoles(leader.cluster, local.cluster, request.roles)
      this.table.saveHeaders(replication.record, caller.clusterHeaders)
      try {
        if (replication.record.cause === 'WRITTEN_IDS_LOST') throw writtenLost(follower)
        await checkView(leader.cluster, request.leaderIndex)
        await checkAnalysisFiles(leader.cluster, local.cluster, request)
        await replication.prepare()
      } catch (error) {
        const { code } = asIndexferryError(error)
        if (code !== 'SOURCE_MADE_ANEW' && code !== 'WRITTEN_IDS_LOST') {
          throw leaderRefusal(error, request.connection, request.leaderIndex)
        }
        if (!isForced) throw code === 'SOURCE_MADE_ANEW' ? leaderMadeAnew(follower) : error
        await replication.startAnew()
        await replication.prepare().catch((failure: unknown) => {
          replication.pauseUnbegun(asIndexferryError(failure))
          throw failure
        })
      }
      replication.change({
        state: replication.isSynced ? 'SYNCING' : 'BOOTSTRAPPING',
        reason: userInitiated,
        cause: undefined,
      })
      return { looked: replication.goUntilLooked() }
    })
    // As with the plugin, whose answer comes when it follows again. Nobody is kept from changing it meanwhile.
    const waiting = new AbortController()
    await Promise.race([looked, sleep(resumedMs, waiting.signal).catch(() => {})])
    waiting.abort()
  }

  async stop(follower: string, caller: ReplicationCaller | undefined): Promise<StopEnd> {
    const leaseCaller = caller && (() => this.sides.leaseLocal(caller.clusterHeaders))
    return this.change(follower, async (replication) => {
      const { state } = replication.record
      await replication.halt()
      // Its last look found that the index is gone.
      if (this.byFollower.get(follower) !== replication) {
        await this.dropping.get(follower)
        return { unfinishedIndex: undefined }
      }
      let unfinished: UnfinishedEnd
      try {
        unfinished = await replication.removeUnfinished(leaseCaller)
        await replication.dissolve(unfinished === 'gone', leaseCaller)
      } catch (error) {
        if (state === 'BOOTSTRAPPING' || state === 'SYNCING') replication.go()
        throw error
      }
      if (this.byFollower.get(follower) === replication) this.byFollower.delete(follower)
      if (unfinished !== 'left') return { unfinishedIndex: undefined }
      this.options.log(`replication to ${follower}: stopped; its index does not have all documents and was left`)
      return { unfinishedIndex: follower }
    })
  }

  async update(follower: string, settings: JsonObject, caller: ReplicationCaller): Promise<void> {
    const overrides = overridesOf(settings)
    await this.change(follower, async (replication) => {
      await using local = await this.sides.leaseLocal(caller.clusterHeaders)
      try {
        await updateOverrides(replication, this.sides, local.cluster, overrides)
        replication.change({ request: { ...replication.record.request, settings } })
      } catch (error) {
        throw settingRefusal(error, overrides)
      } finally {
        // Halted for settings of a closed index.
        if (replication.record.state === 'SYNCING' && this.byFollower.get(follower) === replication) replication.go()
      }
    })
  }

  status(follower: string): ReplicationStatus | undefined {
    return this.byFollower.get(follower)?.status
  }

  list(): readonly ReplicationStatus[] {
    return [...this.byFollower.values()].map(({ status }) => status)
  }

  isFollower(index: string): boolean {
    return this.byFollower.has(index)
  }

  /** Of now, with whatever comes and goes. */
  get followers(): FollowerSet {
    return this.byFollower
  }

  /** One call at a time. Throws REPLICATION_UNKNOWN and REPLICATION_BUSY. */
  private async change<Result>(follower: string, work: (replication: Replication) => Promise<Result>): Promise<Result> {
    this.refuseWhenClosing()
    const replication = this.byFollower.get(follower)
    if (!replication) throw replicationUnknown(follower)
    if (replication.isBusy) throw busy(follower)
    replication.isBusy = true
    try {
      return await work(replication)
    } finally {
      replication.isBusy = false
    }
  }

  /** The index was deleted: the replication is over with it. */
  private dropGone(replication: Replication): Promise<void> {
    const { follower } = replication
    if (this.byFollower.get(follower) !== replication) return this.dropping.get(follower) ?? Promise.resolve()
    this.byFollower.delete(follower)
    const dropped = this.forgetGone(replication).finally(() => this.dropping.delete(follower))
    this.dropping.set(follower, dropped)
    return dropped
  }

  private async forgetGone(replication: Replication): Promise<void> {
    const { follower } = replication
    try {
      // Not awaited from within its own run, which ends by itself.
      if (replication.isRunning) await replication.halt()
      await replication.dissolve(true)
    } catch (error) {
      this.options.log(`the replication to ${follower} could not be forgotten: ${asIndexferryError(error).message}`)
    }
  }

  private noteCounts(): void {
    const changed = [...this.byFollower.values()].flatMap((replication) => replication.takeNews())
    if (changed.length === 0 || this.deps.closing.aborted) return
    try {
      this.table.noteCounts(changed)
    } catch (error) {
      this.options.database.giveUp(error)
    }
  }

  private refuseWhenClosing(): void {
    const { lostSignal } = this.options.database
    if (lostSignal.aborted) throw lostSignal.reason
    if (this.closing.signal.aborted) {
      throw new IndexferryError('GATEWAY_STOPPING', 'the gateway stops; replications go on when it is started again')
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.timer)
    this.noteCounts()
    this.closing.abort(new IndexferryError('GATEWAY_STOPPING', 'the gateway stops'))
    await Promise.all([this.watching, ...[...this.byFollower.values()].map((replication) => replication.halt())])
    await this.sides[Symbol.asyncDispose]()
    this.progress[Symbol.dispose]()
  }
}

const writtenLost = (follower: string): IndexferryError =>
  new IndexferryError(
    'WRITTEN_IDS_LOST',
    `the file that says what the replication to ${follower} has written is gone`,
    {
      remedy: 'Resume the replication with force_resume, which copies the leader anew onto the follower.',
    },
  )

const busy = (follower: string): IndexferryError =>
  new IndexferryError('REPLICATION_BUSY', `another call is just changing the replication to ${follower}`)
