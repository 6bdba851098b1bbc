// `indexferry status`, `throttle`, `pause` and `forget`: what the catalog knows, and what may be changed while a copy runs.
import { parseOptionValues } from '../../config/parse-options.ts'
import { openCatalog } from '../../engine/catalog.ts'
import { JourneyCatalog } from '../../engine/catalog-journeys.ts'
import { MigrationCatalog, type MigrationListing } from '../../engine/catalog-migrations.ts'
import { type CopyRecord, isReplication } from '../../engine/catalog-records.ts'
import { copyOfStream, isStreamOf } from '../../engine/migration-streams.ts'
import { stateFolder } from '../../engine/state-folder.ts'
import { givenLimits } from '../../engine/throttle-watch.ts'
import { now } from '../../foundation/clock.ts'
import { exitCodes } from '../../foundation/error-definition.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import type { CommandName } from '../../foundation/option.ts'
import { isEnd, migrationEnded } from '../../migration/live-journey/migration-states.ts'
import type { CommandCall } from './commands.ts'
import { followingText } from './following-text.ts'
import { formatBytes, formatCount, formatSeconds, formatTable } from './format.ts'
import { limitLines } from './limit-lines.ts'
import { conditionsOf, describeLiveMigration, listLiveMigrations } from './live-migration-text.ts'
import { describeMigration, listMigrations } from './migrate-text.ts'
import { printJson, printResult } from './print.ts'
import { refuseJourney } from './refuse-journey.ts'

function open(command: CommandName, call: CommandCall) {
  const values = parseOptionValues(command, call.flags, process.env)
  return { values, catalog: openCatalog(stateFolder(values.engine.state, process.env)) }
}

export async function runStatusCommand(call: CommandCall): Promise<number> {
  const { values, catalog } = open('status', call)
  using _ = catalog
  const [id] = call.args
  const migrations = JourneyCatalog.listOf(stateFolder(values.engine.state, process.env))
  const live = MigrationCatalog.listOf(stateFolder(values.engine.state, process.env))
  if (id === undefined) {
    const copies = catalog.listCopies().filter((copy) => !isStreamOf(copy))
    if (values.engine.json) printJson([...copies.map(asCopy), ...migrations.map(asJourney), ...live.map(asLive)])
    else {
      const tables = [
        ...(copies.length > 0 ? [listCopies(copies)] : []),
        ...(migrations.length > 0 ? [listMigrations(migrations)] : []),
        ...(live.length > 0 ? [listLiveMigrations(live)] : []),
      ]
      printResult(tables.length === 0 ? 'no copies yet' : tables.join('\n\n'))
    }
    return exitCodes.done
  }
  const listing = findLive(live, id)
  if (listing) {
    showLive(listing, catalog, values.engine.json)
    return exitCodes.done
  }
  const migration = migrations.find(({ name }) => name === id)
  if (migration) {
    if (values.engine.json) printJson(asJourney(migration))
    else printResult(describeMigration(migration))
    return exitCodes.done
  }
  const copy = catalog.readCopy(id)
  if (values.engine.json) printJson(asCopy(copy))
  else printResult(describeCopy(copy))
  return exitCodes.done
}

/** In one list, `kind` tells scripts which of the three each is. */
const asCopy = <Of extends object>(copy: Of) => ({ kind: 'copy', ...copy })
const asJourney = <Of extends object>(migration: Of) => ({ kind: 'snapshotMigration', ...migration })
const asLive = <Of extends object>(migration: Of) => ({ kind: 'liveMigration', ...migration })

/** By the id of a live migration or the beginning of it. */
function findLive(live: readonly MigrationListing[], name: string): MigrationListing | undefined {
  const id = name.toLowerCase()
  return live.find((each) => each.id === id) ?? live.find((each) => id.length > 2 && each.id.startsWith(id))
}

function showLive(listing: MigrationListing, catalog: ReturnType<typeof openCatalog>, json: boolean): void {
  const stream = copyOfStream(catalog, listing.id, listing.record.stream)
  const copy = stream && catalog.readCopy(stream.id)
  if (json)
    printJson({ ...asLive(listing), indexes: copy?.indexes ?? [], conditions: copy ? conditionsOf(listing, copy) : [] })
  else printResult(describeLiveMigration(listing, copy))
}

interface Throttled {
  /** Of the copy itself, or of the one that a live migration follows with. */
  readonly copyId: string
  readonly migration?: string
}

function throttledOf(catalog: ReturnType<typeof openCatalog>, folder: string, id: string): Throttled {
  const listing = findLive(MigrationCatalog.listOf(folder), id)
  if (!listing) {
    refuseJourney(folder, id, 'throttle')
    return { copyId: id }
  }
  const { state, stream } = listing.record
  const migration = listing.id
  if (isEnd(state)) throw migrationEnded(state, `the migration ${migration}`)
  const copy = copyOfStream(catalog, migration, stream)
  if (copy) return { copyId: copy.id, migration }
  throw new IndexferryError('MIGRATION_STEP', `the migration ${migration} follows nothing whose speed could be changed`)
}

const stateOf = (copy: CopyRecord): string => {
  if (copy.isRunning || ['completed', 'paused', 'failed'].includes(copy.state)) return copy.state
  return `${copy.state}, killed`
}

