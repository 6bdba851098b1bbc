// Clients that keep account: of every write that was acknowledged, whichever side took it. A refused write is tried again on the other side, as
// a client does whose traffic is led over.
import type { Cluster } from '../../src/cluster/cluster.ts'
import { indexPath } from '../../src/cluster/paths.ts'
import { IndexferryError } from '../../src/foundation/errors.ts'
import { testType } from '../documents/fill-index.ts'

export type AcknowledgingSide = 'source' | 'target'

export interface AcknowledgedWritersOptions {
  readonly clusters: Readonly<Record<AcknowledgingSide, Cluster>>
  /** What clients write through. */
  readonly name: string
  readonly chance: () => number
  readonly ids: number
  readonly writers: number
  /** Writes a second that all of them together aim at. */
  readonly rate: number
  /** Documents in one request at most. */
  readonly batchMax: number
  /** Where clients are led to now; without it they try both sides in turn. For sides that take writes although traffic was led away. */
  readonly route?: (() => AcknowledgingSide) | undefined
}

/** How many writes were acknowledged, and in how much time in which a side took them: breaks, and waiting while both refuse, are not in it. */
export interface WritingTally {
  readonly acknowledged: number
  readonly openMs: number
}

export const deletesUsual = 0.2
/** A writer that fell behind its rate makes up for at most this long. */
const catchUpMsMax = 500

/** What of a document was acknowledged last: its value, or that it was deleted. `unknown`: no answer came, so that both may be so. */
interface Account {
  value: number | undefined
  readonly open: Set<number | undefined>
}

interface BulkItem {
  readonly status: number
  readonly error?: unknown
}

export class AcknowledgedWriters {
  acknowledged = 0
  refused = 0
  private readonly options: AcknowledgedWritersOptions
  private readonly accounts = new Map<number, Account>()
  private readonly running: Promise<void>[]
  private isStopped = false
  private isPaused = false
  private resting = 0
  private next = 1
  private readonly faults: unknown[] = []
  /** Of all writers together. */
  private writingMs = 0
  /** The side that took the last write. */
  home: AcknowledgingSide = 'source'
  /** Which part of the writes are deletes. */
  deletes = deletesUsual

  constructor(options: AcknowledgedWritersOptions) {
    this.options = options
    this.running = Array.from({ length: options.writers }, (_, writer) => this.write(writer))
  }

  get tally(): WritingTally {
    return { acknowledged: this.acknowledged, openMs: this.writingMs / this.options.writers }
  }

  /** Nothing is under way any more when it resolves. Throws what a writer has died of, for that one never rests. */
  async pause(): Promise<void> {
    this.isPaused = true
    while (this.resting < this.options.writers && !this.isStopped) {
      this.throwFault()
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    this.throwFault()
  }

  /** Throws what the first writer has died of. */
  throwFault(): void {
    if (this.faults.length > 0) throw this.faults[0]
  }

  resume(): void {
    this.isPaused = false
  }

  private async untilUnpaused(): Promise<void> {
    this.resting++
    while (this.isPaused && !this.isStopped) await new Promise((resolve) => setTimeout(resolve, 20))
    this.resting--
  }

  async stop(): Promise<void> {
    this.isStopped = true
    await Promise.all(this.running)
    this.throwFault()
  }

  /** Fails on the first document that is not as it was acknowledged. */
  check(found: ReadonlyMap<string, string>): void {
    for (const [number, { value, open }] of this.accounts) {
      const source = found.get(`a-${number}|`)
      const there = source === undefined ? undefined : (JSON.parse(source) as { value: number }).value
      if (there === value || open.has(there)) continue
      throw new Error(`document a-${number}: ${value} was acknowledged, ${there} is there`)
    }
  }

  /** Each writer has ids of its own, so that the last acknowledged write of each is known. */
  private async write(writer: number): Promise<void> {
    const { chance, ids, writers, rate, batchMax } = this.options
    let dueMs = performance.now()
    try {
      while (!this.isStopped) {
        const batch = new Map<number, number | undefined>()
        for (let count = 1 + Math.floor(chance() * batchMax); count > 0; count--) {
          const number = Math.floor((chance() * ids) / writers) * writers + writer
          batch.set(number, chance() < this.deletes ? undefined : this.next++)
        }
        const beganMs = performance.now()
        const refusedMs = await this.sendUntilTaken(batch)
        dueMs = Math.max(dueMs, performance.now() - catchUpMsMax) + (batch.size * writers * 1_000) / rate
        await new Promise((resolve) => setTimeout(resolve, Math.max(1, dueMs - performance.now())))
        this.writingMs += performance.now() - beganMs - refusedMs
        await this.untilUnpaused()
      }
    } catch (error) {
      this.faults.push(error)
    }
  }

  /** How long it was refused before it was taken. */
  private async sendUntilTaken(batch: ReadonlyMap<number, number | undefined>): Promise<number> {
    const beganMs = performance.now()
    let refusedMs = 0
    let open = new Map(batch)
    const { route } = this.options
    const other = (side: AcknowledgingSide) => route?.() ?? (side === 'source' ? 'target' : 'source')
    for (let side = route?.() ?? this.home; open.size > 0 && !this.isStopped; side = other(side)) {
      const left = await this.send(side, open)
      if (left.size < open.size) this.home = side
      open = left
      if (open.size === 0) break
      await new Promise((resolve) => setTimeout(resolve, 20))
      refusedMs = performance.now() - beganMs
    }
    return refusedMs
  }

  /** What was refused. */
  private async send(side: AcknowledgingSide, batch: ReadonlyMap<number, number | undefined>) {
    const lines: string[] = []
    for (const [number, value] of batch) {
      const target = { _id: `a-${number}` }
      if (value === undefined) lines.push(JSON.stringify({ delete: target }))
      else lines.push(JSON.stringify({ index: target }), JSON.stringify({ value, text: `written as ${value}` }))
    }
    const refused = new Map<number, number | undefined>()
    let items: readonly Record<string, BulkItem>[]
    const cluster = this.options.clusters[side]
    const isTyped = ['several', 'one'].includes(cluster.capabilities.mappingTypes)
    try {
      const { body } = await cluster.json<{ items: typeof items }>({
        method: 'POST',
        path: indexPath(this.options.name, isTyped ? `${testType(cluster)}/_bulk` : '_bulk'),
        // Where the alias is not (yet), a write would make an index of its name. Versions with types know no such parameter.
        query: isTyped ? {} : { require_alias: true },
        contentType: 'ndjson',
        body: Buffer.from(`${lines.join('\n')}\n`),
      })
      items = body.items
    } catch (error) {
      if (!(error instanceof IndexferryError)) throw error
      // Refused as a whole: nothing of it was taken. Without an answer, all of it may have been.
      if (error.fields.status === undefined) for (const [number, value] of batch) this.account(number).open.add(value)
      this.refused += batch.size
      return new Map(batch)
    }
    let at = 0
    for (const [number, value] of batch) {
      const { status, error } = Object.values(items[at++] ?? {})[0] as BulkItem
      // A delete of what is not there is answered 404, without an error.
      const isTaken = status < 300 || (status === 404 && error === undefined)
      if (isTaken) {
        this.acknowledged++
        const account = this.account(number)
        account.value = value
        account.open.clear()
      } else {
        this.refused++
        refused.set(number, value)
      }
    }
    return refused
  }

  private account(number: number): Account {
    let account = this.accounts.get(number)
    if (!account) {
      account = { value: undefined, open: new Set() }
      this.accounts.set(number, account)
    }
    return account
  }
}
