// The bytes of a file or of standard input, unpacked. What they mean is the business of whoever asked.
import { type FileHandle, open } from 'node:fs/promises'
import { pipeline, Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { IndexferryError } from '../foundation/errors.ts'
import { ZstdFrames } from './zstd-frames.ts'

export type Compression = 'none' | 'gzip' | 'zstd'

export interface FileBytes extends AsyncDisposable {
  readonly compression: Compression
  /** Bytes taken from the file so far, before unpacking. */
  readonly packedBytesRead: number
  /** Fills `into` from `at` on, at least one byte, and returns how many; 0 at the end. Throws FILE_BROKEN when the packed bytes are cut off or damaged. */
  read(into: Buffer, at: number): Promise<number>
}

export interface FileBytesOptions {
  /** For messages. */
  readonly name: string
  readonly compression: Compression | 'auto'
  readonly signal: AbortSignal
}

const CHUNK_BYTES = 1024 * 1024
const OUTPUT_BYTES = 256 * 1024

export async function openFileBytes(file: string, options: FileBytesOptions): Promise<FileBytes> {
  let handle: FileHandle
  try {
    handle = await open(file, 'r')
  } catch (cause) {
    throw unreadable(options.name, cause)
  }
  try {
    const status = await handle.stat()
    // A named pipe has no places to read from, only a next byte.
    if (!status.isFile()) return await openStreamBytes(handle.createReadStream({ highWaterMark: CHUNK_BYTES }), options)
    const start = Buffer.alloc(4)
    const { bytesRead } = await handle.read(start, 0, 4, 0)
    const compression = chooseCompression(start.subarray(0, bytesRead), options.compression)
    if (compression === 'none') return new PlainFileBytes(handle, options)
    return new UnpackedBytes(readHandle(handle), compression, options, () => handle.close())
  } catch (cause) {
    await handle.close().catch(() => {})
    throw cause instanceof IndexferryError ? cause : unreadable(options.name, cause)
  }
}

/** The bytes of a stream such as standard input, which is destroyed when they are no longer wanted. */
export async function openStreamBytes(input: Readable, options: FileBytesOptions): Promise<FileBytes> {
  const stop = () => input.destroy(options.signal.reason as Error)
  options.signal.addEventListener('abort', stop, { once: true })
  const chunks = input.iterator() as AsyncIterator<Buffer>
  const first: Buffer[] = []
  let length = 0
  while (length < 4) {
    const next = await nextChunk(chunks, options)
    if (next === undefined) break
    first.push(next)
    length += next.length
  }
  const start = Buffer.concat(first)
  const compression = chooseCompression(start, options.compression)
  return new UnpackedBytes(readRest(start, chunks), compression, options, async () => {
    options.signal.removeEventListener('abort', stop)
    input.destroy()
  })
}

async function nextChunk(
  chunks: AsyncIterator<Buffer>,
  { signal, name }: FileBytesOptions,
): Promise<Buffer | undefined> {
  try {
    const { value, done } = await chunks.next()
    return done ? undefined : Buffer.from(value)
  } catch (cause) {
    signal.throwIfAborted()
    throw unreadable(name, cause)
  }
}

async function* readRest(start: Buffer, chunks: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (start.length > 0) yield start
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value
}

async function* readHandle(handle: FileHandle): AsyncGenerator<Buffer> {
  for (let position = 0; ; ) {
    const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, position)
    if (bytesRead === 0) return
    position += bytesRead
    yield chunk.subarray(0, bytesRead)
  }
}

function chooseCompression(start: Buffer, asked: Compression | 'auto'): Compression {
  if (asked !== 'auto') return asked
  if (start[0] === 0x1f && start[1] === 0x8b) return 'gzip'
  if (start.length < 4) return 'none'
  const magic = start.readUInt32LE(0)
  const isSkippable = magic >= 0x184d2a50 && magic <= 0x184d2a5f
  return magic === 0xfd2fb528 || isSkippable ? 'zstd' : 'none'
}

