// Runs one copy: claims it in the catalog, puts the rooms together, keeps its progress, and gives it up in a state from which it can go on.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { monotonicMs, sleep } from '../foundation/clock.ts'
import { asIndexferryError, IndexferryError } from '../foundation/errors.ts'
import type { CopyContext } from '../migration/copy-context.ts'
import { type CopyOutcome, runCopy } from '../migration/run-copy.ts'
import { addCounts, type DocumentCounts, noCounts } from '../model/counts.ts'
import type { JsonObject, JsonValue } from '../model/json.ts'
import { formatLocation, type Location } from '../model/location.ts'
import type { Environment } from '../objectstore/store-settings.ts'
import { Progress, type ProgressSnapshot } from '../pipeline/progress.ts'
import { Throttle } from '../pipeline/throttle.ts'
import { RejectedDocuments } from '../target/rejected-documents.ts'
import { type Catalog, copyKey, openCatalog } from './catalog.ts'
import type { Control, FileRecord } from './catalog-records.ts'
import type { CopyWriter } from './catalog-writer.ts'
import { CheckpointNotes } from './checkpoint-notes.ts'
import { bodyBytesDefault, contentOptions, fieldEdits, planOptions, readingOptions } from './copy-request.ts'
import { type OpenSides, openSides, writersDefault } from './open-sides.ts'
import type { CommandValues } from './option-values.ts'
import { givenLimits, watchThrottle } from './throttle-watch.ts'

export interface CopyRequest {
  readonly source: Location
  readonly target: Location
  readonly values: CommandValues
  /** For people, in `status`; without secrets. */
  readonly command: string
  readonly stateFolder: string
  /** Names the proxy for what is no cluster. */
  readonly env?: Environment | undefined
  readonly note: (text: string) => void
  /** Aborts when the user wants to pause: reading stops, what was read still arrives. */
  readonly stop: AbortSignal
  /** Told often; cheap. */
  readonly onStart: (id: string, snapshot: () => ProgressSnapshot, isResumed: boolean) => void
}

/** What `--json` prints. */
export interface CopyResult {
  readonly copy: string
  /** `failed` only when rejected documents of a copy that had failed are sent again. */
  readonly state: 'completed' | 'paused' | 'failed'
  readonly isResumed: boolean
  /** Whether the same command, started again, goes on where this one ended. */
  readonly canGoOn: boolean
  readonly counts: DocumentCounts
  readonly seconds: number
  readonly documentsPerSecond: number
  /** Operations of the source that came too late for this copy; null where the source cannot tell. */
  readonly operationsBehind: number | null
  readonly rejectedFile: string | undefined
  readonly indexes: readonly { readonly source: string; readonly target: string; readonly counts: DocumentCounts }[]
}

export async function startCopy(request: CopyRequest): Promise<CopyResult> {
  using catalog = openCatalog(request.stateFolder)
  await using sides = await openSides(request.source, request.target, request.values, request.note)
  const writer = claim(catalog, request)
  const run = new CopyRun(request, writer)
  try {
    const outcome = await run.carryOut(sides, runCopy)
    const result = run.result(outcome)
    writer.release(outcome.isComplete ? 'completed' : 'paused', { result: result as unknown as JsonValue })
    return result
  } catch (error) {
    releaseFailed(catalog, writer, error)
    throw error
  }
}

/** `more`: what besides the options of a copy makes it another one. */
export function claim(
  catalog: Catalog,
  { source, target, values, command }: Pick<CopyRequest, 'source' | 'target' | 'values' | 'command'>,
  more: JsonObject = {},
): CopyWriter {
  return catalog.claimCopy({
    key: copyKey(source, target, { ...contentOptions(values), ...more }),
    command,
    source: formatLocation(source),
    target: formatLocation(target),
    how: values.engine.restart || isStream(target) ? 'restart' : 'continue',
    throttle: givenLimits(values),
  })
}

/** Notes why it ended. The error that stopped it is the one to be thrown then. */
export function releaseFailed(catalog: Catalog, writer: CopyWriter, error: unknown): void {
  const known = asIndexferryError(error)
  // Another process may own it by now; what counts is the error that stopped this one.
  if (known.code === 'COPY_RUNNING') return
  const isBegun = writer.listIndexes().length > 0
  writer.release('failed', { error: known.toJSON() })
  // Nothing was planned, let alone written: there is nothing to go on with.
  if (!isBegun) catalog.forgetCopy(writer.id)
}

/** What went into a pipe is gone, and with it the place to go on from: such a copy always begins at its beginning. */
function isStream(target: Location): boolean {
  if (target.kind === 'stdio') return true
  if (target.kind !== 'file') return false
  const status = statSync(target.path, { throwIfNoEntry: false })
  return status !== undefined && !status.isFile() && !status.isDirectory()
}

/** Everything around the work itself: notes, throttle, control by others, progress. */
export class CopyRun {
  private readonly request: CopyRequest
  private readonly writer: CopyWriter
  private readonly throttle = new Throttle()
  readonly progress: Progress
  readonly rejected: RejectedDocuments
  private readonly ended = new AbortController()
  private readonly failed = new AbortController()
  private readonly paused = new AbortController()
  private readonly started = monotonicMs()
  private readonly countsBefore: DocumentCounts
  private control: Control
  private target: { readonly limitedBy: string | undefined } | undefined
  private file: FileRecord | undefined
  private flushFile: (() => Promise<void>) | undefined

