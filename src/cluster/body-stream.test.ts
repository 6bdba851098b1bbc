import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { Pool } from 'undici'
import { sleep } from '../foundation/clock.ts'
import { BodyStream } from './body-stream.ts'
import { exchange } from './exchange.ts'

const bodyBytes = 64 * 1024 * 1024

test('a reader that pauses stops the sender, and its pause is not taken for a dead connection', async () => {
  let sender: Socket | undefined
  const server = createServer((socket) => {
    sender = socket
    socket.once('data', () => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${bodyBytes}\r\n\r\n`)
      send(socket, bodyBytes)
    })
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const pool = new Pool(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  try {
    const request = {
      method: 'GET',
      path: '/',
      headers: {},
      body: undefined,
      readTimeoutMs: 2_000,
      signal: undefined,
      answerBytesMax: 1024,
    }
    const { body } = await exchange(pool, request, { wants: () => true, translate: (error) => error })
    assert.ok(body instanceof BodyStream)
    let received = 0
    for await (const chunk of body) {
      // Long enough for the read timeout, which the client looks at once in a second.
      if (received === 0) await sleep(5_000)
      if (received === 0) assert.ok(unsent(sender) > bodyBytes / 2, 'most of the body waits at the sender')
      received += chunk.length
    }
    assert.equal(received, bodyBytes)
  } finally {
    await pool.destroy()
    sender?.destroy()
    server.close()
  }
})

const unsent = (socket: Socket | undefined): number =>
  bodyBytes - (socket?.bytesWritten ?? 0) + (socket?.writableLength ?? 0)

/** Keeps no more than one piece in the socket's queue. */
function send(socket: Socket, bytes: number): void {
  const piece = Buffer.alloc(Math.min(bytes, 1024 * 1024), 'x')
  socket.write(piece, (error) => {
    if (!error && bytes > piece.length) send(socket, bytes - piece.length)
  })
}
