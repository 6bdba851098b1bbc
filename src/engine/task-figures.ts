// What tasks do, counted while they do it: for those who watch the gateway.
import type { Cluster } from '../cluster/cluster.ts'
import type { ReindexStatus } from '../model/reindex.ts'

/** What was added since the last one. */
export interface TaskFigures {
  readonly created: number
  readonly updated: number
  readonly deleted: number
  readonly noops: number
  readonly versionConflicts: number
  readonly bulkRetries: number
  readonly searchRetries: number
  readonly bytesRead: number
  readonly bytesWritten: number
}

const counted = ['created', 'updated', 'deleted', 'noops', 'versionConflicts', 'bulkRetries', 'searchRetries'] as const

/** Turns statuses, which count from the beginning of a task, into what was added; what an earlier run counted is not told again. */
export function countFigures(
  source: Pick<Cluster, 'traffic'>,
  target: Pick<Cluster, 'traffic'>,
  earlier: ReindexStatus | undefined,
  tell: (figures: TaskFigures) => void,
): (status: ReindexStatus) => void {
  let last: Readonly<Record<string, number>> = Object.fromEntries(counted.map((name) => [name, earlier?.[name] ?? 0]))
  let bytesRead = 0
  let bytesWritten = 0
  return (status) => {
    const before = last
    last = Object.fromEntries(counted.map((name) => [name, status[name]]))
    const added = (name: (typeof counted)[number]) => Math.max(0, status[name] - (before[name] as number))
    const [read, written] = [source.traffic.received, target.traffic.sent]
    tell({
      created: added('created'),
      updated: added('updated'),
      deleted: added('deleted'),
      noops: added('noops'),
      versionConflicts: added('versionConflicts'),
      bulkRetries: added('bulkRetries'),
      searchRetries: added('searchRetries'),
      bytesRead: read - bytesRead,
      bytesWritten: written - bytesWritten,
    })
    bytesRead = read
    bytesWritten = written
  }
}
