// Reads documents from a file of lines (NDJSON), plain, gzip or zstd, or from standard input. The forms of lines are told in
// ndjson-line.ts. Positions are line numbers: a resumed copy passes over the lines that are behind without looking into them.
import { stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { IndexferryError } from '../foundation/errors.ts'
import type { DocumentBatch } from '../model/document-batch.ts'
import type { Partition, Position } from '../model/partition.ts'
import { type Compression, type FileBytes, openFileBytes, openStreamBytes } from './file-bytes.ts'
import { type BrokenLines, NdjsonReader } from './ndjson-reader.ts'
import type { DocumentSource, ReadOptions } from './source.ts'

export interface NdjsonSourceOptions {
  /** `-` is standard input. */
  readonly file: string
  /** Instead of standard input, when `file` is `-`. */
  readonly input?: Readable
  /** The index that the documents belong to, for the partition; what lines say about their index is in the batches. */
  readonly index: string
  /** Count lines that are no documents, instead of throwing FILE_BROKEN at the first. */
  readonly skipBrokenLines?: boolean
  /** Default `auto`: by the first bytes. */
  readonly compression?: Compression | 'auto'
  /** The field (with dots into objects) whose value is the id of documents that bring none. Default: an id made of line number and content. */
  readonly idField?: string
  /** Default 200 MiB. */
  readonly lineBytesMax?: number
}

export interface NdjsonSource extends DocumentSource {
  /** Lines that were passed over because they are no documents; only with `skipBrokenLines`. */
  readonly brokenLines: BrokenLines
  /** Size of the file, packed as it is; undefined where that is not known. */
  readonly fileBytes: number | undefined
  /** How much of `fileBytes` has been read. */
  readonly fileBytesRead: number
}

const MIB = 1024 * 1024
const BATCH_BYTES = 2 * MIB
const LINE_BYTES_MAX = 200 * MIB

/** Opens the file once to see that it can be read; each reading of the partition opens it again. */
export async function openNdjsonSource(options: NdjsonSourceOptions): Promise<NdjsonSource> {
  if (options.file === '-') return new FileSource(options, undefined, false)
  const status = await stat(options.file).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'there is no such file' : cause.message
    throw new IndexferryError('FILE_UNREADABLE', `${options.file} cannot be read: ${why}`, { side: 'file', cause })
  })
  if (status.isDirectory()) {
    throw new IndexferryError('FILE_UNREADABLE', `${options.file} cannot be read: it is a folder`, { side: 'file' })
  }
  if (status.isFile()) {
    const { signal } = new AbortController()
    await using _ = await openFileBytes(options.file, { name: options.file, compression: 'none', signal })
  }
  return new FileSource(options, status.isFile() ? status.size : undefined, status.isFile())
}

class FileSource implements NdjsonSource {
  readonly kind = 'file'
  readonly isResumable: boolean
  readonly brokenLines: BrokenLines = { count: 0, first: [] }
  readonly fileBytes: number | undefined
  private readonly options: NdjsonSourceOptions
  private bytes: FileBytes | undefined
  private isRead = false

  constructor(options: NdjsonSourceOptions, fileBytes: number | undefined, isResumable: boolean) {
    this.options = options
    this.fileBytes = fileBytes
    this.isResumable = isResumable
  }

  get fileBytesRead(): number {
    return this.bytes?.packedBytesRead ?? 0
  }

  async listPartitions(): Promise<readonly Partition[]> {
    return [{ kind: 'file', id: 'file', index: this.options.index }]
  }

  async listLaterPartitions(): Promise<readonly Partition[]> {
    return []
  }

  async countDocuments(): Promise<undefined> {
    return undefined
  }

  async *readBatches(
    _partition: Partition,
    after: Position | undefined,
    { signal, batchBytes = () => BATCH_BYTES }: ReadOptions,
  ): AsyncGenerator<DocumentBatch> {
    const { idField, lineBytesMax = LINE_BYTES_MAX, skipBrokenLines = false } = this.options
    const name = this.options.file === '-' ? 'standard input' : this.options.file
    await using bytes = await this.openBytes(name, signal)
    this.bytes = bytes
    const reader = new NdjsonReader(
      bytes,
      {
        name,
        lineBytesMax,
        brokenLines: skipBrokenLines ? this.brokenLines : undefined,
        idField: idField?.split('.'),
      },
      batchBytes(),
    )
    if (after !== undefined) await reader.skipLines(after)
    for (;;) {
      const batch = await reader.nextBatch(batchBytes())
      signal.throwIfAborted()
      if (batch === undefined) return
      yield batch
    }
  }

  private openBytes(name: string, signal: AbortSignal): Promise<FileBytes> {
    signal.throwIfAborted()
    const { file, input = process.stdin, compression = 'auto' } = this.options
    if (file !== '-') return openFileBytes(file, { name, compression, signal })
    if (this.isRead) {
      throw new IndexferryError('FILE_UNREADABLE', 'standard input can be read once only', {
        side: 'file',
        remedy: 'Give the documents as a file where they are read again, as a verification does.',
      })
    }
    this.isRead = true
    return openStreamBytes(input, { name, compression, signal })
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
