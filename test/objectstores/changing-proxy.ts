// A proxy in front of a store that passes everything on as it is, body by body as a stream, except what the test wants otherwise.
import {
  createServer,
  request as forward,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { buffer, text } from 'node:stream/consumers'

export interface Refusal {
  readonly status: number
  /** The code of an S3 error. */
  readonly code: string
  readonly message?: string
  /** Where the bucket is, as Amazon tells it: in the body and in a header. */
  readonly region?: string
  readonly headers?: OutgoingHttpHeaders
}

export interface Translated {
  readonly path: string
  readonly headers: OutgoingHttpHeaders
  readonly body?: Buffer
}

export interface Interference {
  /** Called with each request before it is passed on; a refusal is answered in its place. */
  readonly before?: (request: IncomingMessage) => Refusal | undefined | Promise<Refusal | undefined>
  /** What is sent on in place of a request; its body as well where `body` says so. */
  readonly translate?: (request: IncomingMessage, body: () => Promise<Buffer>) => Promise<Translated | undefined>
  /** Changes answers in XML. */
  readonly xml?: (request: IncomingMessage, text: string) => string
  /** Changes the headers of answers. */
  readonly headers?: (request: IncomingMessage, headers: OutgoingHttpHeaders, status: number) => OutgoingHttpHeaders
  /** Drops the connection in place of an answer, after the store has done what was asked for. */
  readonly loseAnswer?: (request: IncomingMessage) => boolean
  /** Cuts the answer's body after so many bytes. */
  readonly cutAfter?: (request: IncomingMessage) => number | undefined
}

export interface ChangingProxy extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** `PUT /bucket/key`, decoded, in the order in which they were answered with success. */
  readonly done: readonly string[]
  target: string
}

export async function startChangingProxy(target: string, interference: Interference): Promise<ChangingProxy> {
  const done: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    void pass(proxy, request, response, interference, done).catch(() => request.socket.destroy())
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const proxy: ChangingProxy = {
    url: `http://127.0.0.1:${port}`,
    port,
    done,
    target,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return proxy
}

async function pass(
  proxy: ChangingProxy,
  request: IncomingMessage,
  response: ServerResponse,
  { before, translate, xml, headers, loseAnswer, cutAfter }: Interference,
  done: string[],
): Promise<void> {
  const refusal = await before?.(request)
  if (refusal) {
    const { status, code, message = code, region, headers: told } = refusal
    const place = region === undefined ? '' : `<Region>${region}</Region>`
    const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message>${place}</Error>`
    const inHeader = region === undefined ? {} : { 'x-amz-bucket-region': region }
    request.resume()
    await new Promise((resolve) => request.on('end', resolve))
    response.writeHead(status, { 'content-type': 'application/xml', ...inHeader, ...told })
    response.end(request.method === 'HEAD' ? undefined : body)
    return
  }
  const { hostname, port } = new URL(proxy.target)
  const { method } = request
  const sent = await translate?.(request, () => buffer(request))
  const outward = forward(
    {
      hostname,
      port,
      method,
      headers: sent?.headers ?? request.headers,
      path: sent?.path ?? request.url,
      agent: false,
    },
    (incoming) => {
      const status = incoming.statusCode ?? 502
      if (status < 300) done.push(`${method} ${decodeURIComponent(request.url ?? '')}`)
      if (loseAnswer?.(request)) {
        incoming.resume()
        request.socket.resetAndDestroy()
        return
      }
      const told = headers?.(request, { ...incoming.headers }, status) ?? incoming.headers
      if (xml && /xml/.test(incoming.headers['content-type'] ?? '') && method !== 'HEAD') {
        void text(incoming).then((whole) => {
          const body = Buffer.from(xml(request, whole))
          const { 'transfer-encoding': _chunked, ...others } = told
          response.writeHead(status, { ...others, 'content-length': body.length }).end(body)
        })
        return
      }
      response.writeHead(status, told)
      const cut = cutAfter?.(request)
      if (cut === undefined) incoming.pipe(response)
      else
        incoming.once('data', (chunk: Buffer) => response.write(chunk.subarray(0, cut), () => request.socket.destroy()))
      incoming.on('error', () => response.destroy())
    },
  )
  outward.on('error', () => request.socket.destroy())
  if (sent?.body) outward.end(sent.body)
  else request.pipe(outward)
}
