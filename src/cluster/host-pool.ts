// Connections to one service that is no cluster, such as an object store: kept alive, as many as are needed at once, and through
// the proxy that the environment names for it.
import { lookup as resolve } from 'node:dns'
import { createRequire } from 'node:module'
import type { LookupFunction } from 'node:net'
import type { Dispatcher } from 'undici'
import type { TlsParameters } from './tls.ts'

export type HostPool = Dispatcher

/** The pool alone: all of undici with its browser's half takes longer to load than a look at a store that has nothing new. */
const load = createRequire(import.meta.url)
const Pool = load('undici/lib/dispatcher/pool.js') as typeof import('undici').Pool

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

/** RFC 6761: every name below localhost is this machine, which name servers often do not know. */
const lookup: LookupFunction = (host, options, done) => {
  resolve(host.endsWith('.localhost') ? 'localhost' : host, options, done)
}

export function openHostPool(options: HostPoolOptions): HostPool {
  const { origin, tls, connectTimeoutMs: timeout, connectionsMax: connections, proxy } = options
  if (proxy === undefined)
    return new Pool(origin, { connect: { ...tls, timeout, lookup }, connections, keepAliveTimeout })
  const { username, password, href } = new URL(proxy)
  const words = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  const { ProxyAgent } = load('undici') as typeof import('undici')
  return new ProxyAgent({
    uri: href,
    ...(username === '' ? {} : { token: `Basic ${Buffer.from(words).toString('base64')}` }),
    requestTls: { ...tls, timeout },
    // Also for plain HTTP: what is signed must arrive as it was sent.
    proxyTunnel: true,
    connections,
    keepAliveTimeout,
  })
}
