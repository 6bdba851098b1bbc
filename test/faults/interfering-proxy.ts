// A proxy in front of a real cluster in which faults interfere with what passes: each may change a request, its answer, or how the
// answer goes over the wire. Where fault-proxy.ts makes chosen requests fail, this one makes a whole copy go through bad weather.
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { gunzipSync } from 'node:zlib'

export interface PassingRequest {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Unpacked. */
  readonly body: Buffer
}

export interface PassingAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** The connection is cut after so many bytes of the body; 0 cuts before the head. */
  readonly cutAfter?: number
  /** A content-length that is not true. */
  readonly announced?: number
}

export type Next = (request: PassingRequest) => Promise<PassingAnswer>

/** Called for each request; the cluster (or the fault behind) sees it through `next`. */
export type Fault = (request: PassingRequest, next: Next) => Promise<PassingAnswer>

export interface InterferingProxy extends AsyncDisposable {
  readonly url: string
}

export async function startInterferingProxy(cluster: string, faults: readonly Fault[]): Promise<InterferingProxy> {
  const next = faults.reduceRight<Next>(
    (behind, fault) => (request) => fault(request, behind),
    (request) => askCluster(cluster, request),
  )
  const sockets = new Set<Socket>()
  const server = createServer((incoming, response) => {
    pass(incoming, response, next).catch(() => incoming.socket.destroy())
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function pass(incoming: IncomingMessage, response: ServerResponse, next: Next): Promise<void> {
  const sent = await wholeBody(incoming)
  const isPacked = incoming.headers['content-encoding'] === 'gzip'
  const { 'content-type': contentType = 'application/json', authorization } = incoming.headers
  const answer = await next({
    method: incoming.method ?? 'GET',
    path: incoming.url ?? '/',
    headers: { 'content-type': contentType, ...(authorization ? { authorization } : {}) },
    body: isPacked ? gunzipSync(sent) : sent,
  })
  const { status, headers, body, cutAfter, announced } = answer
  if (cutAfter === 0) {
    incoming.socket.resetAndDestroy()
    return
  }
  response.writeHead(status, { ...headers, 'content-length': announced ?? body.length })
  if (cutAfter !== undefined || announced !== undefined) {
    const part = body.subarray(0, Math.min(cutAfter ?? body.length, announced ?? body.length))
    response.write(part, () => incoming.socket.destroy())
    return
  }
  response.end(incoming.method === 'HEAD' ? undefined : body)
}

function askCluster(cluster: string, { method, path, headers, body }: PassingRequest): Promise<PassingAnswer> {
  const { hostname, port } = new URL(cluster)
  return new Promise((resolve, reject) => {
    const length = body.length > 0 ? { 'content-length': body.length } : {}
    const outward = forward({ hostname, port, method, path, headers: { ...headers, ...length } }, (incoming) => {
      const type = incoming.headers['content-type'] ?? 'application/json'
      wholeBody(incoming).then(
        (bytes) => resolve({ status: incoming.statusCode ?? 502, headers: { 'content-type': type }, body: bytes }),
        reject,
      )
    })
    outward.on('error', reject)
    outward.end(body)
  })
}

async function wholeBody(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** The path without its query. */
export const pathOf = (request: PassingRequest): string => request.path.split('?', 1)[0] ?? ''

export const isSearch = (request: PassingRequest): boolean =>
  /\/_search(\/scroll)?$/.test(pathOf(request)) && request.method === 'POST'

export const isBulk = (request: PassingRequest): boolean => pathOf(request).endsWith('/_bulk')
