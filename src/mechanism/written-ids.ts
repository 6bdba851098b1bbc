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
  /** Adds notes. Durable when it resolves, also against a power cut. */
  note(shard: number, blocks: readonly NotedBlock[]): void | Promise<void>
  /** Blocks that hold anything, from this one on, in order. */
  listBlocks(shard: number, from: number, max: number): readonly BlockCount[]
  /** How many notes a block consists of, and the sum of their counts. */
  sizeOfBlock(shard: number, block: number): { readonly notes: number; readonly count: number }
  /** What a block holds, as it was noted. */
  readBlock(shard: number, block: number): readonly Buffer[]
  /** Adds notes of numbers that are done with. A power cut may take the last seconds of it. */
  forget(shard: number, blocks: readonly NotedBlock[]): void
  /** Puts one note in the place of all of a block; undefined when nothing of it is left. A power cut may take it back. */
  replaceBlock(shard: number, block: number, note: NotedBlock | undefined): void
}

export interface NotedBlock {
  readonly block: number
  /** Negative when it takes numbers out. */
  readonly count: number
  readonly bytes: Buffer
}

const PLAIN = 0
const DEFLATED = 1
/** Only numbers: those that are done with. */
const FORGOTTEN = 2
/** Below this, packing gains nothing. */
const packFrom = 256

/** The notes of a batch that is about to be written: `batch` as it was read, `changed` as it will be written. */
function encodeBatch(batch: DocumentBatch, changed: DocumentBatch): NotedBlock[] {
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
  async (batch: DocumentBatch, changed: DocumentBatch, partition: Partition): Promise<void> => {
    assert(partition.kind === 'sequence', 'what is followed is read by sequence numbers')
    const blocks = encodeBatch(batch, changed)
    if (blocks.length === 0) return
    const { shard } = partition
    await written.note(shard, blocks)
    for (const { block } of blocks) {
      if (written.sizeOfBlock(shard, block).notes >= notesMax) mergeNotes(written, shard, block)
    }
  }

/** Makes one note of all notes of a block. */
export function mergeNotes(written: WrittenIds, shard: number, block: number): void {
  const entries = decodeBlock(block, written.readBlock(shard, block))
  written.replaceBlock(shard, block, entries.length > 0 ? encodeBlock(block, entries) : undefined)
}

/** Takes numbers out of the notes. */
export function forgetNumbers(written: WrittenIds, shard: number, gone: readonly WrittenId[]): void {
  const byBlock = Map.groupBy(gone, ({ number }) => Math.floor(number / blockNumbers))
  written.forget(
    shard,
    [...byBlock].map(([block, entries]) => encodeForgotten(block, entries)),
  )
  for (const block of byBlock.keys()) {
    const { notes, count } = written.sizeOfBlock(shard, block)
    if (notes >= notesMax || count <= 0) mergeNotes(written, shard, block)
  }
}

function encodeForgotten(block: number, entries: readonly WrittenId[]): NotedBlock {
  const bytes = Buffer.allocUnsafe(1 + 2 * entries.length)
  let at = bytes.writeUInt8(FORGOTTEN, 0)
  for (const { number } of entries) at = bytes.writeUInt16LE(number - block * blockNumbers, at)
  return { block, count: -entries.length, bytes }
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

/** The notes of one block, unpacked: what can be walked through several times. */
export class OpenBlock {
  readonly block: number
  private readonly notes: readonly Buffer[]
  /** Of each number which note holds it, from 1 on, and where; 0 when none does or it is forgotten. */
  private readonly noteOf = new Uint16Array(blockNumbers)
  private readonly placeOf = new Uint32Array(blockNumbers)

  constructor(block: number, notes: readonly Buffer[]) {
    this.block = block
    const kept: Buffer[] = []
    // In the order in which they were made: a number may be noted again after it was forgotten.
    for (const note of notes) {
      if (note[0] === FORGOTTEN) {
        for (let at = 1; at < note.length; at += 2) this.noteOf[note.readUInt16LE(at)] = 0
      } else {
        const plain = note[0] === DEFLATED ? inflateRawSync(note.subarray(1)) : note.subarray(1)
        this.findPlaces(plain, kept.push(plain))
      }
    }
    this.notes = kept
  }

  private findPlaces(note: Buffer, which: number): void {
    for (let at = 0; at < note.length; ) {
      const offset = note.readUInt16LE(at)
      const id = at + 2
      const routing = id + 4 + Math.max(0, note.readUInt32LE(id) - 1)
      at = routing + 4 + Math.max(0, note.readUInt32LE(routing) - 1)
      this.noteOf[offset] = which
      this.placeOf[offset] = id
    }
  }

  has(number: number): boolean {
    return (this.noteOf[number - this.block * blockNumbers] ?? 0) > 0
  }

  /** Calls `visit` once for each number that is not forgotten, in order; `entry` makes its id and routing of what is noted. */
  walk(visit: (number: number, entry: () => WrittenId) => void): void {
    for (let offset = 0; offset < blockNumbers; offset++) {
      if (this.noteOf[offset] === 0) continue
      const number = this.block * blockNumbers + offset
      visit(number, () => this.entryAt(number, offset))
    }
  }

  private entryAt(number: number, offset: number): WrittenId {
    const note = this.notes[(this.noteOf[offset] as number) - 1] as Buffer
    const id = this.placeOf[offset] as number
    const routing = id + 4 + Math.max(0, note.readUInt32LE(id) - 1)
    return { number, id: textAt(note, id), routing: textAt(note, routing) }
  }
}

function textAt(note: Buffer, at: number): string | undefined {
  const length = note.readUInt32LE(at)
  return length === 0 ? undefined : note.toString('utf8', at + 4, at + 3 + length)
}

/** What the notes of a block hold, each number once, in order. */
export function decodeBlock(block: number, notes: readonly Buffer[]): WrittenId[] {
  const found: WrittenId[] = []
  new OpenBlock(block, notes).walk((_, entry) => found.push(entry()))
  return found
}
