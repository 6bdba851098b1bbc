// The way from a forwarder to a domain: straight, through an HTTP proxy (CONNECT), or through a SOCKS5 proxy.
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect, type Socket } from 'node:net'
import { SocksClient } from 'socks'
import { IndexferryError, isErrorOf } from '../../foundation/errors.ts'

export interface OnwardRoute {
  readonly host: string
  readonly port: number
  /** `http://[user:password@]host:port`, the same with https, or `socks5://…`; the host's name is resolved there. */
  readonly proxy: string | undefined
}

/** A connected socket. Throws PROXY_FAILED where the proxy is at fault, else CONNECTION_REFUSED, with the reason. */
export async function openOnwardSocket(route: OnwardRoute, timeoutMs: number): Promise<Socket> {
  if (route.proxy === undefined) return connectDirectly(route, timeoutMs)
  const proxy = new URL(route.proxy)
  const isSocks = proxy.protocol === 'socks5:' || proxy.protocol === 'socks5h:'
  const opening = isSocks ? connectBySocks(route, proxy, timeoutMs) : connectByHttp(route, proxy, timeoutMs)
  return opening.catch((error: unknown) => {
    // Without it as the cause: errors of SOCKS carry the proxy's credentials.
    throw isErrorOf(error, 'PROXY_FAILED') ? error : proxyFailure(route, proxy, reasonOf(error))
  })
}

function connectDirectly({ host, port }: OnwardRoute, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // allowHalfOpen: who has said everything may still be listening.
    const socket = connect({ host, port, allowHalfOpen: true })
    const refuse = (cause: Error) => {
      socket.destroy()
      const sentence = `${host}:${port} cannot be reached: ${reasonOf(cause)}`
      reject(new IndexferryError('CONNECTION_REFUSED', sentence, { side: 'source', cause }))
    }
    const onTimeout = () => refuse(new Error(`no connection within ${timeoutMs / 1000} seconds`))
    socket.setTimeout(timeoutMs, onTimeout)
    socket.once('error', refuse)
    socket.once('connect', () => {
      socket.setTimeout(0)
      socket.off('error', refuse).off('timeout', onTimeout)
      resolve(socket)
    })
  })
}

async function connectByHttp(route: OnwardRoute, proxy: URL, timeoutMs: number): Promise<Socket> {
  const [response, socket, head] = await askForTunnel(route, proxy, timeoutMs)
  if (response.statusCode === 200) {
    // A server that speaks first may have done so already.
    if (head.length > 0) socket.unshift(head)
    socket.setTimeout(0)
    return socket
  }
  socket.destroy()
  const { statusCode = 0, statusMessage = '' } = response
  const isDenied = statusCode === 407
  const reason = isDenied ? 'it wants other credentials (407)' : `it answered ${statusCode} ${statusMessage}`.trim()
  throw proxyFailure(route, proxy, reason)
}

function askForTunnel(
  { host, port }: OnwardRoute,
  proxy: URL,
  timeoutMs: number,
): Promise<[IncomingMessage, Socket, Buffer]> {
  const secure = proxy.protocol === 'https:'
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const credentials = Buffer.from(`${decode(proxy.username)}:${decode(proxy.password)}`).toString('base64')
  const signal = AbortSignal.timeout(timeoutMs)
  return new Promise((resolve, reject) => {
    const request = (secure ? httpsRequest : httpRequest)({
      method: 'CONNECT',
      host: hostOf(proxy),
      port: portOf(proxy),
      path: place,
      headers: { host: place, ...(proxy.username ? { 'proxy-authorization': `Basic ${credentials}` } : {}) },
      agent: false,
    })
    const onTimeout = () => request.destroy(new Error(`it did not answer within ${timeoutMs / 1000} seconds`))
    signal.addEventListener('abort', onTimeout, { once: true })
    const settle = () => signal.removeEventListener('abort', onTimeout)
    request.once('connect', (response, socket, head) => {
      settle()
      resolve([response, socket as Socket, head])
    })
    // Some proxies answer a refusal as if CONNECT were any other method.
    request.once('response', (response) => {
      settle()
      resolve([response, response.socket, Buffer.alloc(0)])
    })
    request.once('error', (error) => {
      settle()
      reject(error)
    })
    request.end()
  })
}

async function connectBySocks({ host, port }: OnwardRoute, proxy: URL, timeoutMs: number): Promise<Socket> {
  const credentials = proxy.username ? { userId: decode(proxy.username), password: decode(proxy.password) } : {}
  const { socket } = await SocksClient.createConnection({
    proxy: { host: hostOf(proxy), port: portOf(proxy), type: 5, ...credentials },
    command: 'connect',
    destination: { host, port },
    timeout: timeoutMs,
  })
  return socket
}

const defaultPorts: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 }

const portOf = (proxy: URL): number => Number(proxy.port) || (defaultPorts[proxy.protocol] ?? 1080)

const hostOf = (proxy: URL): string => proxy.hostname.replace(/^\[(.*)\]$/, '$1')

/** A password with a lone `%` is no percent-encoding, and is meant as it stands. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function proxyFailure({ host, port }: OnwardRoute, proxy: URL, reason: string): IndexferryError {
  const name = `${proxy.protocol}//${hostOf(proxy)}:${portOf(proxy)}`
  const sentence = `the proxy ${name} does not lead to ${host}:${port}: ${reason}`
  return new IndexferryError('PROXY_FAILED', sentence, { side: 'source' })
}

/** The errors of several addresses of one name come as an AggregateError without a message of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  return error instanceof Error ? error.message || error.name : String(error)
}
