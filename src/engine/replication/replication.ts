// One replication: its state, and the run that keeps the follower like the leader until somebody stops it.
import { backoffMs } from '../../foundation/backoff.ts'
import { now, sleep } from '../../foundation/clock.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import type { CopyUnit } from '../../mechanism/copy-unit.ts'
import type { FollowedShard, FollowStatus } from '../../mechanism/follow-journal.ts'
import { type FollowContext, prepareFollow, runFollow } from '../../migration/run-follow.ts'
import type { JsonValue } from '../../model/json.ts'
import type { ReplicationCounts, ReplicationStatus } from '../../model/replication.ts'
import { Progress } from '../../pipeline/progress.ts'
import { SweepsFile } from '../catalog-sweeps.ts'
import type { CopyWriter } from '../catalog-writer.ts'
import type { CheckpointNotes } from '../checkpoint-notes.ts'
import { sizeOfBootstrap } from './bootstrap-size.ts'
import { clearOlder } from './clear-older.ts'
import { openClosed } from './closed-follower.ts'
import type { ClusterLease } from './cluster-pool.ts'
import { isCopied, unitsOf } from './copied-units.ts'
import { switchFinalPipelineOff } from './final-pipeline.ts'
import { FollowerBlock } from './follower-block.ts'
import { overridesOf } from './override-settings.ts'
import { mayNoMore, removeUnfinished, type UnfinishedEnd } from './remove-unfinished.ts'
import { replicationContext } from './replication-context.ts'
import type { OpenReplication, ReplicationDeps } from './replication-deps.ts'
import { closedIndex, endOf, type ReplicationEnd } from './replication-end.ts'
import type { ReplicationRecord } from './replication-record.ts'
import { countsOf, statusOf, withFigures } from './replication-status.ts'
import type { RecordChange } from './replication-table.ts'
import { RequestCounts } from './request-counts.ts'
import { notesOf, restoreSettings } from './restore-settings.ts'
import { wishSettings } from './wish-settings.ts'

const retryBackoff = { firstMs: 500, maxMs: 30_000 }

export class Replication {
  record: ReplicationRecord
  /** Another call is changing it. */
  isBusy = false
  private readonly deps: ReplicationDeps
  private readonly block: FollowerBlock
  private overrides: Readonly<Record<string, JsonValue>>
  private running: Promise<void> | undefined
  /** Of what runs. */
  private writer: CopyWriter | undefined
  private stopping = new AbortController()
  private followed: FollowStatus | undefined
  private shards: readonly FollowedShard[] = []
  private waiting: string | undefined
  private looked = Promise.withResolvers<void>()
  /** All documents are there, which is shown once it is known how far each shard is. */
  private hasAll = false
  private standIn: (() => Promise<ClusterLease>) | undefined
  private notedCounts = ''
  private progress: Progress | undefined
  private readonly requests: RequestCounts

  constructor(deps: ReplicationDeps, record: ReplicationRecord) {
    this.deps = deps
    this.record = record
    this.requests = new RequestCounts(record.counts)
    this.overrides = overridesOf(record.request.settings)
    this.block = new FollowerBlock({ record: () => this.record, lease: () => this.leaseLocal(), log: deps.log })
  }

  /** In the name of whoever started or resumed it. */
  private async leaseLocal(): Promise<ClusterLease> {
    if (this.standIn) return this.standIn()
    const { sides, table } = this.deps
    return sides.leaseLocal(table.readHeaders(this.record))
  }

  get follower(): string {
    return this.record.request.follower
  }

  get isRunning(): boolean {
    return this.running !== undefined
  }

  get status(): ReplicationStatus {
    const { record, followed, shards, counts } = this
    const waiting = this.deps.throttle.reason ?? this.waiting
    return statusOf(record, { followed, shards, waiting, progress: this.progress?.totals, counts })
  }

  get counts(): ReplicationCounts {
    return countsOf({ ...this.record.counts, ...this.requests.now }, this.progress?.totals, this.followed?.deleted)
  }

  /** Everything was copied once. */
  get isSynced(): boolean {
    return this.record.bootstrap?.endedMs !== undefined && !this.record.isClearing
  }

  /** Its record with the counts of now, when they are others than the last time. */
  takeNews(): ReplicationRecord[] {
    this.record = withFigures(this.record, this.counts, this.progress?.totals.read)
    const news = JSON.stringify([this.record.counts, this.record.bootstrap])
    if (news === this.notedCounts) return []
    this.notedCounts = news
    return [this.record]
  }

  /** UUID of the follower index, once that is made and looked at. */
  get followerUuid(): string | undefined {
    return this.knownUnit?.targetUuid
  }

  private knownUnit: CopyUnit | undefined

  change(change: RecordChange, durability: 'full' | 'process' = 'full'): void {
    this.record = { ...this.record, ...change }
    if (change.request) this.overrides = overridesOf(change.request.settings)
    this.deps.table.update(this.record, durability)
    if (change.state) this.block.set()
  }

