// Lists a folder as a store lists its keys: in the order of their bytes, page by page. One folder's names are held at a time.
import type { BigIntStats } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { IndexferryError, type Side } from '../foundation/errors.ts'
import { pathOfKey, readName } from './folder-names.ts'
import { compareKeys } from './key-order.ts'
import type { ObjectEntry } from './object-store.ts'

const pageSize = 1000
const statsAtOnce = 64

export interface Folder {
  readonly root: string
  readonly side: Side
}

interface Found {
  /** With a `/` at its end for a folder. */
  readonly key: string
  readonly path: string
  readonly isFolder: boolean
}

/** Tells one content of a file from another: every write of ours makes a new file, every other a new time. */
export const fileEtag = ({ mtimeNs, size, ino }: BigIntStats): string =>
  `${mtimeNs.toString(36)}-${size.toString(36)}-${ino.toString(36)}`

export async function* listFolder(
  folder: Folder,
  prefix: string,
  signal?: AbortSignal,
): AsyncGenerator<readonly ObjectEntry[]> {
  const base = prefix.slice(0, prefix.lastIndexOf('/') + 1)
  const start = base === '' ? folder.root : pathOfKey(folder.root, base.slice(0, -1))
  let page: Found[] = []
  for await (const file of walk(folder, start, base, prefix)) {
    page.push(file)
    if (page.length < pageSize) continue
    signal?.throwIfAborted()
    const entries = await describe(folder, page)
    if (entries.length > 0) yield entries
    page = []
  }
  const entries = await describe(folder, page)
  if (entries.length > 0) yield entries
}

async function* walk(folder: Folder, path: string, base: string, prefix: string): AsyncGenerator<Found> {
  const found = await readFolder(folder, path, base)
  found.sort((left, right) => compareKeys(left.key, right.key))
  for (const entry of found) {
    if (entry.isFolder) {
      if (entry.key.startsWith(prefix) || prefix.startsWith(entry.key))
        yield* walk(folder, entry.path, entry.key, prefix)
    } else if (entry.key.startsWith(prefix)) yield entry
  }
}

async function readFolder(folder: Folder, path: string, base: string): Promise<Found[]> {
  const found: Found[] = []
  for (const entry of await entriesOf(folder, path)) {
    const name = readName(entry.name)
    if (name === undefined) continue
    const at = join(path, entry.name)
    // The parts of a long name are one level of keys, and sorted as one.
    if (name.goesOn) found.push(...(await readFolder(folder, at, base + name.text)))
    else if (entry.isDirectory()) found.push({ key: `${base}${name.text}/`, path: at, isFolder: true })
    else if (entry.isFile() || (entry.isSymbolicLink() && (await stat(at)).isFile()))
      found.push({ key: base + name.text, path: at, isFolder: false })
    else throw unreadable(folder, at, 'is neither a file nor a folder (links to folders are not followed)')
  }
  return found
}

async function entriesOf(folder: Folder, path: string) {
  try {
    return await readdir(path, { withFileTypes: true })
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    // Nothing begins with such a prefix; but a source that is not there at all is a slip.
    if ((code === 'ENOENT' || code === 'ENOTDIR') && (path !== folder.root || folder.side === 'target')) return []
    throw unreadable(folder, path, `cannot be listed: ${(error as Error).message}`, error)
  }
}

async function describe(folder: Folder, page: readonly Found[]): Promise<ObjectEntry[]> {
  const entries: ObjectEntry[] = []
  for (let from = 0; from < page.length; from += statsAtOnce) {
    const files = page.slice(from, from + statsAtOnce)
    for (const entry of await Promise.all(files.map((file) => describeFile(folder, file))))
      if (entry) entries.push(entry)
  }
  return entries
}

async function describeFile(folder: Folder, { key, path }: Found): Promise<ObjectEntry | undefined> {
  try {
    const stats = await stat(path, { bigint: true })
    return { key, size: Number(stats.size), modifiedMs: Number(stats.mtimeNs / 1_000_000n), etag: fileEtag(stats) }
  } catch (error) {
    // Deleted since its folder was read. A name that is not UTF-8 is not found either, but is still there.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && !key.includes('\ufffd')) return undefined
    throw unreadable(folder, path, `cannot be read: ${(error as Error).message}`, error)
  }
}

export function unreadable(folder: Folder, path: string, wrong: string, cause?: unknown): IndexferryError {
  return new IndexferryError('FILE_UNREADABLE', `${folder.side} folder ${folder.root}: ${path} ${wrong}`, {
    side: folder.side,
    cause,
  })
}
