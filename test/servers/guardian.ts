// The guardian of one server: a small process of its own that is the server's parent and holds a pipe from its owner. However the
// owner ends (even by kill -9), the pipe closes, and the guardian stops the server and removes its folder.
//
// It is started as `node guardian.ts <job file>` and uses nothing of the project, so that it stays small.
//
// Owner to guardian, by stdin, a line each: `{"keep": {…connection}, "record": "<file>"}`: outlive the owner, and be found through the
// record; `{"restart": true}`: kill the server (SIGKILL) and start it again on the same data and ports. Guardian to owner, by stdout, one
// JSON line each: `{"pid": n}` after each start, `{"kept": true}`, `{"exited": "code 1"}`.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

export interface GuardianJob {
  command: string
  args: string[]
  env: Record<string, string>
  cwd?: string
  log: string
  folder: string
  /** When the owner is root and the server refuses to be. */
  uid?: number
}

const patience = 10_000

function main(jobFile: string): void {
  const job: GuardianJob = JSON.parse(readFileSync(jobFile, 'utf8'))
  // Everybody may read what the server writes: a test may look into its snapshots while the server runs as another user.
  process.umask(0o022)
  const log = openSync(job.log, 'a')
  let kept: string | undefined
  let stopping = false
  let server: ChildProcess
  const start = () => {
    const started = launch(job, log)
    server = started
    started.on('error', (error) => report({ exited: error.message }))
    started.on('exit', (code, signal) => {
      // One that was killed to be started again has not ended.
      if (restarting === started) return
      report({ exited: signal ? `signal ${signal}` : `code ${code}` })
      if (kept) stop()
    })
    report({ pid: started.pid })
  }
  const stop = () => {
    if (!stopping) void end(server, job.folder, kept)
    stopping = true
  }
  let restarting: ChildProcess | undefined
  const restart = async () => {
    restarting = server
    if (server.pid !== undefined) {
      signal(-server.pid, 'SIGKILL')
      await groupEnds(server.pid, patience)
    }
    if (!stopping) start()
  }
  process.on('SIGTERM', stop)
  process.on('SIGHUP', () => {})
  // The owner may be gone when a report is written.
  process.stdout.on('error', () => {})
  start()

  const owner = createInterface({ input: process.stdin })
  owner.on('line', (line) => {
    const order: { keep: object; record: string } | { restart: true } = JSON.parse(line)
    if ('restart' in order) {
      void restart()
      return
    }
    kept = order.record
    publish(order, stop)
  })
  owner.on('close', () => {
    if (!kept) stop()
  })
}

function launch(job: GuardianJob, log: number): ChildProcess {
  return spawn(job.command, job.args, {
    cwd: job.cwd ?? job.folder,
    env: job.env,
    stdio: ['ignore', log, log],
    // Its own process group: Elasticsearch 8 and later are two JVMs, and both must go.
    detached: true,
    ...(job.uid === undefined ? {} : { uid: job.uid, gid: job.uid }),
  })
}

function report(event: object): void {
  process.stdout.write(`${JSON.stringify(event)}\n`)
}

/**
 * Writes the record of a server that outlives its owner. It is stopped through a port and a token and not by the process id of
 * the guardian: an old record must never end a stranger that has the same id by now.
 */
function publish(order: { keep: object; record: string }, stop: () => void): void {
  const token = randomUUID()
  const control = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (data) => {
      if (data.toString().trim() === token) stop()
      else socket.end()
    })
  })
  control.listen(0, '127.0.0.1', () => {
    const { port } = control.address() as AddressInfo
    writeFileSync(order.record, JSON.stringify({ ...order.keep, control: { port, token } }, undefined, 2), {
      mode: 0o600,
    })
    report({ kept: true })
  })
}

async function end(server: ChildProcess, folder: string, record: string | undefined): Promise<void> {
  if (server.pid !== undefined) {
    signal(server.pid, 'SIGTERM')
    if (!(await groupEnds(server.pid, patience))) {
      signal(-server.pid, 'SIGKILL')
      await groupEnds(server.pid, 2000)
    }
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  if (record) rmSync(record, { force: true })
  process.exit(0)
}

async function groupEnds(group: number, limit: number): Promise<boolean> {
  const deadline = Date.now() + limit
  while (signal(-group, 0)) {
    if (Date.now() > deadline) return false
    await sleep(50)
  }
  return true
}

/** Signals a process, or with a negative id its group; false when there is none any more. */
function signal(pid: number, name: 'SIGTERM' | 'SIGKILL' | 0): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}

main(process.argv[2])
