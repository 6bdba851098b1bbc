// Carries connections from state to state after the call that asked for it, and keeps the forwarders of the active ones.
import { backoffMs } from '../../foundation/backoff.ts'
import { sleep } from '../../foundation/clock.ts'
import { asIndexferryError, IndexferryError } from '../../foundation/errors.ts'
import type { ConnectionRecord } from './connection-record.ts'
import { nextWork } from './connection-states.ts'
import type { ConnectionTable } from './connection-table.ts'
import { type Domains, findDomain } from './domain.ts'
import { Forwarder, type ForwarderLimits } from './forwarder.ts'
import { routeTo } from './route-to-domain.ts'
import { findObstacle } from './validate-connection.ts'

/** Where forwarders listen. */
export interface EndpointPlaces {
  readonly host: string
  /** First and last; any free port without them. */
  readonly ports: readonly [number, number] | undefined
}

interface BackgroundOptions {
  readonly domains: Domains
  readonly endpoints: EndpointPlaces
  readonly log: (warning: string) => void
  readonly forwarderLimits?: ForwarderLimits | undefined
}

/** A port that is taken may become free: try for some minutes, then wait for the next start of the gateway. */
const listenAttempts = 12
const listenPause = { firstMs: 500, maxMs: 10_000 }

/** Validations at once; each holds connections to two clusters. */
const workersMax = 8

export class ConnectionBackground implements AsyncDisposable {
  private readonly table: ConnectionTable
  private readonly options: BackgroundOptions
  private readonly forwarders = new Map<string, Forwarder>()
  /** What is being worked on; the promise never rejects. */
  private readonly working = new Map<string, Promise<void>>()
  private readonly waiting = new Set<string>()
  private readonly stop = new AbortController()

  constructor(table: ConnectionTable, options: BackgroundOptions) {
    this.table = table
    this.options = options
  }

  resume(): void {
    for (const { id } of this.table.listLiving()) this.workOn(id)
  }

  /** One at a time for each connection: what comes while it is worked on is seen when that is done. */
  workOn(id: string): void {
    if (this.stop.signal.aborted) return
    this.waiting.add(id)
    this.startWorkers()
  }

  forwarderOf(id: string): Forwarder | undefined {
    return this.forwarders.get(id)
  }

  async settled(): Promise<void> {
    while (this.working.size > 0) await Promise.all(this.working.values())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop.abort(new Error('the gateway is stopping'))
    this.waiting.clear()
    await Promise.all([...this.working.values()])
    await Promise.all([...this.forwarders.values()].map((forwarder) => forwarder[Symbol.asyncDispose]()))
    this.forwarders.clear()
  }

  private startWorkers(): void {
    for (const id of this.waiting) {
      if (this.working.size >= workersMax) return
      if (this.working.has(id)) continue
      this.waiting.delete(id)
      const work = this.workToTheEnd(id)
        .catch((error: unknown) => {
          if (!this.stop.signal.aborted) this.options.log(`connection ${id}: ${asIndexferryError(error).message}`)
        })
        .finally(() => {
          this.working.delete(id)
          this.startWorkers()
        })
      this.working.set(id, work)
    }
  }

  /** Each step ends in another state or in a state that waits, so that it ends. */
  private async workToTheEnd(id: string): Promise<void> {
    for (;;) {
      this.stop.signal.throwIfAborted()
      const record = this.table.get(id)
      const work = record && nextWork(record)
      if (!record || work === undefined) {
        if (record?.outbound === 'ACTIVE') await this.openForwarder(record)
        return
      }
      if (work === 'validate') await this.validate(record)
      else if (work === 'approve') this.table.apply(id, 'provision')
      else if (work === 'provision') await this.provision(record)
      else if (work === 'reject') this.table.apply(id, 'rejectionDone')
      else await this.remove(record)
    }
  }

  private async validate(record: ConnectionRecord): Promise<void> {
    const obstacle = await findObstacle(record, this.options.domains, this.stop.signal)
    this.stop.signal.throwIfAborted()
    if (obstacle === undefined) this.table.apply(record.id, 'valid')
    else this.table.apply(record.id, 'invalid', obstacle)
  }

  private async provision(record: ConnectionRecord): Promise<void> {
    await this.openForwarder(record)
    this.table.apply(record.id, 'activate')
  }

  private async remove({ id }: ConnectionRecord): Promise<void> {
    const forwarder = this.forwarders.get(id)
    this.forwarders.delete(id)
    await forwarder?.[Symbol.asyncDispose]()
    this.table.apply(id, 'deletionDone')
  }

  private async openForwarder(record: ConnectionRecord): Promise<void> {
    const { id, mode, remote, port } = record
    if (mode !== 'VPC_ENDPOINT' || this.forwarders.has(id)) return
    const { log, forwarderLimits, domains, endpoints } = this.options
    const domain = findDomain(domains, remote.domainName)
    if (!domain) {
      const sentence = `the domain ${remote.domainName} of the connection is not in the configuration any more`
      this.table.note(id, sentence)
      throw new IndexferryError('CONFIG_INVALID', sentence)
    }
    const place = { ...endpoints, preferred: port }
    const route = routeTo(domain)
    const say = (warning: string) => log(`connection ${id}: ${warning}`)
    for (let attempt = 1; ; attempt++) {
      // Somebody may have deleted it while it was waiting.
      if (nextWork(this.table.get(id) ?? record) === 'delete') return
      try {
        const forwarder = await Forwarder.listen(place, route, say, forwarderLimits)
        this.forwarders.set(id, forwarder)
        this.table.keepPort(id, forwarder.port)
        return
      } catch (error) {
        const { message } = asIndexferryError(error)
        this.table.note(id, message)
        if (attempt === listenAttempts) throw error
        await sleep(backoffMs(attempt, listenPause), this.stop.signal)
      }
    }
  }
}
