import type { MoveSnapshot } from '../../objectstore/move-progress.ts'
import { formatBytes, formatCount, formatSeconds } from './format.ts'

/** One line: how far, how fast, how long still. */
export function describeMove(move: MoveSnapshot): string {
  const { bytesPlanned, bytesDone, objectsPlanned, objectsDone, isListed } = move
  const percent = isListed && bytesPlanned > 0 ? `${Math.min(100, Math.floor((bytesDone / bytesPlanned) * 100))}% ` : ''
  const more = isListed ? '' : '+'
  const parts = [
    `${percent}${formatCount(objectsDone)} of ${formatCount(objectsPlanned)}${more} objects`,
    `${formatBytes(bytesDone)} of ${formatBytes(bytesPlanned)}${more}`,
    `${formatBytes(move.bytesPerSecond)}/s`,
  ]
  if (move.secondsLeft !== undefined && objectsDone < objectsPlanned)
    parts.push(`${formatSeconds(move.secondsLeft)} left`)
  if (!isListed) parts.push(`${formatCount(move.listed)} listed`)
  return [...parts, move.phase].join(' · ')
}
