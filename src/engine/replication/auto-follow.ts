// Auto-follow: rules that start replications of the indexes that match, of those that are there and of new ones. They are kept in the
// catalog with the headers of whoever made them; rules of one connection and caller share one look at the leader.
import { IndexferryError } from '../../foundation/errors.ts'
import type { AutoFollowRule, AutoFollowStatus } from '../../model/replication.ts'
import type { GatewayDatabase } from '../gateway-database.ts'
import { openSecretBox } from '../secret-box.ts'
import { expressionFor } from './auto-follow-match.ts'
import { AutoFollowTable, type KeptRule } from './auto-follow-table.ts'
import { LeaderWatch, WatchedRule, type WatchParts } from './auto-follow-watch.ts'
import type { AutoFollow, ReplicationCaller } from './replications.ts'

export interface AutoFollowOptions extends Omit<WatchParts, 'pollMs'> {
  readonly database: GatewayDatabase
  /** What can be said of a rule before it is kept, such as whether the caller has its roles. */
  readonly check?: (rule: AutoFollowRule, caller: ReplicationCaller, signal: AbortSignal) => Promise<void>
  /** How often leaders are looked at. */
  readonly pollMs?: number
}

const pollMsDefault = 2_000
const rulesMax = 1_000
const secretsLost = 'the credentials of the rule were sealed with a key that is lost; send the rule again'

export class AutoFollowRules implements AutoFollow, AsyncDisposable {
  readonly #options: AutoFollowOptions
  readonly #table: AutoFollowTable
  readonly #rules = new Map<string, { readonly watched: WatchedRule; readonly watch: string | undefined }>()
  readonly #watches = new Map<string, LeaderWatch>()
  readonly #ending = new Set<Promise<void>>()
  readonly #stop = new AbortController()
  #isResumed = false

  constructor(options: AutoFollowOptions) {
    this.#options = options
    this.#table = new AutoFollowTable(options.database, openSecretBox(options.database.folder))
    for (const kept of this.#table.list()) this.#take(kept)
  }

  /** Rules of an earlier run are at work from then. */
  resume(): void {
    this.#isResumed = true
    for (const watch of this.#watches.values()) watch.begin()
  }

  async put(rule: AutoFollowRule, caller: ReplicationCaller): Promise<void> {
    this.#stop.signal.throwIfAborted()
    const key = keyOf(rule.connection, rule.name)
    if (!this.#rules.has(key) && this.#rules.size >= rulesMax)
      throw new IndexferryError('REPLICATION_LIMIT', `there are ${rulesMax} rules of auto-follow, as many as are kept`)
    // A leader that cannot be asked is told to whoever makes the rule, as the plugin does.
    await this.#options.check?.(rule, caller, this.#stop.signal)
    await this.#options.leaders.listIndexes(rule.connection, expressionFor([rule]), caller, this.#stop.signal)
    this.#table.put(rule, caller)
    const before = this.#rules.get(key)
    this.#drop(key)
    const watched = this.#take({ rule, caller })
    if (before) watched.starts.started = before.watched.starts.started
  }

  remove(connection: string, name: string): void {
    if (!this.#table.remove(connection, name))
      throw new IndexferryError(
        'RULE_UNKNOWN',
        `there is no rule ${name} of auto-follow for the connection ${connection}`,
        { fields: { connection, name } },
      )
    this.#drop(keyOf(connection, name))
  }

  list(): readonly AutoFollowStatus[] {
    return [...this.#rules.values()]
      .map(({ watched }) => watched.status)
      .sort((a, b) => compare(keyOf(a.rule.connection, a.rule.name), keyOf(b.rule.connection, b.rule.name)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new IndexferryError('GATEWAY_STOPPING', 'the gateway is being stopped'))
    await Promise.all([...this.#watches.values()].map((watch) => watch.end()))
    await Promise.all(this.#ending)
  }

  #take({ rule, caller }: KeptRule): WatchedRule {
    const watched = new WatchedRule(rule)
    const key = keyOf(rule.connection, rule.name)
    if (!caller) {
      watched.leaderFailure = secretsLost
      this.#rules.set(key, { watched, watch: undefined })
      return watched
    }
    const place = JSON.stringify([rule.connection, Object.entries(caller.clusterHeaders).sort()])
    let watch = this.#watches.get(place)
    if (!watch) {
      watch = new LeaderWatch({ pollMs: pollMsDefault, ...this.#options }, rule.connection, caller)
      this.#watches.set(place, watch)
    }
    watch.rules.add(watched)
    this.#rules.set(key, { watched, watch: place })
    if (this.#isResumed) watch.begin()
    return watched
  }

  #drop(key: string): void {
    const entry = this.#rules.get(key)
    if (!entry) return
    this.#rules.delete(key)
    entry.watched.isOver = true
    const watch = entry.watch === undefined ? undefined : this.#watches.get(entry.watch)
    if (!watch || entry.watch === undefined) return
    watch.rules.delete(entry.watched)
    if (watch.rules.size > 0) return
    this.#watches.delete(entry.watch)
    const ending = watch.end().finally(() => this.#ending.delete(ending))
    this.#ending.add(ending)
  }
}

const keyOf = (connection: string, name: string): string => JSON.stringify([connection, name])

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
