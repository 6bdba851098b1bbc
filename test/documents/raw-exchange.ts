// One request as bytes over a connection of its own, and what comes back.
import { connect } from 'node:net'
import type { MalformedRequest } from './request-bytes.ts'

export interface RawAnswer {
  readonly status: number
  readonly head: string
  readonly body: string
}

/** Undefined when the connection was closed without an answer. Throws when nothing happens for `waitMs`. */
export function exchangeRaw(url: string, request: MalformedRequest, waitMs: number): Promise<RawAnswer | undefined> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
    const chunks: Buffer[] = []
    const settle = () => {
      clearTimeout(timer)
      socket.destroy()
      resolve(parse(Buffer.concat(chunks).toString('latin1')))
    }
    const timer = setTimeout(() => {
      socket.destroy()
      const seen = Buffer.concat(chunks).toString('latin1').slice(0, 200)
      reject(new Error(`${request.what}: no answer within ${waitMs} ms, only ${JSON.stringify(seen)}`))
    }, waitMs)
    socket.on('connect', () => {
      if (request.ends === 'closed') socket.end(request.bytes)
      else socket.write(request.bytes)
    })
    socket.on('data', (chunk) => {
      chunks.push(chunk)
      if (isWhole(Buffer.concat(chunks).toString('latin1'))) settle()
    })
    // A server that answers and closes while the rest is still being sent resets the connection.
    for (const event of ['end', 'close', 'error']) socket.on(event, settle)
  })
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0 || /^HTTP\/1\.1 1\d\d/.test(text)) return false
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, end))?.[1]
  if (length !== undefined) return text.length >= end + 4 + Number(length)
  return /\r\ntransfer-encoding: *chunked/i.test(text.slice(0, end)) && text.endsWith('0\r\n\r\n')
}

function parse(text: string): RawAnswer | undefined {
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1]
  const end = text.indexOf('\r\n\r\n')
  if (status === undefined || end < 0) return undefined
  return {
    status: Number(status),
    head: text.slice(0, end),
    body: Buffer.from(text.slice(end + 4), 'latin1').toString(),
  }
}
