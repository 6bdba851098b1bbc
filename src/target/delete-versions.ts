// Deletes documents that are not newer than a version.
import type { Cluster } from '../cluster/cluster.ts'
import { indexPath } from '../cluster/paths.ts'
import { backoffMs } from '../foundation/backoff.ts'
import { sleep } from '../foundation/clock.ts'
import { IndexferryError } from '../foundation/errors.ts'
import { readBulkAnswer } from './bulk-answer.ts'
import { resendBackoff } from './bulk-sender.ts'
import { withoutWaiting } from './bulk-target.ts'

export interface VersionedDelete {
  /** Id and routing as they stand between the quotes of a JSON string. */
  readonly id: string
  readonly routing: string | undefined
  /** A document with a higher version stays. */
  readonly version: number
}

export interface DeletesResult {
  readonly deleted: number
  /** A newer version was there. */
  readonly kept: number
  /** Nothing of this id was there. */
  readonly missing: number
}

const deletesPerRequest = 2_000

/**
 * The mark that the target keeps of a delete carries its version, so that the same write, when it arrives late, is refused
 * until `index.gc_deletes` is over. Repeated for as long as the target refuses for passing reasons; twice is the same as once.
 */
export async function deleteVersions(
  cluster: Cluster,
  target: { readonly index: string; readonly documentType: string | undefined },
  deletes: readonly VersionedDelete[],
  signal: AbortSignal,
): Promise<DeletesResult> {
  let deleted = 0
  let kept = 0
  let missing = 0
  let open = deletes
  for (let attempt = 1; open.length > 0; ) {
    const part = open.slice(0, deletesPerRequest)
    const answer = await cluster.bytes({
      method: 'POST',
      path: indexPath(target.index, target.documentType ? `${encodeURIComponent(target.documentType)}/_bulk` : '_bulk'),
      body: Buffer.from(part.map(deleteLine).join('')),
      contentType: 'ndjson',
      query: {
        ...withoutWaiting,
        ...(cluster.capabilities.filterPath ? { filter_path: 'errors,items.*.status,items.*.error' } : {}),
      },
      retry: 'safe',
      signal,
    })
    const { written, unchanged, refused } = readBulkAnswer(answer.body, part.length)
    const again: VersionedDelete[] = []
    for (const item of refused) {
      if (item.outcome === 'again') again.push(part[item.at] as VersionedDelete)
      else if (item.status === 404 && item.type === '') missing++
      else throw refusal(cluster, target.index, item)
    }
    deleted += written
    kept += unchanged
    open = [...again, ...open.slice(part.length)]
    if (again.length === 0) attempt = 1
    else await sleep(backoffMs(attempt++, resendBackoff), signal)
  }
  return { deleted, kept, missing }
}

function deleteLine({ id, routing, version }: VersionedDelete): string {
  const routed = routing === undefined ? '' : `,"routing":"${routing}"`
  return `{"delete":{"_id":"${id}"${routed},"version":${version},"version_type":"external_gte"}}\n`
}

function refusal(
  cluster: Cluster,
  index: string,
  { status, type, reason }: { status: number; type: string; reason: string },
): IndexferryError {
  const isBlocked = /block/i.test(type) || /blocked by:/.test(reason)
  const code = isBlocked ? 'TARGET_READ_ONLY' : status === 404 ? 'INDEX_MISSING' : 'REQUEST_REFUSED'
  return new IndexferryError(
    code,
    `target ${cluster.name}: documents of index ${index} cannot be deleted: ${type} ${reason}`,
    { side: 'target', fields: { index, status } },
  )
}
