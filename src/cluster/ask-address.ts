// One GET of an address that is no cluster, of whose answer only the status counts.
import { IndexferryError } from '../foundation/errors.ts'
import { exchange } from './exchange.ts'
import { openHostPool } from './host-pool.ts'
import { explainNetworkError } from './network-errors.ts'

export interface AddressQuestion {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** URL of an HTTP proxy. */
  readonly proxy: string | undefined
  readonly signal: AbortSignal
}

export interface AddressAnswer {
  readonly status: number
  /** Of `Retry-After` in seconds; a date is not looked at. */
  readonly retryAfterMs: number | undefined
}

const timeLimitMs = 10_000
/** Nobody reads it. */
const answerBytesMax = 1024 ** 2

/** Redirections are not followed. Throws an IndexferryError when no answer came. */
export async function askAddress({ url, headers, proxy, signal }: AddressQuestion): Promise<AddressAnswer> {
  const { origin, hostname, port, protocol, pathname } = new URL(url)
  // A pool of its own: asked every few seconds, an idle connection of the last time may be closed by now.
  const tls = { rejectUnauthorized: true }
  const pool = openHostPool({ origin, tls, connectTimeoutMs: timeLimitMs, connectionsMax: 1, proxy })
  try {
    const answer = await exchange(pool, {
      origin,
      method: 'GET',
      path: pathname,
      headers: { ...headers },
      body: undefined,
      readTimeoutMs: timeLimitMs,
      signal,
      answerBytesMax,
    })
    const seconds = Number(answer.headers['retry-after'])
    return { status: answer.status, retryAfterMs: seconds > 0 ? seconds * 1_000 : undefined }
  } catch (error) {
    signal.throwIfAborted()
    const { code, cause } = explainNetworkError(error, {
      origin,
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port || (protocol === 'https:' ? 443 : 80)),
      secure: protocol === 'https:',
      prefix: '',
      name: origin,
    })
    throw new IndexferryError(code, cause, { cause: error })
  } finally {
    await pool.destroy()
  }
}
