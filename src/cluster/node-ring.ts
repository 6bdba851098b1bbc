// The nodes of one cluster, each with its pool of kept-alive connections, taken in turns. One that could not be reached is set
// aside for a growing time, so that requests do not wait for it again and again.
import type { Socket } from 'node:net'
import { buildConnector, Pool } from 'undici'
import { monotonicMs } from '../foundation/clock.ts'
import type { AddressBook, NodeAddress, ResolvedConnection } from './connection.ts'
import { lookupIn } from './dial.ts'
import type { TlsParameters } from './tls.ts'

const setAsideFirstMs = 1_000
const setAsideMaxMs = 60_000

/** Load balancers drop idle connections after a minute or so without saying it; a request sent into one would be lost. */
const keepAliveMs = 15_000

export interface ClusterNode {
  readonly address: NodeAddress
  readonly pool: Pool
  failures: number
  lastFailureAt: number
  setAsideUntil: number
}

export class NodeRing {
  readonly nodes: readonly ClusterNode[]
  readonly #open = new Set<Socket>()
  #closedBytes = { sent: 0, received: 0 }
  #turn = 0
  readonly #addresses: AddressBook | undefined

  constructor(connection: ResolvedConnection, tls: TlsParameters) {
    this.#addresses = connection.addresses
    const connect = this.#connector(connection, tls)
    this.nodes = connection.nodes.map((address) => ({
      address,
      pool: new Pool(address.origin, {
        connect,
        connections: connection.connectionsMax,
        keepAliveTimeout: keepAliveMs,
        // Synchronous `_reindex` of OpenSearch answers with a header line for each batch.
        maxHeaderSize: 256 * 1024,
      }),
      failures: 0,
      lastFailureAt: Number.NEGATIVE_INFINITY,
      setAsideUntil: Number.NEGATIVE_INFINITY,
    }))
  }

  /** The next node in turn; with all of them set aside, the one whose failure is longest ago. */
  next(): ClusterNode {
    const { nodes } = this
    const at = monotonicMs()
    for (let step = 0; step < nodes.length; step++) {
      const node = nodes[this.#turn++ % nodes.length] as ClusterNode
      if (node.setAsideUntil <= at) return node
    }
    return nodes.reduce((oldest, node) => (node.lastFailureAt < oldest.lastFailureAt ? node : oldest))
  }

  reached(node: ClusterNode): void {
    node.failures = 0
    node.setAsideUntil = Number.NEGATIVE_INFINITY
  }

  notReached(node: ClusterNode): void {
    const at = monotonicMs()
    node.lastFailureAt = at
    node.setAsideUntil = at + Math.min(setAsideMaxMs, setAsideFirstMs * 2 ** Math.min(node.failures, 16))
    node.failures++
    this.#addresses?.failed(node.address.host)
  }

  /** Bytes on all connections since the start, as they went over the wire. */
  get traffic(): { readonly sent: number; readonly received: number } {
    let { sent, received } = this.#closedBytes
    for (const socket of this.#open) {
      sent += socket.bytesWritten
      received += socket.bytesRead
    }
    return { sent, received }
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map(({ pool }) => pool.destroy()))
  }

  #connector(connection: ResolvedConnection, tls: TlsParameters): buildConnector.connector {
    const { addresses, via, connectTimeoutMs } = connection
    const connect = buildConnector({
      ...tls,
      timeout: connectTimeoutMs,
      ...(addresses && { lookup: lookupIn(addresses) }),
    })
    return (options, done) =>
      connect(via ? { ...options, hostname: via.host, port: String(via.port) } : options, (...result) => {
        const [error, socket] = result
        if (socket) this.#count(socket)
        if (error) connectionErrors.add(error)
        done(...result)
      })
  }

  #count(socket: Socket): void {
    this.#open.add(socket)
    socket.once('close', () => {
      this.#open.delete(socket)
      const { sent, received } = this.#closedBytes
      this.#closedBytes = { sent: sent + socket.bytesWritten, received: received + socket.bytesRead }
    })
  }
}

const connectionErrors = new WeakSet<Error>()

/** Whether the error came before a connection stood, so that no request can have been seen by the cluster. */
export const failedToConnect = (error: unknown): boolean => error instanceof Error && connectionErrors.has(error)
