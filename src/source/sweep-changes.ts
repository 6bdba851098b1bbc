// Sees changes by repeated sweeps: for sources without sequence numbers (before 6.7, indexes from before 6.0, numbers switched off).
//
// A sweep reads the ids and versions of all documents and compares them with those of the sweep before; what is new or has another version gets the
// next number, and so does what is gone, which leaves its number without a document. To whoever follows, these are numbers like any others.
//
// A version alone does not always tell: of a document that was deleted the server forgets the version after `index.gc_deletes`, and when a node is
// started or a shard moves; made anew it begins at 1 again. So versions are trusted between two sweeps that are not so far apart and have the
// same nodes; any other sweep reads the documents as well and compares what they hold with what was carried.
import type { Cluster } from '../cluster/cluster.ts'
import { indexPath } from '../cluster/paths.ts'
import { monotonicMs, sleep } from '../foundation/clock.ts'
import { IndexferryError, isErrorOf } from '../foundation/errors.ts'
import { parseDuration } from '../foundation/quantity.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts'
import type { ChangeSource, IndexMark, LiveNumbers, NumberRange, SweepFigures } from './change-source.ts'
import { decodeIndexSettings, readIndexSettings } from './index-settings.ts'
import { pageLimit } from './open-search-source.ts'
import type { SearchSelection } from './selection.ts'
import { refreshCopies } from './shard-checkpoints.ts'
import { ShownCopies } from './shown-copies.ts'
import type { DocumentSource } from './source.ts'
import { SweepDocuments } from './sweep-documents.ts'
import type { SweepNotes } from './sweep-notes.ts'
import { notTheSame, RowSet, sweep } from './sweep-scan.ts'

export interface SweepChangesOptions {
  readonly selection: SearchSelection
  readonly notes: SweepNotes
  /** Between the end of a sweep and the beginning of the next; never less than the sweep took. */
  readonly intervalMs: number
  /** Ids are never deleted and made anew: then a version always tells. */
  readonly trustsVersions: boolean
  /** Lets few sweep at a time. */
  readonly pass: <Result>(work: () => Promise<Result>, signal: AbortSignal) => Promise<Result>
  /**
   * Somebody waits for everything of before this instant (monotonic): a sweep that began earlier is given up, and one that begins later comes at
   * once. Undefined while nobody waits.
   */
  readonly wantedUpToMs?: (() => number | undefined) | undefined
  /** How long after it is opened the first sweep comes; at once when it is not given. */
  readonly firstInMs?: number | undefined
  /** Through which notes the next sweep is made; the same when it is not given. */
  readonly watch?: ((notes: SweepNotes) => SweepNotes) | undefined
}

/** A sweep that is under way or waits for its turn. */
interface RunningSweep {
  readonly stop: AbortController
  /** Undefined before its turn has come. */
  beganMs: number | undefined
}

interface SweptIndex {
  readonly uuid: string
  readonly windowMax: number
  /** How long the server remembers the versions of deleted documents. */
  readonly remembersMs: number
}

/** Numbers that are counted or listed in one go; others have a turn in between. */
const numbersAtOnce = 262_144
/** Clocks and the server's own tidying are not exact. */
const safeShare = 0.8

export async function openSweepChanges(options: SweepChangesOptions): Promise<SweepChanges> {
  const { cluster, index } = options.selection
  const opened = await readSweptIndex(cluster, index)
  if (!cluster.capabilities.clusterCalls) return new SweepChanges(options, opened)
  // A replica may show less than its primary, refreshed or not; what seems gone there is not gone.
  const { replicasLag } = await readIndexSettings(cluster, index)
  const copies = new ShownCopies({ cluster, index, replicasLag, primariesOnly: true })
  return new SweepChanges({ ...options, selection: { ...options.selection, copies } }, opened)
}

export class SweepChanges implements ChangeSource {
  readonly kind = 'sweep'
  readonly documents: SweepDocuments
  /** So that the copy has the same numbers. */
  readonly firstCopy: DocumentSource
  readonly listMax = 8192
  private readonly options: SweepChangesOptions
  private readonly opened: SweptIndex
  private readonly ended = new AbortController()
  private running: Promise<void> | undefined
  private current: RunningSweep | undefined
  private failure: unknown
  private uuid: string
  /** Of the last sweep that counts: when it began, and by which nodes. */
  private sweptMs: number | undefined
  private holders: string | undefined
  private tookMs = 0
  private nextMs: number
  /** Of the sweep under way. */
  private seen: RowSet | undefined

  constructor(options: SweepChangesOptions, opened: SweptIndex) {
    this.options = options
    this.opened = opened
    this.uuid = opened.uuid
    this.nextMs = options.firstInMs === undefined ? 0 : monotonicMs() + options.firstInMs
    const { selection, notes } = options
    const untilSwept = () => this.untilSwept()
    this.documents = new SweepDocuments({ selection, notes, windowMax: opened.windowMax, untilSwept })
    this.firstCopy = this.documents
  }

