// Objects that come in parts: one file of the whole size that parts are written into, and beside it a list of those that are on
// the disk. Both lie in the folder's own `.indexferry` until the file is complete and takes its name.
import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, readFile, rm, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { now } from '../foundation/clock.ts'
import { currentProcess, seeProcess } from '../foundation/process-identity.ts'
import { ownNames } from './folder-names.ts'
import { md5Of } from './object-checksum.ts'
import type { ObjectBody, Upload, UploadedPart } from './object-store.ts'

const abandonedMs = 60_000
const here = currentProcess()
/** Tells the hosts and containers apart that share a folder. */
const ownFiles = `${md5Of(Buffer.from(`${here.host} ${here.space}`))
  .toString('hex')
  .slice(0, 8)}-`

/** Whether nobody writes to it any more: a temporary file tells in its name who made it. */
function isAbandoned(name: string, ageMs: number): boolean {
  const [, pid, startTicks = ''] =
    /^(\d+)-(\d*)-.*\.tmp$/.exec(name.startsWith(ownFiles) ? name.slice(ownFiles.length) : '') ?? []
  if (pid === undefined || seeProcess({ ...here, pid: Number(pid), startTicks }) !== 'dead') return false
  // Where a number alone is all that a system tells, a process in another container may have it.
  return here.space !== '' || ageMs > abandonedMs
}

export class FolderUploads {
  private readonly folder: string

  constructor(root: string) {
    this.folder = join(root, ownNames)
  }

  /** A new file to write to, in the file system of the folder. */
  async temporaryFile(): Promise<string> {
    await mkdir(this.folder, { recursive: true })
    return join(this.folder, `${ownFiles}${here.pid}-${here.startTicks}-${randomUUID()}.tmp`)
  }

  /** Removes what processes of this host have left behind that were killed while they wrote a file, and the folder when nothing is in it. */
  async tidyUp(): Promise<void> {
    try {
      for (const name of await readdir(this.folder)) {
        const path = join(this.folder, name)
        if (name.endsWith('.tmp') && isAbandoned(name, now() - (await stat(path)).mtimeMs))
          await rm(path, { force: true })
      }
      await rmdir(this.folder)
    } catch (error) {
      if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }

  /** Of this key, begun since then. */
  async find(key: string, sinceMs: number): Promise<Upload[]> {
    const found: Upload[] = []
    for (const name of await readdir(this.folder).catch(noneIfMissing)) {
      if (!name.startsWith(markOf(key)) || !name.endsWith('.part')) continue
      const { size, birthtimeMs } = await stat(join(this.folder, name))
      if (birthtimeMs === 0 || birthtimeMs >= sinceMs)
        found.push({ key, id: name.slice(0, -'.part'.length), size, partSize: 0 })
    }
    return found
  }

  pathOf({ id }: Upload): string {
    return join(this.folder, `${id}.part`)
  }

  private listOf({ id }: Upload): string {
    return join(this.folder, `${id}.parts`)
  }

  async create(key: string, size: number, partSize: number): Promise<Upload> {
    const upload = { key, id: `${markOf(key)}${randomUUID()}`, size, partSize }
    await mkdir(this.folder, { recursive: true })
    await using file = await open(this.pathOf(upload), 'wx')
    await file.truncate(size)
    return upload
  }

  async putPart(upload: Upload, number: number, body: ObjectBody): Promise<string> {
    await using file = await open(this.pathOf(upload), 'r+')
    const etag = await writeBody(file, (number - 1) * upload.partSize, body)
    await file.datasync()
    await using list = await open(this.listOf(upload), 'a')
    await list.appendFile(`${number} ${body.length} ${etag}\n`)
    await list.datasync()
    return etag
  }

  async listParts(upload: Upload): Promise<readonly UploadedPart[] | undefined> {
    const found = new Map<number, UploadedPart>()
    try {
      const { size } = await stat(this.pathOf(upload))
      if (size !== upload.size) return undefined
      // A line may be cut off, by the death of the process that wrote it; and a part may have been written again.
      for (const line of (await readFile(this.listOf(upload), 'utf8')).split('\n').slice(0, -1)) {
        const match = /^(\d+) (\d+) ([0-9a-f]{32})$/.exec(line)
        if (match)
          found.set(Number(match[1]), { number: Number(match[1]), size: Number(match[2]), etag: match[3] as string })
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      if (!(await exists(this.pathOf(upload)))) return undefined
    }
    return [...found.values()].sort((left, right) => left.number - right.number)
  }

  /** After the file has its name, or is given up. */
  async forget(upload: Upload): Promise<void> {
    await rm(this.pathOf(upload), { force: true })
    await rm(this.listOf(upload), { force: true })
  }
}

const markOf = (key: string): string => `${md5Of(Buffer.from(key)).toString('hex').slice(0, 12)}-`

function noneIfMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return []
  throw error
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false
      throw error
    },
  )

/** Returns the MD5 of what was written. */
export async function writeBody(file: FileHandle, at: number, body: ObjectBody): Promise<string> {
  if ('bytes' in body) {
    await writeAll(file, body.bytes, at)
    return md5Of(body.bytes).toString('hex')
  }
  const hash = createHash('md5')
  let written = 0
  for await (const chunk of body.stream) {
    hash.update(chunk)
    await writeAll(file, chunk, at + written)
    written += chunk.length
  }
  return hash.digest('hex')
}

/** One call may write less than it was given. */
async function writeAll(file: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at + done)
    done += bytesWritten
  }
}
