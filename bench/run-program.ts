// Runs one program from start to exit and says what that took.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What one run took. A program that measures itself leaves out its own preparations; see bulk-load.ts. */
export interface Usage {
  readonly seconds: number
  /** Of the tool alone. Missing where the work is done inside a server. */
  readonly cpuSeconds?: number
  readonly peakBytes?: number
}

export interface Program {
  readonly command: string
  readonly args: readonly string[]
  /** A temporary folder of this run. */
  readonly folder: string
  readonly signal: AbortSignal
  /** Beside what every tool gets. */
  readonly env?: Readonly<Record<string, string>>
  /** Of a server: what is asked of it. Afterwards the program is told to end (SIGTERM). */
  readonly during?: () => Promise<void>
}

const keptBytes = 4000

/** A Node program reports its own usage at exit, any other writes it to the file named in BENCH_USAGE_FILE. */
export const nodeProgram = (script: string, ...args: string[]): Pick<Program, 'command' | 'args'> => ({
  command: process.execPath,
  args: [
    '--disable-warning=ExperimentalWarning',
    '--import',
    new URL('usage-at-exit.mjs', import.meta.url).href,
    script,
    ...args,
  ],
})

/** Without what the user has set for indexferry or Node: everybody runs as the page says. */
const plainEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !key.startsWith('INDEXFERRY_') && key !== 'NODE_OPTIONS'),
  )

export async function runProgram({ command, args, folder, signal, env, during }: Program): Promise<Usage> {
  const usageFile = join(folder, 'usage.json')
  const started = performance.now()
  let asked: Promise<void> | undefined
  const { code, last } = await new Promise<{ code: string | number | null; last: string }>((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...plainEnvironment(), ...env, BENCH_USAGE_FILE: usageFile },
      signal,
      // Nothing of a stopped run is wanted, and some tools take their time over a gentler signal.
      killSignal: 'SIGKILL',
    })
    let last = ''
    const keep = (text: Buffer) => {
      last = (last + text).slice(-keptBytes)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    // A program that was started and then stopped also has its end reported, and is gone only then.
    child.on('error', (error) => child.pid === undefined && reject(error))
    child.on('close', (code, killedBy) => resolve({ code: killedBy ?? code, last }))
    asked = during?.().finally(() => child.kill('SIGTERM'))
    asked?.catch(() => {})
  })
  signal.throwIfAborted()
  await asked
  const seconds = (performance.now() - started) / 1000
  if (code !== 0) throw new Error(`ended with ${code}: ${last.trim().slice(-600)}`)
  return { seconds, ...(existsSync(usageFile) ? (JSON.parse(readFileSync(usageFile, 'utf8')) as Partial<Usage>) : {}) }
}
