// The switch of all traffic from one cluster to the other. New calls are held, those under way are waited for, the new place is made
// durable, and then the held calls go there. Whatever goes wrong before it is durable leaves everything as it was.
import type { ActiveCluster } from '../../../engine/active-cluster.ts'
import { monotonicMs } from '../../../foundation/clock.ts'
import { asIndexferryError, IndexferryError } from '../../../foundation/errors.ts'
import { formatDuration } from '../../../foundation/quantity.ts'
import type { ClusterRole } from '../../../model/cluster-role.ts'
import { introduceCluster } from '../introduce-cluster.ts'
import type { Traffic, UnderWay, Way } from '../traffic.ts'

export interface ClusterSwitchParts {
  readonly traffic: Traffic
  readonly active: Pick<ActiveCluster, 'role' | 'sinceMs' | 'switchTo'>
  /** Why traffic may not be switched now, as a sentence. */
  readonly obstacle: () => string | undefined
  /** Told when it was switched. */
  readonly onSwitched: (switched: Switched) => void
}

export interface SwitchOrder {
  readonly to: ClusterRole
  /** How long calls that are under way are waited for. */
  readonly limitMs: number
  /** Leave calls behind that are still under way then: the old cluster answers them. */
  readonly isForced: boolean
  /** Of whoever asks: nothing is switched when he has gone. */
  readonly signal: AbortSignal
}

export interface Switched {
  readonly to: ClusterRole
  /** Of the new cluster. */
  readonly url: string
  readonly waitedMs: number
  /** Calls that were left behind. */
  readonly left: number
}

/** How long the new cluster may take to say that it is there. */
const answerMsMax = 10_000

export class ClusterSwitch {
  readonly #parts: ClusterSwitchParts
  #isSwitching = false

  constructor(parts: ClusterSwitchParts) {
    this.#parts = parts
  }

  /** Undefined: traffic goes there already. Throws SWITCH_REFUSED, SWITCH_LATE and what reaching the new cluster throws. */
  async switchTo(order: SwitchOrder): Promise<Switched | undefined> {
    const { active, traffic } = this.#parts
    if (this.#isSwitching) throw refused('another call is just switching it; ask again when that has ended')
    if (order.to === active.role) return undefined
    const way = traffic.wayTo(order.to)
    if (!way)
      throw refused('the configuration has no standby; name its URL under `standby` and start the gateway again')
    this.#isSwitching = true
    try {
      return await this.#lead(way, order)
    } finally {
      this.#isSwitching = false
    }
  }

  async #lead(way: Way, order: SwitchOrder): Promise<Switched> {
    const { active, traffic, onSwitched } = this.#parts
    this.#refuseObstacle()
    way.family = await seenFamily(way, order.signal)
    const startedAt = monotonicMs()
    using _ = traffic.hold()
    const left = await traffic.untilIdle(order.limitMs, order.signal)
    refuseLate(left, order)
    // A call that was under way may have begun something.
    this.#refuseObstacle()
    // From here to the end nothing waits, so that nobody sees half of it.
    active.switchTo(order.to)
    const switched = {
      to: order.to,
      url: way.passage.name,
      waitedMs: Math.round(monotonicMs() - startedAt),
      left: left.passed,
    }
    onSwitched(switched)
    return switched
  }

  #refuseObstacle(): void {
    const obstacle = this.#parts.obstacle()
    if (obstacle !== undefined) throw refused(obstacle)
  }
}

/** Nobody is led to a cluster that is not there. One that wants credentials is. */
async function seenFamily({ role, passage }: Way, signal: AbortSignal): Promise<Way['family']> {
  const limit = AbortSignal.timeout(answerMsMax)
  try {
    const { status, text, family } = await introduceCluster(passage, AbortSignal.any([signal, limit]))
    if (status === 200 || status === 401 || status === 403) return family
    throw new IndexferryError('CLUSTER_BUSY', `what is under ${role} in the configuration is ${text}`, {
      side: 'target',
    })
  } catch (error) {
    signal.throwIfAborted()
    const known = asIndexferryError(error)
    const why = limit.aborted ? `${passage.name} did not answer within ${formatDuration(answerMsMax)}` : known.message
    throw new IndexferryError('CLUSTER_BUSY', `traffic stays where it is: ${why}`, {
      side: 'target',
      remedy: 'Ask again when the cluster answers.',
      cause: error,
    })
  }
}

function refuseLate({ own, passed }: UnderWay, { limitMs, isForced }: SwitchOrder): void {
  if (own === 0 && (passed === 0 || isForced)) return
  const count = own + passed
  const calls = `${count} ${count === 1 ? 'call is' : 'calls are'} still under way after ${formatDuration(limitMs)}`
  // What the gateway itself is at could begin something on the new cluster that it was asked for the old one.
  const ours = own === 0 ? '' : ` (${own} of them answered by the gateway itself, which are not left behind)`
  throw new IndexferryError('SWITCH_LATE', `traffic stays where it is: ${calls}${ours}`, {
    fields: { own, passed },
    ...(own === 0 ? {} : { remedy: 'Ask again when they have ended, or with a longer timeout.' }),
  })
}

const refused = (why: string): IndexferryError =>
  new IndexferryError('SWITCH_REFUSED', `traffic stays where it is: ${why}`)
