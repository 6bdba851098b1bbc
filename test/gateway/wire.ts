// HTTP as bytes, so that nothing of a client's own stands between a server and what a test compares.
import { connect } from 'node:net'

export interface WireCall {
  readonly method: string
  readonly url: string
  readonly headers?: readonly string[]
  readonly body?: string | Buffer
  /** Bytes after the headers as they are, for bodies with a framing of their own. */
  readonly framed?: Buffer
}

/** The bytes of the whole answer: until the connection closes, as the server is asked to do and not always does, or its length is reached. */
export function askByWire(port: number, call: WireCall): Promise<Buffer> {
  const { method, url, headers = [], body } = call
  const bytes = call.framed ?? (body === undefined ? undefined : Buffer.from(body))
  const length = bytes && !call.framed ? [`Content-Length: ${bytes.length}`] : []
  const lines = [`${method} ${url} HTTP/1.1`, 'Host: test', 'Connection: close', ...headers, ...length]
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(port, '127.0.0.1')
    socket.setTimeout(30_000, () => socket.destroy(new Error(`no answer to ${method} ${url}`)))
    socket.on('error', reject).on('data', (chunk) => {
      chunks.push(chunk)
      if (isWhole(Buffer.concat(chunks).toString('latin1'), method)) socket.destroy()
    })
    socket.on('close', () => resolve(Buffer.concat(chunks)))
    socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
    if (bytes) socket.write(bytes)
  })
}

export const chunked = (...parts: readonly string[]): Buffer =>
  Buffer.from(`${parts.map((part) => `${Buffer.byteLength(part).toString(16)}\r\n${part}\r\n`).join('')}0\r\n\r\n`)

function isWhole(text: string, method: string): boolean {
  const answer = text.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '')
  const cut = answer.indexOf('\r\n\r\n')
  const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(answer.slice(0, cut + 2))?.[1]
  return cut >= 0 && length !== undefined && answer.length >= cut + 4 + (method === 'HEAD' ? 0 : Number(length))
}
