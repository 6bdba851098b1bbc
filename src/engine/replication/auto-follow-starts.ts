// What an auto-follow rule has begun, what it failed to begin and when it tries again, and what it leaves alone.
import { type BackoffOptions, backoffMs } from '../../foundation/backoff.ts'
import { monotonicMs } from '../../foundation/clock.ts'

interface Failure {
  readonly reason: string
  readonly attempts: number
  /** Of the clock that never jumps. */
  readonly againAt: number
}

const backoff: BackoffOptions = { firstMs: 4_000, maxMs: 300_000 }
/** How long an index that is there on the follower is not asked for again; it may be deleted, and is then picked up. */
const leaveAloneMs = 10_000

export class AutoFollowStarts {
  started = 0
  readonly #failures = new Map<string, Failure>()
  readonly #existing = new Map<string, number>()

  get failures(): { index: string; reason: string }[] {
    return [...this.#failures].map(([index, { reason }]) => ({ index, reason }))
  }

  succeeded(leaderIndex: string): void {
    this.started++
    this.#failures.delete(leaderIndex)
    this.#existing.delete(leaderIndex)
  }

  failed(leaderIndex: string, reason: string): void {
    const attempts = (this.#failures.get(leaderIndex)?.attempts ?? 0) + 1
    this.#failures.set(leaderIndex, { reason, attempts, againAt: monotonicMs() + backoffMs(attempts, backoff) })
  }

  /** Neither a success nor a failure: an index of that name is there. */
  exists(leaderIndex: string): void {
    this.#failures.delete(leaderIndex)
    this.#existing.set(leaderIndex, monotonicMs() + leaveAloneMs)
  }

  isDue(leaderIndex: string): boolean {
    const againAt = Math.max(this.#existing.get(leaderIndex) ?? 0, this.#failures.get(leaderIndex)?.againAt ?? 0)
    return monotonicMs() >= againAt
  }

  /** Of what the leader has no more, nothing is remembered. */
  keepOnly(leaderIndexes: ReadonlySet<string>): void {
    for (const map of [this.#failures, this.#existing]) {
      for (const index of map.keys()) if (!leaderIndexes.has(index)) map.delete(index)
    }
  }
}
