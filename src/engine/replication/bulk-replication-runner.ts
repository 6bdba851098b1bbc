// Bulk tasks of replication: starts, stops, pauses or resumes all replications of a pattern. One at a time; it goes on after a restart.

import { assert } from '../../foundation/assert.ts'
import { sleep } from '../../foundation/clock.ts'
import { asIndexferryError, IndexferryError } from '../../foundation/errors.ts'
import type { ReplicationStatus } from '../../model/replication.ts'
import { fitsPattern } from '../../source/index-expression.ts'
import type { GatewayDatabase } from '../gateway-database.ts'
import { openSecretBox } from '../secret-box.ts'
import type { BulkReplications, BulkRequest, BulkStatus } from './bulk-replication.ts'
import { type BulkFailure, type BulkItem, BulkTable, type BulkWork } from './bulk-replication-table.ts'
import type { RolesOnConnection } from './check-roles-of-rule.ts'
import {
  bulkEmpty,
  bulkImpossible,
  bulkRunning,
  bulkUnknown,
  replicationPaused,
  replicationRunning,
  replicationUnknown,
} from './refusals.ts'
import type { LeaderIndexes, ReplicationCaller, Replications } from './replications.ts'

export interface BulkOptions {
  readonly database: GatewayDatabase
  readonly replications: Pick<Replications, 'start' | 'stop' | 'pause' | 'resume' | 'status' | 'list'>
  readonly leaders: LeaderIndexes
  /** Which of these names are indexes, open or closed, of the local cluster. */
  readonly existing: (
    names: readonly string[],
    caller: ReplicationCaller,
    signal: AbortSignal,
  ) => Promise<ReadonlySet<string>>
  /** Open indexes of the local cluster that match. */
  readonly matching: (pattern: string, caller: ReplicationCaller, signal: AbortSignal) => Promise<readonly string[]>
  /** What can be said of a start before anything is begun, such as whether the caller has the roles. */
  readonly check?: (asked: RolesOnConnection, caller: ReplicationCaller) => Promise<void>
  /** Before what failed for a passing reason is tried again. */
  readonly againAfterMs?: number
}

/** As the plugin's `bulk_batch_size`: so many are asked for at a time. */
const batchSize = 10
const triesMax = 4
const againAfterMsDefault = 5_000
/** The reason that a replication shows that was paused so. */
const pausedBecause = 'bulk_pause'

export class BulkReplicationRunner implements BulkReplications, AsyncDisposable {
  readonly #options: BulkOptions
  readonly #table: BulkTable
  readonly #stop = new AbortController()
  #isBeginning = false
  #running: { readonly number: number; isCancelled: boolean; readonly end: Promise<void> } | undefined

  constructor(options: BulkOptions) {
    this.#options = options
    this.#table = new BulkTable(options.database, openSecretBox(options.database.folder))
  }

  /** A task of an earlier run goes on. */
  resume(): void {
    const work = this.#table.unfinished()
    if (work && !this.#running) this.#run(work)
  }

  /** Whether a task has begun that has not ended. */
  get isRunning(): boolean {
    return this.#isBeginning || this.#running !== undefined || this.#table.unfinished() !== undefined
  }

  async begin(request: BulkRequest, caller: ReplicationCaller): Promise<string> {
    if (this.#isBeginning || this.#running || this.#table.unfinished()) throw bulkRunning()
    this.#isBeginning = true
    try {
      const { connection: start } = request
      if (start !== undefined) await this.#options.check?.({ connection: start, roles: request.roles }, caller)
      const { indexes, failures } = await this.#resolve(request, caller)
      if (indexes.length === 0) {
        if (failures.length > 0) throw bulkImpossible(failures.map(({ reason }) => reason))
        throw bulkEmpty(request.pattern, request.operation === 'start')
      }
      this.#stop.signal.throwIfAborted()
      const number = this.#table.insert(request, caller, indexes, failures)
      const { operation, connection, roles } = request
      this.#run({ number, operation, connection, roles, caller })
      return this.#options.database.taskId(number)
    } finally {
      this.#isBeginning = false
    }
  }

  status(task: string): BulkStatus {
    const number = this.#options.database.taskNumber(task)
    const status = number === undefined ? undefined : this.#table.status(number)
    if (!status) throw bulkUnknown(task)
    return status
  }

  cancel(task: string): void {
    const number = this.#options.database.taskNumber(task)
    if (number === undefined || this.#running?.number !== number) throw bulkUnknown(task)
    this.#running.isCancelled = true
  }

  listMatching(pattern: string): readonly ReplicationStatus[] {
    const found = this.#options.replications.list().filter(({ follower }) => fitsPattern(follower, pattern))
    return found.sort((a, b) => lastNumber(a) - lastNumber(b) || (a.follower < b.follower ? -1 : 1))
  }

  /** What has begun is ended; the rest is done after the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#running?.end
  }

  async #resolve(
    request: BulkRequest,
    caller: ReplicationCaller,
  ): Promise<{ indexes: string[]; failures: BulkFailure[] }> {
    const names = await this.#matching(request, caller)
    const meant = names.filter((name) => !request.excluded.some((pattern) => fitsPattern(name, pattern)))
    const existing =
      request.operation === 'start' ? await this.#options.existing(meant, caller, this.#stop.signal) : new Set<string>()
    const indexes: string[] = []
    const failures: BulkFailure[] = []
    for (const index of meant) {
      const reason = this.#impossible(request, index, existing)
      if (reason === undefined) indexes.push(index)
      else failures.push({ index, reason })
    }
    return { indexes, failures }
  }

  async #matching({ operation, connection, pattern }: BulkRequest, caller: ReplicationCaller): Promise<string[]> {
    const { signal } = this.#stop
    if (operation === 'start') {
      assert(connection !== undefined, 'a bulk start names its connection')
      return [...(await this.#options.leaders.listIndexes(connection, pattern, caller, signal))]
    }
    const local = await this.#options.matching(pattern, caller, signal)
    const followers = this.#options.replications.list().map(({ follower }) => follower)
    return [...new Set([...local, ...followers.filter((name) => fitsPattern(name, pattern))])].sort()
  }

  /** In the plugin's words. */
  #impossible({ operation }: BulkRequest, index: string, existing: ReadonlySet<string>): string | undefined {
    const status = this.#options.replications.status(index)
    if (operation === 'start') {
      const isThere = existing.has(index) || status !== undefined
      return isThere ? `Can't use same index again for replication. Delete the index:${index}` : undefined
    }
    if (!status) return replicationUnknown(index).message
    if (operation === 'pause' && status.state === 'PAUSED') return replicationPaused(index).message
    if (operation === 'resume' && status.state !== 'PAUSED') return replicationRunning(index).message
    return undefined
  }

  #run(work: BulkWork): void {
    const end = this.#runToEnd(work).catch((error: unknown) => {
      // What cannot be noted ends the whole gateway's writing.
      if (!this.#stop.signal.aborted) this.#options.database.giveUp(error)
    })
    this.#running = { number: work.number, isCancelled: false, end }
  }

