// Which documents were written lately, and under which numbers: a number that lost its document because it was written again is told from a
// delete by that, without asking the target.
//
// It is only a saving. What is not known here is left to the target, and a document that was written again and then deleted is found under
// its later number.
import { ABSENT, type DocumentBatch } from '../model/document-batch.ts'
import type { WrittenId } from './written-ids.ts'

/** Of each of two generations; some megabytes with ids of usual length. */
const writesMax = 30_000
/** Longer ids are not worth their memory. */
const keyLengthMax = 200

export class RecentWrites {
  private before = new Map<string, number>()
  private latest = new Map<string, number>()

  /** What was noted of a batch, before it is written. */
  add(shard: number, written: DocumentBatch): void {
    for (let row = 0; row < written.count && this.latest.size < writesMax; row++) {
      const routing = text(written, written.routingStart[row] as number, written.routingEnd[row] as number)
      const id = text(written, written.idStart[row] as number, written.idEnd[row] as number)
      const key = keyOf(shard, id, routing)
      const number = written.sequenceNumber[row] as number
      if (key.length <= keyLengthMax && number > (this.latest.get(key) ?? -1)) this.latest.set(key, number)
    }
  }

  /** The target has not taken these: what it has under an older number is to go. `shards`: those that they may be of. */
  refused(shards: Iterable<number>, batch: DocumentBatch, rows: readonly number[]): void {
    for (const row of rows) {
      const routing = text(batch, batch.routingStart[row] as number, batch.routingEnd[row] as number)
      const id = text(batch, batch.idStart[row] as number, batch.idEnd[row] as number)
      for (const shard of shards) {
        const key = keyOf(shard, id, routing)
        this.latest.delete(key)
        this.before.delete(key)
      }
    }
  }

  /** Whether the document of a number was noted under a later one: the delete of the number would change nothing. */
  isOvertaken(shard: number, { id, routing, number }: WrittenId): boolean {
    const key = keyOf(shard, id, routing)
    return Math.max(this.latest.get(key) ?? -1, this.before.get(key) ?? -1) > number
  }

  /** To be called when a search begins: it finds what was overtaken since the one before began. */
  turn(): void {
    this.before = this.latest
    this.latest = new Map()
  }
}

const text = (batch: DocumentBatch, start: number, end: number): string | undefined =>
  start === ABSENT ? undefined : batch.bytes.toString('utf8', start, end)

/** Ids are as they stand between the quotes, where no line break can be. */
const keyOf = (shard: number, id: string | undefined, routing: string | undefined): string =>
  routing === undefined ? `${shard}\n${id}` : `${shard}\n${id}\n${routing}`
