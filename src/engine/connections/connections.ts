// Cross-cluster connections: what can be asked of them, and the background that carries them from state to state.
import { randomBytes } from 'node:crypto'
import { IndexferryError } from '../../foundation/errors.ts'
import { ConnectionBackground, type EndpointPlaces } from './connection-background.ts'
import type { ConnectionRecord, Direction, NewConnection } from './connection-record.ts'
import type { ConnectionEvent } from './connection-states.ts'
import { type ConnectionDatabase, type ConnectionFilter, ConnectionTable } from './connection-table.ts'
import { type Domain, type Domains, findDomain } from './domain.ts'
import { connectionIdIn, endpointName } from './endpoint-name.ts'
import type { Forwarder, ForwarderLimits } from './forwarder.ts'
import { openToken, sealToken } from './page-token.ts'

export interface ConnectionsOptions {
  readonly database: ConnectionDatabase
  readonly domains: Domains
  readonly endpoints: EndpointPlaces
  readonly log: (warning: string) => void
  /** Outbound connections of one domain; Amazon allows 20, indexferry any number. */
  readonly connectionsMax?: number | undefined
  readonly forwarderLimits?: ForwarderLimits | undefined
}

/** The forwarder of a VPC_ENDPOINT connection, and how to speak to the domain behind it. */
export interface ConnectionEndpoint {
  /** Where the forwarder listens. */
  readonly address: string
  readonly port: number
  /** What requests, their signatures and the certificate are for. */
  readonly url: string
  readonly scheme: 'http' | 'https'
  readonly tls: Domain['tls']
  /** For calls that bring no credentials of their own. */
  readonly authentication: Domain['authentication']
  /** Why the latest connection through it failed, for those who only see that it was closed. */
  readonly failure: () => IndexferryError | undefined
}

export interface ConnectionPage {
  readonly connections: readonly ConnectionRecord[]
  readonly nextToken: string | undefined
}

export class Connections implements AsyncDisposable {
  private readonly table: ConnectionTable
  private readonly background: ConnectionBackground
  private readonly options: ConnectionsOptions
  private readonly tokenKey: Buffer

  constructor(options: ConnectionsOptions) {
    this.options = options
    this.table = new ConnectionTable(options.database)
    this.background = new ConnectionBackground(this.table, options)
    this.tokenKey = this.table.tokenKey()
  }

  /** Opens the forwarders of active connections again, and goes on with what was under way when the gateway ended. */
  resume(): void {
    this.background.resume()
  }

  /** Durable when it returns; its validation goes on in the background. Throws CONNECTION_EXISTS, CONNECTION_LIMIT. */
  create(asked: NewConnection): ConnectionRecord {
    const id = `cc-${randomBytes(10).toString('hex')}`
    const connection = this.complete(asked)
    const record = this.table.insert(id, connection, this.options.connectionsMax)
    this.background.workOn(id)
    return record
  }

  /** Throws PAGE_TOKEN_INVALID. */
  list(
    direction: Direction,
    filters: readonly ConnectionFilter[],
    pageSize: number,
    token: string | undefined,
  ): ConnectionPage {
    const name = JSON.stringify([direction, filters])
    const after = token === undefined ? 0 : openToken(this.tokenKey, name, token)
    if (after === undefined) throw new IndexferryError('PAGE_TOKEN_INVALID', 'the token of the page is not valid')
    const found = this.table.list(direction, filters, after, pageSize + 1)
    const connections = found.slice(0, pageSize)
    const last = connections.at(-1)
    const nextToken = found.length > pageSize && last ? sealToken(this.tokenKey, name, last.number) : undefined
    return { connections, nextToken }
  }

  accept = (id: string): ConnectionRecord => this.happen('inbound', id, 'accept')

  reject = (id: string): ConnectionRecord => this.happen('inbound', id, 'reject')

  deleteOutbound = (id: string): ConnectionRecord => this.happen('outbound', id, 'deleteOutbound')

  deleteInbound = (id: string): ConnectionRecord => this.happen('inbound', id, 'deleteInbound')

  /** Active outbound connections of an alias; of different local domains there may be several. */
  listActive = (alias: string): readonly ConnectionRecord[] => this.table.listActive(alias)

  /** Undefined when there is none of this id, or it is not active. */
  findActive = (id: string): ConnectionRecord | undefined => {
    const record = this.table.get(id)
    return record?.outbound === 'ACTIVE' ? record : undefined
  }

  /** Where the forwarder of an active VPC_ENDPOINT connection listens, once it does. */
  forwarderOf = (id: string): { readonly address: string; readonly port: number } | undefined =>
    this.background.forwarderOf(id)

  /** What `source.remote.host` of a `_reindex` call means when it is the name of an active connection's forwarder. */
  lookupEndpoint = (host: string): ConnectionEndpoint | undefined => {
    const id = connectionIdIn(host)
    const record = id === undefined ? undefined : this.table.get(id)
    if (record?.outbound !== 'ACTIVE') return undefined
    if (endpointName(record) !== host.toLowerCase().replace(/\.$/, '')) return undefined
    const domain = findDomain(this.options.domains, record.remote.domainName)
    const forwarder = this.background.forwarderOf(record.id)
    return domain && forwarder && endpoint(domain, forwarder)
  }

  /** Resolves when the background has nothing left to do. For tests. */
  settled(): Promise<void> {
    return this.background.settled()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.background[Symbol.asyncDispose]()
  }

  private happen(direction: Direction, id: string, event: ConnectionEvent): ConnectionRecord {
    const before = this.table.get(id)
    if (!before || before[direction] === 'HIDDEN') {
      throw new IndexferryError('CONNECTION_UNKNOWN', `there is no ${direction} connection with the id ${id}`)
    }
    const after = this.table.apply(id, event)
    if (!after) {
      const sentence = `the connection ${id} is in the state ${before[direction]}, which does not allow this`
      throw new IndexferryError('CONNECTION_STATE_WRONG', sentence)
    }
    this.background.workOn(id)
    return after
  }

  /** Amazon takes the caller's own account and region where a call leaves them out; here the domain's own are meant. */
  private complete(asked: NewConnection): NewConnection {
    const fill = ({ domainName, ownerId, region }: NewConnection['local']) => {
      const domain = findDomain(this.options.domains, domainName)
      return { domainName, ownerId: ownerId ?? domain?.owner, region: region ?? domain?.region }
    }
    return { ...asked, local: fill(asked.local), remote: fill(asked.remote) }
  }
}

const endpoint = ({ url, tls, authentication }: Domain, forwarder: Forwarder): ConnectionEndpoint => ({
  address: forwarder.address,
  port: forwarder.port,
  url,
  scheme: url.startsWith('https:') ? 'https' : 'http',
  tls,
  authentication,
  failure: () => forwarder.failure,
})
