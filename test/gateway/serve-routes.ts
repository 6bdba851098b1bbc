// A bare server around routes of the gateway: what a call is for them, without the rest of the gateway.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { GatewayCall, Route } from '../../src/apps/gateway/route.ts'
import { parsePath, Router } from '../../src/apps/gateway/router.ts'

export interface RoutesServer extends AsyncDisposable {
  readonly url: string
}

/** Without one, the routes may not ask the cluster. */
type AskCluster = GatewayCall['askCluster']

const unasked: AskCluster = () => Promise.reject(new Error('the cluster was asked'))

export async function serveRoutes(routes: readonly Route[], askCluster = unasked): Promise<RoutesServer> {
  const router = new Router(routes)
  const server = createServer((request, response) => {
    serve(router, askCluster, request, response).catch((error: unknown) => response.destroy(error as Error))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

async function serve(
  router: Router,
  askCluster: AskCluster,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = 'GET', url = '/', headers } = request
  const { segments = [], query } = parsePath(url)
  const found = router.find(method, segments)
  if (!found) {
    response.writeHead(418).end('no route')
    return
  }
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const call: GatewayCall = {
    method,
    segments,
    url,
    query: new URLSearchParams(query),
    headers,
    caller: { name: 'anonymous', clusterHeaders: {} },
    signal: new AbortController().signal,
    body: async () => Buffer.concat(chunks),
    askCluster,
  }
  const answer = await found.route.handle(call, found.parameters)
  if (answer === 'pass') throw new Error('the call was passed on')
  response.writeHead(answer.status, answer.headers)
  response.end(Buffer.isBuffer(answer.body) ? answer.body : JSON.stringify(answer.body))
}
