// One object as large as a disk, from a sparse file, so that none is needed.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runProgram, type Usage } from '../run-program.ts'
import { measuredWords } from './measure-moves.ts'
import { startSink } from './sink.ts'

const partSize = 64 * 1024 * 1024

export interface SparseResult {
  readonly bytes: number
  readonly usage: Usage
}

export async function measureSparse(
  bytes: number,
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<SparseResult> {
  const folder = await mkdtemp(join(tmpdir(), 'indexferry-bench-sparse-'))
  try {
    tell(`one object of ${(bytes / 1e9).toFixed(1)} GB`)
    await using sink = await startSink()
    const written = await makeSparse(join(folder, 'from'), bytes)
    const words = ['object', 'copy', join(folder, 'from'), `s3://sink?endpoint=${sink.url}`, '--target-anonymous']
    const args = measuredWords([...words, '--state', join(folder, 'state'), '--json'])
    const usage = await runProgram({ command: 'python3', args, folder, signal })
    const count = Math.ceil(bytes / partSize)
    assert.equal(sink.completed, count, 'parts put together')
    const zeros = createHash('md5').update(Buffer.alloc(partSize)).digest('hex')
    for (let number = 1; number <= count; number++) {
      const size = Math.min(partSize, bytes - (number - 1) * partSize)
      const other = written.get(number) ?? (size === partSize ? zeros : md5Of(Buffer.alloc(size)))
      assert.deepEqual(sink.parts.get(number), { size, md5: other }, `part ${number}`)
    }
    tell(
      `  ${usage.seconds.toFixed(1)} s, ${usage.cpuSeconds?.toFixed(1)} CPU s, ${((usage.peakBytes ?? 0) / 1e6).toFixed(0)} MB`,
    )
    return { bytes, usage }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const md5Of = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex')

/** Zeros but for a few blocks of chance; returns the MD5s of the parts that have one. */
async function makeSparse(folder: string, bytes: number): Promise<Map<number, string>> {
  await mkdir(folder)
  await using file = await open(join(folder, 'large'), 'w')
  await file.truncate(bytes)
  const found = new Map<number, string>()
  const count = Math.ceil(bytes / partSize)
  for (const number of new Set([1, 2, Math.ceil(count / 3), Math.ceil(count / 2), count])) {
    const from = (number - 1) * partSize
    const part = Buffer.alloc(Math.min(partSize, bytes - from))
    const block = randomBytes(Math.min(1 << 20, part.length))
    const at = Math.floor((part.length - block.length) / 2)
    block.copy(part, at)
    await file.write(block, 0, block.length, from + at)
    found.set(number, md5Of(part))
  }
  return found
}
