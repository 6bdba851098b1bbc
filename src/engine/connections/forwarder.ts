// A TCP door on this machine that leads to a domain. Bytes pass as they are: TLS is between the two ends.
import { createServer, type Server, type Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { asIndexferryError, IndexferryError } from '../../foundation/errors.ts'
import { type OnwardRoute, openOnwardSocket } from './onward-socket.ts'

export interface ForwarderLimits {
  /** Connections at once; more are closed as they come. */
  readonly connectionsMax: number
  readonly connectTimeoutMs: number
  /** Without a byte in either direction. Longer than any answer may take: `socket_timeout` of a `_reindex` call is often an hour. */
  readonly idleMs: number
  /** The same, once one end has said everything. */
  readonly halfOpenMs: number
}

export const defaultLimits: ForwarderLimits = {
  connectionsMax: 1000,
  connectTimeoutMs: 10_000,
  idleMs: 2 * 3_600_000,
  halfOpenMs: 600_000,
}

export interface ListenPlace {
  readonly host: string
  /** Any free one without them. */
  readonly ports: readonly [number, number] | undefined
  /** Where it listened last; taken again when it is free. */
  readonly preferred: number | undefined
}

export class Forwarder implements AsyncDisposable {
  readonly address: string
  readonly port: number
  /** Why the latest connection did not reach the domain; undefined after one that did. */
  failure: IndexferryError | undefined
  private readonly server: Server
  private readonly sockets = new Set<Socket>()
  private readonly route: OnwardRoute
  private readonly limits: ForwarderLimits
  private readonly log: (warning: string) => void

  private constructor(server: Server, route: OnwardRoute, log: (warning: string) => void, limits: ForwarderLimits) {
    this.server = server
    this.route = route
    this.log = log
    this.limits = limits
    const place = server.address()
    if (place === null || typeof place === 'string') throw new IndexferryError('INTERNAL', 'a forwarder without a port')
    this.address = place.address
    this.port = place.port
    // More are closed as they come.
    server.maxConnections = limits.connectionsMax
    // A connection that cannot be taken (no file descriptor is left); the others go on.
    server.on('error', (error) => log(`port ${this.port} could not take a connection: ${error.message}`))
    server.on('connection', (socket) => void this.serve(socket))
  }

  static async listen(
    place: ListenPlace,
    route: OnwardRoute,
    log: (warning: string) => void,
    limits: ForwarderLimits = defaultLimits,
  ): Promise<Forwarder> {
    return new Forwarder(await listenSomewhere(place), route, log, limits)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve))
    for (const socket of this.sockets) socket.destroy()
    await closed
  }

  private async serve(client: Socket): Promise<void> {
    // What breaks a connection is seen where it is carried; without a listener it would end the process before.
    client.on('error', () => {})
    this.keep(client)
    try {
      const onward = await openOnwardSocket(this.route, this.limits.connectTimeoutMs)
      onward.on('error', () => {})
      this.failure = undefined
      // The client, or this forwarder, may be gone by now.
      if (client.destroyed || !this.server.listening) onward.destroy()
      else {
        this.keep(onward)
        await this.carry(client, onward)
      }
    } catch (error) {
      const failure = asIndexferryError(error)
      // Clients try again and again: what is said once is enough.
      if (failure.message !== this.failure?.message) this.log(failure.message)
      this.failure = failure
    } finally {
      client.resetAndDestroy()
    }
  }

  /** Both directions, each with its own end and its own pace. What breaks one ends both. */
  private async carry(client: Socket, onward: Socket): Promise<void> {
    const end = () => {
      client.destroy()
      onward.destroy()
    }
    for (const socket of [client, onward]) {
      socket.setNoDelay(true)
      socket.setKeepAlive(true, 30_000)
    }
    client.setTimeout(this.limits.idleMs, end)
    const one = (from: Socket, to: Socket) =>
      pipeline(from, to).then(() => client.setTimeout(this.limits.halfOpenMs), end)
    await Promise.all([one(client, onward), one(onward, client)])
    end()
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket)
    socket.once('close', () => this.sockets.delete(socket))
  }
}

async function listenSomewhere({ host, ports, preferred }: ListenPlace): Promise<Server> {
  const [first, last] = ports ?? [0, 0]
  const range = Array.from({ length: last - first + 1 }, (_, at) => first + at)
  const isInRange = preferred !== undefined && (ports === undefined || (preferred >= first && preferred <= last))
  for (const port of isInRange ? [preferred, ...range] : range) {
    const server = await tryToListen(host, port)
    if (server) return server
  }
  const sentence = `no port from ${first} to ${last} is free on ${host} for another connection`
  throw new IndexferryError('CONNECTION_LIMIT', sentence, { remedy: 'Widen connections.endpoints.ports.' })
}

function tryToListen(host: string, port: number): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer({ allowHalfOpen: true })
    const onError = (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined)
      else {
        const sentence = `connections.endpoints.host ${host}, port ${port}, cannot be listened on: ${error.message}`
        reject(new IndexferryError('CONFIG_INVALID', sentence, { cause: error }))
      }
    }
    server.once('error', onError)
    server.listen({ host, port }, () => {
      server.off('error', onError)
      resolve(server)
    })
  })
}
