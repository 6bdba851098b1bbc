// Node's own HTTP server with the limits of the configuration, and its end.
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { GatewayConfig } from '../../config/gateway/gateway-config.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import { printCompact } from './print-json.ts'
import type { Log } from './request-log.ts'
import type { GatewayServer } from './server.ts'
import { serverError } from './server-errors.ts'

/** The servers keep idle connections for ever, and clients with pools rely on it; this is only for those whose clients are gone. */
const idleMs = 3_600_000

/** How long running calls may take when the gateway stops. */
const stopMs = 10_000
/** Of it, what calls of our own have for their answer after they were told. */
const lastWordsMs = 2_000

export function createListener(gateway: GatewayServer, config: GatewayConfig, log: Log): Server {
  const { limits, tls } = config
  const options: ServerOptions = {
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: limits.slowClientMs,
    // A body of some gigabytes takes as long as it takes.
    requestTimeout: 0,
    keepAliveTimeout: idleMs,
    connectionsCheckingInterval: Math.min(5_000, limits.slowClientMs),
    noDelay: true,
    // Calls that wait for hours would be forgotten by firewalls.
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
    // The servers take requests without Host.
    requireHostHeader: false,
  }
  const onRequest: RequestListener = (request, response) => gateway.handle(request, response)
  const server: Server = tls
    ? createSecureServer({ ...options, ...certificateOf(tls), minVersion: 'TLSv1.2' }, onRequest)
    : createServer(options, onRequest)
  server.on('checkContinue', (request, response) => gateway.handle(request, response, true))
  // As the servers do with expectations that they do not know.
  server.on('checkExpectation', (_request, response) => {
    response.sendDate = false
    response.removeHeader('connection')
    response.writeHead(417, ['content-length', '0']).end()
  })
  server.maxConnections = limits.connectionsMax
  server.on('drop', (drop) => {
    log({ event: 'dropped', from: drop?.remoteAddress, reason: `more than ${limits.connectionsMax} connections` })
  })
  server.on('clientError', (error, socket) => onClientError(error, socket as Socket, log))
  return server
}

function certificateOf({ certFile, keyFile, keyPassphrase }: NonNullable<GatewayConfig['tls']>) {
  return {
    cert: read('certificate', certFile),
    key: read('key', keyFile),
    ...(keyPassphrase === undefined ? {} : { passphrase: keyPassphrase }),
  }
}

function read(what: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    const reason = (error as Error).message
    throw new IndexferryError('CONFIG_INVALID', `the ${what} of the gateway cannot be read: ${reason}`, {
      cause: error,
    })
  }
}

const clientErrors: Readonly<Record<string, readonly [status: string, type: string, reason: string]>> = {
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    'too_long_frame_exception',
    'the headers are larger than limits.headerBytesMax of the gateway',
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [
    '408 Request Timeout',
    'request_timeout_exception',
    'the headers did not come within limits.slowClientMs of the gateway',
  ],
}

/** What is no HTTP is answered as well as it can be. */
function onClientError(error: NodeJS.ErrnoException, socket: Socket, log: Log): void {
  const { code = '' } = error
  // Whoever has gone away in the middle of a request hears nothing any more.
  if (code === 'ECONNRESET' || code === 'HPE_INVALID_EOF_STATE' || !socket.writable) {
    socket.destroy()
    return
  }
  const parserReason = (error as { reason?: string }).reason ?? error.message
  const [status, type, reason] = clientErrors[code] ?? [
    '400 Bad Request',
    'illegal_argument_exception',
    `this is no valid HTTP request: ${parserReason}`,
  ]
  log({ event: 'malformed', status: Number.parseInt(status, 10), from: socket.remoteAddress, reason })
  // An answer is on its way: nothing may be written into it.
  const { _httpMessage: answering } = socket as Socket & { _httpMessage?: { headersSent: boolean } | null }
  if (answering?.headersSent) {
    socket.destroy()
    return
  }
  const body = printCompact(serverError(Number.parseInt(status, 10), type, reason).body as string)
  const head = `content-type: application/json; charset=UTF-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close`
  socket.end(`HTTP/1.1 ${status}\r\n${head}\r\n\r\n${body}`, () => socket.destroy())
}

export function listen(server: Server, { host, port }: GatewayConfig['listen']): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = { EADDRINUSE: 'the port is in use', EACCES: 'this user may not use the port' }[error.code ?? '']
      const sentence = `the gateway cannot listen at ${host}:${port}: ${why ?? error.message}`
      reject(new IndexferryError('LISTEN_FAILED', sentence, { cause: error }))
    })
    server.listen({ host, port, backlog: 1024 }, () => resolve(server.address() as AddressInfo))
  })
}

/** No new calls; running ones get some seconds, calls of our own are told before the time is over. */
export async function endServer(server: Server, gateway: GatewayServer): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const idle = setInterval(() => server.closeIdleConnections(), 100)
  const told = setTimeout(() => gateway.stop(), stopMs - lastWordsMs)
  const over = setTimeout(() => server.closeAllConnections(), stopMs)
  await closed
  for (const timer of [told, over]) clearTimeout(timer)
  clearInterval(idle)
  gateway.stop()
}
