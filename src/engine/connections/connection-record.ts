// What is known of one cross-cluster connection.
import type { ConnectionStates } from './connection-states.ts'

export interface DomainInfo {
  readonly domainName: string
  readonly ownerId: string | undefined
  readonly region: string | undefined
}

/** DIRECT serves search and replication; VPC_ENDPOINT serves reindex and opens a forwarder. */
export type ConnectionMode = 'DIRECT' | 'VPC_ENDPOINT'

export interface NewConnection {
  readonly alias: string
  /** The side that asked: documents go there. */
  readonly local: DomainInfo
  /** The side that is asked: documents come from there. */
  readonly remote: DomainInfo
  readonly mode: ConnectionMode
  readonly skipUnavailable: 'ENABLED' | 'DISABLED'
}

export interface ConnectionRecord extends NewConnection, ConnectionStates {
  readonly id: string
  /** Rising in the order in which connections were made. */
  readonly number: number
  /** Why it is in this state, where the state does not say it. */
  readonly message: string | undefined
  /** Where its forwarder listens or did last. */
  readonly port: number | undefined
}

/** Which of its two views a call is about. */
export type Direction = 'outbound' | 'inbound'
