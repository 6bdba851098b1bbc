// Newer servers refuse to be root in a way that cannot be helped. Started by root, as in a container, they run as the user nobody,
// who must be able to reach all they need.
import { chown, cp, link, lstat, mkdir, readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ServerDescription } from './catalogue.ts'
import type { Jdk } from './java.ts'

export const nobody = { uid: 65534, own }

export function runsAsNobody(server: ServerDescription): boolean {
  return server.asRoot === 'as-nobody' && process.getuid?.() === 0
}

/** The home itself, or when the cache is in a private folder (such as /root) a copy of it in the folder of this start. */
export async function reachableHome(home: string, folder: string, jdk: Jdk): Promise<string> {
  if (!(await isReachable(jdk.home))) {
    throw new Error(`this server cannot be run by root, and the user nobody cannot reach the JDK in ${jdk.home}`)
  }
  if (!(await isReachable(folder, 1))) {
    throw new Error(
      `this server cannot be run by root, and the user nobody cannot reach ${dirname(folder)}; set TMPDIR`,
    )
  }
  if (await isReachable(home)) return home
  const copy = join(folder, 'home')
  await linkFolder(home, copy)
  return copy
}

/** Whether everybody may enter the folder and all above it. */
async function isReachable(folder: string, skip = 0): Promise<boolean> {
  for (let each = folder; ; each = dirname(each), skip--) {
    if (skip <= 0 && !((await stat(each)).mode & 0o001)) return false
    if (each === dirname(each)) return true
  }
}

/** Hard links cost neither time nor room; where they are not possible, across file systems, the files are copied. */
async function linkFolder(from: string, to: string): Promise<void> {
  await mkdir(to)
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) await linkFolder(source, target)
    else await link(source, target).catch(() => cp(source, target))
  }
}

/** Gives the folder to nobody, but not the files of the home, which as hard links are those of the cache. */
async function own(folder: string): Promise<void> {
  await chown(folder, nobody.uid, nobody.uid)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await own(path)
    else if ((await lstat(path)).nlink === 1) await chown(path, nobody.uid, nobody.uid)
  }
}
