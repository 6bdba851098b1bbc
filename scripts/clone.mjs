// Runs one of the project's own commands in a clone, after making sure that what it needs is there.
//
// Plain JavaScript, because it is the one file that runs before `npm ci`, on whatever Node (20 or newer) the machine has.
// Everything after it runs on the Node 24 that `npm ci` brings (the `node` dev dependency), TypeScript files directly.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const node24 = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node')

/** What each command of package.json runs. A list of steps; the last one gets the caller's arguments. */
const commands = {
  build: [['scripts/build.mjs']],
  test: [['test/run.ts']],
  check: [['scripts/check.mjs']],
  demo: [['scripts/build.mjs'], ['demo/run.ts']],
  servers: [['test/servers/cli.ts']],
  bench: [['scripts/build.mjs'], ['bench/run.ts']],
  'bench:objects': [['scripts/build.mjs'], ['bench/objects.ts']],
  'bench:follow': [['scripts/build.mjs'], ['bench/follow.ts']],
  'test:kill': [['scripts/build.mjs'], ['test/campaigns/kill.ts']],
  'test:gateway-kill': [['scripts/build.mjs'], ['test/campaigns/gateway-kill.ts']],
  'test:gateway-load': [['scripts/build.mjs'], ['test/campaigns/gateway-load.ts']],
  'test:journey-kill': [['scripts/build.mjs'], ['test/campaigns/journey-kill.ts']],
  'test:follow': [['scripts/build.mjs'], ['test/campaigns/follow.ts']],
  'test:object-kill': [['scripts/build.mjs'], ['test/campaigns/object-kill.ts']],
  'test:clients': [['test/clients/run.ts']],
  'test:cut-over': [['scripts/build.mjs'], ['test/campaigns/cut-over.ts']],
  'test:large': [['scripts/build.mjs'], ['test/campaigns/large.ts']],
  'docs:generate': [['scripts/generate-docs.ts']],
}

/** Installs the dependencies unless those of this very lock file are already installed; only then is the network needed. */
function installDependencies() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  const stamp = join(root, 'node_modules', '.indexferry-lock')
  if (existsSync(node24) && existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  console.error('Installing the dependencies of this clone (once) …')
  for (const pause of [5, 30, 0]) {
    const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: root,
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
    })
    if (npm.status === 0) break
    // A registry that fails once must not fail a whole test run; whoever stops npm means it, and without npm nothing helps.
    if (pause === 0 || npm.signal || npm.error) process.exit(npm.status || 1)
    console.error(`npm ci failed; another attempt in ${pause} s`)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause * 1000)
  }
  writeFileSync(stamp, lock)
}

/** Runs one step and resolves with its exit code. Ctrl-C reaches the child through the terminal's process group. */
function runStep(args) {
  const child = spawn(node24, ['--disable-warning=ExperimentalWarning', ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: `${dirname(node24)}:${process.env.PATH}` },
  })
  const forward = (signal) => child.kill(signal)
  process.on('SIGTERM', forward)
  process.on('SIGINT', () => {})
  return new Promise((resolve) => child.on('exit', (code, signal) => resolve(signal ? 130 : code)))
}

const [name, ...rest] = process.argv.slice(2)
const steps = commands[name]
if (!steps) {
  console.error(`unknown command "${name}"; known: ${Object.keys(commands).join(', ')}`)
  process.exit(2)
}
installDependencies()
for (const [index, step] of steps.entries()) {
  const last = index === steps.length - 1
  const code = await runStep(last ? [...step, ...rest] : step)
  if (code !== 0) process.exit(code)
}
