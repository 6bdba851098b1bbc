// A store that takes objects in parts and keeps their MD5s alone: what is as large as a disk needs no disk to be moved to it.
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Sink extends AsyncDisposable {
  readonly url: string
  /** By number, of the one object that was taken. */
  readonly parts: ReadonlyMap<number, { readonly size: number; readonly md5: string }>
  /** Parts that were put together in the end. */
  readonly completed: number
}

export async function startSink(): Promise<Sink> {
  const parts = new Map<number, { size: number; md5: string }>()
  const state = { completed: 0 }
  const server = createServer((request, response) => {
    answer(request, response, parts, state).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    parts,
    get completed() {
      return state.completed
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  parts: Map<number, { size: number; md5: string }>,
  state: { completed: number },
): Promise<void> {
  const { method, url = '' } = request
  const hash = createHash('md5')
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    hash.update(chunk)
    size += chunk.length
  }
  const xml = (text: string) => response.writeHead(200, { 'content-type': 'application/xml' }).end(text)
  const whole = () => {
    const all = createHash('md5')
    for (const [, part] of [...parts].sort(([left], [right]) => left - right)) all.update(part.md5, 'hex')
    return `${all.digest('hex')}-${parts.size}`
  }
  const number = Number(/[?&]partNumber=(\d+)/.exec(url)?.[1])
  if (method === 'PUT' && number > 0) {
    const md5 = hash.digest('hex')
    parts.set(number, { size, md5 })
    response.writeHead(200, { etag: `"${md5}"` }).end()
  } else if (method === 'POST' && /[?&]uploads\b/.test(url)) {
    xml('<InitiateMultipartUploadResult><UploadId>one</UploadId></InitiateMultipartUploadResult>')
  } else if (method === 'POST') {
    state.completed = parts.size
    xml(`<CompleteMultipartUploadResult><ETag>${whole()}</ETag></CompleteMultipartUploadResult>`)
  } else if (method === 'HEAD' && state.completed > 0) {
    const length = [...parts.values()].reduce((sum, part) => sum + part.size, 0)
    response.writeHead(200, { 'content-length': length, etag: `"${whole()}"` }).end()
  } else if (method === 'GET' && url.includes('list-type')) {
    xml('<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>')
  } else response.writeHead(404).end()
}
