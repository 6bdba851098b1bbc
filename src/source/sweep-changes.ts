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
import type { ChangeSource, IndexMark, LiveNumbers, NumberRange } from './change-source.ts'
import { decodeIndexSettings } from './index-settings.ts'
import { pageLimit } from './open-search-source.ts'
import type { SearchSelection } from './selection.ts'
import type { DocumentSource } from './source.ts'
import { SweepDocuments } from './sweep-documents.ts'
import type { SweepNotes } from './sweep-notes.ts'
import { notTheSame, sweep } from './sweep-scan.ts'

export interface SweepChangesOptions {
  readonly selection: SearchSelection
  readonly notes: SweepNotes
  /** Between the end of a sweep and the beginning of the next; never less than the sweep took. */
  readonly intervalMs: number
  /** Ids are never deleted and made anew: then a version always tells. */
  readonly trustsVersions: boolean
  /** Lets few sweep at a time. */
  readonly pass: <Result>(work: () => Promise<Result>) => Promise<Result>
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
  return new SweepChanges(options, await readSweptIndex(cluster, index))
}

export class SweepChanges implements ChangeSource {
  readonly kind = 'sweep'
  readonly documents: DocumentSource
  /** So that the copy has the same numbers. */
  readonly firstCopy: DocumentSource
  readonly listMax = 8192
  private readonly options: SweepChangesOptions
  private readonly opened: SweptIndex
  private readonly ended = new AbortController()
  private running: Promise<void> | undefined
  private failure: unknown
  private uuid: string
  /** Of the last sweep that counts: when it began, and by which nodes. */
  private sweptMs: number | undefined
  private holders: string | undefined
  private tookMs = 0
  private nextMs = 0

  constructor(options: SweepChangesOptions, opened: SweptIndex) {
    this.options = options
    this.opened = opened
    this.uuid = opened.uuid
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
    if (!this.running && monotonicMs() >= this.nextMs) this.begin()
    const highest = this.options.notes.next() - 1
    return { uuid: this.uuid, shards: [{ shard: 0, history: undefined, safe: highest, highest }], upToMs }
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
    this.running = this.options
      .pass(() => this.sweepOnce())
      .catch((error: unknown) => {
        if (!this.ended.signal.aborted) this.failure = error
      })
      .finally(() => {
        this.running = undefined
      })
  }

  private async sweepOnce(): Promise<void> {
    const { selection, notes, intervalMs, trustsVersions } = this.options
    const { cluster, index } = selection
    const { signal } = this.ended
    signal.throwIfAborted()
    const startMs = monotonicMs()
    const found = await readSweptIndex(cluster, index)
    this.uuid = found.uuid
    // The next look is told.
    if (found.uuid !== this.opened.uuid) return
    const holders = trustsVersions ? '' : await readHolders(cluster, index)
    const isClose = (sinceMs: number, untilMs: number) => untilMs - sinceMs < found.remembersMs * safeShare
    const isSame = holders !== undefined && holders === this.holders && this.sweptMs !== undefined
    const isFirst = notes.rows() === 0
    const byVersions =
      isFirst || trustsVersions || (isSame && isClose(this.sweptMs as number, startMs + 1.5 * this.tookMs))
    await sweep({
      selection,
      notes,
      windowMax: found.windowMax,
      byContents: !byVersions,
      checkIndex: async () => {
        if ((await readSweptIndex(cluster, index)).uuid !== this.opened.uuid) throw notTheSame(selection)
      },
      signal,
    })
    const endMs = monotonicMs()
    this.tookMs = endMs - startMs
    this.nextMs = endMs + Math.max(intervalMs, this.tookMs)
    const isProven =
      isFirst ||
      trustsVersions ||
      !byVersions ||
      (isClose(this.sweptMs as number, endMs) && (await readHolders(cluster, index)) === holders)
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

/** Which nodes hold the index, each with the time of its start; undefined where that cannot be told. */
async function readHolders(cluster: Cluster, index: string): Promise<string | undefined> {
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
    const holding = copies.map((copy) => {
      const node = String(at(copy, 'node') ?? '')
      return [
        at(copy, 'shard'),
        at(copy, 'primary'),
        node,
        at(nodes.body, 'nodes', node, 'jvm', 'start_time_in_millis'),
      ]
    })
    return JSON.stringify(holding.map((each) => JSON.stringify(each)).sort())
  } catch (error) {
    if (!isErrorOf(error, 'PRIVILEGE_MISSING', 'REQUEST_REFUSED')) throw error
    return undefined
  }
}

const at = (value: JsonValue | undefined, ...path: string[]): JsonValue | undefined =>
  path.reduce<JsonValue | undefined>((found, name) => (isJsonObject(found) ? found[name] : undefined), value)
