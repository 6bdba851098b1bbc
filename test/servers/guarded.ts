// The owner's end of a guardian.
import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { GuardianJob } from './guardian.ts'

export interface Guarded {
  /** Of the server, not of the guardian. Also the id of its process group. */
  readonly pid: number
  /** How the server ended, once it has. */
  readonly exited: string | undefined
  /** Resolves when the server is gone and its folder removed. */
  stop(): Promise<void>
  /** Kills the server (SIGKILL) and starts it again on the same data and ports; resolves when that process is there. */
  restart(): Promise<void>
  /** Lets the server outlive this process, to be found by what is written to the file `record`. */
  keep(connection: object, record: string): Promise<void>
}

interface Report {
  pid?: number
  kept?: true
  exited?: string
}

export async function guard(job: GuardianJob): Promise<Guarded> {
  const file = join(job.folder, 'guardian.json')
  await writeFile(file, JSON.stringify(job))
  // In a session of its own, lest Ctrl-C in a terminal reach it together with its owner.
  const guardian = spawn(process.execPath, [fileURLToPath(new URL('./guardian.ts', import.meta.url)), file], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  })
  // The owner may end whenever it has nothing else to do; that closes the pipe, and the guardian stops the server.
  guardian.unref()
  ;(guardian.stdin as Socket).unref()
  ;(guardian.stdout as Socket).unref()
  guardian.stdin.on('error', () => {})
  const gone = new Promise<void>((resolve) => guardian.once('exit', () => resolve()))

  let exited: string | undefined
  let awaited: (report: Report) => void = () => {}
  createInterface({ input: guardian.stdout }).on('line', (line) => {
    const report: Report = JSON.parse(line)
    exited = report.exited ?? exited
    awaited(report)
  })
  const next = (test: (report: Report) => boolean) =>
    new Promise<Report>((resolve, reject) => {
      awaited = (report) => test(report) && resolve(report)
      void gone.then(() => reject(new Error('the guardian of the server ended')))
    })

  const alive = setInterval(() => {}, 1000)
  const first = await next((report) => 'pid' in report || 'exited' in report).finally(() => clearInterval(alive))
  if (first.pid === undefined) throw new Error(`${job.command} could not be started: ${first.exited ?? exited}`)
  let pid: number = first.pid
  return {
    get pid() {
      return pid
    },
    get exited() {
      return exited
    },
    async stop() {
      guardian.ref()
      guardian.stdin.end()
      await gone
    },
    async restart() {
      ;(guardian.stdout as Socket).ref()
      const again = next((report) => report.pid !== undefined)
      guardian.stdin.write(`${JSON.stringify({ restart: true })}\n`)
      pid = (await again).pid ?? pid
      ;(guardian.stdout as Socket).unref()
    },
    async keep(connection, record) {
      ;(guardian.stdout as Socket).ref()
      const kept = next((report) => report.kept === true)
      guardian.stdin.write(`${JSON.stringify({ keep: connection, record })}\n`)
      await kept
      ;(guardian.stdout as Socket).unref()
    },
  }
}
