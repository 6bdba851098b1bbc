// A client that dies is told to whoever asks for anything, instead of being waited for.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AcknowledgedWriters } from './acknowledged-writers.ts'

test('a writer that dies is told by a pause and by the end', { timeout: 10_000 }, async () => {
  let writers = 0
  const dying = new AcknowledgedWriters({
    // Nothing is written: the first thing that each does is what it dies of.
    clusters: {} as never,
    name: 'none',
    chance: () => {
      throw new Error(`writer ${++writers} is dead`)
    },
    ids: 10,
    writers: 2,
    rate: 10,
    batchMax: 1,
  })
  await assert.rejects(dying.pause(), /writer 1 is dead/)
  assert.throws(() => dying.throwFault(), /writer 1 is dead/)
  await assert.rejects(dying.stop(), /writer 1 is dead/)
})
