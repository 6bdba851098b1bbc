// Puts the gateway together: the cluster behind it, the routes that are its own, and the server in front.
import type { Socket } from 'node:net'
import { type Connection, resolveConnection } from '../../cluster/connection.ts'
import { Passage } from '../../cluster/passage.ts'
import { tlsParameters } from '../../cluster/tls.ts'
import type { GatewayConfig } from '../../config/gateway/gateway-config.ts'
import { now } from '../../foundation/clock.ts'
import { asIndexferryError, isErrorOf } from '../../foundation/errors.ts'
import type { ClusterRole } from '../../model/cluster-role.ts'
import type { CallGuard } from './call-guard.ts'
import { introduceCluster } from './introduce-cluster.ts'
import { createListener, endServer, listen } from './listen.ts'
import { createLog, type Log } from './request-log.ts'
import type { Route } from './route.ts'
import { type CallEnd, GatewayServer } from './server.ts'
import { Traffic } from './traffic.ts'

export interface GatewayDeps {
  /** Takes whole lines of the log. */
  readonly write: (line: string) => void
  /** What a user should know and what stops nobody. */
  readonly warn: (text: string) => void
  /** Default: to the cluster of the configuration, for ever. */
  readonly traffic?: Traffic | undefined
  readonly routes: readonly Route[]
  readonly guard?: CallGuard | undefined
  readonly onEnd?: ((end: CallEnd) => void) | undefined
  /** A client has connected; what it returns is called when it has gone. */
  readonly onConnection?: () => () => void
}

export interface RunningGateway {
  readonly url: string
  /** What the cluster is, such as `products (OpenSearch 2.19.4)`; undefined while it does not answer. */
  readonly cluster: string | undefined
  /** URL of the cluster. */
  readonly clusterUrl: string
  /** Running calls get up to ten seconds. */
  close(): Promise<void>
}

/** How long after the last attempt a cluster that did not answer at the start is asked again. */
const introduceAgainMs = 5_000

export async function startGateway(config: GatewayConfig, deps: GatewayDeps): Promise<RunningGateway> {
  const log: Log = createLog(deps.write, now)
  const traffic = deps.traffic ?? (await openTraffic(config, { role: 'cluster' }))
  const { routes, guard, onEnd } = deps
  const gateway = new GatewayServer({ config, traffic, routes, guard, log, onEnd })
  const server = createListener(gateway, config, log)
  const { onConnection } = deps
  if (onConnection) server.on('connection', (socket: Socket) => socket.once('close', onConnection()))
  let timer: NodeJS.Timeout | undefined
  try {
    const cluster = await introduce(traffic, deps.warn)
    if (cluster === undefined) timer = introduceLater(traffic, deps.warn)
    const { address, port, family } = await listen(server, config.listen)
    const host = family === 'IPv6' ? `[${address}]` : address
    return {
      url: `${config.tls ? 'https' : 'http'}://${host}:${port}`,
      cluster,
      clusterUrl: traffic.way.passage.name,
      close: async () => {
        clearInterval(timer)
        await endServer(server, gateway)
        await traffic.close()
      },
    }
  } catch (error) {
    clearInterval(timer)
    await traffic.close()
    throw error
  }
}

/** Which of both is used, `active` says each time. */
export async function openTraffic(config: GatewayConfig, active: { readonly role: ClusterRole }): Promise<Traffic> {
  const { cluster, standby } = config
  const passages = {
    cluster: await openPassage(config, cluster),
    standby: standby && (await openPassage(config, standby)),
  }
  return new Traffic(passages, active)
}

async function openPassage(config: GatewayConfig, reached: Connection): Promise<Passage> {
  const connection = await resolveConnection('target', reached)
  return new Passage(connection, tlsParameters('target', connection.tls), {
    credentials: config.access.clusterCredentials,
    silenceMs: config.limits.clusterSilenceMs,
  })
}

/** A cluster that is away for a moment is no reason not to start; a certificate that is not trusted is. */
async function introduce(traffic: Traffic, warn: (text: string) => void): Promise<string | undefined> {
  const { way } = traffic
  try {
    const { text, family } = await introduceCluster(way.passage)
    way.family = family
    return text
  } catch (error) {
    const known = asIndexferryError(error)
    if (!isErrorOf(known, 'CONNECTION_REFUSED', 'CONNECTION_LOST', 'HOST_UNKNOWN')) throw known
    warn(`${known.message}; calls are answered with 502 or 503 until it is there`)
    return undefined
  }
}

function introduceLater(traffic: Traffic, warn: (text: string) => void): NodeJS.Timeout {
  const timer = setInterval(() => {
    introduce(traffic, () => {}).then(
      (text) => {
        if (text === undefined) return
        clearInterval(timer)
        warn(`the cluster is there: ${text}`)
      },
      (error) => {
        clearInterval(timer)
        warn(asIndexferryError(error).message)
      },
    )
  }, introduceAgainMs)
  return timer.unref()
}
