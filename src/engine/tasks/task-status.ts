// Counters of a task that has done nothing yet, and how cancelling and a new rate show in them before the task itself says so.
import { noReindexStatus, type ReindexRequest, type ReindexStatus } from '../../model/reindex.ts'

export const statusBefore = ({ slices }: ReindexRequest): ReindexStatus =>
  typeof slices === 'number' && slices > 1
    ? { ...noReindexStatus, slices: new Array(slices).fill(undefined) }
    : noReindexStatus

/** A server lifts the limit of a task that is cancelled, so that it ends at once, and says so. */
export const cancelledStatus = (status: ReindexStatus, reason: string): ReindexStatus => ({
  ...status,
  requestsPerSecond: Number.POSITIVE_INFINITY,
  throttledUntilMs: 0,
  reasonCancelled: reason,
  slices: status.slices?.map((slice) => slice && cancelledStatus(slice, reason)),
})

/** The rate is shared evenly by the slices. */
export function rethrottledStatus(status: ReindexStatus, requestsPerSecond: number): ReindexStatus {
  const { slices } = status
  if (!slices) return { ...status, requestsPerSecond }
  const share = requestsPerSecond / slices.length
  return {
    ...status,
    requestsPerSecond,
    slices: slices.map((slice) => slice && { ...slice, requestsPerSecond: share }),
  }
}
