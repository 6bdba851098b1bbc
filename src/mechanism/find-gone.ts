// Finds the noted numbers of a shard whose document is no longer there, without reading documents: the source counts what is left in
// ever smaller parts of the number range, and only parts with fewer documents than were noted are looked into.
import type { ChangeSource, NumberRange } from '../source/change-source.ts'
import { blockNumbers, mergeNotes, OpenBlock, type WrittenId, type WrittenIds } from './written-ids.ts'

/** Blocks that one question covers: about 8 million numbers, and fewer answers than any version allows (`search.max_buckets`, 10,000). */
const blocksPerCount = 2048
/** Blocks that are looked into at once: 2048 parts; if all of them are gone, some 100,000 ids are held. */
const blocksPerLook = 32
/** A part of a block; one with a difference is listed number by number. */
const partNumbers = 64

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
  readonly signal: AbortSignal
}

/**
 * Yields what is gone, piece by piece; between two pieces the caller may do other things. What changes meanwhile is found by this search or by
 * the next one. Changes that were made before the search must have been made visible (`show`).
 */
export async function* findGone(options: FindGoneOptions): AsyncGenerator<GoneNumbers> {
  const { source, written, shard, below, signal } = options
  for (let next = 0; next * blockNumbers < below; ) {
    const noted = written.listBlocks(shard, next, blocksPerCount).filter(({ block }) => block * blockNumbers < below)
    const last = noted.at(-1)
    const to = last && noted.length === blocksPerCount ? Math.min(below, (last.block + 1) * blockNumbers) : below
    const live = await source.countLive(shard, [{ from: next * blockNumbers, to }], blockNumbers, signal)
    const suspects = noted.filter(({ block, count }) => (live.get(block) ?? 0) !== count).map(({ block }) => block)
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
  const counts: ReadonlyMap<number, number> =
    ranges.length > 0 ? await source.countLive(shard, ranges, partNumbers, signal) : new Map()
  const noted = new Map<number, number>()
  for (const block of opened) {
    block.walk((number) => {
      const part = Math.floor(number / partNumbers)
      if (number < below) noted.set(part, (noted.get(part) ?? 0) + 1)
    })
  }
  const parts = [...new Set([...noted.keys(), ...counts.keys()])]
  // Parts without any document need not be listed.
  const suspects = new Set(parts.filter((part) => (counts.get(part) ?? 0) !== (noted.get(part) ?? 0)))
  const there = await listParts(
    options,
    [...suspects].filter((part) => counts.has(part)),
  )
  const gone: WrittenId[] = []
  for (const block of opened) {
    block.walk((number, entry) => {
      if (number >= below || !suspects.has(Math.floor(number / partNumbers))) return
      // What is left in `there` was not noted.
      if (!there.delete(number)) gone.push(entry())
    })
  }
  return { gone, missed: [...there] }
}

/** What was noted twice, because a batch was sent again, counts once from now on. */
function openBlock({ written, shard }: FindGoneOptions, block: number): OpenBlock {
  const opened = new OpenBlock(block, written.readBlock(shard, block))
  let count = 0
  opened.walk(() => count++)
  if (written.sizeOfBlock(shard, block).count !== count) mergeNotes(written, shard, block)
  return opened
}

async function listParts(
  { source, shard, below, signal }: FindGoneOptions,
  parts: readonly number[],
): Promise<Set<number>> {
  const there = new Set<number>()
  const perList = Math.max(1, Math.floor(source.listMax / partNumbers))
  for (let at = 0; at < parts.length; at += perList) {
    const listed = await source.listLive(shard, rangesOf(parts.slice(at, at + perList), below), signal)
    for (const number of listed) there.add(number)
  }
  return there
}

const rangesOf = (parts: readonly number[], below: number): NumberRange[] =>
  parts.map((part) => ({ from: part * partNumbers, to: Math.min(below, (part + 1) * partNumbers) }))