  async #runToEnd(work: BulkWork): Promise<void> {
    const { number } = work
    // `#running` is set when this goes on.
    await Promise.resolve()
    const { signal } = this.#stop
    for (;;) {
      if (signal.aborted) return
      if (this.#running?.isCancelled) break
      const batch = this.#table.takeBatch(number, batchSize)
      if (batch.length === 0) break
      await Promise.all(batch.map((item) => this.#settle(work, item)))
    }
    if (signal.aborted && !this.#running?.isCancelled && this.#table.status(number)?.pending) return
    this.#table.end(number)
    this.#running = undefined
  }

  async #settle(work: BulkWork, { index, state }: BulkItem): Promise<void> {
    if (state === 'begun' && this.#isDone(work, index)) {
      this.#table.settle(work.number, index, 'done')
      return
    }
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#do(work, index)
        this.#table.settle(work.number, index, 'done')
        return
      } catch (thrown) {
        const error = asIndexferryError(thrown)
        if (this.#stop.signal.aborted) return
        const mayPass = error.definition.retry !== 'never' && attempt < triesMax && !this.#running?.isCancelled
        if (!mayPass) {
          this.#table.settle(work.number, index, 'failed', error.message)
          return
        }
      }
      await sleep(this.#options.againAfterMs ?? againAfterMsDefault, this.#stop.signal).catch(() => {})
      if (this.#stop.signal.aborted) return
    }
  }

  /** It was done in the run before this one, which ended before it could note it. */
  #isDone({ operation }: BulkWork, index: string): boolean {
    const status = this.#options.replications.status(index)
    if (operation === 'stop') return status === undefined
    if (operation === 'start') return status !== undefined
    return status !== undefined && (status.state === 'PAUSED') === (operation === 'pause')
  }

  async #do({ operation, connection, roles, caller }: BulkWork, index: string): Promise<void> {
    const { replications } = this.#options
    if (operation === 'pause') return replications.pause(index, pausedBecause)
    if (operation === 'stop') {
      await replications.stop(index, caller)
      return
    }
    if (!caller) throw secretsLost()
    if (operation === 'resume') return replications.resume(index, caller)
    assert(connection !== undefined, 'a bulk start names its connection')
    await replications.start(
      { follower: index, connection, leaderIndex: index, roles, settings: {}, isAgain: false },
      caller,
    )
  }
}

const secretsLost = () =>
  new IndexferryError('TASK_SECRETS_LOST', 'the credentials of the task were sealed with a key that is lost')

/** Of `logs-2` it is 2; names without one come last. */
const lastNumber = ({ follower }: ReplicationStatus): number => {
  const [digits] = /\d{1,9}$/.exec(follower.slice(follower.lastIndexOf('-') + 1)) ?? []
  return digits === undefined ? Number.MAX_SAFE_INTEGER : Number(digits)
}