  /** Sweeps go on beside; what the last ones have numbered can be taken. */
  async look(signal: AbortSignal): Promise<IndexMark> {
    signal.throwIfAborted()
    const { failure } = this
    this.failure = undefined
    if (failure !== undefined) throw failure
    // Before the numbers: a sweep that ends in between counts with the next look only.
    const upToMs = this.sweptMs ?? Number.NEGATIVE_INFINITY
    const wantedMs = this.options.wantedUpToMs?.()
    const isWanted = wantedMs !== undefined && upToMs <= wantedMs
    if (isWanted && this.current?.beganMs !== undefined && this.current.beganMs <= wantedMs) this.current.stop.abort()
    const isDue = isWanted ? monotonicMs() > wantedMs : monotonicMs() >= this.nextMs
    if (!this.running && isDue) this.begin()
    const highest = this.options.notes.next() - 1
    return { uuid: this.uuid, shards: [{ shard: 0, history: undefined, safe: highest, highest }], upToMs }
  }

  /** When the last sweep that counts began. */
  get sweptSinceMs(): number | undefined {
    return this.sweptMs
  }

  /** When the one under way began. */
  get beganMs(): number | undefined {
    return this.current?.beganMs
  }

  /** Documents that were seen beside a sweep are there, even where it has not seen them. */
  alsoSeen(rows: readonly number[]): void {
    for (const row of rows) this.seen?.add(row)
  }

  /**
   * Everything of before this call is visible to the searches of `work`. Throws when a copy that became the primary meanwhile may have shown less
   * than there is: then nothing that was read counts.
   */
  async steadily<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    const { selection } = this.options
    const { cluster, index } = selection
    const before = await readHolders(cluster, index)
    const reached = await refreshCopies(cluster, index, signal)
    if (before && reached && reached.successful < before.active) throw notRefreshed(selection)
    const result = await work()
    await this.checkIndex()
    const after = before && (await readHolders(cluster, index))
    if (after?.primaries !== before?.primaries) throw hasMovedMeanwhile(selection)
    return result
  }

  /** Throws unless the index is still the one that was opened. */
  async checkIndex(): Promise<void> {
    const { cluster, index } = this.options.selection
    if ((await readSweptIndex(cluster, index)).uuid !== this.opened.uuid) throw notTheSame(this.options.selection)
  }

  get sweepFigures(): SweepFigures | undefined {
    const { tookMs } = this
    if (tookMs === 0) return undefined
    const pauseMs = Math.max(this.options.intervalMs, tookMs)
    return { tookMs, everyMs: tookMs + pauseMs, staleReads: this.documents.staleReads }
  }

  /** What a sweep has seen is visible to searches. */
  show(): Promise<void> {
    return Promise.resolve()
  }

  async countLive(shard: number, ranges: readonly NumberRange[], width: number, signal: AbortSignal) {
    const blocks = await this.sumLive(shard, ranges, width, signal)
    return new Map([...blocks].map(([block, { count }]) => [block, count]))
  }

  async sumLive(_shard: number, ranges: readonly NumberRange[], width: number, signal: AbortSignal) {
    const { notes } = this.options
    const found = new Map<number, LiveNumbers>()
    const step = Math.max(1, Math.floor(numbersAtOnce / width)) * width
    for (const { from, to } of ranges) {
      for (let at = from; at < to; ) {
        const end = Math.min(to, Math.floor(at / step + 1) * step)
        for (const [block, { count, sum }] of notes.sumLive(at, end, width)) {
          const known = found.get(block) ?? { count: 0, sum: 0 }
          found.set(block, { count: known.count + count, sum: known.sum + sum })
        }
        at = end
        await sleep(0, signal)
      }
    }
    return found
  }

  async listLive(_shard: number, ranges: readonly NumberRange[], signal: AbortSignal): Promise<ReadonlySet<number>> {
    signal.throwIfAborted()
    return new Set(ranges.flatMap(({ from, to }) => [...this.options.notes.listLive(from, to)]))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.ended.abort()
    await this.running
    await this.documents[Symbol.asyncDispose]()
  }

  private async untilSwept(): Promise<void> {
    while (this.sweptMs === undefined) {
      if (!this.running) this.begin()
      await this.running
      const { failure } = this
      this.failure = undefined
      if (failure !== undefined) throw failure
      this.ended.signal.throwIfAborted()
      if (this.uuid !== this.opened.uuid) throw notTheSame(this.options.selection)
    }
  }

  private begin(): void {
    const current: RunningSweep = { stop: new AbortController(), beganMs: undefined }
    const signal = AbortSignal.any([this.ended.signal, current.stop.signal])
    this.current = current
    this.running = this.options
      .pass(() => this.sweepOnce(current, signal), signal)
      .catch((error: unknown) => {
        if (!signal.aborted) this.failure = error
      })
      .finally(() => {
        this.running = undefined
        this.current = undefined
      })
  }

  /** One that is cut off counts for nothing, and what it has numbered stays. */
  private async sweepOnce(current: RunningSweep, signal: AbortSignal): Promise<void> {
    const { selection, notes, intervalMs, trustsVersions } = this.options
    const { cluster, index } = selection
    signal.throwIfAborted()
    const startMs = monotonicMs()
    current.beganMs = startMs
    const found = await readSweptIndex(cluster, index)
    this.uuid = found.uuid
    // The next look is told.
    if (found.uuid !== this.opened.uuid) return
    const before = await readHolders(cluster, index)
    const holders = trustsVersions ? '' : before?.copies
    const isClose = (sinceMs: number, untilMs: number) => untilMs - sinceMs < found.remembersMs * safeShare
    let isSame = holders !== undefined && holders === this.holders && this.sweptMs !== undefined
    const isFirst = notes.rows() === 0
    const byVersions =
      isFirst || trustsVersions || (isSame && isClose(this.sweptMs as number, startMs + 1.5 * this.tookMs))
    const seen = new RowSet()
    this.seen = seen
    await sweep({
      selection,
      notes: this.options.watch?.(notes) ?? notes,
      windowMax: found.windowMax,
      byContents: !byVersions,
      seen,
      checkIndex: async () => {
        await this.checkIndex()
        const after = before && (await readHolders(cluster, index))
        // A copy that was made the primary meanwhile may have shown less than there is.
        if (after?.primaries !== before?.primaries) throw hasMovedMeanwhile(selection)
        isSame = holders !== undefined && (trustsVersions || after?.copies === holders)
      },
      signal,
    })
    const endMs = monotonicMs()
    this.tookMs = endMs - startMs
    this.nextMs = endMs + Math.max(intervalMs, this.tookMs)
    const isProven = isFirst || trustsVersions || !byVersions || (isClose(this.sweptMs as number, endMs) && isSame)
    this.holders = isProven ? holders : undefined
    if (isProven) this.sweptMs = startMs
  }
}

