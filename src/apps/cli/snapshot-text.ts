// Repositories, snapshots and restores as people read them.
import { formatMadeBy } from '../../cluster/snapshot-versions.ts'
import type { ListedRepository, SizedSnapshot } from '../../mechanism/snapshot/manage-snapshots.ts'
import type { RegisteredRepository } from '../../mechanism/snapshot/register-repository.ts'
import type { RestoreResult } from '../../mechanism/snapshot/restore-snapshot.ts'
import type { SnapshotFacts } from '../../mechanism/snapshot/snapshot-facts.ts'
import { type RunningSnapshot, type SnapshotProgress, secondsLeft } from '../../mechanism/snapshot/snapshot-progress.ts'
import type { RecoveryProgress } from '../../mechanism/snapshot/watch-recovery.ts'
import { formatBytes, formatCount, formatSeconds, formatTable } from './format.ts'

export function describeRegistered(registered: RegisteredRepository): string {
  const { repository, type, place, outcome, nodes, snapshots, settings } = registered
  const lines = [`${repository} (${type}, ${place}): ${outcome}`]
  const shown = Object.entries(settings).map(([name, value]) => `${name}=${String(value)}`)
  if (shown.length > 0) lines.push(`  ${shown.join(' ')}`)
  if (nodes.length > 0) lines.push(`  verified by ${nodes.join(', ')}`)
  if (snapshots !== null) lines.push(`  ${formatCount(snapshots)} snapshots`)
  return lines.join('\n')
}

export function repositoryTable(repositories: readonly ListedRepository[]): string {
  if (repositories.length === 0) return 'no repositories'
  const rows = repositories.map(({ repository, type, place, settings }) => [
    repository,
    type,
    place,
    String(settings.readonly) === 'true' ? 'readonly' : '',
  ])
  return formatTable([['REPOSITORY', 'TYPE', 'PLACE', ''], ...rows])
}

const time = (ms: number): string =>
  new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC')

export function snapshotTable(snapshots: readonly SizedSnapshot[]): string {
  if (snapshots.length === 0) return 'no snapshots'
  const hasSizes = snapshots.some(({ sizes }) => sizes !== null)
  const rows = snapshots.map((facts) => [
    facts.name,
    facts.state,
    facts.startMs > 0 ? time(facts.startMs) : '',
    facts.endMs === null ? '' : formatSeconds((facts.endMs - facts.startMs) / 1000),
    facts.version ?? '',
    formatCount(facts.indexes.length),
    `${formatCount(facts.shards.successful)}/${formatCount(facts.shards.total)}`,
    ...(hasSizes ? [facts.sizes === null ? '' : formatBytes(facts.sizes.bytes)] : []),
  ])
  const titles = ['SNAPSHOT', 'STATE', 'START', 'TOOK', 'VERSION', 'INDEXES', 'SHARDS', ...(hasSizes ? ['SIZE'] : [])]
  return formatTable([titles, ...rows], [5, 6, 7])
}

const failuresShown = 20

export function describeSnapshot(facts: SnapshotFacts | SizedSnapshot): string {
  const { name, state, startMs, endMs, shards, indexes, madeBy, failures } = facts
  const lines = [`${name}: ${state}`]
  if (startMs > 0) lines.push(`  start ${time(startMs)} (${startMs})`)
  if (endMs !== null) lines.push(`  end   ${time(endMs)} (${endMs}), took ${formatSeconds((endMs - startMs) / 1000)}`)
  if (madeBy) lines.push(`  taken by ${formatMadeBy(madeBy)}`)
  lines.push(`  ${formatCount(shards.successful)} of ${formatCount(shards.total)} shards`)
  const sizes = 'sizes' in facts ? facts.sizes : null
  if (sizes)
    lines.push(
      `  ${formatBytes(sizes.bytes)} in ${formatCount(sizes.files)} files, ${formatBytes(sizes.addedBytes)} added by it`,
    )
  const sizeOf = new Map(sizes?.indexes.map(({ index, bytes }) => [index, formatBytes(bytes)]))
  for (const index of indexes) lines.push(`  ${index}${sizeOf.has(index) ? ` ${sizeOf.get(index)}` : ''}`)
  for (const { index, shard, reason } of failures.slice(0, failuresShown)) {
    lines.push(`  failed: ${index}[${shard}]: ${reason.split('\n')[0]}`)
  }
  if (failures.length > failuresShown) lines.push(`  … and ${formatCount(failures.length - failuresShown)} more`)
  return lines.join('\n')
}

const percentOf = (done: number, total: number): string =>
  total > 0 ? `${Math.min(100, Math.floor((done / total) * 100))}% ` : ''

export function describeProgress(progress: SnapshotProgress): string {
  const { shards, files, bytes } = progress
  const left = secondsLeft(progress)
  const parts = [
    `${percentOf(bytes.done, bytes.total)}${formatCount(shards.done)} of ${formatCount(shards.total)} shards`,
    `${formatCount(files.done)} of ${formatCount(files.total)} files`,
    `${formatBytes(bytes.done)} of ${formatBytes(bytes.total)}`,
  ]
  if (shards.failed > 0) parts.push(`${formatCount(shards.failed)} failed`)
  if (left !== undefined) parts.push(`${formatSeconds(left)} left`)
  return parts.join(' · ')
}

export function describeRecovery({ shards, bytes, files, secondsLeft: left }: RecoveryProgress): string {
  const parts = [
    `${percentOf(bytes.done, bytes.total)}${formatCount(shards.done)} of ${formatCount(shards.total)} shards restored`,
    `${formatCount(files.done)} of ${formatCount(files.total)} files`,
    `${formatBytes(bytes.done)} of ${formatBytes(bytes.total)}`,
  ]
  if (left !== undefined) parts.push(`${formatSeconds(left)} left`)
  return parts.join(' · ')
}

export const runningTable = (running: readonly RunningSnapshot[]): string =>
  running.map((each) => `${each.repository} ${each.snapshot}: ${describeProgress(each)}`).join('\n')

export function describeRestore({ snapshot, indexes, startMs, endMs }: RestoreResult): string {
  const rows = indexes.map(({ name, from, documents, health, shards, isReplaced }) => [
    name,
    name === from ? '' : `from ${from}`,
    `${formatCount(documents)} documents`,
    `${formatCount(shards)} shards`,
    health,
    isReplaced ? 'over the one before' : '',
  ])
  return `restored ${snapshot.name} in ${formatSeconds((endMs - startMs) / 1000)}\n${formatTable(rows.map((row) => ['  ', ...row]))}`
}
