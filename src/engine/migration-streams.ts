// The streams of a live migration: each is a follower in the catalog of copies, with its own cursors and notes of what was written.
import { asIndexferryError, IndexferryError } from '../foundation/errors.ts'
import type { CopyUnit } from '../mechanism/copy-unit.ts'
import type { FollowCursor, FollowStatus } from '../mechanism/follow-journal.ts'
import type {
  ReachedUnit,
  Stream,
  StreamIndex,
  Streams,
  SweptUnit,
} from '../migration/live-journey/migration-context.ts'
import { sidesOf } from '../migration/live-journey/migration-record.ts'
import type { SweepWishes } from '../migration/open-changes.ts'
import { restoreAll } from '../migration/run-copy.ts'
import { runFollow } from '../migration/run-follow.ts'
import type { JsonValue } from '../model/json.ts'
import { formatLocation, type Location } from '../model/location.ts'
import type { Environment } from '../objectstore/store-settings.ts'
import type { ProgressSnapshot } from '../pipeline/progress.ts'
import type { Catalog } from './catalog.ts'
import type { CopyRecord } from './catalog-records.ts'
import { hasSweeps, removeSweeps, SweepsFile } from './catalog-sweeps.ts'
import type { CopyWriter } from './catalog-writer.ts'
import { openWrittenIds, removeWrittenIds } from './catalog-written-ids.ts'
import { CheckpointNotes } from './checkpoint-notes.ts'
import type { OpenSides } from './open-sides.ts'
import type { CommandValues } from './option-values.ts'
import { CopyRun, journalOf } from './start-copy.ts'
import { followContext } from './start-follow.ts'
import { givenLimits } from './throttle-watch.ts'
import { removeVerifications } from './verify-stream.ts'

export interface LiveStreamsOptions {
  readonly catalog: Catalog
  readonly stateFolder: string
  readonly migration: string
  readonly command: string
  readonly locations: { readonly source: Location; readonly target: Location }
  /** Both are clusters. */
  readonly sides: OpenSides
  readonly values: CommandValues
  readonly env?: Environment | undefined
  readonly note: (text: string) => void
  /** Told often; cheap. Of the stream that is followed. */
  readonly onProgress: (snapshot: () => ProgressSnapshot | string) => void
}

const keyStart = 'migration '
const keyOf = (migration: string, stream: number): string => `${keyStart}${migration} ${stream}`

/** Whether a copy of the catalog is a part of a live migration. */
export const isStreamOf = ({ key }: Pick<CopyRecord, 'key'>): boolean => key.startsWith(keyStart)

/** The copy behind a stream; undefined before it began. */
export const copyOfStream = (catalog: Catalog, migration: string, stream: number): CopyRecord | undefined =>
  catalog.listCopies().find(({ key }) => key === keyOf(migration, stream))

export class LiveStreams implements Streams {
  private readonly options: LiveStreamsOptions

  /** By copy. */
  private readonly sweeps = new Map<string, SweepsFile>()

  constructor(options: LiveStreamsOptions) {
    this.options = options
  }

  start(number: number, { shadowOf }: { readonly shadowOf?: readonly CopyUnit[] | undefined }): Stream {
    const writer = this.claim(number)
    if (shadowOf && writer.listIndexes().length === 0) planShadow(writer, shadowOf)
    if (!writer.isResumed) removeSweeps(this.options.stateFolder, writer.id)
    const swept = () => this.sweepsOf(writer.id, () => hasWritten(writer))
    return new RunningStream(this.options, writer, number, { isShadow: shadowOf !== undefined, swept })
  }

  indexes(stream: number): readonly StreamIndex[] {
    const copy = this.copy(stream)
    if (!copy) return []
    return this.options.catalog
      .readCopy(copy.id)
      .indexes.map(({ name, state, counts, following }) => ({ name, state, rejected: counts.rejected, following }))
  }

  unitsOf(stream: number): readonly CopyUnit[] {
    const copy = this.copy(stream)
    if (!copy) return []
    const { indexes } = this.options.catalog.readCopy(copy.id)
    return indexes.flatMap(({ definition }) => (definition === undefined ? [] : [definition as unknown as CopyUnit]))
  }

