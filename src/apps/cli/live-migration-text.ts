// Live migrations for people: lists, details, conditions, and what a command ends with.
import type { CopyDetails } from '../../engine/catalog.ts'
import type { MigrationListing } from '../../engine/catalog-migrations.ts'
import type { MigrationResult } from '../../engine/start-migration.ts'
import { now } from '../../foundation/clock.ts'
import { type Condition, knownConditions } from '../../migration/live-journey/cut-over-conditions.ts'
import {
  type EndedAttempt,
  type MigrationRecord,
  type NotedSetting,
  sidesOf,
  type VerificationNote,
} from '../../migration/live-journey/migration-record.ts'
import { isEnd, type MigrationState, stateTexts } from '../../migration/live-journey/migration-states.ts'
import { liveOptions } from '../../migration/live-journey/options.ts'
import { isJsonObject, type JsonObject } from '../../model/json.ts'
import { followingText } from './following-text.ts'
import { formatCount, formatSeconds, formatTable, wrap } from './format.ts'
import { limitLines } from './limit-lines.ts'

export function resultLines({ migration, record, isPaused, isElsewhere }: MigrationResult): string[] {
  const { is } = stateTexts[record.state]
  const lines = [isPaused ? `migration ${migration} is paused: ${is}` : `migration ${migration}: ${is}`]
  const last = record.attempts.at(-1)
  if (last) lines.push(...attemptLines(last))
  return [...lines, ...nextLines(migration, record, isElsewhere && !isPaused)]
}

/** Commands that lead on from here. */
function nextLines(id: string, { state, oneWay }: MigrationRecord, isRunning: boolean): string[] {
  const commands: Partial<Record<MigrationState, readonly string[]>> = {
    following: [`indexferry cut-over ${id}`, `indexferry abort ${id}`],
    switched: [...(oneWay === null ? [`indexferry reverse ${id}`] : []), `indexferry complete ${id}`],
  }
  const goOn = isEnd(state) || isRunning ? [] : [`indexferry resume ${id}`]
  return [...goOn, ...(commands[state] ?? [])].map((command) => `  next: ${command}`)
}

export function listLiveMigrations(migrations: readonly MigrationListing[]): string {
  const rows = migrations.map((each) => [
    each.id,
    stateText(each),
    `${formatSeconds((now() - each.updated) / 1000)} ago`,
    `${each.source} → ${each.target}`,
  ])
  return formatTable([['MIGRATION', 'STATE', 'LAST', 'FROM → TO'], ...rows])
}

function stateText({ record, isRunning, owner, error }: MigrationListing): string {
  const { is } = stateTexts[record.state]
  if (isRunning || isEnd(record.state)) return is
  if (owner) return `${is}, killed`
  return error && error.code !== 'PAUSED' ? `${is}, failed` : `${is}, paused`
}

export function describeLiveMigration(listing: MigrationListing, copy: CopyDetails | undefined): string {
  const { id, record, source, target, owner, isRunning, error, verification, command } = listing
  const { state } = record
  const lines = [
    `migration ${id}: ${stateText(listing)}, since ${timeOf(record.enteredMs)}`,
    `  ${source} → ${target}`,
    `  ${command}`,
  ]
  if (isRunning && owner) lines.push(`  run by process ${owner.pid} on ${owner.host}`)
  if (error && error.code !== 'PAUSED') lines.push(`  ended with: ${error.message} [${error.code}]`)
  if (!isEnd(state)) lines.push(`  what comes next: ${stateTexts[state].next}`)
  if (verification) lines.push(`  ${verificationLine(verification)}`)
  lines.push(...placedLines(record), ...record.attempts.slice(-5).flatMap(attemptLines))
  if (copy && state === 'copying' && copy.documentsExpected > 0) {
    lines.push(`  ${formatCount(copy.counts.read)} of about ${formatCount(copy.documentsExpected)} documents`)
  }
  if (copy && !isEnd(state)) lines.push(...limitLines(copy), ...indexLines(copy))
  if (copy && (state === 'following' || (state === 'switched' && record.oneWay === null))) {
    lines.push(`  conditions for ${state === 'following' ? 'cut-over' : 'reverse'}:`)
    lines.push(...conditionLines(conditionsOf(listing, copy), '    '))
  }
  return [...lines, ...nextLines(id, record, isRunning)].join('\n')
}

