// Waits for other snapshots and restores where a version does one at a time: Amazon's domains, for one, take snapshots of their own every hour.
import { awakeMs } from '../../foundation/clock.ts'
import { isErrorOf } from '../../foundation/errors.ts'
import { pollPause } from './poll-pause.ts'

export interface BusyWait {
  /** 0: not at all. */
  readonly forMs: number
  readonly signal: AbortSignal
  readonly note: (text: string) => void
}

/** Calls again as long as the cluster is busy with other snapshots; throws SNAPSHOT_BUSY when the time is over. */
export async function waitWhileBusy<Result>(
  call: () => Promise<Result>,
  { forMs, signal, note }: BusyWait,
): Promise<Result> {
  const startedMs = awakeMs()
  for (let asked = 1; ; asked++) {
    try {
      return await call()
    } catch (error) {
      if (!isErrorOf(error, 'SNAPSHOT_BUSY') || awakeMs() - startedMs >= forMs) throw error
      if (asked === 1) note(`waiting for another snapshot or restore: ${error.message}`)
    }
    await pollPause(asked, signal)
  }
}
