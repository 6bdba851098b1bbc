// The gate before a commit, under a minute and without servers: format and lint, types, unit tests, tidy tests.
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const windows = process.platform === 'win32'
const tool = (name) => join('node_modules', '.bin', windows ? `${name}.cmd` : name)

/** Tests that need nothing but this machine's processor: those beside the code, without the ones against servers, and tidy. */
const unitTests = ['src', 'test/tidy']
  .flatMap((folder) => readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name))))
  .filter((path) => path.endsWith('.test.ts') && !/\.(?:cluster|server)\.test\.ts$/.test(path))
  .sort()

const steps = {
  'format and lint': [tool('biome'), ['check']],
  types: [tool('tsc'), ['-p', 'tsconfig.json']],
  'unit and tidy tests': [
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--test', '--test-reporter=dot', ...unitTests],
  ],
}

/** Runs a step to its end and prints what it said only when it failed. */
function runStep(name, [command, args]) {
  const started = performance.now()
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], shell: windows && command.endsWith('.cmd') })
  const output = []
  child.stdout.on('data', (bytes) => output.push(bytes))
  child.stderr.on('data', (bytes) => output.push(bytes))
  return new Promise((resolve) => {
    child.on('error', (error) => output.push(Buffer.from(error.message)))
    child.on('close', (code) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(1)
      console.error(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`)
      if (code !== 0) console.error(Buffer.concat(output).toString())
      resolve(code === 0)
    })
  })
}

// Linting and types are done side by side; the tests come alone, because some of them measure time.
const [linted, typed] = await Promise.all([
  runStep('format and lint', steps['format and lint']),
  runStep('types', steps.types),
])
const tested = await runStep('unit and tidy tests', steps['unit and tidy tests'])
if (!linted || !typed || !tested) process.exitCode = 1
