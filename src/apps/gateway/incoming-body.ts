// The body of a call: read whole for calls of our own, small ones whole and large ones as a stream for those that are passed on. A client that
// waits for `100 Continue` gets it when somebody begins to read, and not when the call is refused before.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { unzip } from 'node:zlib'
import { IndexferryError } from '../../foundation/errors.ts'

const unpackWhole = promisify<Buffer, { maxOutputLength: number }, Buffer>(unzip)

/** Below this, a body is in memory before a stream for it is made. */
const smallBytesMax = 64 * 1024

export interface BodyRules {
  readonly expectsContinue: boolean
  /** How long the client may be silent. */
  readonly silenceMs: number
  /** Of bodies that are read as a whole, unpacked. */
  readonly bytesMax: number
}

export class IncomingBody {
  /** Whether a body is announced. */
  readonly isThere: boolean
  /** Small enough, with a known length, to be read before it is passed on. */
  readonly isSmall: boolean
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #rules: BodyRules
  #raw: Promise<Buffer> | undefined
  #unpacked: Promise<Buffer> | undefined

  constructor(request: IncomingMessage, response: ServerResponse, rules: BodyRules) {
    this.#request = request
    this.#response = response
    this.#rules = rules
    const { 'content-length': length, 'transfer-encoding': coding } = request.headers
    this.isThere = coding !== undefined || Number(length ?? 0) > 0
    this.isSmall = coding === undefined && Number(length) <= smallBytesMax
  }

  /** As it came; undefined when nobody has read it as a whole. */
  get readRaw(): Promise<Buffer> | undefined {
    return this.#raw
  }

  /** As it came, packed or not. */
  raw(): Promise<Buffer> {
    this.#raw ??= this.isThere ? this.#read() : Promise.resolve(Buffer.alloc(0))
    return this.#raw
  }

  unpacked(): Promise<Buffer> {
    this.#unpacked ??= this.raw().then((raw) => this.#unpack(raw))
    return this.#unpacked
  }

  /** Read as fast as the reader wants, once. */
  stream(): Readable {
    return new StreamedBody(this.#request, () => this.#begin())
  }

  #begin(): SilenceWatch {
    // Not to be said when the answer has begun, for then it would stand in the middle of it.
    if (this.#rules.expectsContinue && !this.#response.headersSent) this.#response.writeContinue()
    return new SilenceWatch(this.#request, this.#rules.silenceMs)
  }

  /** By events and not by a stream: this is done for most calls. */
  #read(): Promise<Buffer> {
    const { bytesMax, silenceMs } = this.#rules
    const request = this.#request
    return new Promise((resolve, reject) => {
      if (Number(request.headers['content-length']) > bytesMax) {
        reject(tooLarge(bytesMax))
        return
      }
      const chunks: Buffer[] = []
      let length = 0
      const watch = this.#begin()
      const fail = (error: Error) => {
        watch.end()
        request.off('data', onData)
        reject(error)
      }
      const onData = (chunk: Buffer) => {
        chunks.push(chunk)
        length += chunk.length
        if (length > bytesMax) fail(tooLarge(bytesMax))
      }
      watch.onSilent = () => fail(silent(silenceMs))
      request.on('data', onData)
      request.on('end', () => {
        watch.end()
        resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length))
      })
      // Told by `close`, which comes with it.
      request.on('error', ignore)
      request.on('close', () => {
        if (!request.complete) fail(gone('closed the connection in the middle of its body'))
      })
    })
  }

  async #unpack(raw: Buffer): Promise<Buffer> {
    const { bytesMax } = this.#rules
    const encoding = this.#request.headers['content-encoding']?.toLowerCase() ?? 'identity'
    if (raw.length === 0 || encoding === 'identity' || encoding === '') return raw
    if (!['gzip', 'x-gzip', 'deflate'].includes(encoding)) {
      throw new IndexferryError(
        'REQUEST_MALFORMED',
        `the body has the content-encoding ${encoding}, not gzip or deflate`,
      )
    }
    try {
      return await unpackWhole(raw, { maxOutputLength: bytesMax })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(bytesMax)
      const sentence = `the body cannot be unpacked as ${encoding}: ${(error as Error).message}`
      throw new IndexferryError('REQUEST_MALFORMED', sentence, { cause: error })
    }
  }
}

const tooLarge = (bytesMax: number): IndexferryError =>
  new IndexferryError(
    'REQUEST_TOO_LARGE',
    `the body is larger than ${bytesMax} bytes, the limit for calls of this kind`,
  )

const gone = (how: string): IndexferryError => new IndexferryError('CLIENT_GONE', `the client ${how}`)

const silent = (ms: number): IndexferryError => gone(`was silent for ${ms} ms in the middle of its body`)

/** A stream of its own, because whoever reads it may end it early, and ending a request itself would close the client's connection. */
class StreamedBody extends Readable {
  readonly #request: IncomingMessage
  readonly #begin: () => SilenceWatch
  #watch: SilenceWatch | undefined

  constructor(request: IncomingMessage, begin: () => SilenceWatch) {
    super({ highWaterMark: 64 * 1024 })
    this.#request = request
    this.#begin = begin
  }

  override _read(): void {
    if (!this.#watch) {
      this.#watch = this.#begin()
      this.#watch.onSilent = (ms) => this.destroy(silent(ms))
      this.#request.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onClose)
      // Told by `close`, which comes with it.
      this.#request.on('error', ignore)
    }
    this.#watch.isOn = true
    this.#request.resume()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#watch?.end()
    this.#request.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose)
    done(error)
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.push(chunk)) return
    this.#request.pause()
    // It is not the client who is slow.
    if (this.#watch) this.#watch.isOn = false
  }

  readonly #onEnd = (): void => {
    this.#watch?.end()
    this.push(null)
  }

  readonly #onClose = (): void => {
    if (!this.#request.complete) this.destroy(gone('closed the connection in the middle of its body'))
  }
}

const ignore = (): void => {}

/** Notices when nothing has come for a whole period while somebody wanted it. */
class SilenceWatch {
  isOn = true
  onSilent: (ms: number) => void = ignore
  readonly #timer: NodeJS.Timeout
  #seen: number

  constructor({ socket }: IncomingMessage, ms: number) {
    this.#seen = socket.bytesRead
    this.#timer = setInterval(() => {
      const isSilent = socket.bytesRead === this.#seen
      this.#seen = socket.bytesRead
      if (isSilent && this.isOn) this.onSilent(ms)
    }, ms).unref()
  }

  end(): void {
    clearInterval(this.#timer)
  }
}
