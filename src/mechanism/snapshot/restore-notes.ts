// What a restore must remember over its own death: which indexes it closed, and which settings it changed. One file for each
// restore in the state folder, written before the first index is closed.
import { createHash } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Cluster } from '../../cluster/cluster.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import { makeFolder } from '../../foundation/make-folder.ts'
import { currentProcess, type ProcessIdentity, seeProcess } from '../../foundation/process-identity.ts'
import { isJsonObject } from '../../model/json.ts'
import type { SavedSettings } from '../../target/relaxed-settings.ts'

export interface RestoreNote {
  readonly id: string
  readonly repository: string
  readonly snapshot: string
  /** `restoring`: the cluster was asked, and may have begun. */
  readonly phase: 'closing' | 'restoring'
  readonly names: readonly string[]
  /** Closed by this restore. */
  readonly closed: readonly string[]
  /** What the settings of an index are to be in the end. */
  readonly settings: Readonly<Record<string, SavedSettings>>
  readonly owner: ProcessIdentity
}

/** Every change is durable on return. */
export interface RestoreJournal {
  /** Of restores that did not come to their end, whether their process lives or not. */
  list(): readonly RestoreNote[]
  save(note: RestoreNote): void
  remove(id: string): void
}

/** Ids of the restores that this process is at. */
export type RunningRestores = ReadonlySet<string>

export function isAbandoned({ id, owner }: RestoreNote, running: RunningRestores): boolean {
  if (running.has(id)) return false
  const here = currentProcess()
  const isOurs = owner.pid === here.pid && owner.space === here.space && owner.startTicks === here.startTicks
  return isOurs || seeProcess(owner, here) !== 'alive'
}

/** The same restore has the same id in every run. */
export function restoreId(repository: string, snapshot: string, names: readonly string[]): string {
  return createHash('sha256')
    .update(JSON.stringify([repository, snapshot, [...names].sort()]))
    .digest('hex')
    .slice(0, 16)
}

/** Notes belong to a cluster, however it is reached. */
export async function openRestoreNotes(cluster: Cluster, stateFolder: string): Promise<RestoreNotes> {
  const { body } = await cluster.json({ method: 'GET', path: '/', accept: [403, 404] })
  const uuid = isJsonObject(body) && typeof body.cluster_uuid === 'string' ? body.cluster_uuid : cluster.name
  const name = createHash('sha256').update(uuid).digest('hex').slice(0, 16)
  return new RestoreNotes(join(stateFolder, 'restores', name))
}

export class RestoreNotes implements RestoreJournal {
  private readonly folder: string

  constructor(folder: string) {
    this.folder = folder
    this.guarded(() => makeFolder(folder))
  }

  list(): readonly RestoreNote[] {
    return this.guarded(() =>
      readdirSync(this.folder)
        .filter((name) => name.endsWith('.json'))
        .sort()
        .map((name) => JSON.parse(readFileSync(join(this.folder, name), 'utf8')) as RestoreNote),
    )
  }

  save(note: RestoreNote): void {
    const file = this.file(note.id)
    this.guarded(() => {
      const unfinished = `${file}.new`
      const handle = openSync(unfinished, 'w', 0o600)
      writeSync(handle, JSON.stringify({ ...note, owner: currentProcess() }))
      fsyncSync(handle)
      closeSync(handle)
      renameSync(unfinished, file)
      this.flushFolder()
    })
  }

  remove(id: string): void {
    this.guarded(() => rmSync(this.file(id), { force: true }))
  }

  private file(id: string): string {
    return join(this.folder, `${id}.json`)
  }

  /** Where the system has no handles of folders (Windows), the renaming itself is all there is. */
  private flushFolder(): void {
    if (process.platform === 'win32') return
    const handle = openSync(this.folder, 'r')
    fsyncSync(handle)
    closeSync(handle)
  }

  private guarded<Result>(work: () => Result): Result {
    try {
      return work()
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      throw new IndexferryError(
        'STATE_UNUSABLE',
        `the notes of restores in ${this.folder} cannot be used: ${message}`,
        {
          cause: error,
        },
      )
    }
  }
}
