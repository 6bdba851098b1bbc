// Runs a live migration: claims it, opens both clusters, and takes what other processes ask of it. Commands that find nobody who runs it
// take it up themselves.
import { now, sleep } from '../foundation/clock.ts'
import { asIndexferryError, IndexferryError, isErrorOf } from '../foundation/errors.ts'
import { formatDuration } from '../foundation/quantity.ts'
import { conditionsNow } from '../migration/live-journey/conditions-now.ts'
import type { Condition } from '../migration/live-journey/cut-over-conditions.ts'
import type { MigrationContext } from '../migration/live-journey/migration-context.ts'
import type {
  MigrationJournal,
  MigrationRecord,
  MigrationRequest,
  VerificationNote,
} from '../migration/live-journey/migration-record.ts'
import type { MigrationSettings } from '../migration/live-journey/migration-settings.ts'
import { isEnd, migrationEnded, switchPlace } from '../migration/live-journey/migration-states.ts'
import { liveOptions } from '../migration/live-journey/options.ts'
import { isDone, runMigration } from '../migration/live-journey/run-migration.ts'
import type { JsonObject } from '../model/json.ts'
import { formatLocation, type Location, parseLocation } from '../model/location.ts'
import type { Environment } from '../objectstore/store-settings.ts'
import type { ProgressSnapshot } from '../pipeline/progress.ts'
import { type Catalog, copyKey, openCatalog } from './catalog.ts'
import { MigrationCatalog, type MigrationListing, type MigrationWriter } from './catalog-migrations.ts'
import { contentOptions, fieldEdits } from './copy-request.ts'
import { checkHookAddress } from './hook-address.ts'
import { MigrationLease } from './migration-lease.ts'
import { copyOfStream, LiveStreams } from './migration-streams.ts'
import { joinValues, keptValues } from './migration-values.ts'
import { type OpenSides, openSides } from './open-sides.ts'
import type { MigrationValues } from './option-values.ts'
import { verifyStream } from './verify-stream.ts'

/** What every command gives. */
export interface MigrationCall {
  readonly values: MigrationValues
  readonly command: string
  readonly stateFolder: string
  /** Names the proxy for what is no cluster. */
  readonly env?: Environment | undefined
  /** Hooks run here. */
  readonly folder: string
  readonly stop: AbortSignal
  readonly note: (text: string) => void
  /** Another process does what is asked; this one only waits for it, until it is stopped. */
  readonly onAsked: () => void
  /** Called again with each new stream. */
  readonly onProgress: (snapshot: () => ProgressSnapshot | string) => void
}

export interface MigrationResult {
  readonly migration: string
  readonly record: MigrationRecord
  readonly verification: VerificationNote | null
  /** The user stopped it; it goes on with `indexferry resume`. */
  readonly isPaused: boolean
  /** Another process runs it, and did what was asked. */
  readonly isElsewhere: boolean
}

/** Begins a migration, or goes on with the one of the same words. */
export async function startMigration(
  call: MigrationCall,
  { source, target }: { readonly source: Location; readonly target: Location },
): Promise<MigrationResult> {
  if (source.kind !== 'cluster' || target.kind !== 'cluster') {
    throw new IndexferryError('LOCATION_INVALID', 'a migration goes from cluster to cluster', {
      remedy: 'Write https://host:9200/INDEX-OR-PATTERN for both; `indexferry copy` reads and writes files.',
    })
  }
  checkHook(call, { source, target })
  using catalog = MigrationCatalog.open(call.stateFolder)
  const key = copyKey(source, target, { ...contentOptions(call.values), migrate: true })
  const options = keptValues(call.values)
  const identity = {
    key,
    command: call.command,
    source: formatLocation(source),
    target: formatLocation(target),
    options,
  }
  const open = catalog.findOpen(key)
  if (open && call.values.engine.restart) {
    throw new IndexferryError('USAGE', `the migration ${open.id} is not at its end, so that it cannot begin anew`, {
      remedy: `Go on with it, or take it back first: indexferry abort ${open.id}.`,
    })
  }
  const id = open?.id ?? catalog.begin(identity)
  const locations = { source, target }
  try {
    const writer = catalog.claim(id, options)
    call.note(open ? `migration ${id} goes on` : `migration ${id} starts`)
    return await runClaimed(catalog, writer, { ...call, locations }, undefined)
  } catch (error) {
    forgetUnbegun(catalog, call.stateFolder, id)
    throw error
  }
}

