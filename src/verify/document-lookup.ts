// Finds single documents by id, for looking again at what seemed to differ. The contract, and the way for sides that cannot do it.
import type { DocumentBatch } from '../model/document-batch.ts'
import { type ComparedSide, type ReadSideOptions, readSide, startPartitions, transformed } from './read-side.ts'

export interface DocumentKey {
  readonly id: string
  /** Undefined for a document without routing (and parent). */
  readonly routing: string | undefined
  /** Bytes that the document had when it was last seen: lets a lookup bound what it asks for at once. */
  readonly bytes: number
}

export interface DocumentLookup {
  /** Makes everything that was written before this call visible to `fetch`. */
  refresh(signal: AbortSignal): Promise<void>
  /** The most keys for one call of `fetch`. */
  readonly keysMax: number
  /**
   * Yields every document that has one of these ids, in any order, each exactly once, whatever its routing; ids that are not there have no row.
   * What is yielded belongs to the consumer. Throws on partial answers.
   */
  fetch(keys: readonly DocumentKey[], signal: AbortSignal): AsyncIterable<DocumentBatch>
}

/**
 * Calls `visit` with batches, after the side's transform, that hold every document with one of the keys' ids, and perhaps others.
 * A side without a lookup is read as a whole.
 */
export async function lookUp(
  side: ComparedSide,
  keys: readonly DocumentKey[],
  options: ReadSideOptions,
  visit: (batch: DocumentBatch) => undefined | Promise<void>,
): Promise<void> {
  const { lookup } = side
  if (lookup) {
    for await (const batch of lookup.fetch(keys, options.signal)) {
      options.signal.throwIfAborted()
      await visit(await transformed(side, batch))
    }
    return
  }
  const partitions = startPartitions(await side.source.listPartitions())
  await readSide(side, partitions, { visit: (_, batch) => visit(batch) }, options)
}

/** Splits keys into calls that both lookups accept. */
export function groupKeys<Key extends { readonly key: DocumentKey }>(
  all: readonly Key[],
  keysMax: number,
  bytesMax: number,
): Key[][] {
  const groups: Key[][] = []
  let group: Key[] = []
  let bytes = 0
  for (const entry of all) {
    if (group.length >= keysMax || (group.length > 0 && bytes + entry.key.bytes > bytesMax)) {
      groups.push(group)
      group = []
      bytes = 0
    }
    group.push(entry)
    bytes += entry.key.bytes
  }
  if (group.length > 0) groups.push(group)
  return groups
}
