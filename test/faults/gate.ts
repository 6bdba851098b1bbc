// A way to a server that can be shut and opened again, at the same address: while it is shut, nothing listens there.

import type { AddressInfo } from 'node:net'
import { connect, createServer, type Server, type Socket } from 'node:net'

export interface Gate extends AsyncDisposable {
  readonly url: string
  shut(): Promise<void>
  open(): Promise<void>
}

export async function openGate(target: string): Promise<Gate> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let server: Server | undefined
  let ours = 0
  const keep = (socket: Socket): Socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    return socket
  }
  const open = async () => {
    const opened = createServer((incoming) => {
      const outward = keep(connect(Number(port), hostname))
      keep(incoming).pipe(outward).pipe(incoming)
      incoming.on('error', () => outward.destroy())
      outward.on('error', () => incoming.destroy())
    })
    await new Promise<void>((resolve) => opened.listen(ours, '127.0.0.1', resolve))
    ours = (opened.address() as AddressInfo).port
    server = opened
  }
  const shut = async () => {
    const shutting = server
    server = undefined
    for (const socket of sockets) socket.destroy()
    if (shutting) await new Promise((resolve) => shutting.close(resolve))
  }
  await open()
  return { url: `http://127.0.0.1:${ours}`, shut, open, [Symbol.asyncDispose]: shut }
}
