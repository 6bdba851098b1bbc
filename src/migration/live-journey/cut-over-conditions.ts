// Whether it is safe to switch now: every condition with what was found, so that the one that fails is named.

import type { Cluster } from '../../cluster/cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import { isErrorOf } from '../../foundation/errors.ts'
import { formatDuration } from '../../foundation/quantity.ts'
import type { CopyUnit } from '../../mechanism/copy-unit.ts'
import { resolveIndexes } from '../../source/resolve-indexes.ts'
import { sweepsMax } from '../open-changes.ts'
import type { StreamIndex } from './migration-context.ts'
import { type MigrationRecord, sidesOf, type VerificationNote } from './migration-record.ts'
import type { MigrationSettings } from './migration-settings.ts'

export interface Condition {
  readonly name:
    | 'following'
    | 'lag'
    | 'deletes'
    | 'sweeps'
    | 'rejected'
    | 'verified'
    | 'guarded'
    | 'healthy'
    | 'indexes'
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
  /** How long writes may be stopped; undefined while no switch is asked for. */
  readonly limitMs?: number | undefined
}

/** Those that the catalog can tell. */
export function knownConditions(facts: ConditionFacts): Condition[] {
  return [following(facts), lag(facts), deletes(facts), ...sweeps(facts), ...others(facts)]
}

const others = (facts: ConditionFacts): Condition[] => [rejected(facts), verified(facts), guarded(facts)]

function following({ indexes }: ConditionFacts): Condition {
  const not = indexes.filter(({ state, following: how }) => state !== 'following' || how?.state !== 'following')
  const [first] = not
  const why = first?.following?.error
  return {
    name: 'following',
    isMet: indexes.length > 0 && not.length === 0,
    found: first
      ? `${not.length} of ${counted(indexes.length)} not followed: ${first.name}${why ? `: ${String(why.message)}` : ''}`
      : `${counted(indexes.length)} followed`,
  }
}

const counted = (indexes: number): string => (indexes === 1 ? '1 index' : `${indexes} indexes`)

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
  let furthest: { readonly index: string; readonly ms: number; readonly mostMs: number } | undefined
  for (const index of indexes) {
    const ms = nowMs - (upTo(index) ?? Number.NEGATIVE_INFINITY)
    const mostMs = limitMs + sweepAgeMs(index)
    if (furthest === undefined || ms - mostMs > furthest.ms - furthest.mostMs) {
      furthest = { index: index.name, ms, mostMs }
    }
  }
  if (!furthest) return { name, isMet: false, found: 'nothing is followed yet' }
  const behind = Number.isFinite(furthest.ms)
    ? `${what} of ${furthest.index} up to ${formatDuration(Math.max(0, Math.round(furthest.ms / 100) * 100))} ago`
    : `${what} of ${furthest.index} not looked at yet`
  const most = formatDuration(Math.round(furthest.mostMs / 100) * 100)
  return { name, isMet: furthest.ms <= furthest.mostMs, found: `${behind}; at most ${most}` }
}

/** How long ago a sweep may have begun that is still the last one, while all is well. */
function sweepAgeMs({ following: how }: StreamIndex): number {
  return how?.sweep?.everyMs === undefined ? 0 : how.sweep.everyMs + how.sweep.tookMs
}

/** Of indexes that are swept, one sweep has to be made while writes are stopped. */
function sweeps({ indexes, limitMs }: ConditionFacts): Condition[] {
  const swept = indexes.flatMap(({ name, following: how }) => (how?.sweep ? [{ name, tookMs: how.sweep.tookMs }] : []))
  const [longest] = swept.sort((a, b) => b.tookMs - a.tookMs)
  if (!longest) return []
  const total = swept.reduce((sum, { tookMs }) => sum + tookMs, 0)
  const leastMs = Math.round(Math.max(longest.tookMs, total / sweepsMax) / 100) * 100
  const found = `writes are stopped for one sweep at least, about ${formatDuration(leastMs)} (${counted(swept.length)} swept, ${longest.name} in ${formatDuration(Math.round(longest.tookMs))})`
  if (limitMs === undefined) return [{ name: 'sweeps', isMet: true, found }]
  return [{ name: 'sweeps', isMet: leastMs < limitMs, found: `${found}; --timeout ${formatDuration(limitMs)}` }]
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
  const { from, to } = sidesOf(record.stream)
  const [here, there] = [record.unguarded[to], record.unguarded[from]]
  const isPut = record.guards[to].length > 0
  const now = isPut ? `the ${to} refuses documents of others` : `the ${to} does not refuse documents of others yet`
  const found = [here === null ? now : `others could write to the ${to}: ${here}`]
  if (there !== null && record.oneWay === null) {
    found.push(`after the switch others could write to the ${from}: ${there} (--one-way keeps it blocked)`)
  }
  return { name: 'guarded', isMet: here !== null || isPut, found: found.join('; ') }
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

/** An index that was made on the source after the start is carried by nobody, and what is written there would be left behind: after a rollover, all. */
export async function everyIndex(source: Cluster, expression: string, units: readonly CopyUnit[]): Promise<Condition> {
  // On one cluster a pattern may mean both sides.
  const carried = new Set(units.flatMap(({ sourceIndex, targetIndex }) => [sourceIndex, targetIndex]))
  const others = (await resolveIndexes(source, expression)).map(({ name }) => name).filter((name) => !carried.has(name))
  const told = others.length > 3 ? `${others.slice(0, 3).join(', ')}, …` : others.join(', ')
  const found =
    others.length === 0
      ? `${expression} means no index that is not followed`
      : `${others.length} indexes of ${expression} are not followed, because they were not there at the start: ${told}`
  return { name: 'indexes', isMet: others.length === 0, found }
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