  /** Everything that can stand against it is told here. */
  readonly prepare = (): Promise<void> => this.block.without(() => this.prepareRun())

  private async prepareRun(): Promise<void> {
    await using open = await this.open()
    const abort = new AbortController()
    const notes = notesOf(open.writer, abort)
    try {
      // Before anything is made on the follower's side.
      await this.beginBootstrap(open)
      await prepareFollow(this.context(open, notes, abort, this.deps.closing))
      await switchFinalPipelineOff(open.local, this.follower)
    } finally {
      notes.stop()
    }
  }

  private async beginBootstrap({ leader, writer }: OpenReplication): Promise<void> {
    if (this.record.bootstrap || isCopied(writer)) return
    this.change({ bootstrap: await sizeOfBootstrap(leader, this.record.request.leaderIndex) })
  }

  /** Goes on in the background, until `halt`. */
  go(): void {
    if (this.running !== undefined) return
    this.stopping = new AbortController()
    const stop = AbortSignal.any([this.stopping.signal, this.deps.closing])
    this.running = this.run(stop)
      .catch(this.deps.onBroken)
      .finally(() => {
        this.running = undefined
      })
  }

  /** As `go`; resolves when the leader was looked at, or the run has ended. */
  async goUntilLooked(): Promise<void> {
    this.looked = Promise.withResolvers()
    this.go()
    await Promise.race([this.looked.promise, this.running])
  }

  /** Resolves when nothing is written any more. */
  async halt(): Promise<void> {
    this.stopping.abort(new IndexferryError('PAUSED', `the replication to ${this.follower} is halted`))
    await this.running
    await this.block.settled()
  }

  /** As it pauses by itself. */
  async pauseBecause(error: IndexferryError): Promise<void> {
    this.isBusy = true
    try {
      await this.halt()
      this.end(endOf(error, this.record))
    } finally {
      this.isBusy = false
    }
  }

  private async run(stop: AbortSignal): Promise<void> {
    for (let attempt = 1; !stop.aborted; attempt++) {
      const startedMs = now()
      try {
        await using open = await this.open()
        this.writer = open.writer
        await this.follow(open, stop)
        return
      } catch (error) {
        if (stop.aborted) return
        const end = endOf(error, this.record)
        if (end.kind !== 'again') {
          this.end(end)
          return
        }
        this.waiting = end.error.message
        if (now() - startedMs > retryBackoff.maxMs) attempt = 1
        await sleep(backoffMs(attempt, retryBackoff), stop).catch(() => {})
      } finally {
        this.writer = undefined
      }
    }
  }

  private async follow(open: OpenReplication, stop: AbortSignal): Promise<void> {
    const abort = new AbortController()
    const notes = notesOf(open.writer, abort)
    try {
      await runFollow(this.context(open, notes, abort, stop))
      await notes.flush()
    } finally {
      notes.stop()
    }
  }

  private context(
    { leader, local, writer, swept }: OpenReplication,
    notes: CheckpointNotes,
    abort: AbortController,
    stop: AbortSignal,
  ): FollowContext {
    const counts = writer.listIndexes()[0]?.counts
    this.progress ??= new Progress(counts)
    return replicationContext({
      request: this.record.request,
      leader,
      local,
      writer,
      notes,
      shared: this.deps.progress.opened,
      progress: this.progress,
      stateFolder: this.deps.stateFolder,
      sweeps: { notes: (unit) => swept.ofUnit(unit), intervalMs: this.deps.sweepIntervalMs, trustsVersions: false },
      gate: this.deps.gate,
      turns: this.deps.turns,
      throttle: this.deps.throttle,
      overrides: () => this.overrides,
      requests: this.requests,
      onFollowing: () => this.onCopied({ local, writer }, abort, stop),
      onStatus: (status, shards) => {
        this.onStatus(status, shards)
        const closed = closedIndex(status)
        if (closed) abort.abort(closed)
      },
      // That it is halted is what was asked for.
      note: (text) => {
        if (!stop.aborted) this.deps.log(`replication to ${this.follower}: ${text}`)
      },
      // Paused while it was copied, its settings are put back, so that it can be searched.
      staysRelaxed: () => this.deps.closing.aborted || this.record.state === 'SYNCING',
      stop,
      abort,
    })
  }

  /** All documents are there. What was there before and is not the leader's goes now. */
  private onCopied(open: Pick<OpenReplication, 'local' | 'writer'>, abort: AbortController, stop: AbortSignal): void {
    const [unit] = unitsOf(open.writer)
    this.knownUnit = unit
    if (!this.record.isClearing || !unit) {
      this.onSynced()
      return
    }
    clearOlder(open.local, unit, AbortSignal.any([stop, abort.signal]))
      .then(() => {
        // Halted meanwhile, and perhaps gone: it is done once more when it goes on.
        if (stop.aborted) return
        this.change({ isClearing: false })
        this.onSynced()
      })
      .catch((error: unknown) => abort.abort(error))
  }

