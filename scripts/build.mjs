// Compiles src/ to dist/ when a source is newer than the last build, so that every command that needs the program can call it.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const stamp = 'dist/.built'

function newest(folder) {
  let time = 0
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) time = Math.max(time, statSync(join(entry.parentPath, entry.name)).mtimeMs)
  }
  return Math.max(time, statSync('tsconfig.build.json').mtimeMs, statSync('package.json').mtimeMs)
}

if (!existsSync(stamp) || statSync(stamp).mtimeMs < newest('src')) {
  rmSync('dist', { recursive: true, force: true })
  const tsc = spawnSync('node_modules/.bin/tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' })
  if (tsc.status !== 0) process.exit(tsc.status ?? 1)
  writeFileSync(stamp, '')
}
