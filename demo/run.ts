// npm run demo: an Elasticsearch is copied to an OpenSearch, both real, and the copy proven equal. Nothing of it stays.
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openCluster } from '../src/cluster/open-cluster.ts'
import { indexPath } from '../src/cluster/paths.ts'
import { stopSignal } from '../test/process/stop-signal.ts'
import { isAssembled } from '../test/servers/assemble.ts'
import type { ServerName } from '../test/servers/catalogue.ts'
import { missingJava, startServer } from '../test/servers/servers.ts'
import { fillShop, productId, productSource } from './shop-data.ts'

const program = fileURLToPath(new URL('../bin/indexferry.js', import.meta.url))
const signal = stopSignal()
const isTerminal = process.stdout.isTTY === true
const bold = (text: string): string => (isTerminal ? `\x1b[1m${text}\x1b[0m` : text)
const say = (text = ''): void => console.log(text)

/** Runs a command of indexferry as a user would, after printing it. */
async function indexferry(state: string, args: readonly string[], expectedCode = 0): Promise<void> {
  signal.throwIfAborted()
  const shown = args.map((word) => (/[*?$ ]/.test(word) ? `'${word}'` : word))
  say(`\n${bold(`$ indexferry ${shown.join(' ')}`)}`)
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, INDEXFERRY_STATE: state },
  })
  // Ctrl-C in a terminal reaches the child by itself; a signal to this process alone does not.
  const forward = () => child.kill('SIGTERM')
  signal.addEventListener('abort', forward)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  signal.removeEventListener('abort', forward)
  signal.throwIfAborted()
  if (code !== expectedCode) throw new Error(`indexferry ${args[0]} ended with exit code ${code}`)
}

async function demo(state: string): Promise<void> {
  const oldName: ServerName = 'elasticsearch-7.10.2'
  const newName: ServerName = missingJava('opensearch-3.8.0') ? 'opensearch-2.19.4' : 'opensearch-3.8.0'
  for (const name of [oldName, newName]) if (!isAssembled(name)) say(`Fetching ${name}; this happens once.`)
  say(`Starting ${oldName} and ${newName} …`)
  await using stack = new AsyncDisposableStack()
  const starts = await Promise.allSettled([startServer(oldName), startServer(newName)])
  for (const start of starts) if (start.status === 'fulfilled') stack.use(start.value)
  const [oldServer, newServer] = starts.map((start) => {
    if (start.status === 'rejected') throw start.reason
    return start.value
  }) as [Awaited<ReturnType<typeof startServer>>, Awaited<ReturnType<typeof startServer>>]
  signal.throwIfAborted()

  const oldCluster = stack.use(await openCluster('source', { nodes: [oldServer.url] }))
  const newCluster = stack.use(await openCluster('target', { nodes: [newServer.url] }))
  const documents = await fillShop(oldCluster)
  say(`The old cluster holds a shop: ${documents.toLocaleString('en-US')} documents in products and logs-*.`)

  const both = [`${oldServer.url}/products,logs-*`, newServer.url]
  await indexferry(state, ['assess', ...both])
  await indexferry(state, ['copy', ...both])

  const changed = productId(2026)
  say(`\nNow somebody changes the price of product ${changed} on the new cluster, behind the copy's back.`)
  await newCluster.json({
    method: 'PUT',
    path: indexPath('products', `_doc/${changed}`),
    query: { refresh: 'true' },
    body: Buffer.from(productSource(2026, '0.99')),
  })
  const products = [`${oldServer.url}/products`, newServer.url]
  await indexferry(state, ['verify', ...products], 3)
  await indexferry(state, ['verify', ...products, '--repair'])
  say()
}

const tryNext = `${bold('What to try next')}
  npx indexferry copy http://localhost:9200/my-index my-index.ndjson.zst     an index to a file, and back
  npx indexferry copy --help                                                 rates, renames, transforms, own mappings
  npm run servers -- start opensearch-2.19.4                                 a server to play with
  npm run bench                                                              how fast it is, next to other tools`

signal.addEventListener('abort', () => console.error('\nstopping; a server that is just starting is waited for …'))
const state = await mkdtemp(join(tmpdir(), 'indexferry-demo-'))
try {
  await demo(state)
  say('Both servers are stopped; nothing of this is left.')
  say(`\n${tryNext}`)
} catch (error) {
  if (signal.aborted) console.error('\nstopped; both servers are gone')
  else console.error(error instanceof Error ? `\nThe demo failed: ${error.message}` : error)
  process.exitCode = signal.aborted ? 130 : 1
} finally {
  await rm(state, { recursive: true, force: true })
}
