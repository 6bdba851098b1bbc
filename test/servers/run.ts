// Runs a tool to its end and, when it fails, says what it printed.
import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'

interface Options {
  cwd?: string
  env?: NodeJS.ProcessEnv
}

export function run(command: string, args: string[], options: Options = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { ...options, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (!error) return resolve()
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
      reject(
        new Error(
          missing
            ? `"${command}" is needed to put a server together, and it is not on the PATH`
            : `${command} ${args.slice(0, 3).join(' ')} … failed:\n${lastLines(stdout + stderr, 30)}`,
          { cause: error },
        ),
      )
    })
  })
}

/** Before the second and the third attempt. */
const pausesMs = [5000, 30_000]

/** As `run`, for a tool that fetches something: a registry that fails once must not fail a whole test run. */
export async function fetchWith(
  command: string,
  args: string[],
  {
    again = [],
    ...options
  }: Options & { /** Further arguments of every attempt but the first. */ again?: string[] } = {},
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await run(command, attempt === 0 ? args : [...args, ...again], options)
    } catch (error) {
      const pause = pausesMs[attempt]
      const isMissing = ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT'
      if (isMissing || pause === undefined) throw error
      console.error(`${error instanceof Error ? error.message : error}\nanother attempt in ${pause / 1000} s`)
      await sleep(pause)
    }
  }
}

export function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n')
}
