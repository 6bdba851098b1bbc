// Looks at one leader's cluster for all rules of one caller, again and again, and begins what is new.
import { backoffMs } from '../../foundation/backoff.ts'
import { now, sleep } from '../../foundation/clock.ts'
import { asIndexferryError, isErrorOf } from '../../foundation/errors.ts'
import type { AutoFollowRule, AutoFollowStatus } from '../../model/replication.ts'
import { expressionFor, type LeaderMatch, matchRule } from './auto-follow-match.ts'
import { AutoFollowStarts } from './auto-follow-starts.ts'
import type { LeaderIndexes, ReplicationCaller, Replications } from './replications.ts'

export interface WatchParts {
  readonly replications: Pick<Replications, 'start' | 'status' | 'list'>
  readonly leaders: LeaderIndexes
  /** Which of these names are indexes, open or closed, of the local cluster. */
  readonly existing: (
    names: readonly string[],
    caller: ReplicationCaller,
    signal: AbortSignal,
  ) => Promise<ReadonlySet<string>>
  readonly pollMs: number
}

/** A rule at work. */
export class WatchedRule {
  readonly rule: AutoFollowRule
  readonly starts = new AutoFollowStarts()
  failedLeaderCalls = 0
  lastLookMs: number | undefined
  leaderFailure: string | undefined
  /** Replaced or removed: nothing is begun for it any more. */
  isOver = false

  constructor(rule: AutoFollowRule) {
    this.rule = rule
  }

  get status(): AutoFollowStatus {
    const { rule, starts, failedLeaderCalls, lastLookMs, leaderFailure } = this
    const { started, failures } = starts
    return { rule, started, failed: failures.length, failedLeaderCalls, failures, lastLookMs, leaderFailure }
  }
}

/** As many as the plugin begins at a time (`autofollow.concurrent_replication_jobs_trigger_size`). */
const startsAtOnce = 3
/** Of one look: then the leader is asked anew, so that no rule waits for another's many indexes. */
const startsPerLook = 12
/** While so many are copied for the first time or wait for their turn, no more are begun. */
const bootstrapsMax = 200
const leaderAway = { firstMs: 4_000, maxMs: 60_000 }

export class LeaderWatch {
  readonly rules = new Set<WatchedRule>()
  readonly #parts: WatchParts
  readonly #connection: string
  readonly #caller: ReplicationCaller
  readonly #stop = new AbortController()
  #failuresInRow = 0
  #wake = new AbortController()
  #running: Promise<void> | undefined

  constructor(parts: WatchParts, connection: string, caller: ReplicationCaller) {
    this.#parts = parts
    this.#connection = connection
    this.#caller = caller
  }

  /** Begins, or looks at once where it would have waited. */
  begin(): void {
    if (this.#running !== undefined) this.#wake.abort()
    else this.#running = this.#run()
  }

  /** Resolves when nothing is under way. */
  async end(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      this.#wake = new AbortController()
      await this.#look(signal)
      const pause = this.#failuresInRow === 0 ? this.#parts.pollMs : backoffMs(this.#failuresInRow, leaderAway)
      await sleep(pause, AbortSignal.any([signal, this.#wake.signal])).catch(() => {})
    }
  }

  /** Never rejects: what went wrong stands in the status of the rules. */
  async #look(signal: AbortSignal): Promise<void> {
    const rules = [...this.rules]
    if (rules.length === 0) return
    try {
      const expression = expressionFor(rules.map(({ rule }) => rule))
      const names = await this.#parts.leaders.listIndexes(this.#connection, expression, this.#caller, signal)
      this.#failuresInRow = 0
      for (const watched of rules) await this.#followNew(watched, names, signal)
    } catch (error) {
      if (signal.aborted) return
      this.#failuresInRow++
      for (const watched of rules) {
        watched.failedLeaderCalls++
        watched.leaderFailure = reasonOf(error)
      }
    }
  }

  async #followNew(watched: WatchedRule, names: readonly string[], signal: AbortSignal): Promise<void> {
    watched.lastLookMs = now()
    watched.leaderFailure = undefined
    const { replications } = this.#parts
    const matches = matchRule(watched.rule, names)
    watched.starts.keepOnly(new Set(matches.map(({ leaderIndex }) => leaderIndex)))
    const due = matches.filter(
      ({ leaderIndex, follower }) => watched.starts.isDue(leaderIndex) && !replications.status(follower),
    )
    const fresh = await this.#withoutExisting(watched, due, signal)
    const bootstrapping = replications.list().filter(({ state }) => state === 'BOOTSTRAPPING').length
    const queue = fresh.slice(0, Math.min(startsPerLook, Math.max(0, bootstrapsMax - bootstrapping)))
    const worker = async () => {
      for (let match = queue.shift(); match && !signal.aborted && !watched.isOver; match = queue.shift()) {
        await this.#start(watched, match)
      }
    }
    await Promise.all(Array.from({ length: startsAtOnce }, worker))
  }

  async #withoutExisting(
    watched: WatchedRule,
    due: readonly LeaderMatch[],
    signal: AbortSignal,
  ): Promise<LeaderMatch[]> {
    if (due.length === 0) return []
    const asked = due.map(({ follower }) => follower)
    let existing: ReadonlySet<string>
    try {
      existing = await this.#parts.existing(asked, this.#caller, signal)
    } catch (error) {
      if (!signal.aborted) for (const { leaderIndex } of due) watched.starts.failed(leaderIndex, reasonOf(error))
      return []
    }
    for (const { leaderIndex, follower } of due) if (existing.has(follower)) watched.starts.exists(leaderIndex)
    return due.filter(({ follower }) => !existing.has(follower))
  }

  async #start(watched: WatchedRule, { leaderIndex, follower }: LeaderMatch): Promise<void> {
    const { replications } = this.#parts
    const { connection, roles, settings } = watched.rule
    try {
      const request = { follower, connection, leaderIndex, roles, settings, isAgain: false }
      await replications.start(request, this.#caller)
      watched.starts.succeeded(leaderIndex)
    } catch (error) {
      if (this.#stop.signal.aborted) return
      // Somebody was quicker: another rule, a client that starts or creates it.
      if (isErrorOf(error, 'FOLLOWER_EXISTS') || replications.status(follower)) watched.starts.exists(leaderIndex)
      else watched.starts.failed(leaderIndex, reasonOf(error))
    }
  }
}

function reasonOf(thrown: unknown): string {
  const { message } = asIndexferryError(thrown)
  return message
}
