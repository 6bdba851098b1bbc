// One small HTTP request, without the time limits of fetch (a first start may take minutes) and with certificates of our own.
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'

export interface Ask {
  method?: string
  body?: string
  contentType?: string
  username?: string | undefined
  password?: string | undefined
  ca?: Buffer | undefined
  timeout?: number
}

export interface Answer {
  status: number
  body: string
}

export function ask(url: string, options: Ask = {}): Promise<Answer> {
  const { method = 'GET', body, contentType = 'application/json', username, password, ca, timeout } = options
  return new Promise((resolve, reject) => {
    const send = url.startsWith('https:') ? httpsRequest : httpRequest
    const request = send(
      url,
      {
        method,
        agent: false,
        ...(ca ? { ca } : {}),
        ...(timeout ? { timeout } : {}),
        ...(username === undefined ? {} : { auth: `${username}:${password ?? ''}` }),
        ...(body === undefined
          ? {}
          : { headers: { 'content-type': contentType, 'content-length': Buffer.byteLength(body) } }),
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
        )
      },
    )
    request.on('timeout', () => request.destroy(new Error(`no answer from ${url} within ${timeout} ms`)))
    request.on('error', reject)
    request.end(body)
  })
}
