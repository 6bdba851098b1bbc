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
const { enableCompileCache } = await import('node:module')
enableCompileCache()
// The heap is small and the documents are outside it, but they count when V8 decides when to collect: at the default it does so several times a
// second for nothing, which is a quarter of the processor time of a copy.
const { setFlagsFromString } = await import('node:v8')
setFlagsFromString('--heap-growing-percent=300')
const { main } = await import('../dist/apps/cli/main.js').catch((error) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND' || !String(error.message).includes('apps/cli/main.js')) throw error
  console.error('indexferry is not built yet: run `npm run build`')
  process.exit(2)
})
await main(process.argv.slice(2))
