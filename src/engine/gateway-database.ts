// The catalog of a gateway, opened: one file of the state folder that one gateway at a time may write. Tasks and connections keep
// their tables in it.
import { randomBytes, randomUUID } from 'node:crypto'
import { now } from '../foundation/clock.ts'
import { asIndexferryError, IndexferryError } from '../foundation/errors.ts'
import { currentProcess } from '../foundation/process-identity.ts'
import { CatalogDatabase, type Row } from './catalog-database.ts'
import { describeOwner, isOwnerAlive } from './catalog-owner.ts'
import { ownerOf } from './catalog-records.ts'
import { gatewayCatalog } from './gateway-schema.ts'

const heartbeatEveryMs = 5000

type Value = Row[string]

/**
 * Opens the gateway's catalog in a state folder and makes this process its owner until it is disposed of or dies. Throws
 * GATEWAY_RUNNING while another gateway has it; a dead one is followed, with all that it noted.
 */
export function openGatewayDatabase(folder: string): GatewayDatabase {
  const catalog = CatalogDatabase.open(folder, gatewayCatalog)
  try {
    return new GatewayDatabase(folder, catalog, claim(folder, catalog))
  } catch (error) {
    catalog.close()
    throw error
  }
}

interface Claim {
  readonly nodeId: string
  readonly token: string
}

function claim(folder: string, catalog: CatalogDatabase): Claim {
  const token = randomUUID()
  return catalog.transaction('full', () => {
    const owner = currentOwner(catalog)
    if (owner && isOwnerAlive(owner))
      throw new IndexferryError(
        'GATEWAY_RUNNING',
        `the state folder ${folder} belongs to a gateway that is running: ${describeOwner(owner)}`,
        { fields: { pid: owner.pid, host: owner.host, since: owner.since } },
      )
    // 16 bytes are 22 characters, as in the node ids of the servers.
    const newId = randomBytes(16).toString('base64url')
    catalog.run('INSERT OR IGNORE INTO gateway (only, node, next_task) VALUES (1, ?, 1)', newId)
    const self = JSON.stringify({ ...currentProcess(), since: now() })
    catalog.run('UPDATE gateway SET token = ?, owner = ?, heartbeat = ?', token, self, now())
    return { token, nodeId: String(catalog.get('SELECT node FROM gateway')?.node) }
  })
}

const currentOwner = (catalog: CatalogDatabase) => {
  const row = catalog.get('SELECT owner, heartbeat FROM gateway')
  return row && ownerOf(row)
}

/**
 * Every write first makes sure that this process still owns the catalog. When another one has taken it over (this one was suspended
 * for long) it throws GATEWAY_RUNNING and nothing is changed.
 */
export class GatewayDatabase implements Disposable {
  readonly folder: string
  /** Of this gateway for ever. */
  readonly nodeId: string
  private readonly catalog: CatalogDatabase
  private readonly token: string
  private readonly heartbeat: NodeJS.Timeout
  private readonly lost = new AbortController()
  private isInTransaction = false
  private isErased = true

  constructor(folder: string, catalog: CatalogDatabase, { nodeId, token }: Claim) {
    this.folder = folder
    this.catalog = catalog
    this.nodeId = nodeId
    this.token = token
    // The former owner may have died between deleting and erasing.
    this.eraseDeleted()
    this.heartbeat = setInterval(() => this.beat(), heartbeatEveryMs)
    this.heartbeat.unref()
  }

  /** Aborted when another gateway has the catalog or it cannot be written any more: nothing may go on until the next start. The reason is an IndexferryError. */
  get lostSignal(): AbortSignal {
    return this.lost.signal
  }

  all(sql: string, ...values: Value[]): Row[] {
    return this.catalog.all(sql, ...values)
  }

  get(sql: string, ...values: Value[]): Row | undefined {
    return this.catalog.get(sql, ...values)
  }

  /** One statement, in the transaction that is open or in one of its own. */
  run(sql: string, ...values: Value[]): number {
    return this.transaction('process', () => this.catalog.run(sql, ...values))
  }

  /** All of `work` or nothing of it. On return it is durable: against the death of the process, and when `full` against a power cut. */
  transaction<Result>(durability: 'full' | 'process', work: () => Result): Result {
    if (this.isInTransaction) return work()
    // After a write that failed, what is in memory may be ahead of the catalog: only a new start brings them together.
    if (this.lost.signal.aborted) throw this.lost.signal.reason
    return this.catalog.transaction(durability, () => {
      this.isInTransaction = true
      try {
        if (this.catalog.run('UPDATE gateway SET heartbeat = ? WHERE token = ?', now(), this.token) === 0)
          throw this.takenOver()
        return work()
      } finally {
        this.isInTransaction = false
      }
    })
  }

  /** The number of a new task, given once and for ever. */
  takeTaskNumber(): number {
    return this.transaction('full', () => {
      const number = Number(this.catalog.get('SELECT next_task FROM gateway')?.next_task)
      this.catalog.run('UPDATE gateway SET next_task = ?', number + 1)
      return number
    })
  }

  /** As the servers write the ids of their tasks. */
  taskId(number: number): string {
    return `${this.nodeId}:${number}`
  }

  /** Undefined: the id is malformed or of another node. */
  taskNumber(id: string): number | undefined {
    const [node, digits = ''] = id.split(':', 2)
    if (node !== this.nodeId || id !== `${node}:${digits}` || !/^\d{1,15}$/.test(digits)) return undefined
    return Number(digits)
  }

  /** To be called after something secret was deleted: it is then neither in the file nor in its log; seconds later where somebody reads it. */
  eraseDeleted(): void {
    this.isErased = this.catalog.emptyLog()
  }

  /** Somebody could not write: everybody ends. */
  giveUp(error: unknown): void {
    this.lost.abort(asIndexferryError(error))
  }

  [Symbol.dispose](): void {
    clearInterval(this.heartbeat)
    try {
      if (!this.lost.signal.aborted)
        this.catalog.run('UPDATE gateway SET token = NULL, owner = NULL, heartbeat = NULL WHERE token = ?', this.token)
    } finally {
      this.catalog.close()
    }
  }

  private beat(): void {
    try {
      this.transaction('process', () => {})
      if (!this.isErased) this.eraseDeleted()
    } catch (error) {
      this.giveUp(error)
    }
  }

  private takenOver(): IndexferryError {
    const owner = currentOwner(this.catalog)
    const by = owner ? `by ${describeOwner(owner)}` : 'by another gateway, which has ended since'
    const error = new IndexferryError('GATEWAY_RUNNING', `the state folder ${this.folder} was taken over ${by}`)
    this.lost.abort(error)
    return error
  }
}
