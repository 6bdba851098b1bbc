// Finds the noted numbers of a shard whose document is no longer there, without reading documents: the source counts what is left in
// ever smaller parts of the number range, and only parts with fewer documents than were noted are looked into.
import type { ChangeSource, LiveNumbers, NumberRange } from '../source/change-source.ts'
import { type BlockCount, blockNumbers, mergeNotes, OpenBlock, type WrittenId, type WrittenIds } from './written-ids.ts'

/** Blocks that one question covers: about 8 million numbers, and fewer answers than any version allows (`search.max_buckets`, 10,000). */
const blocksPerCount = 2048
/** Blocks that are looked into at once: 4096 parts; if all of them are gone, some 100,000 ids are held. */
const blocksPerLook = 32
/** A part of a block. Of one that lacks a single number the sum tells which; where more are gone it is listed number by number. */
const partNumbers = 32
const partsPerBlock = blockNumbers / partNumbers

export interface GoneNumbers {
  readonly gone: readonly WrittenId[]
  /** Numbers that have a document and were not noted: reading passed over them. */
  readonly missed: readonly number[]
}

export interface FindGoneOptions {
  readonly source: ChangeSource
  readonly written: WrittenIds
  readonly shard: number
  /** Everything below was read and noted. */
  readonly below: number
  /**
   * Whether every block is looked into, and not only those whose counts differ: where reading may have passed over documents, as many of them may be in
   * a block as are gone from it.
   */
  readonly isThorough?: boolean
  readonly signal: AbortSignal
}

/**
 * Yields what is gone, piece by piece; between two pieces the caller may do other things. What changes meanwhile is found by this search or by
 * the next one. Changes that were made before the search must have been made visible (`show`).
 */
export async function* findGone(options: FindGoneOptions): AsyncGenerator<GoneNumbers> {
  const { source, written, shard, below, isThorough = false, signal } = options
  for (let next = 0; next * blockNumbers < below; ) {
    const noted = written.listBlocks(shard, next, blocksPerCount).filter(({ block }) => block * blockNumbers < below)
    const last = noted.at(-1)
    const to = last && noted.length === blocksPerCount ? Math.min(below, (last.block + 1) * blockNumbers) : below
    const live = await source.countLive(shard, [{ from: next * blockNumbers, to }], blockNumbers, signal)
    const isSuspect = ({ block, count }: BlockCount) => isThorough || (live.get(block) ?? 0) !== count
    const suspects = noted.filter(isSuspect).map(({ block }) => block)
    // A block without notes that holds documents was passed over as a whole.
    const known = new Set(noted.map(({ block }) => block))
    for (const block of live.keys()) if (!known.has(block)) suspects.push(block)
    for (let at = 0; at < suspects.length; at += blocksPerLook) {
      yield await lookInto(options, suspects.slice(at, at + blocksPerLook), live)
    }
    if (suspects.length === 0) yield { gone: [], missed: [] }
    next = Math.ceil(to / blockNumbers)
  }
}

async function lookInto(
  options: FindGoneOptions,
  blocks: readonly number[],
  live: ReadonlyMap<number, number>,
): Promise<GoneNumbers> {
  const { source, shard, below, signal } = options
  const opened = blocks.map((block) => openBlock(options, block))
  const ranges = blocks
    .filter((block) => live.has(block))
    .map((block) => ({ from: block * blockNumbers, to: Math.min(below, (block + 1) * blockNumbers) }))
  const sums = ranges.length > 0 ? await source.sumLive(shard, joined(ranges), partNumbers, signal) : new Map()
  const doubts = opened.map((block) => compareParts(block, sums, below))
  const singles = doubts.flatMap((doubt) => [...doubt.singles])
  const parts = new Set(doubts.flatMap(({ listed }) => listed))
  const there = await listNumbers(options, singles, [...parts])
  // Cannot be unless something was passed over: then the whole part is listed.
  const again = singles.filter((number) => there.has(number)).map((number) => Math.floor(number / partNumbers))
  if (again.length > 0) for (const number of await listNumbers(options, [], again)) there.add(number)
  for (const part of again) parts.add(part)
  const gone: WrittenId[] = []
  for (const [at, block] of opened.entries()) {
    const { singles, empty } = doubts[at] as Doubts
    block.walk((number, entry) => {
      const part = Math.floor(number / partNumbers)
      if (number >= below || !(parts.has(part) || empty.has(part) || singles.has(number))) return
      // What is left in `there` was not noted.
      if (!there.delete(number)) gone.push(entry())
    })
  }
  return { gone, missed: [...there] }
}

interface Doubts {
  /** Numbers that seem to be gone: to be looked for one by one. */
  readonly singles: ReadonlySet<number>
  /** Parts of which nothing is left. */
  readonly empty: ReadonlySet<number>
  readonly listed: readonly number[]
}

/** Compares what is noted of each part of a block with what is there. */
function compareParts(block: OpenBlock, sums: ReadonlyMap<number, LiveNumbers>, below: number): Doubts {
  const counts = new Int32Array(partsPerBlock)
  const totals = new Float64Array(partsPerBlock)
  const first = block.block * partsPerBlock
  block.walk((number) => {
    if (number >= below) return
    const part = Math.floor(number / partNumbers) - first
    counts[part] = (counts[part] as number) + 1
    totals[part] = (totals[part] as number) + number
  })
  const doubts = { singles: new Set<number>(), empty: new Set<number>(), listed: [] as number[] }
  for (let at = 0; at < partsPerBlock; at++) {
    const there = sums.get(first + at)
    const count = counts[at] as number
    const total = totals[at] as number
    if (!there) {
      if (count > 0) doubts.empty.add(first + at)
      continue
    }
    if (there.count === count && there.sum === total) continue
    const lacking = total - there.sum
    if (count - there.count === 1 && block.has(lacking)) doubts.singles.add(lacking)
    else doubts.listed.push(first + at)
  }
  return doubts
}

/** What was noted twice, because a batch was sent again, counts once from now on. */
function openBlock({ written, shard }: FindGoneOptions, block: number): OpenBlock {
  const opened = new OpenBlock(block, written.readBlock(shard, block))
  let count = 0
  opened.walk(() => count++)
  if (written.sizeOfBlock(shard, block).count !== count) mergeNotes(written, shard, block)
  return opened
}

async function listNumbers(
  { source, shard, below, signal }: FindGoneOptions,
  singles: readonly number[],
  parts: readonly number[],
): Promise<Set<number>> {
  const there = new Set<number>()
  const open = [
    ...singles.map((number) => ({ from: number, to: number + 1 })),
    ...parts.map((part) => ({ from: part * partNumbers, to: Math.min(below, (part + 1) * partNumbers) })),
  ]
  for (let at = 0; at < open.length; ) {
    const ranges: NumberRange[] = []
    let numbers = 0
    for (let next = open[at]; next && numbers + next.to - next.from <= source.listMax; next = open[++at]) {
      ranges.push(next)
      numbers += next.to - next.from
    }
    for (const number of await source.listLive(shard, ranges, signal)) there.add(number)
  }
  return there
}

/** Ranges in order, those that meet as one. */
function joined(ranges: readonly NumberRange[]): NumberRange[] {
  const found: NumberRange[] = []
  for (const range of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = found.at(-1)
    if (last?.to === range.from) found.splice(-1, 1, { from: last.from, to: range.to })
    else found.push(range)
  }
  return found
}