const unreadable = (name: string, cause: unknown) =>
  new IndexferryError('FILE_UNREADABLE', `${name} cannot be read: ${describe(cause)}`, { side: 'file', cause })

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
}

const describe = (cause: unknown): string =>
  reasons[(cause as NodeJS.ErrnoException).code ?? ''] ?? (cause instanceof Error ? cause.message : String(cause))

class PlainFileBytes implements FileBytes {
  readonly compression = 'none'
  packedBytesRead = 0
  private readonly handle: FileHandle
  private readonly options: FileBytesOptions

  constructor(handle: FileHandle, options: FileBytesOptions) {
    this.handle = handle
    this.options = options
  }

  async read(into: Buffer, at: number): Promise<number> {
    this.options.signal.throwIfAborted()
    try {
      const { bytesRead } = await this.handle.read(into, at, into.length - at, this.packedBytesRead)
      this.packedBytesRead += bytesRead
      return bytesRead
    } catch (cause) {
      throw unreadable(this.options.name, cause)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.handle.close()
  }
}

class UnpackedBytes implements FileBytes {
  readonly compression: Compression
  packedBytesRead = 0
  private readonly options: FileBytesOptions
  private readonly close: () => Promise<void>
  private readonly stream: Readable
  private readonly chunks: AsyncIterator<Buffer>
  private chunk: Buffer = Buffer.alloc(0)
  private inputFault: unknown

  constructor(
    packed: AsyncIterable<Buffer>,
    compression: Compression,
    options: FileBytesOptions,
    close: () => Promise<void>,
  ) {
    this.compression = compression
    this.options = options
    this.close = close
    const input = Readable.from(this.watch(packed, compression === 'zstd'), { highWaterMark: 2 })
    this.stream = unpack(input, compression)
    this.chunks = this.stream.iterator() as AsyncIterator<Buffer>
  }

  private async *watch(packed: AsyncIterable<Buffer>, isZstd: boolean): AsyncGenerator<Buffer> {
    const frames = new ZstdFrames()
    try {
      for await (const piece of packed) {
        this.packedBytesRead += piece.length
        if (isZstd) yield* frames.cut(piece)
        else yield piece
      }
    } catch (cause) {
      this.inputFault = cause
      throw cause
    }
  }

  async read(into: Buffer, at: number): Promise<number> {
    this.options.signal.throwIfAborted()
    if (this.chunk.length === 0) {
      const next = await this.next()
      if (next === undefined) return 0
      this.chunk = next
    }
    const copied = this.chunk.copy(into, at)
    this.chunk = this.chunk.subarray(copied)
    return copied
  }

  private async next(): Promise<Buffer | undefined> {
    try {
      const { value, done } = await this.chunks.next()
      return done ? undefined : value
    } catch (cause) {
      this.options.signal.throwIfAborted()
      if (this.inputFault !== undefined) throw unreadable(this.options.name, this.inputFault)
      throw this.broken(cause)
    }
  }

  private broken(cause: unknown): IndexferryError {
    const { name } = this.options
    const isCutOff = (cause as NodeJS.ErrnoException).code === 'Z_BUF_ERROR'
    const sentence = isCutOff
      ? `${name} is cut off: its ${this.compression} stream ends too early`
      : `${name} is damaged: its ${this.compression} stream cannot be unpacked (${describe(cause)})`
    return new IndexferryError('FILE_BROKEN', sentence, {
      side: 'file',
      remedy: 'Write the file again, or fetch it again whole.',
      cause,
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stream.destroy()
    await this.close()
  }
}

function unpack(input: Readable, compression: Compression): Readable {
  if (compression === 'none') return input
  const unpacker =
    compression === 'gzip'
      ? createGunzip({ chunkSize: OUTPUT_BYTES })
      : createZstdDecompress({ chunkSize: OUTPUT_BYTES })
  // The fault itself is thrown where the stream is read.
  return pipeline(input, unpacker, () => {})
}
