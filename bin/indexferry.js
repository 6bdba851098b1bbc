#!/usr/bin/env node
// Starts the program. Plain JavaScript that also old versions of Node can read, so that they can say what is missing.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 15)) {
  console.error(`indexferry needs Node 22.15 or newer; this is ${process.versions.node}`)
  process.exit(2)
}
// node:sqlite says on its first use that it is experimental; everything else is worth reading.
const emit = process.emitWarning
process.emitWarning = (warning, ...rest) => {
  if (!/SQLite is an experimental feature/.test(String(warning))) emit.call(process, warning, ...rest)
}
const builtin = process.getBuiltinModule
const { createRequire, enableCompileCache } = builtin('node:module')
keepCompiled()
// The heap is small and the documents are outside it, but they count when V8 decides when to collect: at the default it does so several times a
// second for nothing, which is a quarter of the processor time of a copy.
builtin('node:v8').setFlagsFromString('--heap-growing-percent=300')
await load().main(process.argv.slice(2))

/**
 * Keeps what V8 makes of the program for the next start: one entry for each of its files and version of Node. What lies there is run, so the
 * folder has to be the user's own; Node's is one for all users. Without such a folder, starting takes a little longer.
 */
function keepCompiled() {
  const { mkdirSync, statSync } = builtin('node:fs')
  const { HOME, USERPROFILE, LOCALAPPDATA, XDG_CACHE_HOME } = process.env
  const named = XDG_CACHE_HOME?.startsWith('/') ? XDG_CACHE_HOME : LOCALAPPDATA
  let folder
  const isOwn = () => {
    const found = statSync(folder)
    return found.isDirectory() && (!process.getuid || (found.uid === process.getuid() && !(found.mode & 0o022)))
  }
  try {
    // Throws for a user whom nobody knows.
    folder = named || HOME || USERPROFILE || builtin('node:os').homedir()
    // A home that is not there is not made, and nothing is made where it belongs to somebody else, as with `sudo`.
    for (const name of named ? ['indexferry', 'compiled'] : ['.cache', 'indexferry', 'compiled']) {
      if (!isOwn()) return
      folder = `${folder}/${name}`
      if (!statSync(folder, { throwIfNoEntry: false })) mkdirSync(folder, { mode: 0o700 })
    }
    if (!isOwn()) return
  } catch {
    return
  }
  enableCompileCache(folder)
}

function load() {
  const require = createRequire(import.meta.url)
  return require(findProgram(require))
}

/** What the program itself does not find is another matter. */
function findProgram(require) {
  try {
    return require.resolve('../dist/program/main.cjs')
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error
    console.error('indexferry is not built yet: run `npm run build`')
    process.exit(2)
  }
}
