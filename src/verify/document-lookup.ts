// Finds single documents by id, for looking again at what seemed to differ. The contract, and the way for sides that cannot do it.
import type { DocumentBatch } from '../model/document-batch.ts'
import { type ComparedSide, type ReadSideOptions, readSide, startPartitions, transformed } from './read-side.ts'

export interface DocumentKey {
  readonly id: string
  /** Undefined for a document without routing (and parent). */
  readonly routing: string | undefined
  /** Bytes of `_source` when it was last seen: bounds what is asked for at once. */
  readonly bytes: number
}

export interface DocumentLookup {
  /** Makes everything that was written before this call visible to `fetch`. */
  refresh(signal: AbortSignal): Promise<void>
  /** The most ids for one call of `fetch`. */
  readonly idsMax: number
  /**
   * Yields every document that has one of these ids, in any order, each exactly once, whatever its routing; ids that are not there have no row.
   * What is yielded belongs to the consumer. Throws on partial answers.
   */
  fetch(ids: readonly string[], signal: AbortSignal): AsyncIterable<DocumentBatch>
}

/**
 * Calls `visit` with batches, after the side's transform, that hold every document with one of the ids, and perhaps others.
 * A side without a lookup is read as a whole.
 */
export async function lookUp(
  side: ComparedSide,
  ids: readonly string[],
  options: ReadSideOptions,
  visit: (batch: DocumentBatch) => undefined | Promise<void>,
): Promise<void> {
  const { lookup } = side
  if (lookup) {
    for await (const batch of lookup.fetch(ids, options.signal)) {
      options.signal.throwIfAborted()
      await visit(await transformed(side, batch))
    }
    return
  }
  const partitions = startPartitions(await side.source.listPartitions())
  await readSide(side, partitions, { visit: (_, batch) => visit(batch) }, options)
}

/** The documents that are asked for in one call hold about so many bytes. */
export const lookupBytesMax = 16 * 1024 * 1024

/**
 * The ids of the keys, each once, divided into calls of bounded size. An id that stands in several keys (with several routings) must not be
 * in two calls: each would deliver all its documents.
 */
export function groupIds(keys: readonly DocumentKey[], idsMax: number, bytesMax: number): string[][] {
  const bytesOf = new Map<string, number>()
  for (const { id, bytes } of keys) bytesOf.set(id, (bytesOf.get(id) ?? 0) + bytes)
  const groups: string[][] = []
  let group: string[] = []
  let groupBytes = 0
  for (const [id, bytes] of bytesOf) {
    if (group.length >= idsMax || (group.length > 0 && groupBytes + bytes > bytesMax)) {
      groups.push(group)
      group = []
      groupBytes = 0
    }
    group.push(id)
    groupBytes += bytes
  }
  if (group.length > 0) groups.push(group)
  return groups
}