/** Throws USAGE for a hook that is called at the address of a side. */
function checkHook({ values }: MigrationCall, sides: PlacedCall['locations']): void {
  const nodesOf = (side: 'source' | 'target') => {
    const location = sides[side]
    return location.kind === 'cluster' ? [...location.nodes, ...values[side].node] : []
  }
  checkHookAddress(values.live.switchHook, { source: nodesOf('source'), target: nodesOf('target') })
}

/** What failed before anything was planned is no migration. */
function forgetUnbegun(catalog: MigrationCatalog, stateFolder: string, id: string): void {
  const listing = catalog.list().find((each) => each.id === id)
  if (!listing || listing.isRunning || !['preparing', 'copying'].includes(listing.record.state)) return
  using copies = openCatalog(stateFolder)
  const copy = copyOfStream(copies, id, 0)
  if (copy && copies.readCopy(copy.id).indexes.length > 0) return
  if (copy) copies.forgetCopy(copy.id)
  catalog.forget(id)
}

/** Goes on with a migration by its id. */
export async function resumeMigration(call: MigrationCall, prefix: string): Promise<MigrationResult> {
  using catalog = MigrationCatalog.open(call.stateFolder)
  const listing = catalog.find(prefix)
  if (isEnd(listing.record.state)) return resultOf(catalog, listing.id, {})
  return await runClaimed(catalog, catalog.claim(listing.id), recalled(call, listing), undefined)
}

interface PlacedCall extends MigrationCall {
  readonly locations: { readonly source: Location; readonly target: Location }
}

/** With the words of the command that began it. Credentials come from the environment, or from the options of this command. */
const recalled = (call: MigrationCall, { source, target, options }: MigrationListing): PlacedCall => ({
  ...call,
  values: joinValues(options, call.values),
  locations: { source: parseLocation(source, 'SOURCE'), target: parseLocation(target, 'TARGET') },
})

export type Wanted = Omit<MigrationRequest, 'id' | 'settings'>

/** Asks the process that runs the migration, or does it itself when there is none. Resolves when it is done; throws why it was not. */
export async function askMigration(call: MigrationCall, prefix: string, wanted: Wanted): Promise<MigrationResult> {
  using catalog = MigrationCatalog.open(call.stateFolder)
  const listing = catalog.find(prefix)
  const { id } = listing
  if (!listing.isRunning && wanted.wish === 'pause') throw notRunning(id)
  if (isEnd(listing.record.state)) {
    throw migrationEnded(listing.record.state, `the migration ${id}`)
  }
  const { source, target } = recalled(call, listing).locations
  if (wanted.wish === 'cutOver' || wanted.wish === 'reverse') checkHook(call, { source, target })
  const request = catalog.request(id, { ...wanted, settings: givenSettings(call.values) })
  if (listing.isRunning) {
    call.note(`asked the process that runs the migration ${id}`)
    call.onAsked()
    call.onProgress(() => `waiting for the process that runs the migration ${id}`)
    const isAnswered = await untilAnswered(call, catalog, id, request)
    if (isAnswered) return resultOf(catalog, id, { request, isElsewhere: true })
  }
  if (wanted.wish === 'pause') return resultOf(catalog, id, { isElsewhere: true })
  const writer = catalog.claim(id)
  await runClaimed(catalog, writer, recalled(call, listing), request)
  return resultOf(catalog, id, { request })
}

/** What this command says, for the process that does what it asks. */
function givenSettings({ live }: MigrationValues): Partial<MigrationSettings> {
  const defaults = Object.fromEntries(Object.entries(liveOptions).map(([key, each]) => [key, each.default]))
  const before = settingsOf(defaults as unknown as MigrationValues['live'])
  const given = Object.entries(settingsOf(live)).filter(
    ([key, value]) => value !== before[key as keyof MigrationSettings],
  )
  return Object.fromEntries(given)
}

