// Migrations as people read them: where each is, since when, and what comes next.
import type { JourneyListing } from '../../engine/catalog-journeys.ts'
import { now } from '../../foundation/clock.ts'
import type { JourneyProgress } from '../../migration/snapshot-journey/journey-context.ts'
import type { CycleRecord, JourneyRecord } from '../../migration/snapshot-journey/journey-record.ts'
import { type JourneyState, stateWords, transitions } from '../../migration/snapshot-journey/journey-states.ts'
import { formatCount, formatSeconds, formatTable } from './format.ts'
import { describeMove } from './object-progress.ts'
import { describeProgress, describeRecovery } from './snapshot-text.ts'

export function describeJourneyProgress(progress: JourneyProgress | undefined): string {
  switch (progress?.kind) {
    case 'snapshot':
      return describeProgress(progress.progress)
    case 'move':
      return describeMove(progress.read())
    case 'restore':
      return describeRecovery(progress.progress)
    case 'verify':
      return `${progress.index}: ${formatCount(progress.documents)} documents read`
    case 'wait':
      return `the next cycle begins in ${formatSeconds(Math.max(0, progress.untilMs - now()) / 1000)}`
    default:
      return 'working'
  }
}

export function listMigrations(migrations: readonly JourneyListing[]): string {
  const rows = migrations.map((migration) => [
    migration.name,
    stateOf(migration),
    `cycle ${migration.record.cycle.number}`,
    `${formatSeconds((now() - migration.updated) / 1000)} ago`,
    `${migration.source} → ${migration.target}`,
  ])
  return formatTable([['MIGRATION', 'STATE', '', 'LAST', 'FROM → TO'], ...rows])
}

function stateOf({ record, isRunning, owner, error }: JourneyListing): string {
  const words = stateWords[record.state]
  if (isRunning || record.state === 'completed' || record.state === 'aborted') return words
  if (owner) return `${words}, killed`
  return error ? `${words}, ${error.code === 'PAUSED' ? 'paused' : 'failed'}` : words
}

export function describeMigration(migration: JourneyListing): string {
  const { name, record, source, target, plan, owner, isRunning, error, requests } = migration
  const lines = [
    `migration ${name}: ${stateOf(migration)}, since ${timeOf(record.enteredMs)}`,
    `  ${source} → ${target}`,
    `  plan ${plan}, begun ${timeOf(record.startedMs)}`,
  ]
  if (isRunning && owner) lines.push(`  run by process ${owner.pid} on ${owner.host}`)
  lines.push(...nextLines(migration))
  if (requests.abort && record.state !== 'aborted') lines.push('  it is asked to be taken back')
  if (error && error.code !== 'PAUSED') lines.push(`  ended with: ${error.message} [${error.code}]`)
  return [...lines, describeRecord(record)].filter(Boolean).join('\n')
}

function nextLines({ record, isRunning, requests }: JourneyListing): string[] {
  const { state } = record
  const next = transitions[state].done
  if (state === 'completed' || state === 'aborted') return []
  const who = isRunning ? '' : '; start the same command again'
  if (state === 'waiting') {
    if (requests.cutOver) return [`  next: ${stateWords.blocking}${who}`]
    return [`  next: another cycle${who}, or the last one with --cut-over`]
  }
  return next ? [`  next: ${stateWords[next as JourneyState]}${who}`] : []
}

/** Cycles, blocks and verifications; also what the command itself ends with. */
export function describeRecord({ cycles, cycle, blocks, verification }: JourneyRecord): string {
  const lines: string[] = []
  const shown = [...cycles, ...(cycle.snapshot === null ? [] : [cycle])].slice(-10)
  if (shown.length > 0) lines.push(formatTable(shown.map(cycleRow)))
  if (blocks.length > 0)
    lines.push(`  writes are blocked on the source: ${blocks.map(({ index }) => index).join(', ')}`)
  const checks = verification.map(({ index, check, isGood, found }) => [
    `  ${isGood ? 'good ' : 'WRONG'}`,
    index,
    check,
    found,
  ])
  if (checks.length > 0) lines.push(formatTable(checks))
  return lines.join('\n')
}

function cycleRow({ number, isLast, snapshot, startedMs, endedMs, moved, restored }: CycleRecord): string[] {
  const documents = restored.reduce((sum, each) => sum + each.documents, 0)
  return [
    `  cycle ${number}${isLast ? ' (last)' : ''}`,
    snapshot ?? '',
    timeOf(startedMs),
    endedMs === null ? 'not ended' : `took ${formatSeconds((endedMs - startedMs) / 1000)}`,
    moved ? `${formatCount(moved.copied)} objects moved` : '',
    restored.length > 0 ? `${formatCount(documents)} documents` : '',
  ]
}

/** `2026-11-21 17:00:00 UTC`. */
const timeOf = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').replace(/\..*/, ' UTC')
