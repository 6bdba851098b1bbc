// The follower that is measured: the built program, in a process and with a state folder of its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openCatalog } from '../../src/engine/catalog.ts'
import type { IndexRecord } from '../../src/engine/catalog-records.ts'

const program = fileURLToPath(new URL('../../bin/indexferry.js', import.meta.url))

/** Where followers keep what they know; the same folder makes the next one go on. */
export class FollowerFolder implements AsyncDisposable {
  readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  static async make(): Promise<FollowerFolder> {
    return new FollowerFolder(await mkdtemp(join(tmpdir(), 'indexferry-bench-follow-')))
  }

  indexes(): readonly IndexRecord[] {
    using catalog = openCatalog(this.folder)
    const [copy] = catalog.listCopies()
    return copy ? catalog.readCopy(copy.id).indexes : []
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}

export class Follower implements AsyncDisposable {
  readonly pid: number
  private readonly child: ChildProcess
  private readonly home: FollowerFolder
  private said = ''

  constructor(home: FollowerFolder, source: string, target: string, options: readonly string[] = []) {
    this.home = home
    const words = ['follow', source, target, '--state', home.folder, '--quiet', ...options]
    this.child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'ignore', 'pipe'] })
    this.child.stderr?.on('data', (text: Buffer) => {
      this.said = (this.said + text).slice(-2_000)
    })
    this.pid = this.child.pid as number
  }

  /** Until everything that was written before this call, deletes included, is on the target. */
  async caughtUp(signal: AbortSignal, everyMs = 100): Promise<void> {
    const from = Date.now()
    for (;;) {
      signal.throwIfAborted()
      if (this.child.exitCode !== null) throw new Error(`the follower ended: ${this.said}`)
      const indexes = this.home.indexes()
      const isThere = indexes.every(
        ({ following }) =>
          following?.operationsBehind === 0 &&
          (following.writesUpTo ?? 0) > from &&
          (following.deletesUpTo ?? 0) > from,
      )
      if (indexes.length > 0 && isThere) return
      await sleep(everyMs, undefined, { signal })
    }
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    this.child.kill('SIGINT')
    await once(this.child, 'exit')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}
