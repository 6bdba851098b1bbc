// Servers started by hand, which outlive the command that started them. Each has a record, written and removed by its guardian.
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { cacheFolder } from './cache.ts'
import type { ServerName } from './catalogue.ts'
import type { StartOptions } from './launch.ts'
import { isListening } from './ports.ts'
import { type Connection, launch } from './start-server.ts'

export interface RunningRecord extends Connection {
  control: { port: number; token: string }
}

function recordFile(name: string): string {
  return join(cacheFolder(), 'running', `${name}.json`)
}

export async function startByHand(name: ServerName, options: StartOptions): Promise<Connection> {
  const running = await runningServer(name)
  if (running) throw new Error(`${name} is already running: ${running.url}, process ${running.pid}`)
  await mkdir(join(cacheFolder(), 'running'), { recursive: true })
  const { connection, guarded } = await launch(name, options)
  await guarded.keep(connection, recordFile(name))
  return connection
}

/** Resolves when the server is gone; false when it was not running. */
export async function stopByHand(name: string): Promise<boolean> {
  const running = await runningServer(name)
  if (!running) return false
  await new Promise<void>((resolve) => {
    const { port, token } = running.control
    const socket = connect(port, '127.0.0.1', () => socket.write(token))
    // The guardian ends, and with it the connection, when all is cleared away.
    socket.on('close', () => resolve())
    socket.on('error', () => {})
    socket.resume()
  })
  return true
}

export async function runningServer(name: string): Promise<RunningRecord | undefined> {
  const file = recordFile(name)
  if (!existsSync(file)) return undefined
  const record: RunningRecord = JSON.parse(await readFile(file, 'utf8'))
  if (await isListening(record.control.port)) return record
  // Left over, by a restart of the machine for instance.
  await rm(file, { force: true })
  return undefined
}

export async function runningNames(): Promise<string[]> {
  const folder = join(cacheFolder(), 'running')
  if (!existsSync(folder)) return []
  const records = (await readdir(folder)).filter((file) => file.endsWith('.json'))
  return records.map((file) => file.slice(0, -'.json'.length))
}