  cursors(stream: number, unit: string): readonly FollowCursor[] {
    const copy = this.copy(stream)
    return copy ? this.options.catalog.readCursors(copy.id, unit) : []
  }

  swept(stream: number, unit: string): SweptUnit | undefined {
    const copy = this.copy(stream)
    if (!copy || !hasSweeps(this.options.stateFolder, copy.id)) return undefined
    const notes = this.sweepsOf(copy.id).ofUnit(unit)
    return { next: notes.next(), highestVersion: notes.highestVersion() }
  }

  /** Opened once: the whole of the file is looked through then, which must not be while writes are stopped. */
  private sweepsOf(copy: string, mustExist: (unit: string) => boolean = () => true): SweepsFile {
    const open = this.sweeps.get(copy) ?? new SweepsFile(this.options.stateFolder, copy, mustExist)
    this.sweeps.set(copy, open)
    return open
  }

  close(): void {
    for (const file of this.sweeps.values()) file[Symbol.dispose]()
    this.sweeps.clear()
  }

  plan(stream: number, units: readonly CopyUnit[]): void {
    const writer = this.claim(stream)
    for (const unit of units) {
      writer.recordDefinition(unit.name, { target: unit.targetIndex, definition: unit as unknown as JsonValue })
    }
    writer.release('paused')
  }

  async settle(stream: number): Promise<void> {
    const copy = this.copy(stream)
    if (!copy || copy.settingsToRestore === 0) return
    const { sides, note } = this.options
    const writer = this.claim(stream)
    const notes = new CheckpointNotes({
      writer,
      files: () => [],
      flushFiles: async () => {},
      onFailure: (error) => note(String(error)),
    })
    try {
      const cluster = clusterOf(sides[sidesOf(stream).to])
      const target = { kind: 'cluster', cluster, name: undefined } as const
      await restoreAll({ target, journal: journalOf(writer, notes), plan: { note } }, undefined)
    } finally {
      notes.stop()
      writer.release('paused')
    }
  }

  forget(stream: number): void {
    removeVerifications(this.options.stateFolder, this.options.migration, stream)
    const copy = this.copy(stream)
    if (!copy) return
    this.sweeps.get(copy.id)?.[Symbol.dispose]()
    this.sweeps.delete(copy.id)
    this.options.catalog.forgetCopy(copy.id)
  }

  private copy(stream: number): CopyRecord | undefined {
    return copyOfStream(this.options.catalog, this.options.migration, stream)
  }

  private claim(stream: number): CopyWriter {
    const { catalog, migration, command, locations, values } = this.options
    const { from, to } = sidesOf(stream)
    return catalog.claimCopy({
      key: keyOf(migration, stream),
      command,
      source: formatLocation(locations[from]),
      target: formatLocation(locations[to]),
      throttle: givenLimits(values),
    })
  }
}

/** Everything is there already: the units begin as followed ones, from the first number on. */
function planShadow(writer: CopyWriter, units: readonly CopyUnit[]): void {
  writer.recordPlan(
    units.map((unit) => ({ name: unit.name, target: unit.targetIndex, definition: unit as unknown as JsonValue })),
  )
  for (const { name } of units) writer.setIndexState(name, 'following')
}

interface OwnOfStream {
  readonly isShadow: boolean
  /** Opened when the first index needs it. */
  readonly swept: () => SweepsFile
}

class RunningStream implements Stream {
  readonly number: number
  readonly reached = new Map<string, ReachedUnit>()
  ended: { readonly error: unknown } | undefined
  private readonly stopping = new AbortController()
  private readonly running: Promise<void>
  private isHurried = false
  private sweepFromMs: number | undefined
  private copyRun: CopyRun | undefined

  constructor(options: LiveStreamsOptions, writer: CopyWriter, number: number, own: OwnOfStream) {
    this.number = number
    this.running = this.run(options, writer, own)
  }

  hurry(isHurried: boolean): void {
    this.isHurried = isHurried
    this.copyRun?.liftLimits(isHurried)
  }

