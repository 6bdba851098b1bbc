// `indexferry serve` as a user runs it: a process that says where it listens, is spoken to by HTTP, and is gone when the test is.
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { type IncomingHttpHeaders, request } from 'node:http'
import { text as collect } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { JsonObject } from '../../src/model/json.ts'
import type { Ended, Indexferry, Running, RunOptions } from './indexferry.ts'

const startMsMax = 60_000
/** The gateway itself gives running calls ten seconds; a machine may be slow. */
const stopMsMax = 60_000

export interface Called {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** Empty where the answer is no JSON. */
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

  get pid(): number {
    return this.#running.child.pid ?? 0
  }

  /** All that it has printed so far. */
  get stderr(): string {
    return this.#stderr()
  }

  /** With Node's own client, because `fetch` sends no GET with a body, and the documents have such. */
  call(method: string, path: string, { body, username, password = '' }: CallOptions = {}): Promise<Called> {
    const isLines = typeof body === 'string'
    const bytes = body === undefined ? undefined : isLines ? body : JSON.stringify(body)
    const type = `application/${isLines ? 'x-ndjson' : 'json'}`
    const headers = bytes === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(bytes) }
    const auth = username === undefined ? {} : { auth: `${username}:${password}` }
    return new Promise((resolve, reject) => {
      const asked = request(`${this.url}/${path}`, { method, headers, agent: false, ...auth }, (answer) => {
        const { statusCode: status = 0, headers: answered } = answer
        collect(answer).then(
          (text) => resolve({ status, headers: answered, text, body: parse(answered, text) }),
          reject,
        )
      })
      asked.on('error', reject).end(bytes)
    })
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

const parse = (headers: IncomingHttpHeaders, text: string): JsonObject =>
  // To a HEAD, there is nothing behind the headers.
  text !== '' && headers['content-type']?.includes('json') ? (JSON.parse(text) as JsonObject) : {}