async function readSweptIndex(cluster: Cluster, index: string): Promise<SweptIndex> {
  const { body } = await cluster.json<JsonObject>({ method: 'GET', path: indexPath(index, '_settings') })
  const settings = at(body, index, 'settings', 'index')
  if (!isJsonObject(settings) || typeof settings.uuid !== 'string') {
    throw new IndexferryError('INDEX_MISSING', `${cluster.name}: there is no index ${index}`, {
      side: cluster.side,
      fields: { index },
    })
  }
  const remembers = typeof settings.gc_deletes === 'string' ? parseDuration(settings.gc_deletes) : undefined
  return {
    uuid: settings.uuid,
    windowMax: pageLimit(decodeIndexSettings(settings as Parameters<typeof decodeIndexSettings>[0])),
    remembersMs: remembers ?? 60_000,
  }
}

/** Which nodes hold the index, each with the time of its start; compared as texts. */
interface Holders {
  readonly copies: string
  readonly primaries: string
  /** Copies that answer searches. */
  readonly active: number
}

/** Undefined where that cannot be told. */
async function readHolders(cluster: Cluster, index: string): Promise<Holders | undefined> {
  if (!cluster.capabilities.clusterCalls) return undefined
  try {
    const [nodes, state] = await Promise.all([
      cluster.json<JsonObject>({ method: 'GET', path: '/_nodes/jvm' }),
      cluster.json<JsonObject>({ method: 'GET', path: `/_cluster/state/routing_table${indexPath(index)}` }),
    ])
    const shards = at(state.body, 'routing_table', 'indices', index, 'shards')
    const copies = Object.values(isJsonObject(shards) ? shards : {}).flatMap((each) =>
      Array.isArray(each) ? each : [],
    )
    const holding = (some: readonly JsonValue[]): string => {
      const told = some.map((copy) => {
        const node = String(at(copy, 'node') ?? '')
        const startedMs = at(nodes.body, 'nodes', node, 'jvm', 'start_time_in_millis')
        return JSON.stringify([
          at(copy, 'shard'),
          at(copy, 'primary'),
          node,
          startedMs,
          at(copy, 'allocation_id', 'id'),
        ])
      })
      return JSON.stringify(told.sort())
    }
    return {
      copies: holding(copies),
      primaries: holding(copies.filter((copy) => at(copy, 'primary') === true)),
      active: copies.filter((copy) => /^(?:STARTED|RELOCATING)$/.test(String(at(copy, 'state')))).length,
    }
  } catch (error) {
    if (!isErrorOf(error, 'PRIVILEGE_MISSING', 'REQUEST_REFUSED')) throw error
    return undefined
  }
}

const shardFailed = ({ cluster, index }: SearchSelection, what: string): IndexferryError =>
  new IndexferryError('SHARD_FAILED', `${cluster.name}: ${what}`, { side: cluster.side, fields: { index } })

const hasMovedMeanwhile = (selection: SearchSelection): IndexferryError =>
  shardFailed(selection, `a primary shard of index ${selection.index} moved while it was read`)

const notRefreshed = (selection: SearchSelection): IndexferryError =>
  shardFailed(selection, `index ${selection.index} could not be refreshed on every copy of its shards`)

const at = (value: JsonValue | undefined, ...path: string[]): JsonValue | undefined =>
  path.reduce<JsonValue | undefined>((found, name) => (isJsonObject(found) ? found[name] : undefined), value)
