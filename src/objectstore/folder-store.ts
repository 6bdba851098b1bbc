// A folder as an object store. A file appears whole or not at all: it is written beside, flushed to the disk, and renamed.
import { type FileHandle, mkdir, open, realpath, rename, rm, rmdir, stat, unlink } from 'node:fs/promises'
import { dirname, resolve, sep } from 'node:path'
import { IndexferryError, type Side } from '../foundation/errors.ts'
import { type Folder, fileEtag, listFolder, unreadable } from './folder-listing.ts'
import { pathOfKey } from './folder-names.ts'
import { FolderUploads, writeBody } from './folder-uploads.ts'
import type {
  ObjectBody,
  ObjectEntry,
  ObjectHead,
  ObjectHeaders,
  ObjectRange,
  ObjectStore,
  OpenedObject,
  ServerSideSource,
  StoreAbilities,
  Upload,
  UploadedPart,
} from './object-store.ts'

const readBytes = 256 * 1024

export class FolderStore implements ObjectStore {
  readonly name: string
  readonly side: Side
  readonly identity: string
  readonly abilities: StoreAbilities = {
    etagIsMd5: false,
    serverSideCopy: false,
    serverSideCopyMax: 0,
    partSizeMin: 1,
    partSizeMax: Number.MAX_SAFE_INTEGER,
    partsMax: 10_000,
    objectSizeMax: Number.MAX_SAFE_INTEGER,
  }
  private readonly folder: Folder
  private readonly uploads: FolderUploads

  constructor(path: string, side: Side) {
    const root = resolve(path)
    this.folder = { root, side }
    this.uploads = new FolderUploads(root)
    this.name = `folder ${root}`
    this.side = side
    this.identity = `folder ${root}`
  }

  list(prefix: string, signal?: AbortSignal): AsyncIterable<readonly ObjectEntry[]> {
    return listFolder(this.folder, prefix, signal)
  }

  async head(key: string): Promise<ObjectHead | undefined> {
    const path = pathOfKey(this.folder.root, key)
    try {
      const stats = await stat(path, { bigint: true })
      return stats.isFile() ? headOf(key, stats) : undefined
    } catch (error) {
      if (isMissing(error)) return undefined
      throw this.broken(path, error)
    }
  }

  async open(
    key: string,
    range: ObjectRange,
    { etag, signal }: { etag?: string; signal?: AbortSignal } = {},
  ): Promise<OpenedObject> {
    const path = pathOfKey(this.folder.root, key)
    signal?.throwIfAborted()
    let file: FileHandle | undefined
    try {
      file = await open(path, 'r')
      const head = headOf(key, await file.stat({ bigint: true }))
      if (etag !== undefined && head.etag !== etag) throw this.changed(key)
      return { head, body: this.read(file, range, head, signal) }
    } catch (error) {
      await file?.close()
      if (error instanceof IndexferryError) throw error
      if (isMissing(error))
        throw new IndexferryError('OBJECT_MISSING', `${this.side} ${this.name}: "${key}" is not there`, {
          side: this.side,
        })
      throw this.broken(path, error)
    }
  }

  private async *read(file: FileHandle, range: ObjectRange, head: ObjectHead, signal?: AbortSignal) {
    await using _ = file
    // In turns, and always full: whoever sends a chunk on has it written when he asks for the next but one.
    const turns = [0, 1].map(() => Buffer.allocUnsafe(Math.min(readBytes, range.length)))
    for (let at = range.from, left = range.length, turn = 0; left > 0; turn = 1 - turn) {
      signal?.throwIfAborted()
      const chunk = (turns[turn] as Buffer).subarray(0, Math.min(readBytes, left))
      for (let filled = 0; filled < chunk.length; ) {
        const { bytesRead } = await file.read(chunk, filled, chunk.length - filled, at + filled)
        if (bytesRead === 0) throw this.changed(head.key)
        filled += bytesRead
      }
      at += chunk.length
      left -= chunk.length
      yield chunk
    }
    // Another program may have written into the file meanwhile.
    if (fileEtag(await file.stat({ bigint: true })) !== head.etag) throw this.changed(head.key)
  }

  private changed(key: string): IndexferryError {
    return new IndexferryError('OBJECT_CHANGED', `${this.side} ${this.name}: "${key}" is another version by now`, {
      side: this.side,
    })
  }

  private broken(path: string, error: unknown): IndexferryError {
    if (error instanceof IndexferryError) return error
    const code = (error as NodeJS.ErrnoException).code
    const both = code === 'EEXIST' || code === 'ENOTDIR' || code === 'EISDIR' || code === 'ENOTEMPTY'
    const wrong = both
      ? 'would have to be a file and a folder at once: the source has an object of this name and others below it'
      : `cannot be used: ${(error as Error).message}`
    return unreadable(this.folder, path, wrong, error)
  }