/** What the catalog tells; the health of both clusters is asked for by `cut-over` itself. */
export const conditionsOf = ({ record, verification, options }: MigrationListing, copy: CopyDetails): Condition[] =>
  knownConditions({
    record,
    indexes: copy.indexes.map(({ name, state, counts, following }) => ({
      name,
      state,
      rejected: counts.rejected,
      following,
    })),
    verification: verification ?? undefined,
    settings: limitsInForce(options, record.overrides),
    nowMs: now(),
  })

/** What `migrate` was given, and over it what was said with a later request. */
function limitsInForce({ live }: JsonObject, overrides: MigrationRecord['overrides']) {
  const given = (name: 'lagMax' | 'verifiedWithin' | 'verifyEvery'): number => {
    const value = isJsonObject(live) ? live[name] : undefined
    return typeof value === 'number' ? value : liveOptions[name].default
  }
  return {
    lagMsMax: overrides.lagMsMax ?? given('lagMax'),
    verifiedWithinMs: overrides.verifiedWithinMs ?? given('verifiedWithin'),
    verifyEveryMs: overrides.verifyEveryMs ?? given('verifyEvery'),
  }
}

/** A long finding goes on below where it began. `indent`: of the whole list. */
export function conditionLines(conditions: readonly Condition[], indent: string): string[] {
  const heads = formatTable(conditions.map(({ name, isMet }) => [isMet ? 'met' : 'FAILS', `${name} `])).split('\n')
  const width = Math.max(...heads.map((head) => head.length)) + 2
  return conditions.flatMap(({ found }, row) => {
    const first = indent + (heads[row] ?? '').padEnd(width)
    return wrap(found, first, ' '.repeat(first.length))
  })
}

function indexLines({ indexes }: CopyDetails): string[] {
  const shown = indexes.slice(0, 50).map(({ name, target, state, counts, following }) => {
    const how = following ? followingText(following) : `${state}, ${formatCount(counts.read)} documents`
    return `  ${name} → ${target}: ${how}`
  })
  return indexes.length > 50 ? [...shown, `  … and ${indexes.length - 50} more indexes`] : shown
}

/** What stands in the way of whom. */
function placedLines({ blocks, guards, unguarded, stream, state, oneWay }: MigrationRecord): string[] {
  const lines: string[] = []
  for (const side of ['source', 'target'] as const) {
    if (blocks[side].length > 0) lines.push(`  writes are blocked on the ${side}: ${names(blocks[side])}`)
    if (guards[side].length > 0) lines.push(`  documents of others are refused on the ${side}: ${names(guards[side])}`)
  }
  const reason = unguarded[sidesOf(stream).to]
  if (reason !== null && !isEnd(state)) lines.push(`  others could write to the ${sidesOf(stream).to}: ${reason}`)
  if (oneWay !== null) lines.push(`  there is no way back: ${oneWay}`)
  return lines
}

const names = (settings: readonly NotedSetting[]): string =>
  settings.length > 5 ? `${settings.length} indexes` : settings.map(({ index }) => index).join(', ')

/** What came of it, and below it how long each step took. */
function attemptLines({ kind, endedMs, fencedForMs, steps, failure }: EndedAttempt): string[] {
  const what = kind === 'cutOver' ? 'cut-over' : 'reverse'
  const fenced = fencedForMs === null ? '' : `, writes were stopped for ${formatSeconds(fencedForMs / 1000)}`
  const how = failure === null ? 'done' : `given up: ${failure.message} [${failure.code}]`
  const slowest = steps
    .filter(({ tookMs }) => tookMs >= 100)
    .map(({ step, tookMs }) => `${step} ${formatSeconds(tookMs / 1000)}`)
  const lines = [`  ${what} at ${timeOf(endedMs)}: ${how}${fenced}`]
  return slowest.length > 0 ? [...lines, `    ${slowest.join(', ')}`] : lines
}

export const verificationLine = ({
  verdict,
  documents,
  differences,
  moving = 0,
  endedMs,
}: VerificationNote): string => {
  const found = verdict === 'equal' ? 'equal' : `${verdict}, ${formatCount(differences)} differ`
  return `verified at ${timeOf(endedMs)}: ${formatCount(documents)} documents, ${found}${moving > 0 ? `; ${formatCount(moving)} written too often to be compared` : ''}`
}

/** `2026-11-21 17:00:00 UTC`. */
const timeOf = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').replace(/\..*/, ' UTC')
