// The first scan on disk, so that it goes on after a crash instead of starting again.
//
//     8 bytes   "ifverify"
//     4 bytes   length of the head
//     head      JSON: fingerprint, begun, buckets, and for each side its partitions, positions and totals
//     tables    for source, then target: counts (4 bytes a bucket) and sums (16 bytes a bucket), little-endian
//     32 bytes  SHA-256 of everything before
import { createHash, randomUUID } from 'node:crypto'
import { open, readFile, rename, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { IndexferryError } from '../foundation/errors.ts'
import { makeFolder } from '../foundation/make-folder.ts'
import type { Partition, Position } from '../model/partition.ts'
import { BucketTable } from './bucket-table.ts'
import type { PartitionProgress } from './read-side.ts'

export interface SideScan {
  readonly table: BucketTable
  readonly partitions: PartitionProgress[]
  readonly documentsExpected: number | undefined
}

export interface VerificationState {
  /** What is compared with what and how; a state of another comparison is not gone on from. */
  readonly fingerprint: string
  /** When the first run began, as milliseconds since 1970. */
  readonly begunAt: number
  readonly source: SideScan
  readonly target: SideScan
}

const magic = Buffer.from('ifverify')
const checksumBytes = 32

interface Head {
  readonly fingerprint: string
  readonly begunAt: number
  readonly bits: number
  readonly source: SideHead
  readonly target: SideHead
}

interface SideHead {
  readonly partitions: readonly { partition: Partition; position: Position | null; isDone: boolean }[]
  readonly documentsExpected: number | null
  readonly documents: number
  readonly bytes: number
  readonly withoutSource: number
}

const statePath = (folder: string): string => join(folder, 'verification.state')

/** Replaces the saved state; after a crash at any point the folder holds the old one or the new one. */
export async function saveVerificationState(folder: string, state: VerificationState): Promise<void> {
  const head = Buffer.from(JSON.stringify(encodeHead(state)))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(head.length)
  // Copies, made before anything is awaited: the scan goes on while they are written.
  const tables = [state.source.table, state.target.table].flatMap(({ counts, sums }) => [copyOf(counts), copyOf(sums)])
  const body = [magic, length, head, ...tables]
  const checksum = createHash('sha256')
  for (const part of body) checksum.update(part)
  await writeAtomically(statePath(folder), [...body, checksum.digest()])
}

const copyOf = (column: Uint32Array): Buffer =>
  Buffer.from(Buffer.from(column.buffer, column.byteOffset, column.byteLength))

function encodeHead({ fingerprint, begunAt, source, target }: VerificationState): Head {
  return { fingerprint, begunAt, bits: source.table.bits, source: encodeSide(source), target: encodeSide(target) }
}

function encodeSide({ table, partitions, documentsExpected }: SideScan): SideHead {
  return {
    partitions: partitions.map(({ partition, position, isDone }) => ({
      partition,
      position: position ?? null,
      isDone,
    })),
    documentsExpected: documentsExpected ?? null,
    documents: table.documents,
    bytes: table.bytes,
    withoutSource: table.withoutSource,
  }
}

/** The saved state, or undefined when there is none, when it is of another comparison, or when its checksum does not fit. */
export async function loadVerificationState(
  folder: string,
  fingerprint: string,
): Promise<VerificationState | undefined> {
  let file: Buffer
  try {
    file = await readFile(statePath(folder))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw unusable(folder, 'read', cause)
  }
  const body = file.subarray(0, Math.max(0, file.length - checksumBytes))
  const isWhole =
    body.subarray(0, magic.length).equals(magic) &&
    createHash('sha256').update(body).digest().equals(file.subarray(body.length))
  // Starting again is always right and only costs time, so a damaged file is no reason to stop.
  if (!isWhole) return undefined
  const headEnd = 12 + body.readUInt32LE(8)
  const head = JSON.parse(body.toString('utf8', 12, headEnd)) as Head
  if (head.fingerprint !== fingerprint) return undefined
  const tableBytes = 2 ** head.bits * 20
  return {
    fingerprint,
    begunAt: head.begunAt,
    source: decodeSide(head.source, head.bits, body.subarray(headEnd, headEnd + tableBytes)),
    target: decodeSide(head.target, head.bits, body.subarray(headEnd + tableBytes)),
  }
}

function decodeSide(head: SideHead, bits: number, columns: Buffer): SideScan {
  const table = new BucketTable(bits)
  const countsBytes = table.counts.byteLength
  Buffer.from(table.counts.buffer).set(columns.subarray(0, countsBytes))
  Buffer.from(table.sums.buffer).set(columns.subarray(countsBytes, countsBytes + table.sums.byteLength))
  table.documents = head.documents
  table.bytes = head.bytes
  table.withoutSource = head.withoutSource
  return {
    table,
    partitions: head.partitions.map(({ partition, position, isDone }) => ({
      partition,
      position: position ?? undefined,
      isDone,
    })),
    documentsExpected: head.documentsExpected ?? undefined,
  }
}

export async function removeVerificationState(folder: string): Promise<void> {
  await rm(statePath(folder), { force: true })
  // The folder too when nothing else is in it; whatever keeps it is no reason to fail.
  await rmdir(folder).catch(() => undefined)
}

const unusable = (folder: string, what: string, cause: unknown) =>
  new IndexferryError('STATE_UNUSABLE', `the state of the verification in ${folder} cannot be ${what}`, { cause })

async function writeAtomically(path: string, parts: readonly Buffer[]): Promise<void> {
  try {
    makeFolder(dirname(path))
    await replaceFile(path, parts)
  } catch (cause) {
    throw unusable(dirname(path), 'written', cause)
  }
}

/** Writes a file so that its name leads to the old content or to the new one, never to a part. */
export async function replaceFile(path: string, parts: readonly Buffer[]): Promise<void> {
  const fresh = `${path}.${randomUUID()}.new`
  try {
    const file = await open(fresh, 'w')
    try {
      for (const part of parts) await file.writeFile(part)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(fresh, path)
  } catch (error) {
    await rm(fresh, { force: true })
    throw error
  }
}
