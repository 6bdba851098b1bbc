// Property: of any set of noted numbers and any set of live ones, exactly the noted ones that do not live are gone, and exactly the
// living ones that were not noted were missed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryIds, memoryChanges } from '../../test/documents/memory-changes.ts'
import { fc } from '../../test/documents/properties.ts'
import { findGone } from './find-gone.ts'
import {
  blockNumbers,
  decodeBlock,
  encodeBlock,
  forgetNumbers,
  type WrittenId,
  type WrittenIds,
} from './written-ids.ts'

const entryOf = (number: number): WrittenId => ({
  number,
  id: number % 7 === 0 ? undefined : `id \\"${number}\\" ä`,
  routing: number % 3 === 0 ? `r${number}` : undefined,
})

/** Notes numbers as batches of a few do it: blocks in several notes, some numbers twice when a batch was sent again. */
function noted(numbers: readonly number[], isRepeated: boolean): MemoryIds {
  const written = new MemoryIds()
  for (const [block, inBlock] of Map.groupBy(numbers, (number) => Math.floor(number / blockNumbers))) {
    const half = Math.ceil(inBlock.length / 2)
    for (const part of [inBlock.slice(0, isRepeated ? half + 1 : half), inBlock.slice(half)]) {
      if (part.length > 0) written.note(0, [encodeBlock(block, part.map(entryOf))])
    }
  }
  return written
}

async function search(written: WrittenIds, live: ReadonlySet<number>, below: number, isThorough = false) {
  const source = memoryChanges(live)
  const gone: WrittenId[] = []
  const missed: number[] = []
  const signal = new AbortController().signal
  for await (const page of findGone({ source, written, shard: 0, below, isThorough, signal })) {
    gone.push(...page.gone)
    missed.push(...page.missed)
  }
  return { gone: gone.sort((a, b) => a.number - b.number), missed: missed.sort((a, b) => a - b) }
}

const sorted = (numbers: Iterable<number>): number[] => [...new Set(numbers)].sort((a, b) => a - b)

test('what is gone, and what was missed, is found exactly; what is forgotten is not found again', async () => {
  const number = fc.oneof(fc.nat(300), fc.nat(6 * blockNumbers), fc.nat(9000 * blockNumbers))
  const sets = fc.record({ both: fc.array(number), gone: fc.array(number), missed: fc.array(number), below: number })
  await fc.assert(
    fc.asyncProperty(sets, async ({ both, gone, missed, below: given }) => {
      // Notes behind the end of a search would stand in for what was missed.
      const below = missed.length > 0 ? 9001 * blockNumbers : given
      const notes = sorted([...both, ...gone])
      const live = new Set([...both, ...missed])
      const written = noted(notes, missed.length === 0)
      const expectedGone = notes.filter((each) => each < below && !live.has(each))
      const expectedMissed = sorted(missed).filter((each) => each < below && !notes.includes(each))
      // As many missed in a block as are gone, or as were noted twice, are what counting cannot see.
      if (expectedMissed.length > 0 && expectedGone.length > 0) return
      const found = await search(written, live, below)
      assert.deepEqual(found, { gone: expectedGone.map(entryOf), missed: expectedMissed })
      forgetNumbers(written, 0, found.gone)
      const again = await search(written, live, below)
      assert.deepEqual(again.gone, [])
      for (const [block, notes] of written.blocks) {
        const bytes = notes.map((note) => note.bytes)
        const kept = notes.filter(({ count }) => count > 0)
        assert.ok(decodeBlock(block, bytes).length > 0 && kept.length > 0, 'a block that is empty is not kept')
      }
    }),
    { numRuns: 60 },
  )
})

test('a thorough search sees what counts hide: as many missed in a block as are gone', async () => {
  const numbers = Array.from({ length: 600 }, (_, number) => number)
  const missed = [40, 70, 450]
  const gone = [41, 300, 500]
  const written = noted(
    numbers.filter((number) => !missed.includes(number)),
    false,
  )
  const live = new Set(numbers.filter((number) => !gone.includes(number)))
  assert.deepEqual(await search(written, live, 600, true), { gone: gone.map(entryOf), missed })
})

test('a block comes back as it was noted', () => {
  const entries = Array.from({ length: 3000 }, (_, at) => entryOf(8192 + at))
  for (const count of [1, 5, 3000]) {
    const { block, bytes, count: told } = encodeBlock(2, entries.slice(0, count))
    assert.deepEqual([block, told], [2, count])
    assert.deepEqual(decodeBlock(2, [bytes]), entries.slice(0, count))
  }
})

test('a number that is noted again after it was forgotten counts', async () => {
  const written = noted([1, 2, 3], false)
  forgetNumbers(written, 0, [entryOf(2)])
  written.note(0, [encodeBlock(0, [entryOf(2)])])
  assert.deepEqual(await search(written, new Set([1, 2, 3]), 4), { gone: [], missed: [] })
  // Without it, this delete would never be carried.
  assert.deepEqual(await search(written, new Set([1, 3]), 4), { gone: [entryOf(2)], missed: [] })
})
