// Sees changes by sequence numbers where the global checkpoint may be taken back: in Elasticsearch before 7.3 it counts operations that are not on
// the disk yet, which are all for some seconds in an index with `index.translog.durability: async`. A primary that is killed then loses them and
// gives their numbers to other operations, under the same history, and nothing tells. What a flush has committed is on the disk, so only
// that is taken, and a flush is asked for.
import { indexPath } from '../cluster/paths.ts'
import { monotonicMs } from '../foundation/clock.ts'
import { IndexferryError, isErrorOf } from '../foundation/errors.ts'
import type { DocumentBatch } from '../model/document-batch.ts'
import type { Partition, Position } from '../model/partition.ts'
import type { ChangeSource, IndexMark, NumberRange } from './change-source.ts'
import { readIndexSettings } from './index-settings.ts'
import type { SearchSelection } from './selection.ts'
import { openSequenceChanges } from './sequence-changes.ts'
import type { DocumentSource, ReadOptions } from './source.ts'

/** A flush writes a commit of each shard. */
const flushPauseMs = 5_000
/** The setting may be changed at any time. */
const settingPauseMs = 60_000
const lookWithinMs = 60_000

export async function openCommittedChanges(selection: SearchSelection): Promise<ChangeSource> {
  return new CommittedChanges(selection, await openSequenceChanges(selection))
}

class CommittedChanges implements ChangeSource {
  readonly kind = 'sequence'
  readonly documents: DocumentSource
  readonly firstCopy: DocumentSource
  readonly listMax: number
  private readonly selection: SearchSelection
  private readonly numbers: ChangeSource
  private isAsync = true
  private readMs = Number.NEGATIVE_INFINITY
  private flushedMs = Number.NEGATIVE_INFINITY
  private mayFlush = true

  constructor(selection: SearchSelection, numbers: ChangeSource) {
    this.selection = selection
    this.numbers = numbers
    this.documents = numbers.documents
    this.listMax = numbers.listMax
    this.firstCopy = new ClippedSource(numbers.documents, () => this.lookInTime())
  }

  private async lookInTime(): Promise<IndexMark> {
    const late = AbortSignal.timeout(lookWithinMs)
    try {
      return await this.look(late)
    } catch (error) {
      if (!late.aborted) throw error
      const { cluster, index } = this.selection
      const sentence = `${cluster.name}: index ${index} did not say within ${lookWithinMs / 1000} s how far it is`
      throw new IndexferryError('SHARD_FAILED', sentence, { side: cluster.side, fields: { index }, cause: error })
    }
  }

  async look(signal: AbortSignal): Promise<IndexMark> {
    const { cluster, index } = this.selection
    if (monotonicMs() - this.readMs > settingPauseMs) {
      this.isAsync = (await readIndexSettings(cluster, index)).isTranslogAsync
      this.readMs = monotonicMs()
    }
    const mark = await this.numbers.look(signal)
    if (!this.isAsync) return mark
    const isBehind = mark.shards.some(({ safe, committed = -1 }) => safe > committed)
    if (!isBehind || !(await this.flush(signal))) return onlyCommitted(mark)
    return onlyCommitted(await this.numbers.look(signal))
  }

  /** Without the right to do so the server's own flushes have to do: after 5 minutes without a write, or 512 MiB of them. */
  private async flush(signal: AbortSignal): Promise<boolean> {
    if (!this.mayFlush || monotonicMs() - this.flushedMs < flushPauseMs) return false
    this.flushedMs = monotonicMs()
    const { cluster, index } = this.selection
    try {
      await cluster.json({ method: 'POST', path: indexPath(index, '_flush'), retry: 'none', signal })
      return true
    } catch (error) {
      if (!isErrorOf(error, 'PRIVILEGE_MISSING')) throw error
      this.mayFlush = false
      return false
    }
  }

  show(signal: AbortSignal): Promise<void> {
    return this.numbers.show(signal)
  }

  countLive(shard: number, ranges: readonly NumberRange[], width: number, signal: AbortSignal) {
    return this.numbers.countLive(shard, ranges, width, signal)
  }

  sumLive(shard: number, ranges: readonly NumberRange[], width: number, signal: AbortSignal) {
    return this.numbers.sumLive(shard, ranges, width, signal)
  }

  listLive(shard: number, ranges: readonly NumberRange[], signal: AbortSignal) {
    return this.numbers.listLive(shard, ranges, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.numbers[Symbol.asyncDispose]()
  }
}

const onlyCommitted = (mark: IndexMark): IndexMark => ({
  ...mark,
  shards: mark.shards.map((shard) => ({ ...shard, safe: Math.min(shard.safe, shard.committed ?? -1) })),
})

/** What is above the mark is for following. */
class ClippedSource implements DocumentSource {
  readonly kind = 'sequence'
  readonly isResumable = true
  private readonly whole: DocumentSource
  private readonly look: () => Promise<IndexMark>

  constructor(whole: DocumentSource, look: () => Promise<IndexMark>) {
    this.whole = whole
    this.look = look
  }

  async listPartitions(): Promise<readonly Partition[]> {
    const listed = await this.whole.listPartitions()
    return this.clip(listed)
  }

  async listLaterPartitions(earlier: readonly Partition[]): Promise<readonly Partition[]> {
    return this.clip(await this.whole.listLaterPartitions(earlier))
  }

  private async clip(partitions: readonly Partition[]): Promise<readonly Partition[]> {
    const mark = await this.look()
    const ends = new Map(mark.shards.map(({ shard, safe }) => [shard, safe + 1]))
    return partitions.flatMap((partition): Partition[] => {
      if (partition.kind !== 'sequence') return [partition]
      const to = Math.min(partition.to, ends.get(partition.shard) ?? 0)
      return to > partition.from ? [{ ...partition, to }] : []
    })
  }

  readBatches(partition: Partition, after: Position | undefined, options: ReadOptions): AsyncIterable<DocumentBatch> {
    return this.whole.readBatches(partition, after, options)
  }

  async countDocuments(): Promise<number | undefined> {
    return this.whole.countDocuments()
  }

  /** It is that of the changes, which outlive the copy. */
  async [Symbol.asyncDispose](): Promise<void> {}
}