const settingsOf = (live: MigrationValues['live']): MigrationSettings => ({
  switchHook: live.switchHook,
  keepAliases: live.keepAliases,
  oneWay: live.oneWay,
  lagMsMax: live.lagMax,
  verifiedWithinMs: live.verifiedWithin,
  verifyEveryMs: live.verifyEvery,
  oldSide: live.oldSide,
})

const notRunning = (id: string): IndexferryError =>
  new IndexferryError('USAGE', `the migration ${id} is not running`, {
    remedy: '`indexferry status` shows which ones run.',
  })

const answerEveryMs = 200

/** False when the process that was asked has ended without an answer. */
async function untilAnswered(
  { stop }: MigrationCall,
  catalog: MigrationCatalog,
  id: string,
  request: string,
): Promise<boolean> {
  for (;;) {
    if (catalog.outcomeOf(id, request)) return true
    if (!catalog.find(id).isRunning) return catalog.outcomeOf(id, request) !== undefined
    await sleep(answerEveryMs, stop).catch((error: unknown) => {
      throw stop.aborted ? noLongerWaiting(id) : error
    })
  }
}

/** What was asked for is not taken back: the other process may be in the middle of it. */
const noLongerWaiting = (id: string): IndexferryError =>
  new IndexferryError(
    'PAUSED',
    `this command waits no longer; the process that runs ${id} goes on with what was asked`,
    {
      remedy: `\`indexferry status ${id}\` shows where it is; \`indexferry pause ${id}\` gives up a switch that can still be given up.`,
    },
  )

function resultOf(
  catalog: MigrationCatalog,
  id: string,
  { request, isElsewhere = false }: { readonly request?: string; readonly isElsewhere?: boolean },
): MigrationResult {
  const { record, verification } = catalog.find(id)
  const outcome = request === undefined ? undefined : catalog.outcomeOf(id, request)
  if (outcome?.error) throw errorOf(outcome.error)
  return { migration: id, record, verification, isPaused: false, isElsewhere }
}

/** As the process that did it told it. */
function errorOf({ code, message, remedy, side }: JsonObject): IndexferryError {
  return new IndexferryError(code as IndexferryError['code'], String(message), {
    ...(typeof remedy === 'string' ? { remedy } : {}),
    ...(side === 'source' || side === 'target' ? { side } : {}),
  })
}

/** `request`: what this process was started for; when it is answered, the process has done its part. */
async function runClaimed(
  catalog: MigrationCatalog,
  writer: MigrationWriter,
  call: PlacedCall,
  request: string | undefined,
): Promise<MigrationResult> {
  const { id } = writer
  try {
    answerStale(writer, request)
    using lease = new MigrationLease(writer)
    using copies = openCatalog(call.stateFolder)
    await using sides = await openSides(call.locations.source, call.locations.target, call.values, call.note)
    const stop = AbortSignal.any([call.stop, lease.lost])
    const context = contextOf({ ...call, stop }, { catalog, copies, sides, journal: writer, id })
    const hasDone = () => request !== undefined && catalog.outcomeOf(id, request) !== undefined
    // Not a copy of it, in which the settings would stay as they are now.
    await runMigration(Object.assign(context, { isDone: hasDone }))
    writer.release(null)
    return resultOf(catalog, id, {})
  } catch (error) {
    const known = asIndexferryError(error)
    // Another process may own it by now; what counts is the error that stopped this one.
    if (known.code !== 'MIGRATION_RUNNING') writer.release(known.toJSON())
    if (!isErrorOf(error, 'PAUSED')) throw error
    return { ...resultOf(catalog, id, {}), isPaused: true }
  }
}

/** What was asked of a process that died is not done by a later one, unless it was begun. */
function answerStale(writer: MigrationWriter, own: string | undefined): void {
  const { state } = writer.record
  const ending = { aborting: 'abort', completing: 'complete' } as const
  const begun = state in ending ? ending[state as keyof typeof ending] : switchPlace(state)?.kind
  for (const { id, wish } of writer.requests()) {
    if (id === own || wish === begun) continue
    if (isDone(writer.record, wish)) {
      writer.answer({ id, error: null })
      continue
    }
    const error = new IndexferryError('MIGRATION_RUNNING', 'the process that was asked ended before it could answer')
    writer.answer({ id, error: error.toJSON() as JsonObject })
  }
}

