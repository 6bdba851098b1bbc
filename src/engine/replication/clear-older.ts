// Deletes from an index what was there before it was copied into again, and that the leader does not have.
//
// Everything that was copied has a version above all that was there before (`versionBase`), so what has none is older. Deletes that carry that
// highest old version leave alone whatever is written later.
import type { Cluster } from '../../cluster/cluster.ts'
import type { CopyUnit } from '../../mechanism/copy-unit.ts'
import { ABSENT, type DocumentBatch } from '../../model/document-batch.ts'
import { readVersions } from '../../source/read-versions.ts'
import { deleteVersions, type VersionedDelete } from '../../target/delete-versions.ts'

/** Resolves with how many were deleted. Twice is the same as once. */
export async function clearOlder(cluster: Cluster, unit: CopyUnit, signal: AbortSignal): Promise<number> {
  const base = unit.versionBase ?? 0
  if (base === 0) return 0
  const { targetIndex: index, documentType } = unit
  let deleted = 0
  for await (const batch of readVersions(cluster, index, signal)) {
    const older = olderThan(batch, base)
    deleted += (await deleteVersions(cluster, { index, documentType }, older, signal)).deleted
  }
  return deleted
}

function olderThan(batch: DocumentBatch, base: number): VersionedDelete[] {
  const text = (start: number, end: number) => batch.bytes.toString('utf8', start, end)
  const older: VersionedDelete[] = []
  for (let row = 0; row < batch.count; row++) {
    if ((batch.version[row] as number) > base) continue
    const routing = batch.routingStart[row] as number
    older.push({
      id: text(batch.idStart[row] as number, batch.idEnd[row] as number),
      routing: routing === ABSENT ? undefined : text(routing, batch.routingEnd[row] as number),
      version: base,
    })
  }
  return older
}
