// The folder of finished servers. Each is built once, in a temporary folder that is renamed when it is complete, so that nobody
// ever sees half a server; a lock keeps two processes from building the same one at once.
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { processExists } from '../../src/foundation/process-identity.ts'

const marker = '.complete'
const longestBuild = 20 * 60_000

export function cacheFolder(): string {
  const base = process.env.INDEXFERRY_CACHE || process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  return join(base, 'indexferry')
}

/** Whether the folder holds what a build with this very fingerprint made. */
export function isBuilt(folder: string, fingerprint: string): boolean {
  const file = join(folder, marker)
  return existsSync(file) && readFileSync(file, 'utf8') === fingerprint
}

/** Makes `folder` by calling `build`, unless it was made before with the same fingerprint. */
export async function buildOnce(
  folder: string,
  fingerprint: string,
  build: (temporary: string) => Promise<void>,
): Promise<void> {
  if (isBuilt(folder, fingerprint)) return
  await mkdir(dirname(folder), { recursive: true })
  const release = await lock(`${folder}.lock`)
  try {
    if (isBuilt(folder, fingerprint)) return
    const temporary = await mkdtemp(`${folder}.building-`)
    try {
      await build(temporary)
      await writeFile(join(temporary, marker), fingerprint)
      await replace(folder, temporary)
    } finally {
      await rm(temporary, { recursive: true, force: true })
    }
  } finally {
    await release()
  }
}

/** Moves the old one away first: a server that still runs from it keeps its open files. */
async function replace(folder: string, temporary: string): Promise<void> {
  const old = `${temporary}.old`
  if (existsSync(folder)) await rename(folder, old)
  await rename(temporary, folder)
  await rm(old, { recursive: true, force: true })
}

async function lock(file: string): Promise<() => Promise<void>> {
  for (;;) {
    try {
      await writeFile(file, String(process.pid), { flag: 'wx' })
      return () => rm(file, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    // Should two processes take over the same lock at once, both build: wasted work, but the renames keep the result whole.
    if (await isStale(file)) await rm(file, { force: true })
    else await sleep(200)
  }
}

async function isStale(file: string): Promise<boolean> {
  try {
    const age = Date.now() - (await stat(file)).mtimeMs
    const pid = Number(readFileSync(file, 'utf8'))
    // An empty file belongs to somebody who is just writing it.
    return age > longestBuild || (pid > 0 ? !processExists(pid) : age > 5000)
  } catch {
    return false
  }
}
