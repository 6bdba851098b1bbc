// Runs a tool to its end and, when it fails, says what it printed.
import { execFile } from 'node:child_process'

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

export function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n')
}
