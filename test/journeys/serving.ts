// `indexferry serve` as a user runs it: a process that says where it listens, is spoken to by HTTP, and is gone when the test is.
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { JsonObject } from '../../src/model/json.ts'
import type { Ended, Indexferry, Running, RunOptions } from './indexferry.ts'

const startMsMax = 30_000
/** The gateway itself gives running calls ten seconds. */
const stopMsMax = 15_000

export interface Called {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly body: JsonObject
}

export interface CallOptions {
  readonly body?: JsonObject | string
  readonly username?: string | undefined
  readonly password?: string | undefined
}

/** Whoever ends the test ends its gateways; a signal alone would leave them. */
const running = new Set<ChildProcess>()
function endWithThisProcess(child: ChildProcess): void {
  if (running.size === 0) {
    process.once('exit', () => {
      for (const each of running) each.kill('SIGKILL')
    })
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1))
  }
  running.add(child)
}

export class Served implements AsyncDisposable {
  readonly url: string
  readonly #running: Running
  readonly #stderr: () => string

  private constructor(url: string, started: Running, stderr: () => string) {
    this.url = url
    this.#running = started
    this.#stderr = stderr
  }

  /** Resolves when it listens. */
  static async start(indexferry: Indexferry, args: readonly string[], options?: RunOptions): Promise<Served> {
    const started = indexferry.start(['serve', ...args], options)
    const { child, ended } = started
    endWithThisProcess(child)
    let stderr = ''
    child.stderr?.on('data', (bytes: Buffer) => {
      stderr += bytes.toString()
    })
    const deadline = performance.now() + startMsMax
    for (;;) {
      const [, url] = /^indexferry listens at (\S+)\n/m.exec(stderr) ?? []
      if (url !== undefined) return new Served(url, started, () => stderr)
      if (child.exitCode !== null || performance.now() > deadline) {
        child.kill('SIGKILL')
        await ended
        throw new Error(`indexferry serve ${args.join(' ')} does not listen\n${stderr}`)
      }
      await sleep(20)
    }
  }

  /** All that it has printed so far. */
  get stderr(): string {
    return this.#stderr()
  }

  async call(method: string, path: string, { body, username, password = '' }: CallOptions = {}): Promise<Called> {
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
    const isLines = typeof body === 'string'
    const answer = await fetch(`${this.url}/${path}`, {
      method,
      headers: {
        ...(username === undefined ? {} : { authorization }),
        ...(body === undefined ? {} : { 'content-type': `application/${isLines ? 'x-ndjson' : 'json'}` }),
      },
      ...(body === undefined ? {} : { body: isLines ? body : JSON.stringify(body) }),
    })
    const text = await answer.text()
    return { status: answer.status, headers: answer.headers, text, body: JSON.parse(text) as JsonObject }
  }

  /** Lines of its log, which are JSON. */
  logged(event: string): readonly Record<string, unknown>[] {
    const lines = this.stderr.split('\n').filter((line) => line.startsWith('{'))
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => line.event === event)
  }

  /** A call that must be answered with 200. */
  async ok(method: string, path: string, options?: CallOptions): Promise<JsonObject> {
    const { status, body, text } = await this.call(method, path, options)
    assert.equal(status, 200, `${method} ${path}: ${text}\n${this.stderr}`)
    return body
  }

  /** As by Ctrl-C; twice is the same as once. */
  async stop(): Promise<Ended> {
    const { child, ended } = this.#running
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), stopMsMax)
    const end = await ended
    clearTimeout(timer)
    running.delete(child)
    return end
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}
