// The built program, run as a user runs it: a process of its own, a state folder of its own, nothing of the tester's environment.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { CopyPreview } from '../../src/engine/preview-copy.ts'
import type { CopyResult } from '../../src/engine/start-copy.ts'
import type { VerifyResult } from '../../src/engine/start-verify.ts'
import type { ErrorCode } from '../../src/foundation/error-codes.ts'
import type { Side } from '../../src/foundation/errors.ts'
import { cacheFolder } from '../servers/cache.ts'

const program = fileURLToPath(new URL('../../bin/indexferry.js', import.meta.url))

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: Buffer | string | Readable
}

export interface Ended {
  /** 128 + the signal's number does not occur: the program answers signals itself, so null is a kill. */
  readonly code: number | null
  readonly stdout: string
  readonly stdoutBytes: Buffer
  readonly stderr: string
}

export interface ToldError {
  readonly code: ErrorCode
  readonly side: Side
  readonly message: string
  readonly remedy: string
}

export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
}

/** A folder with what the program keeps (`state`) and what the test gives it; removed with everything in it. */
export class Indexferry implements AsyncDisposable {
  readonly folder: string
  readonly state: string

  private constructor(folder: string) {
    this.folder = folder
    this.state = join(folder, 'state')
  }

  static async install(): Promise<Indexferry> {
    return new Indexferry(await mkdtemp(join(tmpdir(), 'indexferry-journey-')))
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  async write(name: string, content: string | Buffer): Promise<string> {
    await writeFile(this.path(name), content)
    return this.path(name)
  }

  start(args: readonly string[], { env = {}, stdin }: RunOptions = {}): Running {
    const child = spawn(process.execPath, [program, ...args], {
      cwd: this.folder,
      env: {
        PATH: process.env.PATH ?? '',
        HOME: this.folder,
        // What V8 made of the program is kept from one test to the next.
        XDG_CACHE_HOME: dirname(cacheFolder()),
        INDEXFERRY_STATE: this.state,
        ...env,
      },
      stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    })
    // Whoever does not read its input to the end closes the pipe; what it then says counts.
    child.stdin?.on('error', () => {})
    if (stdin !== undefined && typeof stdin !== 'string' && !Buffer.isBuffer(stdin)) stdin.pipe(child.stdin!)
    else child.stdin?.end(stdin)
    return { child, ended: untilEnd(child) }
  }

  run(args: readonly string[], options?: RunOptions): Promise<Ended> {
    return this.start(args, options).ended
  }

  /** The one result of a command that must end with `code`. */
  async json<Result>(args: readonly string[], { code = 0, ...options }: RunOptions & { code?: number } = {}) {
    const ended = await this.run([...args, '--json'], options)
    assert.equal(ended.code, code, `indexferry ${args.join(' ')}\n${ended.stdout.slice(0, 3_000)}\n${ended.stderr}`)
    return JSON.parse(ended.stdout) as Result
  }

  copy(args: readonly string[], options?: RunOptions & { code?: number }): Promise<CopyResult> {
    return this.json<CopyResult>(['copy', ...args], options)
  }

  verify(args: readonly string[], options?: RunOptions & { code?: number }): Promise<VerifyResult> {
    return this.json<VerifyResult>(['verify', ...args, '--recheck-after', '0s'], options)
  }

  preview(args: readonly string[], options?: RunOptions & { code?: number }): Promise<CopyPreview> {
    return this.json<CopyPreview>(['copy', ...args, '--dry-run'], options)
  }

  /** Runs a command that must fail, and fails itself unless the error is told in full, on both outputs. */
  async fails(args: readonly string[], expected: { code: ErrorCode; exit: number }, options: RunOptions = {}) {
    const ended = await this.run([...args, '--json'], options)
    const everything = `${ended.stdout}\n${ended.stderr}`
    assert.ok(ended.stdout.startsWith('{'), `no JSON: ${everything}`)
    const { error } = JSON.parse(ended.stdout) as { error?: ToldError }
    assert.ok(error, `no error: ${everything}`)
    assert.equal(error.code, expected.code, everything)
    assert.equal(ended.code, expected.exit, everything)
    assert.ok(error.remedy.length > 10, everything)
    assert.ok(ended.stderr.includes(`[${expected.code}]`) && ended.stderr.includes(error.remedy), everything)
    assert.doesNotMatch(everything, /\n\s+at .*\.js:\d+/, 'a stack is for defects')
    return { error, ended }
  }

  /** All that the program has left in its state folder, as one text. */
  async stateText(): Promise<string> {
    const entries = await readdir(this.state, { recursive: true, withFileTypes: true }).catch(() => [])
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
    const texts = await Promise.all(files.map((file) => readFile(file, 'latin1')))
    return texts.join('\n')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}

async function untilEnd(child: ChildProcess): Promise<Ended> {
  const outputs = Promise.all([buffer(child.stdout!), buffer(child.stderr!)])
  const [code] = (await once(child, 'close')) as [number | null]
  const [stdout, stderr] = await outputs
  return { code, stdout: stdout.toString(), stdoutBytes: stdout, stderr: stderr.toString() }
}

/** Asks until the answer is not undefined; for what another process does in its own time. */
export async function eventually<T>(what: string, ask: () => Promise<T | undefined>, withinMs = 60_000): Promise<T> {
  const deadline = Date.now() + withinMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (Date.now() > deadline) throw new Error(`${what} did not happen within ${withinMs} ms`)
    await sleep(50)
  }
}
