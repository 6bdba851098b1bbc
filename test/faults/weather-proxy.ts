// A proxy between two processes, byte by byte and without knowing what passes, through which nothing may pass for a while, or slowly,
// or whose connections break in the middle of anything.
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export type Weather =
  | { readonly kind: 'clear' }
  /** Connections are made and nothing passes. What was sent passes when it clears up. */
  | { readonly kind: 'frozen' }
  /** Each piece is so late, and at most so large. */
  | { readonly kind: 'slow'; readonly delayMs: number; readonly pieceBytes: number }
  /** Every connection is broken, and new ones are, too. */
  | { readonly kind: 'cut' }

export interface WeatherProxy extends AsyncDisposable {
  readonly url: string
  set(weather: Weather): void
}

export async function startWeatherProxy(target: string): Promise<WeatherProxy> {
  const { hostname, port } = new URL(target)
  const passage = new Passage()
  const server = createServer((near) => {
    const far = connect(Number(port), hostname)
    passage.join(near, far)
    passage.join(far, near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    set: (weather) => passage.set(weather),
    async [Symbol.asyncDispose]() {
      passage.set({ kind: 'cut' })
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

class Passage {
  private weather: Weather = { kind: 'clear' }
  private readonly sockets = new Set<Socket>()
  private changed = Promise.withResolvers<void>()

  set(weather: Weather): void {
    this.weather = weather
    this.changed.resolve()
    this.changed = Promise.withResolvers()
    if (weather.kind === 'cut') for (const socket of this.sockets) socket.resetAndDestroy()
  }

  join(from: Socket, to: Socket): void {
    this.sockets.add(from)
    from.on('error', () => to.destroy())
    from.on('close', () => {
      this.sockets.delete(from)
      to.destroy()
    })
    from.on('data', (bytes) => {
      from.pause()
      this.pass(bytes, to).then(
        () => from.resume(),
        () => from.destroy(),
      )
    })
    from.on('end', () => to.end())
    if (this.weather.kind === 'cut') from.destroy()
  }

  private async pass(bytes: Buffer, to: Socket): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      while (this.weather.kind === 'frozen') await this.changed.promise
      const { weather } = this
      if (weather.kind === 'cut') throw new Error('cut')
      if (weather.kind === 'slow') await sleep(weather.delayMs)
      const piece = bytes.subarray(at, weather.kind === 'slow' ? at + weather.pieceBytes : undefined)
      at += piece.length
      if (!to.write(piece)) await new Promise<void>((resolve) => to.once('drain', resolve).once('close', resolve))
    }
  }
}