  constructor(request: CopyRequest, writer: CopyWriter) {
    this.request = request
    this.writer = writer
    this.rejected = new RejectedDocuments(join(request.stateFolder, 'rejected', `${writer.id}.ndjson`))
    this.countsBefore = this.counts()
    this.control = writer.pollControl()
    this.progress = new Progress(this.countsBefore)
    this.file = writer.listFiles().find(({ role }) => role === 'target')
  }

  async carryOut<Outcome>(sides: OpenSides, work: (context: CopyContext) => Promise<Outcome>): Promise<Outcome> {
    const { request, writer } = this
    const notes = new CheckpointNotes({
      writer,
      files: () => (this.file ? [this.file] : []),
      flushFiles: async () => this.flushFile?.(),
      onFailure: (error) => this.failed.abort(error),
    })
    request.onStart(writer.id, () => this.progress.snapshot(this.limitedBy()), writer.isResumed)
    // What a watcher does not foresee ends the run like an error of the run's own.
    const watching = Promise.all([this.watchControl(), this.watchThrottle(sides)]).catch((error: unknown) =>
      this.failed.abort(error),
    )
    try {
      const outcome = await work(await this.context(sides, notes))
      await notes.flush()
      return outcome
    } finally {
      notes.stop()
      this.ended.abort()
      await watching
    }
  }

  private async context(sides: OpenSides, notes: CheckpointNotes): Promise<CopyContext> {
    const { request, writer, throttle, progress, rejected } = this
    const { values } = request
    return {
      source: sides.source,
      target: sides.target,
      plan: await planOptions(values, request.note),
      reading: await readingOptions(values),
      writing: {
        writersMax: values.writing.writers ?? writersDefault,
        bodyBytesMax: values.writing.bodyBytes ?? bodyBytesDefault,
      },
      relax: { keepRefresh: values.writing.keepRefresh, keepReplicas: values.writing.keepReplicas },
      edits: fieldEdits(values),
      transformModule: values.transform.transform,
      acceptDefinition: values.writing.acceptDefinition,
      intoExisting: values.writing.intoExisting,
      documentsMax: values.reading.maxDocs,
      journal: journalOf(writer, notes),
      rejected,
      throttle,
      progress,
      onFileProgress: (resumeAt) => {
        this.file = { path: fileOf(request.target), role: 'target', progress: resumeAt as JsonObject }
      },
      fileProgress: () => this.file?.progress,
      onTarget: (target) => {
        this.target = target
      },
      onFlushable: (flush) => {
        this.flushFile = flush
      },
      stop: AbortSignal.any([request.stop, this.paused.signal]),
      abort: this.failed.signal,
    }
  }

  /** Takes what `indexferry throttle` and `indexferry pause` say, within a second. */
  private async watchControl(): Promise<void> {
    while (!this.ended.signal.aborted) {
      try {
        const control = this.writer.pollControl()
        this.throttle.setLimits(control)
        this.control = control
        this.writer.noteLimit(this.throttle.reason ?? this.target?.limitedBy)
        if (control.isPauseRequested) this.paused.abort(new IndexferryError('PAUSED', 'paused by `indexferry pause`'))
      } catch (error) {
        this.failed.abort(error)
        return
      }
      await sleep(1_000, this.ended.signal).catch(() => {})
    }
  }

  private watchThrottle(sides: OpenSides): Promise<unknown> {
    const { request, throttle, ended } = this
    const { values, env = {}, note } = request
    return watchThrottle({ sides, values, throttle, control: () => this.control, env, note, signal: ended.signal })
  }

  /** No limit holds while it is on: nobody writes, and all wait for the rest. */
  liftLimits(isLifted: boolean): void {
    this.throttle.isLifted = isLifted
  }

  private limitedBy(): string {
    return this.throttle.reason ?? this.target?.limitedBy ?? 'source'
  }

  counts(): DocumentCounts {
    return this.writer.listIndexes().reduce((sum, { counts }) => addCounts(sum, counts), noCounts)
  }

  result(outcome: CopyOutcome): CopyResult {
    const counts = this.counts()
    const seconds = (monotonicMs() - this.started) / 1000
    return {
      copy: this.writer.id,
      state: outcome.isComplete ? 'completed' : 'paused',
      isResumed: this.writer.isResumed,
      canGoOn: !outcome.isComplete && !isStream(this.request.target),
      counts,
      seconds: Math.round(seconds * 1000) / 1000,
      documentsPerSecond: Math.round((counts.read - this.countsBefore.read) / seconds),
      operationsBehind: outcome.operationsBehind ?? null,
      rejectedFile: counts.rejected > 0 ? this.rejected.file : undefined,
      indexes: this.writer
        .listIndexes()
        .map(({ name, target, counts: each }) => ({ source: name, target, counts: each })),
    }
  }
}

const fileOf = (location: Location): string => (location.kind === 'file' ? location.path : '-')

/** Progress goes through the notes, which write it in bundles; everything else is written at once. */
export function journalOf(writer: CopyWriter, notes: CheckpointNotes): CopyContext['journal'] {
  return {
    savePartitions: (unit, round, partitions) => notes.savePartitions(unit, round, partitions),
    listPartitions: (unit) => notes.listPartitions(unit),
    note: (unit, update) => notes.note(unit, update),
    flush: () => notes.flush(),
    recordPlan: (units) => writer.recordPlan(units),
    recordDefinition: (name, note) => writer.recordDefinition(name, note),
    recordSavedSettings: (name, settings) => writer.recordSavedSettings(name, settings),
    recordSettingsRestored: (name) => writer.recordSettingsRestored(name),
    setIndexState: (name, state) => writer.setIndexState(name, state),
    setState: (state) => writer.setState(state),
    listIndexes: () => writer.listIndexes(),
  }
}
