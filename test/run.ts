// npm test [-- <part of a path>... --name <part of the name of a test>]
//
// Everything that has to hold: format and lint, types, the build, all tests. Those that need servers share them; they are
// started when the first test asks, and are gone when this ends, however it ends.
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { stopSignal } from './process/stop-signal.ts'
import { runPhases } from './runner/run-phases.ts'
import { findTestFiles } from './runner/test-files.ts'
import { assembledHome, isAssembled } from './servers/assemble.ts'
import { serverNames } from './servers/catalogue.ts'
import { startOwner } from './servers/owner.ts'
import { missingJava } from './servers/servers.ts'

const windows = process.platform === 'win32'
const tool = (name: string) => join('node_modules', '.bin', windows ? `${name}.cmd` : name)
const signal = stopSignal()

/** Throws when it fails; what it printed is printed then. */
async function runStep(name: string, command: string, args: readonly string[]): Promise<void> {
  const started = performance.now()
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: windows && command.endsWith('.cmd'),
    signal,
  })
  const output: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => output.push(bytes))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  if (code === 0) console.log(`✔ ${name} (${seconds} s)`)
  else throw new StepFailure(`✖ ${name}\n${Buffer.concat(output)}`)
}

class StepFailure extends Error {}

/** The first time, servers come from Maven; later they are in the cache of this user. */
async function fetchServers(): Promise<void> {
  for (const name of serverNames) {
    signal.throwIfAborted()
    const missing = missingJava(name)
    if (missing) console.log(`- ${name} is left out: it ${missing}`)
    else if (!isAssembled(name)) {
      console.log(`- fetching ${name}; this happens once`)
      await assembledHome(name)
    }
  }
}

/** Those that failed; the tests run all the same, so that one run tells everything. */
async function failedChecks(): Promise<string[]> {
  const failed: string[] = []
  const check = async (name: string, command: string, args: readonly string[]) => {
    try {
      await runStep(name, command, args)
    } catch (error) {
      if (!(error instanceof StepFailure)) throw error
      console.error(error.message)
      failed.push(name)
    }
  }
  await Promise.all([
    check('format and lint', tool('biome'), ['check']),
    check('types', tool('tsc'), ['-p', 'tsconfig.json']),
  ])
  return failed
}

/** What a test finds is the same for every user: permissions of new files, and no profile that AWS libraries take before keys. */
function likeAnyUser(): void {
  process.umask(0o022)
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name]
}

async function main(): Promise<number> {
  const { values, positionals: patterns } = parseArgs({
    allowPositionals: true,
    options: { name: { type: 'string', multiple: true, default: [] } },
  })
  likeAnyUser()
  const { pure, withServers, alone } = findTestFiles(patterns)
  if (pure.length + withServers.length + alone.length === 0)
    throw new StepFailure(`no test is called ${patterns.join(' or ')}`)
  const broken = patterns.length === 0 ? await failedChecks() : []
  if (patterns.length === 0) await fetchServers()
  await runStep('build', process.execPath, ['scripts/build.mjs'])
  await using owner = await startOwner()
  process.env.INDEXFERRY_TEST_SERVERS = owner.url
  process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --disable-warning=ExperimentalWarning`.trim()
  const phases = [
    { files: pure, concurrency: availableParallelism() },
    // While one waits for its server, another one can use the processor; more than two at a time are in each other's way.
    { files: withServers, concurrency: 2 },
    { files: alone, concurrency: 1 },
  ]
  const { passed, failed, skipped } = await runPhases(phases, { namePatterns: values.name, signal })
  signal.throwIfAborted()
  const alsoFailed = broken.map((name) => `, ${name} failed`).join('')
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}${alsoFailed}`)
  return failed > 0 || broken.length > 0 ? 1 : 0
}

try {
  process.exitCode = await main()
} catch (error) {
  if (signal.aborted) console.error('stopped')
  else console.error(error instanceof StepFailure ? error.message : error)
  process.exitCode = signal.aborted ? 130 : 1
}