  async put(key: string, body: ObjectBody, _headers: ObjectHeaders): Promise<string> {
    const path = pathOfKey(this.folder.root, key)
    const temporary = await this.uploads.temporaryFile().catch((error: unknown) => {
      throw this.broken(this.folder.root, error)
    })
    try {
      const etag = await writeFlushed(temporary, body)
      await this.moveInto(path, temporary)
      return etag
    } catch (error) {
      await rm(temporary, { force: true })
      throw this.broken(path, error)
    }
  }

  private async moveInto(path: string, temporary: string): Promise<void> {
    const parent = dirname(path)
    if ((await mkdir(parent, { recursive: true })) !== undefined) await flushFolders(parent, this.folder.root)
    // A link in the way must not lead out of the folder.
    const [real, root] = await Promise.all([realpath(parent), realpath(this.folder.root)])
    if (real !== root && !real.startsWith(root.endsWith(sep) ? root : root + sep))
      throw unreadable(this.folder, parent, `leads out of the folder, to ${real}`)
    await rename(temporary, path)
    await flushFolder(parent)
  }

  async createUpload(key: string, size: number, partSize: number, _headers: ObjectHeaders): Promise<Upload> {
    return this.guarded(this.folder.root, () => this.uploads.create(key, size, partSize))
  }

  async findUploads(key: string, sinceMs: number): Promise<readonly Upload[]> {
    return this.guarded(this.folder.root, () => this.uploads.find(key, sinceMs))
  }

  async putPart(upload: Upload, number: number, body: ObjectBody): Promise<string> {
    return this.guarded(this.uploads.pathOf(upload), () => this.uploads.putPart(upload, number, body))
  }

  async listParts(upload: Upload): Promise<readonly UploadedPart[] | undefined> {
    return this.guarded(this.uploads.pathOf(upload), () => this.uploads.listParts(upload))
  }

  async completeUpload(upload: Upload, _parts: readonly UploadedPart[]): Promise<string> {
    const path = pathOfKey(this.folder.root, upload.key)
    return this.guarded(path, async () => {
      const temporary = this.uploads.pathOf(upload)
      const etag = await flushFile(temporary)
      await this.moveInto(path, temporary)
      await this.uploads.forget(upload)
      return etag
    })
  }

  async abortUpload(upload: Upload): Promise<void> {
    await this.guarded(this.uploads.pathOf(upload), () => this.uploads.forget(upload))
  }

  async copyWithin(_from: ServerSideSource, key: string): Promise<string> {
    throw new IndexferryError('REQUEST_REFUSED', `${this.name} does not copy "${key}" by itself`, { side: this.side })
  }

  async copyPartWithin(from: ServerSideSource): Promise<string> {
    return this.copyWithin(from, from.key)
  }

  async delete(key: string): Promise<void> {
    const path = pathOfKey(this.folder.root, key)
    await this.guarded(path, async () => {
      try {
        await unlink(path)
      } catch (error) {
        if (!isMissing(error)) throw error
      }
      await this.removeEmptyFolders(dirname(path))
    })
  }

  /** A store has no folders; those that only held what is gone go as well. */
  private async removeEmptyFolders(path: string): Promise<void> {
    for (let at = path; at.startsWith(this.folder.root + sep); at = dirname(at)) {
      try {
        await rmdir(at)
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? ''
        if (['ENOTEMPTY', 'EEXIST', 'EBUSY'].includes(code)) return
        if (code !== 'ENOENT') throw error
      }
    }
  }

  private async guarded<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      throw this.broken(path, error)
    }
  }

  placeOf(prefix: string): string {
    return `folder ${this.folder.root.replace(/[/\\]+$/, '')}${sep}${prefix}`
  }

  addressOf({ key, etag }: ObjectEntry): ServerSideSource {
    return { bucket: this.folder.root, key, etag }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.side === 'target') await this.guarded(this.folder.root, () => this.uploads.tidyUp())
  }
}

const isMissing = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')

const headOf = (key: string, stats: Parameters<typeof fileEtag>[0]): ObjectHead => ({
  key,
  size: Number(stats.size),
  modifiedMs: Number(stats.mtimeNs / 1_000_000n),
  etag: fileEtag(stats),
  headers: {},
})

async function writeFlushed(path: string, body: ObjectBody): Promise<string> {
  await using file = await open(path, 'wx')
  await writeBody(file, 0, body)
  await file.sync()
  return fileEtag(await file.stat({ bigint: true }))
}

async function flushFile(path: string): Promise<string> {
  await using file = await open(path, 'r+')
  await file.sync()
  return fileEtag(await file.stat({ bigint: true }))
}

async function flushFolder(path: string): Promise<void> {
  // Windows has no such thing.
  if (process.platform === 'win32') return
  await using folder = await open(path, 'r')
  await folder.sync()
}

/** New folders are on the disk when those above them are. */
async function flushFolders(from: string, root: string): Promise<void> {
  for (let at = dirname(from); at.startsWith(root); at = dirname(at)) {
    await flushFolder(at)
    if (at === dirname(at)) return
  }
}
