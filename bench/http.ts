// A small HTTP client: keep-alive, no time limits, answers of any size and with any number of headers.
import { Agent, request } from 'node:http'
import type { JsonObject } from '../src/model/json.ts'

export interface Send {
  readonly method?: string
  readonly path: string
  readonly body?: Buffer | JsonObject
  /** Answers that are not errors, besides those below 300. */
  readonly accept?: readonly number[]
  readonly signal?: AbortSignal
}

/** A synchronous `_reindex` of OpenSearch 2 answers with a header of resource usage for every page that it has read. */
const headerBytesMax = 16 * 1024 * 1024

export class HttpClient implements Disposable {
  private readonly url: URL
  private readonly agent: Agent

  constructor(url: string, connections = 4) {
    this.url = new URL(url)
    this.agent = new Agent({ keepAlive: true, maxSockets: connections })
  }

  /** The body of the answer; an answer that is an error is thrown. */
  async bytes(send: Send): Promise<Buffer> {
    const { status, body } = await this.exchange(send)
    if (status < 300 || send.accept?.includes(status)) return body
    throw new Error(`${send.method ?? 'GET'} ${send.path} answered ${status}: ${body.toString('utf8', 0, 1000)}`)
  }

  async json<T = JsonObject>(send: Send): Promise<T> {
    return JSON.parse((await this.bytes(send)).toString()) as T
  }

  private exchange({ method = 'GET', path, body, signal }: Send): Promise<{ status: number; body: Buffer }> {
    const bytes = body === undefined || Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body))
    const contentType = Buffer.isBuffer(body) ? 'application/x-ndjson' : 'application/json'
    return new Promise((resolve, reject) => {
      const asked = request(new URL(path, this.url), {
        method,
        agent: this.agent,
        maxHeaderSize: headerBytesMax,
        ...(signal ? { signal } : {}),
        ...(bytes ? { headers: { 'content-type': contentType, 'content-length': bytes.length } } : {}),
      })
      asked.maxHeadersCount = 0
      asked.on('error', reject)
      asked.on('response', (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }))
      })
      asked.end(bytes)
    })
  }

  [Symbol.dispose](): void {
    this.agent.destroy()
  }
}
