// Finds the noted numbers of a shard whose document is no longer there, without reading documents: the source counts what is left in
// ever smaller parts of the number range, and only parts with fewer documents than were noted are looked into.
import type { ChangeSource, NumberRange } from '../source/change-source.ts'
import { blockNumbers, decodeBlock, encodeBlock, type WrittenId, type WrittenIds } from './written-ids.ts'

/** Blocks that one question covers: about 8 million numbers, and fewer answers than any version allows (`search.max_buckets`, 10,000). */
const blocksPerCount = 2048
/** Blocks that are looked into at once; what is gone from all of them is held in memory. */
const blocksPerLook = 16
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
  { source, written, shard, below, signal }: FindGoneOptions,
  blocks: readonly number[],
  live: ReadonlyMap<number, number>,
): Promise<GoneNumbers> {
  const gone: WrittenId[] = []
  const entries = new Map<number, Map<number, WrittenId>>()
  for (const block of blocks) {
    const notes = written.readBlock(shard, block)
    const found = decodeBlock(block, notes)
    // Many small notes become one, and what was noted twice counts once from now on.
    if (notes.length > 1) written.replaceBlock(shard, block, encodeBlock(block, found))
    const counted = found.filter(({ number }) => number < below)
    if (live.has(block)) divide(counted, entries)
    else gone.push(...counted)
  }
  const ranges = blocks
    .filter((block) => live.has(block))
    .map((block) => ({ from: block * blockNumbers, to: Math.min(below, (block + 1) * blockNumbers) }))
  const missed: number[] = []
  if (ranges.length > 0) {
    const counts = await source.countLive(shard, ranges, partNumbers, signal)
    const parts = new Set([...entries.keys(), ...counts.keys()])
    const suspects = [...parts].filter((part) => (counts.get(part) ?? 0) !== (entries.get(part)?.size ?? 0))
    const perList = Math.max(1, Math.floor(source.listMax / partNumbers))
    for (let at = 0; at < suspects.length; at += perList) {
      const listed = suspects.slice(at, at + perList)
      const there = await source.listLive(shard, rangesOf(listed, below), signal)
      for (const part of listed) {
        for (const [number, entry] of entries.get(part) ?? []) if (!there.has(number)) gone.push(entry)
      }
      for (const number of there) {
        if (!entries.get(Math.floor(number / partNumbers))?.has(number)) missed.push(number)
      }
    }
  }
  return { gone, missed }
}

function divide(found: readonly WrittenId[], into: Map<number, Map<number, WrittenId>>): void {
  for (const entry of found) {
    const part = Math.floor(entry.number / partNumbers)
    const entries = into.get(part)
    if (entries) entries.set(entry.number, entry)
    else into.set(part, new Map([[entry.number, entry]]))
  }
}

const rangesOf = (parts: readonly number[], below: number): NumberRange[] =>
  parts.map((part) => ({ from: part * partNumbers, to: Math.min(below, (part + 1) * partNumbers) }))

/** Takes numbers out of the notes: their deletes were answered. */
export function forgetNumbers(written: WrittenIds, shard: number, gone: readonly WrittenId[]): void {
  const byBlock = Map.groupBy(gone, ({ number }) => Math.floor(number / blockNumbers))
  for (const [block, numbers] of byBlock) {
    const forgotten = new Set(numbers.map(({ number }) => number))
    const left = decodeBlock(block, written.readBlock(shard, block)).filter(({ number }) => !forgotten.has(number))
    written.replaceBlock(shard, block, left.length > 0 ? encodeBlock(block, left) : undefined)
  }
}
