// What stands against a switch right now: what the catalog knows, and what only the clusters can tell.
import { now } from '../../foundation/clock.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import { type Condition, everyIndex, healthy, knownConditions } from './cut-over-conditions.ts'
import type { MigrationContext } from './migration-context.ts'
import { type MigrationRequest, sidesOf } from './migration-record.ts'
import { transitions } from './migration-states.ts'

/** Every condition for the next switch, those that only the clusters can tell included. `limitMs`: for how long writes may be stopped. */
export async function conditionsNow(context: MigrationContext, limitMs: number): Promise<Condition[]> {
  const { journal, streams, clusters } = context
  const { record } = journal
  const { from, to } = sidesOf(record.stream)
  const known = whatIsKnown(context, limitMs)
  const sides = [
    { cluster: clusters[from], index: (unit: { sourceIndex: string }) => unit.sourceIndex },
    { cluster: clusters[to], index: (unit: { targetIndex: string }) => unit.targetIndex },
  ]
  const units = streams.unitsOf(record.stream)
  const conditions = [...known, await healthy(sides, units)]
  // What came later on the target, after a switch, is not SOURCE's.
  if (from === 'source') conditions.push(await everyIndex(clusters.source, context.expression, units))
  return conditions
}

const whatIsKnown = (
  { journal, streams, settings, lastVerification }: MigrationContext,
  limitMs: number,
): Condition[] =>
  knownConditions({
    record: journal.record,
    indexes: streams.indexes(journal.record.stream),
    verification: lastVerification(),
    settings,
    nowMs: now(),
    limitMs,
  })

/** Throws MIGRATION_NOT_READY with everything that is not met. */
export function refuseUnready(conditions: readonly Condition[]): void {
  const failing = conditions.filter(({ isMet }) => !isMet)
  if (failing.length === 0) return
  const told = failing.map(({ name, found }) => `${name}: ${found}`).join('; ')
  throw new IndexferryError('MIGRATION_NOT_READY', `traffic is not switched yet: ${told}`)
}

/** How long a switch waits until everything was looked at once. */
const firstLookMsMax = 20_000

/**
 * Whether a switch would be refused for a lag that nobody has looked at since this process follows: what was noted last is as old as the pause
 * before it.
 */
export function isTooEarly(
  context: MigrationContext,
  { wish, force, limitMs }: MigrationRequest,
  sinceMs: number,
): boolean {
  const { journal, streams } = context
  const { state, stream } = journal.record
  if (force || (wish !== 'cutOver' && wish !== 'reverse') || transitions[state][wish] === undefined) return false
  if (now() > sinceMs + firstLookMsMax) return false
  const isLate = whatIsKnown(context, limitMs).some(
    ({ name, isMet }) => !isMet && (name === 'lag' || name === 'deletes'),
  )
  const isSeen = (upTo: number | undefined): boolean => upTo !== undefined && upTo >= sinceMs
  return (
    isLate &&
    streams
      .indexes(stream)
      .some(({ following: how }) => how?.state === 'following' && !(isSeen(how.writesUpTo) && isSeen(how.deletesUpTo)))
  )
}
