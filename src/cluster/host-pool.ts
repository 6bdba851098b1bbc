// Connections to one service that is no cluster, such as an object store: kept alive, as many as are needed at once, and through
// the proxy that the environment names for it.
import { lookup as resolve } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { type Dispatcher, Pool, ProxyAgent } from 'undici'
import type { TlsParameters } from './tls.ts'

export type HostPool = Dispatcher

export interface HostPoolOptions {
  /** `https://host:9000` */
  readonly origin: string
  readonly tls: TlsParameters
  readonly connectTimeoutMs: number
  readonly connectionsMax: number
  /** URL of an HTTP proxy, with the credentials for it where it wants some. */
  readonly proxy?: string | undefined
}

/** Services close idle connections after some seconds without saying it; a request sent into one would be lost. */
const keepAliveTimeout = 4_000
/** Of the headers of an answer. Node's own limit, but to ask for that would load its HTTP. */
const maxHeaderSize = 16 * 1024

/** RFC 6761: every name below localhost is this machine, which name servers often do not know. */
const lookup: LookupFunction = (host, options, done) => {
  resolve(host.endsWith('.localhost') ? 'localhost' : host, options, done)
}

export function openHostPool(options: HostPoolOptions): HostPool {
  const { origin, tls, connectTimeoutMs: timeout, connectionsMax: connections, proxy } = options
  if (proxy === undefined)
    return new Pool(origin, { connect: { ...tls, timeout, lookup }, connections, keepAliveTimeout, maxHeaderSize })
  const { username, password, href } = new URL(proxy)
  const words = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return new ProxyAgent({
    uri: href,
    ...(username === '' ? {} : { token: `Basic ${Buffer.from(words).toString('base64')}` }),
    requestTls: { ...tls, timeout },
    // Also for plain HTTP: what is signed must arrive as it was sent.
    proxyTunnel: true,
    connections,
    keepAliveTimeout,
    maxHeaderSize,
  })
}
