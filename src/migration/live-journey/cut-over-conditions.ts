// Whether it is safe to switch now: every condition with what was found, so that the one that fails is named.

import type { Cluster } from '../../cluster/cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import { isErrorOf } from '../../foundation/errors.ts'
import { formatDuration } from '../../foundation/quantity.ts'
import type { CopyUnit } from '../../mechanism/copy-unit.ts'
import type { StreamIndex } from './migration-context.ts'
import { type MigrationRecord, sidesOf, type VerificationNote } from './migration-record.ts'
import type { MigrationSettings } from './migration-settings.ts'

export interface Condition {
  readonly name: 'following' | 'lag' | 'deletes' | 'rejected' | 'verified' | 'guarded' | 'healthy'
  readonly isMet: boolean
  /** For people: what was found. */
  readonly found: string
}

export interface ConditionFacts {
  readonly record: MigrationRecord
  readonly indexes: readonly StreamIndex[]
  readonly verification: VerificationNote | undefined
  readonly settings: Pick<MigrationSettings, 'lagMsMax' | 'verifiedWithinMs' | 'verifyEveryMs'>
  readonly nowMs: number
}

/** Those that the catalog can tell. */
export function knownConditions(facts: ConditionFacts): Condition[] {
  return [following(facts), lag(facts), deletes(facts), rejected(facts), verified(facts), guarded(facts)]
}

function following({ indexes }: ConditionFacts): Condition {
  const not = indexes.filter(({ state, following: how }) => state !== 'following' || how?.state !== 'following')
  const [first] = not
  const why = first?.following?.error
  return {
    name: 'following',
    isMet: indexes.length > 0 && not.length === 0,
    found: first
      ? `${not.length} of ${indexes.length} indexes do not follow: ${first.name}${why ? `: ${String(why.message)}` : ''}`
      : `${indexes.length} indexes follow`,
  }
}

function lag({ indexes, settings, nowMs }: ConditionFacts): Condition {
  return within('lag', indexes, settings.lagMsMax, nowMs, 'writes', ({ following: how }) => how?.writesUpTo)
}

/** Looking for deletes takes its time on large indexes; during the switch it is waited for. */
const deletesMsMin = 60_000

function deletes({ indexes, settings, nowMs }: ConditionFacts): Condition {
  const limit = Math.max(deletesMsMin, settings.lagMsMax)
  return within('deletes', indexes, limit, nowMs, 'deletes', ({ following: how }) => how?.deletesUpTo)
}

function within(
  name: 'lag' | 'deletes',
  indexes: readonly StreamIndex[],
  limitMs: number,
  nowMs: number,
  what: string,
  upTo: (index: StreamIndex) => number | undefined,
): Condition {
  let furthest: { readonly index: string; readonly ms: number } | undefined
  for (const index of indexes) {
    const ms = nowMs - (upTo(index) ?? Number.NEGATIVE_INFINITY)
    if (furthest === undefined || ms > furthest.ms) furthest = { index: index.name, ms }
  }
  if (!furthest) return { name, isMet: false, found: 'nothing is followed yet' }
  const behind = Number.isFinite(furthest.ms)
    ? `${what} of ${furthest.index} up to ${formatDuration(Math.max(0, Math.round(furthest.ms / 100) * 100))} ago`
    : `${what} of ${furthest.index} not looked at yet`
  return { name, isMet: furthest.ms <= limitMs, found: `${behind}; at most ${formatDuration(limitMs)}` }
}

function rejected({ indexes }: ConditionFacts): Condition {
  const count = indexes.reduce((sum, index) => sum + index.rejected, 0)
  return { name: 'rejected', isMet: count === 0, found: `${count} documents were refused by the target` }
}

function verified({ verification, record, settings, nowMs }: ConditionFacts): Condition {
  if (verification?.stream !== record.stream) {
    const soon =
      settings.verifyEveryMs > 0 ? 'the first verification in the background has not ended' : 'never verified'
    return { name: 'verified', isMet: false, found: soon }
  }
  const age = nowMs - verification.startedMs
  const { verdict, documents, differences } = verification
  const found =
    verdict === 'equal'
      ? `${documents} documents equal ${formatDuration(Math.round(age / 1000) * 1000)} ago`
      : `${verdict}: ${differences} documents differed`
  return { name: 'verified', isMet: verdict === 'equal' && age <= settings.verifiedWithinMs, found }
}

/** Where a version knows no guard, that is told and not held against it. */
function guarded({ record }: ConditionFacts): Condition {
  const { to } = sidesOf(record.stream)
  const reason = record.unguarded[to]
  if (reason !== null) return { name: 'guarded', isMet: true, found: `others could write to the ${to}: ${reason}` }
  const isPut = record.guards[to].length > 0
  return {
    name: 'guarded',
    isMet: isPut,
    found: isPut ? `the ${to} refuses documents of others` : `the ${to} does not refuse documents of others yet`,
  }
}

/** Every shard of both sides must be there: a switch onto a side that loses one would be no switch. */
export async function healthy(
  sides: readonly { readonly cluster: Cluster; readonly index: (unit: CopyUnit) => string }[],
  units: readonly CopyUnit[],
): Promise<Condition> {
  const wrong: string[] = []
  for (const { cluster, index } of sides) {
    for (const unit of units) {
      const status = await healthOf(cluster, index(unit))
      if (status !== 'green' && status !== 'yellow') wrong.push(`${index(unit)} on ${cluster.name} is ${status}`)
    }
  }
  return { name: 'healthy', isMet: wrong.length === 0, found: wrong[0] ?? 'every primary shard is there' }
}

async function healthOf(cluster: Cluster, index: string): Promise<string> {
  if (!cluster.capabilities.clusterCalls) return 'green'
  try {
    const { body } = await cluster.json<{ status: string }>({
      method: 'GET',
      path: `/_cluster/health${indexPath(index)}`,
      query: { timeout: '1s' },
      accept: [408],
    })
    return body.status
  } catch (error) {
    // Without the right to ask, the lag of following is what tells that shards are there.
    if (isErrorOf(error, 'PRIVILEGE_MISSING')) return 'green'
    throw error
  }
}
