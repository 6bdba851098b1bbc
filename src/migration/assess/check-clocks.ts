// Compares the clock of a cluster with ours: signatures carry the time, and so do time-based queries and retention.
import { formatDuration } from '../../foundation/quantity.ts'
import { type Finding, finding } from './assessment.ts'

const differenceMsMax = 5 * 60_000

/** `clusterMs` is the cluster's own time, read at `ourMs`. */
export function checkClock(side: string, clusterMs: number | undefined, ourMs: number): Finding[] {
  if (clusterMs === undefined || Number.isNaN(clusterMs)) return []
  const difference = clusterMs - ourMs
  if (Math.abs(difference) <= differenceMsMax) {
    return [finding('clock', 'ok', `the clock of the ${side} and that of this machine agree`)]
  }
  const way = difference > 0 ? 'ahead of' : 'behind'
  return [
    finding(
      'clock',
      'warning',
      `the clock of the ${side} is ${formatDuration(Math.abs(difference))} ${way} that of this machine`,
      'Set both by NTP; requests signed for AWS are refused when the clocks are five minutes apart.',
    ),
  ]
}
