// Where the bytes of a file target go: a file that gets its name when it is complete, or a stream that cannot be taken back.
import { createWriteStream } from 'node:fs'
import { type FileHandle, open, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Writable } from 'node:stream'
import { IndexferryError } from '../foundation/errors.ts'

export interface FileOutput {
  /** Bytes written so far: what a later run can be told to go on from. Undefined for streams. */
  readonly offset: number | undefined
  write(bytes: Buffer): Promise<void>
  flush(): Promise<void>
  /** Makes it complete. */
  finish(): Promise<void>
  /** Lets go of it; what is not complete stays for a later run. */
  close(): Promise<void>
}

export interface PartFileOptions {
  readonly overwrite: boolean
  /** Keep this many bytes of the part file of an earlier run and go on behind them. */
  readonly resumeFrom: number | undefined
}

const unwritable = (file: string, cause: unknown) => {
  const { code, message } = cause as NodeJS.ErrnoException
  const why = reasons[code ?? ''] ?? message
  return new IndexferryError('FILE_UNREADABLE', `${file} cannot be written: ${why}`, { side: 'file', cause })
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'its folder is not there',
  ENOSPC: 'the disk is full',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  EDQUOT: 'the quota is used up',
}

/** Opens `file`; devices and named pipes are written as streams, all else as FILE.part that is renamed in the end. */
export async function openFileOutput(file: string, options: PartFileOptions): Promise<FileOutput> {
  const status = await stat(file).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined
    throw unwritable(file, cause)
  })
  if (status?.isDirectory()) throw unwritable(file, { code: 'EISDIR' })
  if (status && !status.isFile()) return openStreamOutput(createWriteStream(file), file, true)
  const part = `${file}.part`
  if (status && options.resumeFrom === undefined && !options.overwrite) throw alreadyThere(file)
  try {
    const handle = await openPart(file, part, status !== undefined, options)
    if (!options.overwrite && (await isThere(file))) {
      await handle.close()
      throw alreadyThere(file)
    }
    return new PartFile(file, part, handle, options)
  } catch (cause) {
    throw cause instanceof IndexferryError ? cause : unwritable(part, cause)
  }
}

const isThere = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  )

const alreadyThere = (file: string) =>
  new IndexferryError('FILE_UNREADABLE', `${file} is there already`, {
    side: 'file',
    remedy: 'Give another name, remove the file, or replace it with --overwrite.',
  })

async function openPart(
  file: string,
  part: string,
  isComplete: boolean,
  options: PartFileOptions,
): Promise<FileHandle> {
  const { resumeFrom } = options
  if (resumeFrom === undefined) return open(part, 'w')
  let handle = await open(part, 'r+').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined
    throw cause
  })
  if (handle === undefined && isComplete && (await stat(file)).size >= resumeFrom) {
    // The earlier run ended between giving the file its name and noting that it did.
    await rename(file, part)
    handle = await open(part, 'r+')
  }
  if (handle === undefined && resumeFrom === 0) return open(part, 'w')
  if (handle === undefined || (await handle.stat()).size < resumeFrom) {
    await handle?.close()
    const sentence = `${part}, which the copy went on writing, is ${handle ? 'shorter than it was' : 'no longer there'}`
    throw new IndexferryError('FILE_BROKEN', sentence, {
      side: 'file',
      remedy: 'Start the copy from the beginning with --restart.',
    })
  }
  // What is behind was written, but no checkpoint knows of it: it comes again.
  await handle.truncate(resumeFrom)
  return handle
}

class PartFile implements FileOutput {
  offset: number
  private readonly file: string
  private readonly part: string
  private readonly handle: FileHandle
  private readonly overwrite: boolean
  private isClosed = false

  constructor(file: string, part: string, handle: FileHandle, { overwrite, resumeFrom }: PartFileOptions) {
    this.file = file
    this.part = part
    this.handle = handle
    this.overwrite = overwrite
    this.offset = resumeFrom ?? 0
  }

  async write(bytes: Buffer): Promise<void> {
    try {
      for (let from = 0; from < bytes.length; ) {
        const { bytesWritten } = await this.handle.write(bytes, from, bytes.length - from, this.offset + from)
        from += bytesWritten
      }
    } catch (cause) {
      throw unwritable(this.part, cause)
    }
    this.offset += bytes.length
  }

  async flush(): Promise<void> {
    try {
      await this.handle.datasync()
    } catch (cause) {
      throw unwritable(this.part, cause)
    }
  }

  async finish(): Promise<void> {
    try {
      await this.handle.sync()
      await this.close()
      if (!this.overwrite && (await isThere(this.file))) throw alreadyThere(this.file)
      await rename(this.part, this.file)
      await syncFolder(dirname(this.file))
    } catch (cause) {
      throw cause instanceof IndexferryError ? cause : unwritable(this.file, cause)
    }
  }

  async close(): Promise<void> {
    if (this.isClosed) return
    this.isClosed = true
    await this.handle.close()
  }
}

/** A name is durable once its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Standard output, or whatever else takes bytes in order. `isOurs`: it is ended with the output. */
export function openStreamOutput(output: Writable, name: string, isOurs: boolean): FileOutput {
  let fault: unknown
  const note = (cause: unknown) => {
    fault = cause
  }
  output.on('error', note)
  const fail = (cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code !== 'EPIPE') return unwritable(name, cause)
    return new IndexferryError('FILE_UNREADABLE', `${name} was closed by the program that reads it`, {
      side: 'file',
      remedy: 'Keep the reading program running until the copy ends.',
      cause,
    })
  }
  // The callback comes when the bytes are handed on, so that waiting for it keeps memory bounded.
  const write = (bytes: Buffer) =>
    new Promise<void>((resolve, reject) => {
      if (fault !== undefined) return reject(fail(fault))
      output.write(bytes, (cause) => (cause ? reject(fail(cause)) : resolve()))
    })
  const close = async () => {
    output.off('error', note)
    // A stream that is destroyed may still have an error to tell; there is nobody left to tell it to.
    output.on('error', () => {})
  }
  const finish = async () => {
    if (isOurs) await new Promise<void>((resolve) => output.end(resolve))
  }
  return { offset: undefined, write, flush: async () => {}, finish, close }
}
