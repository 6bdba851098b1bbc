// Finds out why a port hung up: many servers close a connection of the wrong protocol without a word, and the alert by which
// TLS 1.3 refuses a client certificate comes after the handshake, where the HTTP client sees the closing only.
import { connect as connectTcp, isIP } from 'node:net'
import type { NodeAddress } from './connection.ts'
import type { Dial } from './dial.ts'
import type { TlsParameters } from './tls.ts'

const probeMs = 3_000

export function speaksOtherProtocol(node: NodeAddress, dial: Dial): Promise<boolean> {
  return node.secure ? speaksHttp(node, dial) : speaksTls(node, dial)
}

function speaksHttp({ host }: NodeAddress, dial: Dial): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTcp({ ...dial, timeout: probeMs })
    const settle = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.on('connect', () => socket.write(`HEAD / HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`))
    socket.on('data', (chunk) => settle(chunk.toString('latin1').startsWith('HTTP/')))
    for (const event of ['timeout', 'error', 'close']) socket.on(event, () => settle(false))
  })
}

function speaksTls({ host }: NodeAddress, dial: Dial): Promise<boolean> {
  return new Promise((resolve) => {
    // Nothing is sent over this connection; whose certificate it is does not matter here.
    const name = isIP(host) ? {} : { servername: host }
    const socket = process
      .getBuiltinModule('node:tls')
      .connect({ ...dial, timeout: probeMs, rejectUnauthorized: false, ...name })
    const settle = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.on('secureConnect', () => settle(true))
    // An alert is TLS too.
    socket.on('error', (error: NodeJS.ErrnoException) => settle(/_ALERT_/.test(error.code ?? '')))
    for (const event of ['timeout', 'close']) socket.on(event, () => settle(false))
  })
}

/** What the TLS layer says to a request with our certificate, or without one; undefined when it says nothing. */
export function tlsAlert({ host }: NodeAddress, tls: TlsParameters, dial: Dial): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const name = isIP(host) ? {} : { servername: host }
    const socket = process.getBuiltinModule('node:tls').connect({ ...dial, timeout: probeMs, ...name, ...tls })
    const settle = (error?: Error) => {
      socket.destroy()
      resolve(error)
    }
    socket.on('secureConnect', () => socket.write(`HEAD / HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`))
    socket.on('error', settle)
    for (const event of ['data', 'timeout', 'close']) socket.on(event, () => settle())
  })
}
