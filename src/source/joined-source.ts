// Several sources as one: the backing indexes of a data stream, which together are what a user calls one index.
import { assert } from '../foundation/assert.ts'
import type { DocumentBatch } from '../model/document-batch.ts'
import type { Partition, Position } from '../model/partition.ts'
import type { DocumentSource, ReadOptions } from './source.ts'

export class JoinedSource implements DocumentSource {
  readonly kind: Partition['kind']
  readonly isResumable: boolean
  private readonly byIndex: ReadonlyMap<string, DocumentSource>

  /** Index name → source; a partition names the index that it belongs to. */
  constructor(byIndex: ReadonlyMap<string, DocumentSource>) {
    const sources = [...byIndex.values()]
    assert(sources.length > 0, 'there is something to join')
    this.byIndex = byIndex
    this.kind = sources[0]!.kind
    this.isResumable = sources.every((source) => source.isResumable)
  }

  listPartitions(): Promise<readonly Partition[]> {
    return this.collect((source) => source.listPartitions())
  }

  listLaterPartitions(earlier: readonly Partition[]): Promise<readonly Partition[]> {
    return this.collect((source, index) =>
      source.listLaterPartitions(earlier.filter((partition) => partition.index === index)),
    )
  }

  private async collect(
    list: (source: DocumentSource, index: string) => Promise<readonly Partition[]>,
  ): Promise<Partition[]> {
    const all: Partition[] = []
    for (const [index, source] of this.byIndex) all.push(...(await list(source, index)))
    return all
  }

  async *readBatches(
    partition: Partition,
    after: Position | undefined,
    options: ReadOptions,
  ): AsyncGenerator<DocumentBatch> {
    const source = this.byIndex.get(partition.index)
    assert(source, `index ${partition.index} is one of those that are joined`)
    yield* source.readBatches(partition, after, options)
  }

  async countDocuments(): Promise<number | undefined> {
    let sum = 0
    for (const source of this.byIndex.values()) {
      const count = await source.countDocuments()
      if (count === undefined) return undefined
      sum += count
    }
    return sum
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const source of this.byIndex.values()) await source[Symbol.asyncDispose]()
  }
}
