// Documents in memory as a side of a comparison, for tests that need thousands of indexes.
import { DocumentBatch } from '../../src/model/document-batch.ts'
import type { FilePartition, Partition, Position } from '../../src/model/partition.ts'
import type { DocumentSource, ReadOptions } from '../../src/source/source.ts'
import type { DocumentLookup } from '../../src/verify/document-lookup.ts'
import type { ComparedSide } from '../../src/verify/read-side.ts'

export interface MemoryDocument {
  readonly id: string
  readonly routing?: string | undefined
  readonly type?: string | undefined
  readonly source: string
}

export interface MemorySideOptions {
  readonly name?: string
  readonly partitions?: number
  readonly documentsPerBatch?: number
  readonly isResumable?: boolean
  /** Called before each batch; may throw or abort. */
  readonly beforeBatch?: (batchesRead: number) => void
}

/** Ids as a server writes them, or with every character that may be escaped escaped. */
export function batchOf(documents: readonly MemoryDocument[], escapes: 'fewest' | 'most' = 'fewest'): DocumentBatch {
  const batch = new DocumentBatch(Buffer.alloc(0), 4)
  const parts: Buffer[] = []
  let length = 0
  const put = (text: string) => {
    const part = Buffer.from(text)
    parts.push(part)
    length += part.length
    return length - part.length
  }
  const raw = (text: string) =>
    escapes === 'fewest'
      ? JSON.stringify(text).slice(1, -1)
      : [...text]
          .map((one) => (one.length > 1 ? one : `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`))
          .join('')
  for (const { id, routing, type, source } of documents) {
    const row = batch.add()
    put('{"_id":"')
    batch.idStart[row] = put(raw(id))
    batch.idEnd[row] = length
    put('"')
    if (routing !== undefined) {
      batch.routingStart[row] = put(raw(routing))
      batch.routingEnd[row] = length
    }
    if (type !== undefined) {
      batch.typeStart[row] = put(raw(type))
      batch.typeEnd[row] = length
    }
    batch.sourceStart[row] = put(source)
    batch.sourceEnd[row] = length
    put('}')
  }
  batch.bytes = Buffer.concat(parts)
  return batch
}

export class MemorySource implements DocumentSource {
  readonly kind = 'file'
  readonly isResumable: boolean
  readonly documents: MemoryDocument[]
  /** Written while the first scan ran. */
  later: MemoryDocument[] = []
  batchesRead = 0
  partitionsStarted = 0
  private readonly options: MemorySideOptions

  constructor(documents: MemoryDocument[], options: MemorySideOptions) {
    this.documents = documents
    this.options = options
    this.isResumable = options.isResumable ?? true
  }

  async listPartitions(): Promise<FilePartition[]> {
    const { partitions = 3 } = this.options
    return Array.from({ length: partitions }, (_, part) => ({ kind: 'file', id: String(part), index: 'memory' }))
  }

  async listLaterPartitions(): Promise<FilePartition[]> {
    return this.later.length === 0 ? [] : [{ kind: 'file', id: 'later', index: 'memory' }]
  }

  async *readBatches(partition: Partition, after: Position | undefined, { signal }: ReadOptions) {
    const { partitions = 3, documentsPerBatch = 7, beforeBatch } = this.options
    this.partitionsStarted++
    const part = Number(partition.id)
    const documents =
      partition.id === 'later' ? this.later : this.documents.filter((_, number) => number % partitions === part)
    for (let at = after ?? 0; at < documents.length; at += documentsPerBatch) {
      await Promise.resolve()
      signal.throwIfAborted()
      beforeBatch?.(this.batchesRead)
      this.batchesRead++
      signal.throwIfAborted()
      const batch = batchOf(documents.slice(at, at + documentsPerBatch))
      batch.position = at + batch.count
      yield batch
    }
  }

  async countDocuments(): Promise<number> {
    return this.documents.length
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

export class MemoryLookup implements DocumentLookup {
  readonly idsMax = 5
  readonly fetched: string[] = []
  private readonly documents: MemoryDocument[]

  constructor(documents: MemoryDocument[]) {
    this.documents = documents
  }

  async refresh(): Promise<void> {}

  async *fetch(ids: readonly string[]) {
    this.fetched.push(...ids)
    const found = this.documents.filter(({ id }) => ids.includes(id))
    if (found.length > 0) yield batchOf(found, 'most')
  }
}

export function memorySide(documents: MemoryDocument[], options: MemorySideOptions = {}) {
  const source = new MemorySource(documents, options)
  const lookup = new MemoryLookup(documents)
  const description = { name: options.name ?? 'memory', version: 'Memory 1.0', index: 'memory' }
  return { description, source, lookup } satisfies ComparedSide
}
