// How far a followed index is, in one clause.

import type { FollowStatus } from '../../engine/start-follow.ts'
import { secondsBehind } from '../../engine/start-follow.ts'
import { now } from '../../foundation/clock.ts'
import { formatCount, formatSeconds } from './format.ts'

export function followingText(status: FollowStatus, atMs = now()): string {
  const { state, operationsBehind, writesUpTo, deletesUpTo, deleted, error, sweep } = status
  const seconds = secondsBehind(writesUpTo, operationsBehind, atMs)
  const behind =
    operationsBehind === 0
      ? `nothing behind${sweep && writesUpTo !== undefined ? ` ${formatSeconds((atMs - writesUpTo) / 1000)} ago` : ''}`
      : `${formatCount(operationsBehind)} operations behind${seconds === undefined ? '' : ` (${formatSeconds(seconds)})`}`
  const deletes =
    deletesUpTo === undefined
      ? 'deletes not looked for yet'
      : `deletes up to ${formatSeconds((atMs - deletesUpTo) / 1000)} ago`
  const told = [
    state === 'following' ? behind : `${behind} when it was looked at last`,
    deletes,
    `${formatCount(deleted)} deleted`,
  ]
  if (sweep) told.push(`the last sweep took ${formatSeconds(sweep.tookMs / 1000)}`)
  if (error)
    told.unshift(`${state === 'stopped' ? 'stopped' : 'waiting'}: ${String(error.message)} [${String(error.code)}]`)
  for (const refused of status.definitionRefused ?? []) told.push(`not carried: ${refused}`)
  return told.join(', ')
}
