// Two shared servers with an `fs` repository each, and the move of one to the other: what object stores are in between, a folder is here.
import { cp, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { beginSnapshot, watchSnapshot } from '../../src/mechanism/snapshot/create-snapshot.ts'
import { registerRepository } from '../../src/mechanism/snapshot/register-repository.ts'
import type { RestoreJournal, RestoreNote } from '../../src/mechanism/snapshot/restore-notes.ts'
import type { RestoreRequest } from '../../src/mechanism/snapshot/restore-snapshot.ts'
import type { SnapshotFacts } from '../../src/mechanism/snapshot/snapshot-facts.ts'
import type { StartedStore } from '../objectstores/object-stores.ts'
import type { ServerName } from '../servers/catalogue.ts'
import { useServer } from '../servers/servers.ts'
import { openTestCluster } from './fill-index.ts'

export interface SnapshotSide extends AsyncDisposable {
  readonly cluster: Cluster
  readonly url: string
  /** The name of the repository, which is that of its folder too. */
  readonly repository: string
  readonly folder: string
}

/** Registers nothing yet. The repository and its folder are removed in the end. */
export async function openSnapshotSide(
  side: 'source' | 'target',
  server: ServerName,
  repository: string,
): Promise<SnapshotSide> {
  const { repositoryFolder, url } = await useServer(server)
  const cluster = await openTestCluster(side, server)
  const folder = join(repositoryFolder, `${repository}-${side}`)
  return {
    cluster,
    url,
    repository,
    folder,
    async [Symbol.asyncDispose]() {
      await cluster.json({ method: 'DELETE', path: `/_snapshot/${repository}`, accept: [404] })
      await cluster[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/**
 * A folder for repositories that is a bucket of a store at the same time: what the server writes there are objects of the store, as if
 * it had the plugin for it. It can be given to a repository with a base path behind it only.
 */
export async function bucketFolder(repositoryFolder: string, store: StartedStore, bucket: string): Promise<string> {
  const link = join(repositoryFolder, bucket)
  await symlink(join(store.folder, bucket), link)
  return link
}

/** Servers are shared, and old ones take one snapshot at a time. */
export const busyMsMax = 60_000

/** Collected instead of printed. */
export const notes: string[] = []
export const note = (text: string): void => void notes.push(text)

export const register = (
  { cluster, repository, folder }: Pick<SnapshotSide, 'cluster' | 'repository' | 'folder'>,
  settings: Record<string, string | boolean> = {},
) =>
  registerRepository(cluster, {
    repository,
    definition: { type: 'fs', settings: { location: folder, ...settings } },
    replace: false,
    verify: true,
    note,
  })

/** Takes a snapshot of one index and waits. */
export async function takeSnapshot(
  { cluster, repository }: Pick<SnapshotSide, 'cluster' | 'repository'>,
  snapshot: string,
  indices: string,
): Promise<SnapshotFacts> {
  const request = {
    repository,
    snapshot,
    wish: { indices, includeGlobalState: false },
    signal: never(),
    note,
    busyMsMax,
  }
  await beginSnapshot(cluster, request)
  return watchSnapshot(cluster, request)
}

export const moveRepository = (from: SnapshotSide, to: SnapshotSide): Promise<void> =>
  cp(from.folder, to.folder, { recursive: true })

export const never = (): AbortSignal => new AbortController().signal

/** A journal of one test. */
export class MemoryNotes implements RestoreJournal {
  readonly kept = new Map<string, RestoreNote>()
  readonly phases: string[] = []
  list(): readonly RestoreNote[] {
    return [...this.kept.values()]
  }
  save(saved: RestoreNote): void {
    this.phases.push(saved.phase)
    this.kept.set(saved.id, saved)
  }
  remove(id: string): void {
    this.kept.delete(id)
  }
}

export const restoreRequest = (
  side: Pick<SnapshotSide, 'repository'>,
  snapshot: string,
  more: Partial<RestoreRequest> = {},
): RestoreRequest => ({
  repository: side.repository,
  snapshot,
  wish: {},
  overExisting: false,
  relax: false,
  journal: new MemoryNotes(),
  signal: never(),
  note,
  busyMsMax,
  ...more,
})
