// Which documents were written to the target, and under which numbers of the source: what deletes are found with.
//
// Notes are made before a batch is sent, so that whatever the target may hold is in them. A number whose document is gone from the
// source is a delete or a write that was overtaken; the delete that is then sent carries the version that the number gave, which
// harms no later write (docs/decisions/007-deletes.md).
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { assert } from '../foundation/assert.ts'
import { ABSENT, type DocumentBatch } from '../model/document-batch.ts'
import type { Partition } from '../model/partition.ts'

/** Numbers of a shard are kept in blocks of so many. */
export const blockNumbers = 4096

export interface WrittenId {
  readonly number: number
  /** As it stands between the quotes of a JSON string; undefined when the transform left the document out, so that the target has nothing. */
  readonly id: string | undefined
  readonly routing: string | undefined
}

export interface BlockCount {
  readonly block: number
  /** Numbers noted; more when some were noted twice, never less. */
  readonly count: number
}

/** Where the notes of one unit are kept. The engine's files are one place. */
export interface WrittenIds {
  /** Durable on return, also against a power cut. */
  note(shard: number, blocks: readonly NotedBlock[]): void
  /** Blocks that hold anything, from this one on, in order. */
  listBlocks(shard: number, from: number, max: number): readonly BlockCount[]
  /** How many notes a block consists of. */
  countNotes(shard: number, block: number): number
  /** What a block holds, as it was noted. */
  readBlock(shard: number, block: number): readonly Buffer[]
  /** Puts one note in the place of all of a block; undefined when nothing of it is left. */
  replaceBlock(shard: number, block: number, note: NotedBlock | undefined): void
}

export interface NotedBlock {
  readonly block: number
  readonly count: number
  readonly bytes: Buffer
}

const PLAIN = 0
const DEFLATED = 1
/** Below this, packing gains nothing. */
const packFrom = 256

/** The notes of a batch that is about to be written: `batch` as it was read, `changed` as it will be written. */
export function encodeBatch(batch: DocumentBatch, changed: DocumentBatch): NotedBlock[] {
  const rows = new Map<number, number>()
  if (changed !== batch) {
    for (let row = 0; row < changed.count; row++) rows.set(changed.sequenceNumber[row] as number, row)
  }
  const blocks = new Map<number, WrittenId[]>()
  const text = (start: number, end: number) =>
    start === ABSENT ? undefined : changed.bytes.toString('utf8', start, end)
  for (let row = 0; row < batch.count; row++) {
    const number = batch.sequenceNumber[row] as number
    assert(number !== ABSENT, 'documents that are followed have sequence numbers')
    const at = changed === batch ? row : rows.get(number)
    const entry: WrittenId =
      at === undefined
        ? { number, id: undefined, routing: undefined }
        : {
            number,
            id: text(changed.idStart[at] as number, changed.idEnd[at] as number),
            routing: text(changed.routingStart[at] as number, changed.routingEnd[at] as number),
          }
    const block = Math.floor(number / blockNumbers)
    const entries = blocks.get(block)
    if (entries) entries.push(entry)
    else blocks.set(block, [entry])
  }
  return [...blocks].map(([block, entries]) => encodeBlock(block, entries))
}

/** A shard that is written to slowly adds few numbers with each note; so many notes of one block are made one. */
const notesMax = 32

/** To be done before a batch is sent: what the target may hold is noted. */
export const noteWritten =
  (written: WrittenIds) =>
  (batch: DocumentBatch, changed: DocumentBatch, partition: Partition): void => {
    assert(partition.kind === 'sequence', 'what is followed is read by sequence numbers')
    const blocks = encodeBatch(batch, changed)
    if (blocks.length === 0) return
    const { shard } = partition
    written.note(shard, blocks)
    for (const { block } of blocks) {
      if (written.countNotes(shard, block) < notesMax) continue
      written.replaceBlock(shard, block, encodeBlock(block, decodeBlock(block, written.readBlock(shard, block))))
    }
  }

/** Each entry is: its place in the block, its id and its routing; lengths in bytes, one more than they are, 0 for none. */
export function encodeBlock(block: number, entries: readonly WrittenId[]): NotedBlock {
  let room = 0
  for (const { id, routing } of entries) room += 10 + 3 * (id?.length ?? 0) + 3 * (routing?.length ?? 0)
  const out = Buffer.allocUnsafe(room)
  let at = 0
  const putText = (value: string | undefined) => {
    const length = value === undefined ? 0 : out.write(value, at + 4) + 1
    out.writeUInt32LE(length, at)
    at += 4 + Math.max(0, length - 1)
  }
  for (const { number, id, routing } of entries) {
    at = out.writeUInt16LE(number - block * blockNumbers, at)
    putText(id)
    putText(routing)
  }
  const plain = out.subarray(0, at)
  const isPacked = plain.length >= packFrom
  const bytes = Buffer.concat([
    Buffer.from([isPacked ? DEFLATED : PLAIN]),
    isPacked ? deflateRawSync(plain, { level: 1 }) : plain,
  ])
  return { block, count: entries.length, bytes }
}

/** What the notes of a block hold, each number once, in order. */
export function decodeBlock(block: number, notes: readonly Buffer[]): WrittenId[] {
  const found = new Map<number, WrittenId>()
  for (const note of notes) {
    const plain = note[0] === DEFLATED ? inflateRawSync(note.subarray(1)) : note.subarray(1)
    let at = 0
    const takeText = () => {
      const length = plain.readUInt32LE(at)
      at += 4
      if (length === 0) return undefined
      const value = plain.toString('utf8', at, at + length - 1)
      at += length - 1
      return value
    }
    while (at < plain.length) {
      const number = block * blockNumbers + plain.readUInt16LE(at)
      at += 2
      const id = takeText()
      found.set(number, { number, id, routing: takeText() })
    }
  }
  return [...found.values()].sort((a, b) => a.number - b.number)
}
