// Runs one follower: claims it in the catalog like a copy, and keeps its cursors, its notes of what was written, and what `status` shows.
import { monotonicMs, now } from '../foundation/clock.ts'
import type { CarriedDefinition, FollowStatus } from '../mechanism/follow-journal.ts'
import type { CopyContext } from '../migration/copy-context.ts'
import { type FollowContext, runFollow } from '../migration/run-follow.ts'
import type { DocumentCounts } from '../model/counts.ts'
import type { JsonValue } from '../model/json.ts'
import type { ProgressSnapshot } from '../pipeline/progress.ts'
import { openCatalog } from './catalog.ts'
import { removeSweeps, SweepsFile } from './catalog-sweeps.ts'
import type { CopyWriter } from './catalog-writer.ts'
import { openWrittenIds, removeWrittenIds } from './catalog-written-ids.ts'
import { openSides } from './open-sides.ts'
import { type CopyRequest, CopyRun, claim, releaseFailed } from './start-copy.ts'

export type { FollowStatus }

export interface FollowRequest extends Omit<CopyRequest, 'onStart'> {
  /** Told often; cheap. */
  readonly onStart: (id: string, snapshot: () => FollowSnapshot, isResumed: boolean) => void
}

export interface FollowSnapshot {
  /** Of the first copy; undefined once all indexes follow. */
  readonly copying: ProgressSnapshot | undefined
  readonly indexes: readonly FollowedIndex[]
}

export interface FollowedIndex {
  readonly index: string
  readonly status: FollowStatus
}

/** What `--json` prints when it was stopped. */
export interface FollowResult {
  readonly copy: string
  readonly state: 'paused'
  readonly isResumed: boolean
  readonly counts: DocumentCounts
  readonly seconds: number
  readonly rejectedFile: string | undefined
  readonly indexes: readonly {
    readonly source: string
    readonly target: string
    readonly counts: DocumentCounts
    readonly following: FollowStatus | undefined
  }[]
}

export async function startFollow(request: FollowRequest): Promise<FollowResult> {
  const { source, target, values, stateFolder } = request
  const started = monotonicMs()
  using catalog = openCatalog(stateFolder)
  await using sides = await openSides(source, target, values, request.note)
  const writer = claim(catalog, request, { follow: true })
  const shown = new Map<string, FollowStatus>()
  const run: CopyRun = new CopyRun(
    {
      ...request,
      onStart: (id, copying, isResumed) => {
        const snapshot = () => ({ copying: isCopied(writer) ? undefined : copying(), indexes: listed(shown) })
        request.onStart(id, snapshot, isResumed)
      },
    },
    writer,
  )
  try {
    if (!writer.isResumed) {
      removeWrittenIds(stateFolder, writer.id)
      removeSweeps(stateFolder, writer.id)
    }
    using written = openWrittenIds(stateFolder, writer.id, hasWritten(writer))
    using swept = new SweepsFile(stateFolder, writer.id, () => hasWritten(writer))
    const {
      sweepInterval: intervalMs,
      trustVersions: trustsVersions,
      fullSweepInterval: fullIntervalMs,
    } = values.reading
    const sweeps = { notes: (unit: string) => swept.ofUnit(unit), intervalMs, trustsVersions, fullIntervalMs }
    await run.carryOut(sides, (context) => runFollow({ ...followContext(context, writer, written, shown), sweeps }))
    const result = resultOf(run, writer, (monotonicMs() - started) / 1000)
    writer.release('paused', { result: result as unknown as JsonValue })
    return result
  } catch (error) {
    releaseFailed(catalog, writer, error)
    throw error
  }
}

export function followContext(
  context: CopyContext,
  writer: CopyWriter,
  written: ReturnType<typeof openWrittenIds>,
  shown: Map<string, FollowStatus>,
): FollowContext {
  return {
    ...context,
    reading: { ...context.reading, way: 'sequence' },
    journal: Object.assign(context.journal, {
      readCursors: (unit: string) => writer.readCursors(unit),
      readStatus: (unit: string) => writer.listIndexes().find(({ name }) => name === unit)?.following,
      saveCursors: (unit: string, cursors: Parameters<CopyWriter['saveCursors']>[1]) =>
        writer.saveCursors(unit, cursors),
      noteFollowing: (unit: string, note: Parameters<CopyWriter['noteFollowing']>[1]) =>
        writer.noteFollowing(unit, note),
      readCarried: (unit: string) => writer.readCarried(unit),
      saveCarried: (unit: string, carried: CarriedDefinition) => writer.saveCarried(unit, carried),
    }),
    written: (unit) => written.ofUnit(unit),
    onStatus: (unit, status) => shown.set(unit, status),
  }
}

const listed = (shown: ReadonlyMap<string, FollowStatus>): FollowedIndex[] =>
  [...shown].map(([index, status]) => ({ index, status }))

/** Whether the target may hold anything of it. */
const hasWritten = (writer: CopyWriter): boolean => writer.listIndexes().some(({ partitions }) => partitions > 0)

const isCopied = (writer: CopyWriter): boolean => {
  const indexes = writer.listIndexes()
  return indexes.length > 0 && indexes.every(({ state }) => state === 'following')
}

function resultOf(run: CopyRun, writer: CopyWriter, seconds: number): FollowResult {
  const counts = run.counts()
  return {
    copy: writer.id,
    state: 'paused',
    isResumed: writer.isResumed,
    counts,
    seconds: Math.round(seconds * 1000) / 1000,
    rejectedFile: counts.rejected > 0 ? run.rejected.file : undefined,
    indexes: writer
      .listIndexes()
      .map(({ name, target, counts: each, following }) => ({ source: name, target, counts: each, following })),
  }
}

/** Seconds since the instant up to which everything is on the target. 0 when nothing is behind. */
export function secondsBehind(upTo: number | undefined, operationsBehind: number, atMs = now()): number | undefined {
  if (operationsBehind === 0) return 0
  return upTo === undefined ? undefined : Math.max(0, (atMs - upTo) / 1000)
}
