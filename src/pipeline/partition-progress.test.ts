// The checkpoint never passes a batch that is not in the target, in whatever order batches arrive there.
//
// Method: random batches, started and finished in random order; after each step the checkpoint is compared with the longest run of
// finished batches from the first.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fc } from '../../test/documents/properties.ts'
import { isErrorOf } from '../foundation/errors.ts'
import { addCounts, type DocumentCounts, noCounts } from '../model/counts.ts'
import type { Partition } from '../model/partition.ts'
import { PartitionProgress } from './partition-progress.ts'

const partition: Partition = { kind: 'sequence', id: 'i/0/0-100', index: 'i', shard: 0, from: 0, to: 100 }

function countsOf(read: number): DocumentCounts {
  const rejected = read % 3
  const skipped = read % 2
  return { read: read + 3, written: read + 3 - rejected - skipped, rejected, skipped, bytes: read * 10 }
}

describe('the progress of a partition', () => {
  it('moves only over batches that are finished without a gap', () => {
    const steps = fc.array(fc.record({ starts: fc.boolean(), which: fc.nat(), read: fc.nat(1_000) }), { maxLength: 60 })
    fc.assert(
      fc.property(steps, fc.nat(50), (all, from) => {
        const before = countsOf(from)
        const progress = new PartitionProgress(partition, from, before)
        const batches: {
          entry: ReturnType<PartitionProgress['start']>
          counts: DocumentCounts
          isFinished: boolean
        }[] = []
        let position = from
        for (const { starts, which, read } of all) {
          const open = batches.filter((batch) => !batch.isFinished)
          const one = open[which % Math.max(1, open.length)]
          const reached = progress.update().position
          if (starts || !one) {
            position += 1 + read
            batches.push({ entry: progress.start(position), counts: countsOf(read), isFinished: false })
            assert.equal(progress.update().position, reached, 'starting moves nothing')
          } else {
            one.isFinished = true
            assert.equal(progress.finish(one.entry, one.counts), one === open[0], 'only the oldest open one moves it')
          }
          const firstOpen = batches.findIndex((batch) => !batch.isFinished)
          const whole = firstOpen < 0 ? batches : batches.slice(0, firstOpen)
          const update = progress.update()
          assert.equal(update.position, whole.at(-1)?.entry.position ?? from)
          assert.deepEqual(
            update.counts,
            whole.reduce((sum, batch) => addCounts(sum, batch.counts), before),
          )
          assert.equal(update.counts.read, update.counts.written + update.counts.rejected + update.counts.skipped)
          assert.equal(update.isDone, false, 'not before the end was read')
        }
        progress.end()
        assert.equal(
          progress.isDone,
          batches.every((batch) => batch.isFinished),
        )
        for (const batch of batches.filter((one) => !one.isFinished)) {
          assert.equal(progress.isDone, false)
          progress.finish(batch.entry, batch.counts)
        }
        const { isDone, counts } = progress.update()
        assert.ok(isDone)
        assert.deepEqual(
          counts,
          batches.reduce((sum, batch) => addCounts(sum, batch.counts), before),
        )
      }),
      { numRuns: 1_000 },
    )
  })

  it('is done at once when the partition is empty', () => {
    const progress = new PartitionProgress(partition, undefined)
    assert.equal(progress.isDone, false)
    progress.end()
    assert.deepEqual(progress.update(), { partition, position: undefined, isDone: true, counts: noCounts })
  })

  it('takes no batch behind the end', () => {
    const progress = new PartitionProgress(partition, undefined)
    progress.end()
    assert.throws(
      () => progress.start(1),
      (error) => isErrorOf(error, 'INTERNAL'),
    )
  })
})
