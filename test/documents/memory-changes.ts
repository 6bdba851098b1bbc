// Changes of a source, and notes of what was written, in memory.
import assert from 'node:assert/strict'
import type { NotedBlock, WrittenIds } from '../../src/mechanism/written-ids.ts'
import type { ChangeSource, NumberRange } from '../../src/source/change-source.ts'

export class MemoryIds implements WrittenIds {
  readonly blocks = new Map<number, NotedBlock[]>()

  note(_: number, blocks: readonly NotedBlock[]): void {
    for (const note of blocks) this.blocks.set(note.block, [...(this.blocks.get(note.block) ?? []), note])
  }

  listBlocks(_: number, from: number, max: number) {
    const found = [...this.blocks].filter(([block]) => block >= from).sort(([a], [b]) => a - b)
    return found.slice(0, max).map(([block, notes]) => ({
      block,
      count: notes.reduce((sum, { count }) => sum + count, 0),
    }))
  }

  forget(shard: number, blocks: readonly NotedBlock[]): void {
    this.note(shard, blocks)
  }

  sizeOfBlock(_: number, block: number) {
    const notes = this.blocks.get(block) ?? []
    return { notes: notes.length, count: notes.reduce((sum, { count }) => sum + count, 0) }
  }

  readBlock(_: number, block: number): readonly Buffer[] {
    return (this.blocks.get(block) ?? []).map(({ bytes }) => bytes)
  }

  replaceBlock(_: number, block: number, note: NotedBlock | undefined): void {
    if (note) this.blocks.set(block, [note])
    else this.blocks.delete(block)
  }
}

/** Sees the numbers that are in `live` at the instant of each question. */
export function memoryChanges(live: ReadonlySet<number>): ChangeSource {
  const within = (ranges: readonly NumberRange[]) =>
    [...live].filter((number) => ranges.some(({ from, to }) => number >= from && number < to))
  const unused = () => assert.fail('nothing is read')
  return {
    kind: 'sequence',
    get documents(): never {
      return unused()
    },
    look: unused,
    show: async () => {},
    [Symbol.asyncDispose]: async () => {},
    listMax: 200,
    countLive: async (_, ranges, width) => {
      const counts = new Map<number, number>()
      for (const number of within(ranges)) {
        const block = Math.floor(number / width)
        counts.set(block, (counts.get(block) ?? 0) + 1)
      }
      return counts
    },
    sumLive: async (_, ranges, width) => {
      const blocks = Map.groupBy(within(ranges), (number) => Math.floor(number / width))
      const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
      return new Map([...blocks].map(([block, numbers]) => [block, { count: numbers.length, sum: sum(numbers) }]))
    },
    listLive: async (_, ranges) => new Set(within(ranges)),
  }
}
