// A source that is read no faster than a throttle allows.
import type { Throttle } from '../pipeline/throttle.ts'
import type { DocumentSource } from '../source/source.ts'

export function slowedSource(source: DocumentSource, throttle: Throttle): DocumentSource {
  return {
    kind: source.kind,
    isResumable: source.isResumable,
    listPartitions: () => source.listPartitions(),
    listLaterPartitions: (earlier) => source.listLaterPartitions(earlier),
    countDocuments: () => source.countDocuments(),
    readBatches: async function* (partition, after, options) {
      for await (const batch of source.readBatches(partition, after, options)) {
        await throttle.take(batch.count, batch.sourceBytes(), options.signal)
        yield batch
      }
    },
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  }
}
