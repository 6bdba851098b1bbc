// Sources that are read more slowly than they could be: no faster than a throttle allows, or for a part of the time only.
import { monotonicMs, sleep } from '../foundation/clock.ts'
import type { Throttle } from '../pipeline/throttle.ts'
import type { DocumentSource } from '../source/source.ts'

export const slowedSource = (source: DocumentSource, throttle: Throttle): DocumentSource =>
  readBy(source, async function* (partition, after, options) {
    for await (const batch of source.readBatches(partition, after, options)) {
      await throttle.take(batch.count, batch.sourceBytes(), options.signal)
      yield batch
    }
  })

const pauseMsMax = 5_000

/** `share`: of the time, above 0; with 1 it is the source itself. */
export function pausingSource(source: DocumentSource, share: number): DocumentSource {
  if (share >= 1) return source
  return readBy(source, async function* (partition, after, options) {
    let startMs = monotonicMs()
    for await (const batch of source.readBatches(partition, after, options)) {
      yield batch
      const tookMs = monotonicMs() - startMs
      await sleep(Math.min(pauseMsMax, tookMs * (1 / share - 1)), options.signal)
      startMs = monotonicMs()
    }
  })
}

const readBy = (source: DocumentSource, readBatches: DocumentSource['readBatches']): DocumentSource => ({
  kind: source.kind,
  isResumable: source.isResumable,
  listPartitions: () => source.listPartitions(),
  listLaterPartitions: (earlier) => source.listLaterPartitions(earlier),
  countDocuments: () => source.countDocuments(),
  readBatches,
  [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
})