function listCopies(copies: readonly CopyRecord[]): string {
  const rows = copies.map((copy) => [
    copy.id,
    stateOf(copy),
    formatCount(copy.counts.read),
    copy.counts.rejected > 0 ? `${formatCount(copy.counts.rejected)} rejected` : '',
    `${formatSeconds((now() - copy.updated) / 1000)} ago`,
    `${copy.source} → ${copy.target}`,
  ])
  return formatTable([['COPY', 'STATE', 'DOCUMENTS', '', 'LAST', 'FROM → TO'], ...rows], [2])
}

function describeCopy(copy: ReturnType<ReturnType<typeof openCatalog>['readCopy']>): string {
  const { counts } = copy
  const lines = [
    `copy ${copy.id}: ${stateOf(copy)}`,
    `  ${copy.source} → ${copy.target}`,
    `  ${copy.command}`,
    `  read ${formatCount(counts.read)} = written ${formatCount(counts.written)} + rejected ${formatCount(counts.rejected)} + skipped ${formatCount(counts.skipped)} · ${formatBytes(counts.bytes)}`,
  ]
  if (copy.documentsExpected > 0) lines.push(`  of about ${formatCount(copy.documentsExpected)} documents`)
  if (copy.isRunning && copy.owner) lines.push(`  run by process ${copy.owner.pid} on ${copy.owner.host}`)
  lines.push(...limitLines(copy))
  if (copy.settingsToRestore > 0 && !copy.isRunning) {
    const what = copy.settingsToRestore === 1 ? '1 target index' : `${copy.settingsToRestore} target indexes`
    lines.push(`  settings of ${what} are still relaxed; the same command restores them`)
  }
  if (copy.error) lines.push(`  ended with: ${String(copy.error.message)} [${String(copy.error.code)}]`)
  const rows = copy.indexes.map((index) => [
    `  ${index.name} → ${index.target}`,
    index.state,
    formatCount(index.counts.read),
    index.following
      ? followingText(index.following)
      : index.partitions > 0
        ? `${index.partitionsDone}/${index.partitions} slices`
        : '',
  ])
  return [...lines, formatTable(rows, [2])].join('\n')
}

export async function runThrottleCommand(call: CommandCall): Promise<number> {
  const { values, catalog } = open('throttle', call)
  using _ = catalog
  const limits = givenLimits(values)
  if (Object.keys(limits).length === 0) {
    throw new IndexferryError('USAGE', 'throttle wants a limit, such as --rate or --throttle-check', {
      remedy: 'Write for example: indexferry throttle c7f3k --rate 5000',
    })
  }
  const folder = stateFolder(values.engine.state, process.env)
  const { copyId, migration } = throttledOf(catalog, folder, call.args[0] as string)
  refuseReplication(catalog.readCopy(copyId))
  const copy = catalog.setThrottle(copyId, limits)
  if (values.engine.json) printJson(copy)
  else {
    const shown = migration === undefined ? `copy ${copy.id}` : `migration ${migration}`
    printResult(`${shown}: ${copy.isRunning ? 'takes hold within a second' : 'takes hold when it goes on'}`)
  }
  return exitCodes.done
}

/** One that is not at its end has blocks and guards on both clusters, which only it knows. */
function forgetMigration(folder: string, { id, record }: MigrationListing): void {
  if (!isEnd(record.state)) {
    throw new IndexferryError('MIGRATION_STEP', `the migration ${id} is not at its end`, {
      remedy: `End it with \`indexferry abort ${id}\`, or behind its cut-over with \`indexferry complete ${id}\`.`,
    })
  }
  using migrations = MigrationCatalog.open(folder)
  migrations.forget(id)
}

function refuseReplication(copy: CopyRecord): void {
  if (!isReplication(copy)) return
  throw new IndexferryError('USAGE', `copy ${copy.id} is a replication of the gateway (${copy.command})`, {
    remedy: 'Pause it with POST _plugins/_replication/INDEX/_pause of the gateway. It has no rate.',
  })
}

export async function runPauseCommand(call: CommandCall): Promise<number> {
  const { values, catalog } = open('pause', call)
  using _ = catalog
  const live = MigrationCatalog.listOf(stateFolder(values.engine.state, process.env))
  if (findLive(live, call.args[0] as string)) return (await import('./live-migration.ts')).pauseMigration(call)
  refuseJourney(stateFolder(values.engine.state, process.env), call.args[0] as string, 'pause')
  refuseReplication(catalog.readCopy(call.args[0] as string))
  const copy = catalog.requestPause(call.args[0] as string)
  if (values.engine.json) printJson(copy)
  else printResult(`copy ${copy.id} pauses; the command that started it goes on from there`)
  return exitCodes.done
}

export async function runForgetCommand(call: CommandCall): Promise<number> {
  const { values, catalog } = open('forget', call)
  using _ = catalog
  const folder = stateFolder(values.engine.state, process.env)
  const migration = findLive(MigrationCatalog.listOf(folder), call.args[0] as string)
  if (migration) {
    forgetMigration(folder, migration)
    if (values.engine.json) printJson(migration)
    else printResult(`migration ${migration.id} is forgotten`)
    return exitCodes.done
  }
  refuseJourney(folder, call.args[0] as string, 'forget')
  const copy = catalog.forgetCopy(call.args[0] as string)
  if (values.engine.json) printJson(copy)
  else {
    printResult(`copy ${copy.id} is forgotten`)
    for (const index of copy.indexes) {
      if (!index.savedSettings || index.isRestored) continue
      printResult(
        `  index ${index.target} still has relaxed settings; its own were ${JSON.stringify(index.savedSettings)}`,
      )
    }
  }
  return exitCodes.done
}