  sweepFrom(fromMs: number | undefined): void {
    this.sweepFromMs = fromMs
  }

  async stop(): Promise<void> {
    this.stopping.abort(new IndexferryError('PAUSED', 'paused'))
    await this.running
  }

  private async run(options: LiveStreamsOptions, writer: CopyWriter, { isShadow, swept }: OwnOfStream): Promise<void> {
    const { stateFolder, locations, sides, values, env, command, note, onProgress } = options
    const { from, to } = sidesOf(this.number)
    const clusters = { source: clusterOf(sides.source), target: clusterOf(sides.target) }
    const ordered: OpenSides = {
      source: { kind: 'cluster', cluster: clusters[from], expression: indexOf(locations[from]) ?? '*' },
      target: { kind: 'cluster', cluster: clusters[to], name: indexOf(locations[to]) },
      [Symbol.asyncDispose]: async () => {},
    }
    const shown = new Map<string, FollowStatus>()
    const copyRun = new CopyRun(
      {
        source: locations[from],
        target: locations[to],
        values,
        command,
        stateFolder,
        env,
        note,
        stop: this.stopping.signal,
        onStart: (_, snapshot) => {
          if (!isShadow) onProgress(() => (isCopied(writer) ? describe(this.reached) : snapshot()))
        },
      },
      writer,
    )
    copyRun.liftLimits(this.isHurried)
    this.copyRun = copyRun
    try {
      if (!writer.isResumed) removeWrittenIds(stateFolder, writer.id)
      using written = openWrittenIds(stateFolder, writer.id, hasWritten(writer))
      const sweeps: SweepWishes = {
        notes: (unit) => swept().ofUnit(unit),
        intervalMs: values.reading.sweepInterval,
        trustsVersions: values.reading.trustVersions,
        fullIntervalMs: values.reading.fullSweepInterval,
        wantedUpToMs: () => this.sweepFromMs,
      }
      await copyRun.carryOut(ordered, (context) => {
        const follow = followContext(context, writer, written, shown)
        return runFollow({
          ...follow,
          sweeps,
          withholdAliases: true,
          isShadow,
          isHurried: () => this.isHurried,
          onStatus: (unit, status, _, instants) => this.reached.set(unit, { status, ...instants }),
        })
      })
      writer.release('paused')
      this.ended = { error: undefined }
    } catch (error) {
      this.ended = { error }
      try {
        this.release(writer, error)
      } catch (failure) {
        // Nobody may be waiting for it at this moment, so that it must not be thrown. The next claim takes it over.
        note(`what ended a stream could not be noted: ${asIndexferryError(failure).message}`)
      }
    }
  }

  /** Another process may own it by now; what counts is the error that ended it. */
  private release(writer: CopyWriter, error: unknown): void {
    const known = asIndexferryError(error)
    if (known.code === 'COPY_RUNNING') return
    writer.release('failed', { error: known.toJSON() })
  }
}

/** Whether there must be notes of it. */
const hasWritten = (writer: CopyWriter): boolean =>
  writer
    .listIndexes()
    .some(({ name, partitions }) => partitions > 0 || writer.readCursors(name).some(({ position }) => position > 0))

function isCopied(writer: CopyWriter): boolean {
  const indexes = writer.listIndexes()
  return indexes.length > 0 && indexes.every(({ state }) => state === 'following')
}

function describe(reached: ReadonlyMap<string, ReachedUnit>): string {
  const behind = [...reached.values()].reduce((sum, { status }) => sum + status.operationsBehind, 0)
  return `${reached.size} ${reached.size === 1 ? 'index' : 'indexes'} followed, ${behind} operations behind`
}

function clusterOf(side: OpenSides['source'] | OpenSides['target']) {
  if (side.kind === 'cluster') return side.cluster
  throw new IndexferryError('LOCATION_INVALID', 'a migration goes from cluster to cluster', {
    remedy: 'Write https://host:9200/INDEX-OR-PATTERN for both; `indexferry copy` reads and writes files.',
  })
}

const indexOf = (location: Location): string | undefined => (location.kind === 'cluster' ? location.index : undefined)
