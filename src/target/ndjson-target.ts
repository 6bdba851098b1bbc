// Writes documents to a file of lines (NDJSON), plain, gzip or zstd, or to standard output.
//
// A file cannot take the same batch twice, so what makes a copy into it resumable is its length: every batch is a piece of its own (its
// lines, or one gzip member or zstd frame, which may stand behind each other in one file), the pieces are written in the order
// in which the batches were given, and each result tells the length up to its piece. A resumed copy cuts the
// file there. Until it is complete the file is named FILE.part.
import type { Writable } from 'node:stream'
import { promisify } from 'node:util'
import { constants, gzip, zstdCompress } from 'node:zlib'
import { IndexferryError } from '../foundation/errors.ts'
import { encodeJsonString } from '../foundation/json-bytes.ts'
import type { DocumentBatch } from '../model/document-batch.ts'
import { isJsonObject, type JsonValue } from '../model/json.ts'
import { type FileOutput, openFileOutput, openStreamOutput } from './file-output.ts'
import { encodeLines } from './ndjson-lines.ts'
import type { DocumentTarget, WriteResult } from './target.ts'

export interface NdjsonTargetOptions {
  /** `-` is standard output. */
  readonly file: string
  /** Instead of standard output, when `file` is `-`. */
  readonly output?: Writable
  /** Default: by the name, `.gz` and `.zst`. */
  readonly compression?: 'none' | 'gzip' | 'zstd'
  /** Replace a file of this name, once the new one is complete. */
  readonly overwrite?: boolean
  /** `_index` of documents that bring none; undefined leaves it out. */
  readonly index?: string
  /** The `resumeAt` of the last batch that the checkpoint knows of. */
  readonly resumeFrom?: JsonValue
}

export type NdjsonTarget = DocumentTarget & Required<Pick<DocumentTarget, 'flush' | 'finish'>>

type Pack = (lines: Buffer) => Promise<Buffer>

const MIB = 1024 * 1024
const BODY_BYTES = 2 * MIB
/** Lines that wait to be packed and written; some batches, so that both processors have something to pack. */
const WAITING_BYTES_MAX = 16 * MIB

const gzipped = promisify(gzip) as (lines: Buffer) => Promise<Buffer>
const zstdPacked = promisify(zstdCompress) as (lines: Buffer, options: object) => Promise<Buffer>

const packers: Readonly<Record<'none' | 'gzip' | 'zstd', Pack>> = {
  none: async (lines) => lines,
  gzip: (lines) => gzipped(lines),
  // Without being asked for, zstd frames have no checksum.
  zstd: (lines) => zstdPacked(lines, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
}

export async function openNdjsonTarget(options: NdjsonTargetOptions): Promise<NdjsonTarget> {
  const { file, output = process.stdout, overwrite = false, index } = options
  const compression = options.compression ?? compressionOf(file)
  const resumeFrom = readOffset(options.resumeFrom)
  const opened =
    file === '-'
      ? openStreamOutput(output, 'standard output', false)
      : await openFileOutput(file, { overwrite, resumeFrom })
  const indexContent = index === undefined ? undefined : encodeJsonString(index).subarray(1, -1)
  return new FileTarget(opened, packers[compression], compression !== 'none', indexContent)
}

const compressionOf = (file: string) => (/\.gz$/i.test(file) ? 'gzip' : /\.zstd?$/i.test(file) ? 'zstd' : 'none')

function readOffset(resumeFrom: JsonValue | undefined): number | undefined {
  if (resumeFrom === undefined) return undefined
  if (isJsonObject(resumeFrom) && Number.isSafeInteger(resumeFrom.offset)) return resumeFrom.offset as number
  throw new IndexferryError('STATE_UNUSABLE', 'the checkpoint does not say how long the file was')
}

class FileTarget implements NdjsonTarget {
  readonly bodyBytes = BODY_BYTES
  private readonly output: FileOutput
  private readonly pack: Pack
  private readonly isPacked: boolean
  private readonly index: Buffer | undefined
  private last: Promise<unknown> = Promise.resolve()
  private readonly waiting: Promise<unknown>[] = []
  private waitingBytes = 0
  private writtenBytes = 0

  constructor(output: FileOutput, pack: Pack, isPacked: boolean, index: Buffer | undefined) {
    this.output = output
    this.pack = pack
    this.isPacked = isPacked
    this.index = index
  }

  get limitedBy(): string | undefined {
    return this.waitingBytes > WAITING_BYTES_MAX ? 'writing the file' : undefined
  }

  async writeBatch(batch: DocumentBatch, signal: AbortSignal): Promise<WriteResult> {
    signal.throwIfAborted()
    const lines = encodeLines(batch, this.index)
    // Packing goes on in threads beside each other; writing keeps the order. After a failure nothing more is written, or there would be a gap.
    const packed = lines.length === 0 ? Promise.resolve(lines) : this.pack(lines)
    packed.catch(() => {})
    const written = this.last.then(async () => {
      await this.output.write(await packed)
      this.writtenBytes += lines.length
      return this.output.offset
    })
    this.last = written
    const { count } = batch
    this.waitingBytes += lines.length
    this.waiting.push(written)
    try {
      const offset = await written
      return { written: count, unchanged: 0, rejected: [], ...(offset === undefined ? {} : { resumeAt: { offset } }) }
    } finally {
      this.waitingBytes -= lines.length
      this.waiting.splice(this.waiting.indexOf(written), 1)
    }
  }

  async ready(signal: AbortSignal): Promise<void> {
    while (this.waitingBytes > WAITING_BYTES_MAX) {
      signal.throwIfAborted()
      // Its failure is thrown to whoever wrote the batch.
      await this.waiting[0]?.catch(() => {})
    }
    signal.throwIfAborted()
  }

  async flush(): Promise<void> {
    await this.last
    await this.output.flush()
  }

  async finish(): Promise<void> {
    await this.last
    // A packed file without a single member or frame would be no packed file.
    const isEmpty = this.writtenBytes === 0 && (this.output.offset ?? 0) === 0
    if (this.isPacked && isEmpty) await this.output.write(await this.pack(Buffer.alloc(0)))
    await this.output.finish()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.last.catch(() => {})
    await this.output.close()
  }
}
