// Stands in front of a real cluster as one that has the plugin for repositories in S3 or OSS: what is registered as such is kept as it is
// told, and the cluster gets an `fs` repository in its place, in the folder where the store behind the bucket keeps its objects.
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

export interface PlayedPlugin extends AsyncDisposable {
  readonly url: string
  /** `GET /path`, in the order in which they came. */
  readonly seen: readonly string[]
  /** As they were registered, by their names. */
  readonly registered: ReadonlyMap<string, Registration>
}

export interface Registration {
  readonly type: string
  readonly settings: Readonly<Record<string, unknown>>
}

/** What servers do not tell: the plugins filter it. */
const hidden = new Set(['access_key', 'secret_key', 'access_key_id', 'secret_access_key'])

/** `folderOf` says where the store keeps the objects of a bucket. */
export async function startPlayedPlugin(
  cluster: string,
  type: 's3' | 'oss',
  folderOf: (bucket: string) => string,
): Promise<PlayedPlugin> {
  const seen: string[] = []
  const registered = new Map<string, Registration>()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      seen.push(`${request.method} ${request.url}`)
      const body = registerBody(request, Buffer.concat(chunks), { type, folderOf, registered })
      pass(cluster, request, response, body, registered)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    registered,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const repositoryOf = ({ url = '' }: IncomingMessage): string | undefined =>
  /^\/_snapshot\/([^/?]+)(?:\?.*)?$/.exec(url)?.[1]

interface Playing {
  readonly type: string
  readonly folderOf: (bucket: string) => string
  readonly registered: Map<string, Registration>
}

function registerBody(request: IncomingMessage, body: Buffer, { type, folderOf, registered }: Playing): Buffer {
  const name = repositoryOf(request)
  if (request.method !== 'PUT' || name === undefined) return body
  const definition = JSON.parse(body.toString()) as Registration
  if (definition.type !== type) return body
  registered.set(name, definition)
  const { bucket, base_path: path = '', compress = true, readonly = false } = definition.settings
  const location = join(folderOf(String(bucket)), String(path))
  return Buffer.from(JSON.stringify({ type: 'fs', settings: { location, compress, readonly } }))
}

function pass(
  cluster: string,
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
  registered: ReadonlyMap<string, Registration>,
): void {
  const { method, url = '' } = request
  const isShown = method === 'GET' && (url === '/_snapshot' || repositoryOf(request) !== undefined)
  const { 'transfer-encoding': _chunked, ...others } = request.headers
  const headers = { ...others, 'content-length': String(body.length) }
  const outward = forward(new URL(url, cluster), { method, headers, agent: false }, (incoming) => {
    if (!isShown) {
      response.writeHead(incoming.statusCode ?? 502, incoming.headers)
      incoming.pipe(response)
      return
    }
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const shown = Buffer.from(JSON.stringify(asTold(JSON.parse(Buffer.concat(chunks).toString()), registered)))
      response.writeHead(incoming.statusCode ?? 502, { 'content-type': 'application/json' }).end(shown)
    })
  })
  outward.on('error', () => response.destroy())
  outward.end(body)
}

/** The answer of the cluster, with its repositories as they were registered. Settings come as flat texts. */
function asTold(answer: Record<string, unknown>, registered: ReadonlyMap<string, Registration>): object {
  const told = Object.entries(answer).map(([name, entry]) => {
    const definition = registered.get(name)
    if (!definition) return [name, entry]
    const shown = Object.entries(definition.settings).filter(([key]) => !hidden.has(key))
    return [name, { type: definition.type, settings: Object.fromEntries(shown.map(([key, v]) => [key, String(v)])) }]
  })
  return Object.fromEntries(told)
}
