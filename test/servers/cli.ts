// npm run servers -- <command>
import { parseArgs } from 'node:util'
import { assembledHome, isAssembled } from './assemble.ts'
import { describeServer, isServerName, type ServerName, serverNames } from './catalogue.ts'
import { missingJdk } from './java.ts'
import type { StartOptions } from './launch.ts'
import { runningNames, runningServer, startByHand, stopByHand } from './running.ts'

const usage = `npm run servers -- list
npm run servers -- start <name> [--heap 512m] [--gc serial|g1] [--tier fast|full] [--set <setting>=<value>]...
npm run servers -- stop <name>|all
npm run servers -- fetch [<name>...]     (all that this machine has a JDK for)`

function known(name: string | undefined): ServerName {
  if (name && isServerName(name)) return name
  throw new Error(`${name ? `unknown server "${name}"` : 'which server?'}; known: ${serverNames.join(', ')}`)
}

async function list(): Promise<void> {
  const width = Math.max(...serverNames.map((name) => name.length))
  for (const name of serverNames) {
    const running = await runningServer(name)
    const missing = missingJdk(describeServer(name).java)
    const state = running ? `running  ${running.url}  process ${running.pid}` : (missing ?? '')
    console.log(`${name.padEnd(width)}  ${isAssembled(name) ? 'cached' : '      '}  ${state}`.trimEnd())
  }
}

async function start(name: ServerName, options: StartOptions): Promise<void> {
  if (!isAssembled(name)) console.error(`Fetching ${name} (once) …`)
  const server = await startByHand(name, options)
  const login = server.username ? `  user ${server.username}, password ${server.password}\n` : ''
  const certificate = server.caFile ? `  CA certificate ${server.caFile}\n` : ''
  console.log(
    `${name} is ready: ${server.url}\n${login}${certificate}  process ${server.pid}, transport port ${server.transportPort}\n` +
      `  folder ${server.folder} (log: server.log)\n` +
      `  snapshots may go to ${server.repositoryFolder}\n` +
      `Stop it with: npm run servers -- stop ${name}`,
  )
}

async function stop(name: string | undefined): Promise<void> {
  const names = name === 'all' ? await runningNames() : [known(name)]
  for (const each of names) console.log((await stopByHand(each)) ? `${each} stopped` : `${each} was not running`)
  if (names.length === 0) console.log('no server was running')
}

async function fetchServers(names: string[]): Promise<void> {
  for (const name of names.length > 0 ? names.map(known) : serverNames) {
    const missing = missingJdk(describeServer(name).java)
    if (missing && names.length === 0) console.log(`${name}: left out, it ${missing}`)
    else console.log(`${name}: ${await assembledHome(name)}`)
  }
}

function oneOf<T extends string>(value: string | undefined, allowed: T[], option: string): T | undefined {
  if (value === undefined || allowed.includes(value as T)) return value as T | undefined
  throw new Error(`--${option} must be one of ${allowed.join(', ')}`)
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      heap: { type: 'string' },
      gc: { type: 'string' },
      tier: { type: 'string' },
      set: { type: 'string', multiple: true, default: [] },
    },
  })
  const [command, ...names] = positionals
  const gc = oneOf(values.gc, ['serial', 'g1'], 'gc')
  const tier = oneOf(values.tier, ['fast', 'full'], 'tier')
  const settings = Object.fromEntries(values.set.map((each) => each.split(/=(.*)/s).slice(0, 2)))
  const options: StartOptions = {
    settings,
    ...(values.heap ? { heap: values.heap } : {}),
    ...(gc ? { gc } : {}),
    ...(tier ? { tier } : {}),
  }
  if (command === 'list') await list()
  else if (command === 'start') await start(known(names[0]), options)
  else if (command === 'stop') await stop(names[0])
  else if (command === 'fetch') await fetchServers(names)
  else throw new Error(`usage:\n${usage}`)
}

try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