interface Opened {
  readonly catalog: MigrationCatalog
  readonly copies: Catalog
  readonly sides: OpenSides
  readonly journal: MigrationJournal
  readonly id: string
}

function contextOf(call: PlacedCall, { catalog, copies, sides, journal, id }: Opened): MigrationContext {
  const { values, stateFolder, command, note, onProgress, locations, folder, stop } = call
  const settings = settingsOf(values.live)
  const { source, target } = sides
  if (source.kind !== 'cluster' || target.kind !== 'cluster') {
    throw new IndexferryError('LOCATION_INVALID', 'a migration goes from cluster to cluster')
  }
  const streams = new LiveStreams({
    catalog: copies,
    stateFolder,
    migration: id,
    command,
    locations,
    sides,
    values,
    env: call.env,
    note,
    onProgress,
  })
  return {
    id,
    journal,
    clusters: { source: source.cluster, target: target.cluster },
    expression: source.expression,
    streams,
    get settings() {
      return { ...settings, ...journal.record.overrides }
    },
    changesDocuments: whatChanges(values),
    verify: (stream, how) =>
      verifyStream({ sides, values, stream, units: streams.unitsOf(stream), stateFolder, migration: id }, how),
    lastVerification: () => catalog.find(id).verification ?? undefined,
    noteVerification: (found) => catalog.noteVerification(id, found),
    folder,
    stop,
    note,
  }
}

/** What is done to documents on their way cannot be undone on the way back. */
function whatChanges(values: MigrationValues): string | undefined {
  const { rename, drop, set } = fieldEdits(values)
  if (values.transform.transform !== undefined) return 'documents pass a transform of yours (--transform)'
  if (rename.length + drop.length + set.length > 0) return 'fields are renamed, dropped or set on the way'
  return values.reading.fields.length > 0 ? 'only some fields are carried (--fields)' : undefined
}

/** Opens both clusters and looks; changes nothing, whoever runs the migration. */
async function withLook<Result>(
  call: MigrationCall,
  prefix: string,
  work: (context: MigrationContext, listing: MigrationListing) => Promise<Result>,
): Promise<Result> {
  using catalog = MigrationCatalog.open(call.stateFolder)
  using copies = openCatalog(call.stateFolder)
  const listing = catalog.find(prefix)
  const placed = recalled(call, listing)
  await using sides = await openSides(placed.locations.source, placed.locations.target, placed.values, call.note)
  const journal: MigrationJournal = {
    record: listing.record,
    update: () => {
      throw new IndexferryError('INTERNAL', 'a look at a migration changes nothing')
    },
    requests: () => [],
    answer: () => {},
  }
  return await work(contextOf(placed, { catalog, copies, sides, journal, id: listing.id }), listing)
}

export interface DryRun {
  readonly migration: string
  readonly canSwitch: boolean
  readonly conditions: readonly Condition[]
}

export const previewSwitch = (call: MigrationCall, prefix: string): Promise<DryRun> =>
  withLook(call, prefix, async (context, { id }) => {
    const conditions = await conditionsNow(context, call.values.live.timeout)
    return { migration: id, canSwitch: conditions.every(({ isMet }) => isMet), conditions }
  })

/** Compares both sides now, whoever runs the migration. */
export const verifyMigration = (call: MigrationCall, prefix: string): Promise<VerificationNote> =>
  withLook(call, prefix, async (context, { id, record }) => {
    const { stream } = record
    if (context.streams.unitsOf(stream).length === 0) {
      throw new IndexferryError('MIGRATION_STEP', `the migration ${id} has copied nothing yet that could be compared`)
    }
    const begun = now()
    call.onProgress(() => 'comparing both sides')
    const found = await context.verify(stream, { signal: call.stop, isStill: false })
    context.noteVerification(found)
    call.note(`compared ${found.documents} documents in ${formatDuration(now() - begun)}`)
    return found
  })