  private onSynced(): void {
    this.hasAll = true
    const { bootstrap, state } = this.record
    if (state !== 'BOOTSTRAPPING') return
    const documentsDone = this.progress?.totals.read ?? bootstrap?.documentsTotal ?? 0
    this.change({ bootstrap: bootstrap && { ...bootstrap, documentsDone, endedMs: bootstrap.endedMs ?? now() } })
    this.showSynced()
  }

  /** Clients read `syncing_details` as soon as the state says so. */
  private showSynced(): void {
    const isShown = this.record.state !== 'BOOTSTRAPPING' || this.shards.length === 0
    if (this.hasAll && !isShown) this.change({ state: 'SYNCING' })
  }

  private onStatus(status: FollowStatus, shards: readonly FollowedShard[]): void {
    this.looked.resolve()
    this.waiting = status.state === 'waiting' && status.error ? String(status.error.message) : undefined
    this.followed = status
    this.shards = shards
    if (status.state === 'following') this.showSynced()
  }

  fail(error: IndexferryError): void {
    this.end(endOf(error, this.record))
  }

  /** It was begun anew and does not run: paused, it can be resumed. */
  pauseUnbegun(error: IndexferryError): void {
    this.change({ state: 'PAUSED', reason: `AutoPaused: ${error.message}. ${error.remedy}`, cause: error.code })
  }

  private end(end: ReplicationEnd): void {
    this.waiting = undefined
    if (end.kind === 'again') return
    if (end.kind === 'gone') {
      this.deps.log(`the replication to ${this.follower} is over: ${end.error.message}`)
      this.deps.onGone(this)
      return
    }
    this.deps.log(`replication to ${this.follower}: ${end.reason}`)
    this.change({ state: end.state, reason: end.reason, cause: end.error.code })
  }

  /** Opens both sides. Throws what stands against that. */
  async open(): Promise<OpenReplication> {
    const { sides, progress } = this.deps
    const { request, remote } = this.record
    await using opening = new AsyncDisposableStack()
    const local = opening.use(await this.leaseLocal()).cluster
    await openClosed(this, local)
    const leader = opening.use(await sides.leaseLeader(remote, request.connection)).cluster
    const writer = progress.claim(this.record, {
      source: `${leader.name}/${request.leaderIndex}`,
      target: `${local.name}/${request.follower}`,
    })
    opening.defer(() => progress.release(writer, 'paused'))
    if (this.followerUuid === undefined) this.knownUnit = unitsOf(writer)[0]
    const hasRead = (unit: string) => writer.readCursors(unit).some(({ position }) => position > 0)
    const swept = opening.use(new SweepsFile(this.deps.stateFolder, writer.id, hasRead))
    const open = opening.move()
    return { local, leader, writer, swept, [Symbol.asyncDispose]: () => open.disposeAsync() }
  }

  /** Answers with how to undo it. */
  wishSettings(settings: Readonly<Record<string, JsonValue>>): () => void {
    return wishSettings(this.writer, settings)
  }

  /** `leaseCaller`: the local cluster in the name of whoever asks for it. */
  async removeUnfinished(leaseCaller: (() => Promise<ClusterLease>) | undefined): Promise<UnfinishedEnd> {
    const writer = this.claim()
    try {
      return await removeUnfinished(this.record, writer, leaseCaller)
    } finally {
      this.deps.progress.release(writer, 'paused')
    }
  }

  private claim(): CopyWriter {
    return this.deps.progress.claim(this.record, { source: this.record.request.leaderIndex, target: this.follower })
  }

  /**
   * What was changed on the follower is put back, unless it is another index by now; nothing of the replication is left but the index. In the
   * caller's name where whoever started it may do nothing any more.
   */
  async dissolve(isFollowerGone = false, leaseCaller?: () => Promise<ClusterLease>): Promise<void> {
    const { table, progress } = this.deps
    const writer = this.claim()
    try {
      if (!isFollowerGone)
        await this.putBack(writer).catch((error: unknown) => {
          if (!leaseCaller || !mayNoMore(error)) throw error
          this.standIn = leaseCaller
          return this.putBack(writer)
        })
    } catch (error) {
      progress.release(writer, 'paused')
      throw error
    }
    progress.forget(writer)
    table.remove(this.record)
  }

  private async putBack(writer: CopyWriter): Promise<void> {
    await this.block.release()
    await restoreSettings(writer, this.follower, this.deps, () => this.leaseLocal())
  }

  /** What was copied counts for nothing: the leader as it is now is copied onto the follower that is there. */
  async startAnew(): Promise<void> {
    const { progress } = this.deps
    const { request } = this.record
    const writer = this.claim()
    await this.putBack(writer)
    this.change({
      request: { ...request, isAgain: true },
      isClearing: true,
      bootstrap: undefined,
      state: 'BOOTSTRAPPING',
    })
    progress.forget(writer)
    this.progress = undefined
    this.knownUnit = undefined
    this.followed = undefined
    this.shards = []
    this.hasAll = false
  }
}
