// Where calls go. Each call takes a lease on the cluster that is the local one when it begins, and has it to its end, so that every
// call is answered by exactly one cluster. While traffic is switched, new calls are held: they begin when it is done.
import type { Passage } from '../../cluster/passage.ts'
import { assert } from '../../foundation/assert.ts'
import type { ClusterRole } from '../../model/cluster-role.ts'
import { type FamilyHeaders, usualHeaders } from './render-answer.ts'

/** The way to one cluster. */
export interface Way {
  readonly role: ClusterRole
  readonly passage: Passage
  /** Set once the cluster was seen. */
  family: FamilyHeaders
}

/** One call under way. Over when everybody who works on it has let go. */
export class Lease {
  readonly way: Way
  /** Whether the cluster answers it by itself: nothing of ours will begin because of it. */
  isPassed = false
  readonly #leases: Set<Lease>
  readonly #onEmpty: () => void
  #holders = 1

  constructor(way: Way, leases: Set<Lease>, onEmpty: () => void) {
    this.way = way
    this.#leases = leases
    this.#onEmpty = onEmpty
    leases.add(this)
  }

  /** For work that may go on when the caller has hung up. */
  keep(): void {
    this.#holders++
  }

  letGo(): void {
    if (--this.#holders > 0) return
    this.#leases.delete(this)
    if (this.#leases.size === 0) this.#onEmpty()
  }
}

/** Calls that are under way, by who answers them. */
export interface UnderWay {
  readonly own: number
  readonly passed: number
}

export class Traffic {
  readonly #active: { readonly role: ClusterRole }
  readonly #ways: Readonly<Partial<Record<ClusterRole, Way>>>
  readonly #leases: Readonly<Record<ClusterRole, Set<Lease>>> = { cluster: new Set(), standby: new Set() }
  #held: PromiseWithResolvers<void> | undefined
  #onIdle: () => void = () => {}

  constructor(passages: Readonly<Record<ClusterRole, Passage | undefined>>, active: { readonly role: ClusterRole }) {
    this.#active = active
    const way = (role: ClusterRole, passage: Passage | undefined) =>
      passage && { [role]: { role, passage, family: usualHeaders } }
    this.#ways = { ...way('cluster', passages.cluster), ...way('standby', passages.standby) }
  }

  /** The one that calls go to now. */
  get way(): Way {
    const way = this.#ways[this.#active.role]
    assert(way, 'the active cluster has a way')
    return way
  }

  wayTo(role: ClusterRole): Way | undefined {
    return this.#ways[role]
  }

  /** While traffic is switched. */
  get isHeld(): boolean {
    return this.#held !== undefined
  }

  /** Until when calls must wait. */
  get released(): Promise<void> {
    return this.#held?.promise ?? Promise.resolve()
  }

  begin(): Lease {
    const { way } = this
    return new Lease(way, this.#leases[way.role], () => this.#onIdle())
  }

  /** New calls wait until it is disposed of. Once at a time. */
  hold(): Disposable {
    assert(!this.#held, 'traffic is held once at a time')
    const held = Promise.withResolvers<void>()
    this.#held = held
    return {
      [Symbol.dispose]: () => {
        this.#held = undefined
        held.resolve()
      },
    }
  }

  /** To be asked while calls are held. Resolves with what is under way when the time is over, and else with nothing. */
  async untilIdle(limitMs: number, signal: AbortSignal): Promise<UnderWay> {
    // Not those that an earlier switch has left behind.
    const leases = this.#leases[this.#active.role]
    signal.throwIfAborted()
    if (leases.size > 0 && limitMs > 0) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const onAbort = () => reject(signal.reason)
      const timer = setTimeout(resolve, limitMs)
      this.#onIdle = () => {
        if (leases.size === 0) resolve()
      }
      signal.addEventListener('abort', onAbort, { once: true })
      try {
        await promise
      } finally {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
        this.#onIdle = () => {}
      }
    }
    const passed = [...leases].filter(({ isPassed }) => isPassed).length
    return { own: leases.size - passed, passed }
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.#ways).map(({ passage }) => passage.close()))
  }
}
