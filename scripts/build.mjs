// Bundles src/ into dist/ when a source is newer than the last build, so that every command that needs the program can call it.
//
// Few large files instead of hundreds of small ones: a start of the program takes half the processor time. They are CommonJS, because Node
// loads that faster, and so its own modules, whose rarer halves an import of ECMAScript would load as well.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import { bundledPackages, loadedLate } from './loaded-late.mjs'

const stamp = 'dist/.built'

function newest(...places) {
  let time = 0
  for (const place of places) {
    const found = statSync(place)
    time = Math.max(time, found.mtimeMs)
    if (!found.isDirectory()) continue
    for (const entry of readdirSync(place, { withFileTypes: true, recursive: true })) {
      if (entry.isFile()) time = Math.max(time, statSync(join(entry.parentPath, entry.name)).mtimeMs)
    }
  }
  return time
}

/** Everything else that is not ours is loaded from node_modules when it is needed. */
const isExternal = (name) =>
  /^[@\w]/.test(name) &&
  !/^[a-z]:/i.test(name) &&
  !bundledPackages.some((each) => name === each || name.startsWith(`${each}/`))

async function bundle() {
  rmSync('dist', { recursive: true, force: true })
  const build = await rolldown({
    input: {
      main: 'src/apps/cli/main.ts',
      // Begins as a thread, and not by an import.
      'recorded-writes-thread': 'src/engine/recorded-writes-thread.ts',
    },
    platform: 'node',
    external: isExternal,
    plugins: [loadedLate],
    onLog(level, log) {
      throw new Error(`${level}: ${log.message}`)
    },
  })
  await build.write({
    dir: 'dist/program',
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name].cjs',
    // For stacks, which a program that ends with a defect prints with the names and lines of the sources.
    sourcemap: 'hidden',
    sourcemapExcludeSources: true,
  })
  await build.close()
}

/** What is bundled is redistributed, and wants its licence beside it. */
function writeLicences() {
  const texts = bundledPackages.map((name) => {
    const folder = join('node_modules', name)
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    return `${name} ${version}\n\n${readFileSync(join(folder, 'LICENSE'), 'utf8').trim()}\n`
  })
  writeFileSync('dist/THIRD-PARTY-LICENSES', texts.join(`\n${'-'.repeat(80)}\n\n`))
}

if (
  !existsSync(stamp) ||
  statSync(stamp).mtimeMs < newest('src', 'scripts/build.mjs', 'scripts/loaded-late.mjs', 'package.json')
) {
  await bundle()
  writeLicences()
  mkdirSync('dist', { recursive: true })
  writeFileSync(stamp, '')
}
