// A proxy in front of a real cluster that makes chosen requests fail the way networks, load balancers and tired clusters do.
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export type Fault =
  /** Answered by the proxy; the cluster sees nothing. */
  | { readonly answer: number; readonly body?: string; readonly headers?: Readonly<Record<string, string>> }
  /** The connection breaks after so many bytes of the cluster's answer. */
  | { readonly cutAfterBytes: number }
  /** No byte of an answer, ever. */
  | { readonly silent: true }
  /** The connection breaks instead of an answer; the cluster sees nothing. */
  | { readonly reset: true }

export interface FaultProxy extends AsyncDisposable {
  readonly url: string
  /** `GET /path`, in the order in which they came. */
  readonly seen: readonly string[]
  /** The headers of the latest request. */
  readonly latest: IncomingMessage['headers']
}

/** `choose` is asked for each request with its number from 0; undefined lets it pass. */
export async function startFaultProxy(
  target: string,
  choose: (request: IncomingMessage, number: number) => Fault | undefined,
): Promise<FaultProxy> {
  const seen: string[] = []
  let latest: IncomingMessage['headers'] = {}
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    const number = seen.push(`${request.method} ${request.url}`) - 1
    latest = request.headers
    const fault = choose(request, number)
    if (fault === undefined) pass(target, request, response)
    else if ('answer' in fault) answer(fault, request, response)
    else if ('cutAfterBytes' in fault) pass(target, request, response, fault.cutAfterBytes)
    else if ('reset' in fault) request.socket.resetAndDestroy()
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    get latest() {
      return latest
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function answer(fault: Extract<Fault, { answer: number }>, request: IncomingMessage, response: ServerResponse): void {
  request.resume()
  request.on('end', () => {
    response.writeHead(fault.answer, fault.headers)
    response.end(fault.body ?? '')
  })
}

function pass(target: string, request: IncomingMessage, response: ServerResponse, cutAfterBytes?: number): void {
  const url = new URL(target)
  const { hostname, port } = url
  const { method, headers } = request
  const outward = forward({ hostname, port, method, headers, path: request.url, agent: false }, (incoming) => {
    response.writeHead(incoming.statusCode ?? 502, incoming.headers)
    let passed = 0
    let cut = false
    incoming.on('data', (chunk: Buffer) => {
      if (cut) return
      if (cutAfterBytes !== undefined && passed + chunk.length > cutAfterBytes) {
        // The rest may be in our hands already; nothing of it, and no end, may follow.
        cut = true
        response.write(chunk.subarray(0, cutAfterBytes - passed), () => request.socket.destroy())
        return
      }
      passed += chunk.length
      if (response.write(chunk)) return
      incoming.pause()
      response.once('drain', () => incoming.resume())
    })
    incoming.on('end', () => cut || response.end())
    incoming.on('error', () => response.destroy())
  })
  outward.on('error', () => request.socket.destroy())
  request.pipe(outward)
}
