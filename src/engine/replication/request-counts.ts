// How the requests of one replication went, over restarts.
import { isErrorOf } from '../../foundation/errors.ts'
import type { ReplicationCounts } from '../../model/replication.ts'
import type { RequestTold } from '../../target/bulk-sender.ts'

type Counted = 'failedReads' | 'throttledReads' | 'failedWrites' | 'throttledWrites' | 'readMs' | 'writeMs'

export class RequestCounts {
  private readonly sums: Record<Counted, number>

  /** As they were noted last. */
  constructor({ failedReads, throttledReads, failedWrites, throttledWrites, readMs, writeMs }: ReplicationCounts) {
    this.sums = { failedReads, throttledReads, failedWrites, throttledWrites, readMs, writeMs }
  }

  get now(): Pick<ReplicationCounts, Counted> {
    return { ...this.sums, readMs: Math.round(this.sums.readMs), writeMs: Math.round(this.sums.writeMs) }
  }

  /** A read that is tried again. */
  readonly onFault = (error: unknown): void => {
    if (isErrorOf(error, 'CLUSTER_BUSY')) this.sums.throttledReads++
    else this.sums.failedReads++
  }

  readonly onRead = (ms: number): void => {
    this.sums.readMs += ms
  }

  readonly onRequest = ({ how, ms }: RequestTold): void => {
    this.sums.writeMs += ms
    if (how === 'throttled') this.sums.throttledWrites++
    if (how === 'failed') this.sums.failedWrites++
  }
}
