// A source behind a throttle: all of it comes, and nothing while the throttle is held.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DocumentBatch } from '../model/document-batch.ts'
import { Throttle } from '../pipeline/throttle.ts'
import type { DocumentSource } from '../source/source.ts'
import { slowedSource } from './slowed-source.ts'

test('batches wait for the throttle', async () => {
  const batches = [1, 2, 3].map((count) => ({ count, sourceBytes: () => 10 })) as unknown as DocumentBatch[]
  const source = {
    kind: 'file',
    isResumable: true,
    readBatches: async function* () {
      yield* batches
    },
  } as unknown as DocumentSource
  const throttle = new Throttle()
  throttle.hold('test', 'held')
  const seen: number[] = []
  const options = { signal: new AbortController().signal, batchBytes: () => 1 }
  const reading = (async () => {
    for await (const { count } of slowedSource(source, throttle).readBatches({} as never, undefined, options)) {
      seen.push(count)
    }
  })()
  await new Promise((resolve) => setTimeout(resolve, 30))
  assert.deepEqual(seen, [])
  throttle.hold('test', undefined)
  await reading
  assert.deepEqual(seen, [1, 2, 3])
})
