import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a folder and those above it that are missing, for its owner only. Throws what the system says.
 *
 * Not `mkdir` with `recursive`: where a folder cannot hold any (/proc), the system answers that the parent is missing, and Node goes on making
 * the parent, which is there, without an end.
 */
export function makeFolder(folder: string): void {
  const missing: string[] = []
  for (let at = folder; !existsSync(at) && dirname(at) !== at; at = dirname(at)) missing.push(at)
  if (missing.length === 0 && !statSync(folder).isDirectory()) {
    throw Object.assign(new Error(`EEXIST: a file is in the place of the folder ${folder}`), { code: 'EEXIST' })
  }
  for (const path of missing.reverse()) {
    try {
      mkdirSync(path, { mode: 0o700 })
    } catch (error) {
      // Somebody else may make it at the same instant.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}
