// Proxies that lead to clusters in networks of their own: HTTP (CONNECT) and SOCKS5. They alone know where the names of `hosts` are.
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export interface TunnelProxy extends AsyncDisposable {
  /** `http://host:port` or `socks5://host:port`, without credentials. */
  readonly url: string
  /** `host:port` of every tunnel that was asked for. */
  readonly asked: readonly string[]
}

interface ProxyOptions {
  /** Names that only this proxy can resolve, and where they lead. */
  readonly hosts?: Readonly<Record<string, string>>
  readonly credentials?: { readonly user: string; readonly password: string }
}

export async function startConnectProxy({ hosts = {}, credentials }: ProxyOptions = {}): Promise<TunnelProxy> {
  const asked: string[] = []
  const wanted = credentials && `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}`
  const server = createHttpServer((_, response) => response.writeHead(405).end())
  server.on('connect', (request, client: Socket, head: Buffer) => {
    client.on('error', () => client.destroy())
    if (wanted && request.headers['proxy-authorization'] !== wanted) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n')
      return
    }
    const { hostname, port } = new URL(`http://${request.url}`)
    asked.push(`${hostname}:${port || 80}`)
    const onward = connect({ host: hosts[hostname] ?? hostname, port: Number(port || 80), allowHalfOpen: true }, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      if (head.length > 0) onward.write(head)
      join(client, onward)
    })
    onward.once('error', () => client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'))
  })
  return running('http', server, asked)
}

/** RFC 1928 and 1929, as far as tests need them: CONNECT, by name or IPv4 address, with or without user and password. */
export async function startSocksProxy({ hosts = {}, credentials }: ProxyOptions = {}): Promise<TunnelProxy> {
  const asked: string[] = []
  const server = createServer({ allowHalfOpen: true }, (client) => {
    client.on('error', () => client.destroy())
    const serve = async () => {
      const read = reader(client)
      const [, methods = 0] = await read(2)
      await read(methods)
      client.write(Buffer.from([5, credentials ? 2 : 0]))
      if (credentials) {
        const user = (await read((await read(2))[1] ?? 0)).toString()
        const password = (await read((await read(1))[0] ?? 0)).toString()
        const isRight = user === credentials.user && password === credentials.password
        client.write(Buffer.from([1, isRight ? 0 : 1]))
        if (!isRight) {
          client.end()
          return
        }
      }
      const kind = (await read(4))[3]
      const host = kind === 3 ? (await read((await read(1))[0] ?? 0)).toString() : [...(await read(4))].join('.')
      const port = (await read(2)).readUInt16BE()
      asked.push(`${host}:${port}`)
      const onward = connect({ host: hosts[host] ?? host, port, allowHalfOpen: true }, () => {
        client.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]))
        join(client, onward)
      })
      onward.once('error', () => client.end(Buffer.from([5, 5, 0, 1, 0, 0, 0, 0, 0, 0])))
    }
    serve().catch(() => client.destroy())
  })
  return running('socks5', server, asked)
}

function reader(socket: Socket): (length: number) => Promise<Buffer> {
  return async (length) => {
    if (length === 0) return Buffer.alloc(0)
    for (;;) {
      const found = socket.read(length) as Buffer | null
      if (found) return found
      await new Promise<void>((resolve, reject) => {
        socket.once('readable', resolve)
        socket.once('close', () => reject(new Error('closed')))
      })
    }
  }
}

function join(client: Socket, onward: Socket): void {
  client.pipe(onward)
  onward.pipe(client)
  client.on('close', () => onward.destroy())
  onward.on('close', () => client.destroy())
}

async function running(protocol: string, server: Server, asked: string[]): Promise<TunnelProxy> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `${protocol}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
