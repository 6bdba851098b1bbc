// How AWS's own library reaches the services that give credentials: through the proxy that the environment names, as requests to stores go.
// Without one it has its own way.
import { exchange } from '../cluster/exchange.ts'
import { openHostPool } from '../cluster/host-pool.ts'
import { tlsParameters } from '../cluster/tls.ts'
import type { Side } from '../foundation/errors.ts'
import { proxyFor } from './store-proxy.ts'
import type { Environment } from './store-settings.ts'
import { encodeText } from './store-signature.ts'

/** As that library hands its requests over. */
interface VendorRequest {
  readonly method: string
  readonly protocol: string
  readonly hostname: string
  readonly port?: number
  readonly path: string
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

const connectMs = 10_000
const readMs = 30_000
const answerBytesMax = 1024 * 1024

/** Undefined where the environment names no proxy. */
export function vendorRequests(side: Side, env: Environment): { readonly requestHandler: VendorRequests } | undefined {
  const names = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY']
  return names.some((name) => env[name]) ? { requestHandler: new VendorRequests(side, env) } : undefined
}

class VendorRequests {
  readonly metadata = { handlerProtocol: 'http/1.1' }
  private readonly side: Side
  private readonly env: Environment

  constructor(side: Side, env: Environment) {
    this.side = side
    this.env = env
  }

  /** Seldom enough for a connection of its own each. */
  async handle({ method, protocol, hostname, port, path, query, headers, body }: VendorRequest) {
    const origin = `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`
    const pool = openHostPool({
      origin,
      tls: tlsParameters(this.side, { verify: true }),
      connectTimeoutMs: connectMs,
      connectionsMax: 1,
      proxy: proxyFor(origin, this.side, this.env),
    })
    try {
      const text = queryText(query)
      const request = {
        origin,
        method,
        path: `${path}${text && `?${text}`}`,
        headers: { ...headers },
        body: body ? Buffer.from(body) : undefined,
        readTimeoutMs: readMs,
        signal: undefined,
        answerBytesMax,
      }
      const { status, headers: told, body: answer } = await exchange(pool, request)
      return { response: { statusCode: status, headers: told, body: answer } }
    } finally {
      await pool.destroy()
    }
  }
}

const queryText = (query: VendorRequest['query'] = {}): string =>
  Object.entries(query)
    .flatMap(([name, value]) => [value].flat().map((each) => `${encodeText(name)}=${encodeText(each ?? '')}`))
    .join('&')
