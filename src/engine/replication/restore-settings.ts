// Puts back what was changed on the follower for the time of copying and following.
import { restoreAll } from '../../migration/run-copy.ts'
import type { CopyWriter } from '../catalog-writer.ts'
import { CheckpointNotes } from '../checkpoint-notes.ts'
import { journalOf } from '../start-copy.ts'
import type { ClusterLease } from './cluster-pool.ts'

/** Of one replication, while it has no file. */
export function notesOf(writer: CopyWriter, abort: AbortController): CheckpointNotes {
  return new CheckpointNotes({
    writer,
    files: () => [],
    flushFiles: async () => {},
    onFailure: (error) => abort.abort(error),
  })
}

export async function restoreSettings(
  writer: CopyWriter,
  follower: string,
  { log }: { readonly log: (text: string) => void },
  leaseLocal: () => Promise<ClusterLease>,
): Promise<void> {
  await using lease = await leaseLocal()
  const notes = notesOf(writer, new AbortController())
  notes.stop()
  const target = { kind: 'cluster', cluster: lease.cluster, name: follower } as const
  await restoreAll({ target, journal: journalOf(writer, notes), plan: { note: log } }, undefined)
}
