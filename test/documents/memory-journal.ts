// A journal that is as durable as the test.

import type { CopyJournal } from '../../src/mechanism/document-copy.ts'
import { noCounts } from '../../src/model/counts.ts'
import type { Partition } from '../../src/model/partition.ts'
import type { PartitionUpdate } from '../../src/pipeline/partition-progress.ts'

export class MemoryJournal implements CopyJournal {
  private readonly entries = new Map<string, PartitionUpdate & { readonly round: number }>()

  savePartitions(_unit: string, round: number, partitions: readonly Partition[]): void {
    for (const partition of partitions) {
      if (this.entries.has(partition.id)) continue
      this.entries.set(partition.id, { partition, round, position: undefined, isDone: false, counts: noCounts })
    }
  }

  listPartitions() {
    return [...this.entries.values()]
  }

  note(_unit: string, update: PartitionUpdate): void {
    const { round = 0 } = this.entries.get(update.partition.id) ?? {}
    this.entries.set(update.partition.id, { ...update, round })
  }

  async flush(): Promise<void> {}
}
